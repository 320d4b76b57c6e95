"""Checks of pictures and bars: filters with responses, feature maps, images, class histograms."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from grader.model.measurements import Axes, FigureSeen
from grader.model.outcome import Outcome
from tests.made_up import a_seen, judged
from tests.unit.checks.pieces import STOPPED, picture, pictured, run

if TYPE_CHECKING:
    from grader.model.measurements import ImageSeen
    from grader.model.scorecard import CheckResult


class TestFilters:
    def graded(self, *images: ImageSeen, **params: Any) -> CheckResult:
        return judged("filters.shown", params, a_seen(run(figures=(pictured(*images),))))

    def test_slices_of_weights(self) -> None:
        filters = [picture(is_of="parameter", name="conv1.weight", index=(i, 0)) for i in range(3)]
        result = self.graded(*filters)
        assert result.outcome is Outcome.PASS
        assert "3 filters of conv1.weight" in result.message
        assert self.graded(*filters, layer="conv2").outcome is Outcome.PENDING
        assert self.graded(*(filters[:1] * 3)).outcome is Outcome.PENDING

    @pytest.mark.parametrize("shape", [(9, 44, 3), (74, 74, 3)])
    def test_a_grid_of_filters_is_for_a_person(self, shape: tuple[int, ...]) -> None:
        assert self.graded(picture(shape=shape)).outcome is Outcome.PENDING
        assert self.graded(picture(shape=(28, 28))).outcome is Outcome.FAIL
        assert self.graded(picture(shape=(375, 500, 3))).outcome is Outcome.FAIL

    def test_each_layer_earns_its_share(self) -> None:
        both = [
            picture(is_of="parameter", name=f"conv{layer}.weight", index=(i, 0))
            for layer in (1, 2)
            for i in range(3)
        ]
        maps = picture(shape=(14, 14))
        result = self.graded(*both, maps, layers=4, at_least=6)
        assert (result.outcome, result.fraction) == (Outcome.PARTIAL, Fraction(1, 2))
        assert result.message.endswith(
            "at least 6 filters of 4 layers were asked for. This earns half of the points."
        )
        assert self.graded(*both, layers=2).outcome is Outcome.PASS
        few = self.graded(*both[:5], layers=4, at_least=6)
        assert (few.outcome, few.fraction) == (Outcome.FAIL, Fraction(0))
        matrix, others = picture(), [picture() for _ in range(3)]
        assert self.graded(*both, matrix, layers=4, at_least=6).fraction == Fraction(1, 2)
        assert self.graded(*both, *others, layers=4, at_least=6).outcome is Outcome.PENDING

    def test_pictures_of_something_else(self) -> None:
        unknown = [picture() for _ in range(3)]
        assert self.graded(*unknown).outcome is Outcome.PENDING
        assert self.graded(*unknown, unrecognised_fraction=0.5).fraction == 0.5
        assert self.graded().outcome is Outcome.FAIL

    def test_of_the_layer_that_is_asked_for(self) -> None:
        def slices(name: str) -> list[ImageSeen]:
            return [
                picture(shape=(3, 3, 3), is_of="parameter", name=name, index=(i,)) for i in range(3)
            ]

        asked = {
            "layer": r"(^|\.)features\.0\.weight$",
            "not_layer": r"features\.[1-9]\d*\.weight$",
        }
        assert self.graded(*slices("vgg.features.0.weight"), **asked).outcome is Outcome.PASS
        assert self.graded(*slices("features.2.weight"), **asked).outcome is Outcome.FAIL
        doubtful = self.graded(*slices("conv1.weight"), **asked)
        assert doubtful.outcome is Outcome.PENDING
        assert "some are of conv1.weight" in doubtful.message

    def test_responses_are_half(self) -> None:
        filters = [picture(is_of="parameter", name="0.weight", index=(i,)) for i in range(3)]
        responses = [picture(shape=(224, 224))] * 3
        asked = {"responses": 3}
        assert self.graded(*filters, *responses, **asked).outcome is Outcome.PASS
        alone = self.graded(*filters, **asked)
        assert (alone.outcome, alone.fraction) == (Outcome.PARTIAL, Fraction(1, 2))
        assert alone.message == (
            "Your run shows 3 filters and 0 responses; at least 3 filters, and 3 responses were "
            "asked for. This earns half of the points."
        )
        assert self.graded(*responses, **asked).fraction == Fraction(1, 2)
        assert self.graded(*[picture(shape=(224, 224, 3))] * 3, **asked).outcome is Outcome.FAIL
        beside = [picture(shape=(54, 54, 4))] * 3
        assert self.graded(*filters, *beside, **asked).outcome is Outcome.PASS


class TestMaps:
    def figure(self, maps: int, title: str = "feature maps", **changes: Any) -> FigureSeen:
        images = tuple(picture(shape=(14, 14), **changes) for _ in range(maps))
        axes = Axes(
            title=title,
            x_label="",
            y_label="",
            legend=(),
            lines=(),
            images=maps,
            pictures=images,
        )
        return FigureSeen(cell=4, axes=(axes,))

    def graded(self, *figures: FigureSeen, **params: Any) -> CheckResult:
        asked = {"classes": 5, "layers": 4, "montage": 4096, "about": ["map"], **params}
        return judged("maps.shown", asked, a_seen(run(figures=figures)))

    def test_a_figure_for_each_class(self) -> None:
        result = self.graded(*[self.figure(7)] * 5)
        assert result.outcome is Outcome.PASS
        assert "35 pictures of feature maps in 5 figures: a figure for each class" in result.message

    def test_a_figure_for_each_layer_with_a_row_for_each_class(self) -> None:
        assert self.graded(*[self.figure(5 * columns) for columns in (6, 6, 4, 1)]).fraction == 1

    def test_one_grid(self) -> None:
        assert self.graded(self.figure(20)).outcome is Outcome.PASS
        assert self.graded(self.figure(25)).outcome is Outcome.PASS

    def test_one_class(self) -> None:
        result = self.graded(self.figure(24))
        assert result.outcome is Outcome.FAIL
        assert "too few for 4 layers and 5 classes" in result.message

    def test_what_a_number_does_not_tell_a_person_does(self) -> None:
        assert self.graded(self.figure(58)).outcome is Outcome.PENDING
        assert self.graded(*[self.figure(24, title="")] * 5).outcome is Outcome.PENDING
        large = self.figure(4).axes[0].model_copy(update={"pictures": (picture(shape=(80, 90)),)})
        assert self.graded(FigureSeen(cell=4, axes=(large,))).outcome is Outcome.PENDING

    def test_filters_are_no_maps(self) -> None:
        drawn = [self.figure(7, is_of="parameter")] * 5
        assert self.graded(*drawn).outcome is Outcome.FAIL


class TestImages:
    def graded(self, *figures: FigureSeen, **changes: Any) -> CheckResult:
        asked = {"images": 10, "together": True, "montage": 10240}
        return judged("figure.has", asked, a_seen(run(figures=figures, **changes)))

    def test_one_figure_or_ten(self) -> None:
        assert self.graded(pictured(*[picture()] * 10)).outcome is Outcome.PASS
        assert self.graded(*[pictured(picture())] * 10).outcome is Outcome.PASS
        assert self.graded(*[pictured(picture())] * 9).outcome is Outcome.FAIL

    def test_one_large_picture_is_shown_to_a_person(self) -> None:
        grid = pictured(picture(shape=(70, 274, 3)))
        result = self.graded(grid)
        assert result.outcome is Outcome.PENDING
        assert "one large picture (hw.ipynb, cell 4), which may hold 10 images" in result.message
        assert self.graded(grid, cells=(STOPPED,)).outcome is Outcome.PENDING

    def test_filters_are_no_images(self) -> None:
        one = pictured(picture(is_of="parameter", name="conv1.weight"))
        assert self.graded(*[one] * 10).outcome is Outcome.FAIL


class TestHistogram:
    def axes(self, bars: int = 10, title: str = "", **changes: Any) -> Axes:
        given: dict[str, Any] = {"x_label": "", "y_label": "", "legend": (), "lines": ()}
        return Axes(title=title, bars=bars, **{**given, **changes})

    def graded(self, *axes: Axes, saved_as: str = "", **changes: Any) -> CheckResult:
        figures = tuple(FigureSeen(cell=4, axes=(one,), saved_as=saved_as) for one in axes)
        seen = a_seen(run(figures=figures, **changes))
        return judged("histogram.classes", {"classes": 10}, seen)

    def test_bars_of_both(self) -> None:
        train, test = self.axes(title="train set"), self.axes(title="test set")
        assert self.graded(train, test).outcome is Outcome.PASS
        assert self.graded(self.axes(), self.axes()).outcome is Outcome.PASS
        assert self.graded(self.axes(20)).outcome is Outcome.PASS
        assert self.graded(self.axes(20, legend=("train", "test"))).outcome is Outcome.PASS
        assert self.graded(self.axes(30, legend=("train", "val", "test"))).outcome is Outcome.PASS

    def test_bars_of_one(self) -> None:
        result = self.graded(self.axes(title="train set"))
        assert (result.outcome, result.fraction) == (Outcome.PARTIAL, Fraction(1, 2))
        assert "none of test" in result.message
        both = [self.axes(title="training set"), self.axes(title="validation set")]
        assert self.graded(*both).fraction == Fraction(1, 2)
        twice = [self.axes(title="training set")] * 2
        assert self.graded(*twice).fraction == Fraction(1, 2)
        assert self.graded(self.axes(50)).fraction == Fraction(1, 2)
        assert self.graded(self.axes(20, title="train")).fraction == Fraction(1, 2)
        assert self.graded(self.axes(), saved_as="hist_train.png").fraction == Fraction(1, 2)

    def test_bars_of_something_else(self) -> None:
        assert self.graded(self.axes(title="Test accuracy by class")).outcome is Outcome.FAIL
        assert self.graded(self.axes(y_label="accuracy"), self.axes(9)).outcome is Outcome.FAIL
        assert self.graded(cells=(STOPPED,)).outcome is Outcome.BLOCKED
        assert self.graded(self.axes(), cells=(STOPPED,)).fraction == Fraction(1, 2)
