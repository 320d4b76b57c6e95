"""curves.drawn: kinds and parts of curves, however they are spread over figures and cells."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from grader.checks.requests import inspect_source, read_documents
from grader.model.documents import Documents, Text
from grader.model.evidence import Place
from grader.model.measurements import Axes, FigureSeen, LineSeen, SourceFacts, SourceFile
from grader.model.outcome import Outcome
from tests.made_up import a_seen, judged, measured
from tests.unit.checks.pieces import STOPPED, run

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

Y = {
    "train": (3.0, 2.0, 1.0),
    "val": (3.1, 2.2, 1.4),
    "train acc": (0.1, 0.5, 0.9),
    "val acc": (0.1, 0.4, 0.6),
}


def axes(*labels: str, shift: float = 0, values: str = "", **changes: Any) -> Axes:
    lines = tuple(
        LineSeen(
            label=label,
            x=(0.0, 1.0, 2.0),
            y=tuple(y + 0.01 * i + shift for y in Y["train acc" if values else "train"]),
        )
        for i, label in enumerate(labels)
    )
    given: dict[str, Any] = {
        "title": "",
        "x_label": "epoch",
        "y_label": "",
        "legend": tuple(label for label in labels if label),
        "lines": lines,
    }
    return Axes(**{**given, **changes})


def figure(*parts: Axes, cell: int | None = 4, **changes: Any) -> FigureSeen:
    return FigureSeen(cell=cell, axes=parts, **changes)


def loss(**changes: Any) -> Axes:
    return axes("train", "val", **{"y_label": "loss", **changes})


def accuracy(**changes: Any) -> Axes:
    return axes("train", "val", **{"y_label": "accuracy", "values": "acc", **changes})


def headings(*texts: tuple[int, str]) -> Documents:
    return Documents(
        texts=tuple(
            Text(kind="markdown", place=Place(file="hw.ipynb", cell=cell), text=text)
            for cell, text in texts
        )
    )


def graded(*figures: FigureSeen, told: Documents | None = None, **params: Any) -> CheckResult:
    changes = {k: params.pop(k) for k in ("cells", "budget_ended_training") if k in params}
    drew = run(figures=figures, **changes)
    seen = a_seen(measured(read_documents(), told or Documents()), drew)
    return judged("curves.drawn", params, seen)


class TestKinds:
    def test_in_one_figure_or_in_several(self) -> None:
        assert graded(figure(loss(), accuracy()), legend=True).outcome is Outcome.PASS
        assert graded(figure(loss()), figure(accuracy()), legend=True).outcome is Outcome.PASS
        four = axes("train loss", "val loss", "train acc", "val acc")
        assert graded(figure(four), legend=True).outcome is Outcome.PASS

    def test_a_figure_for_each_line(self) -> None:
        titles = ("Train loss", "Test loss", "Train accuracy", "Test accuracy")
        alone = [figure(axes("", title=title, shift=i)) for i, title in enumerate(titles)]
        assert graded(*alone, legend=True).outcome is Outcome.PASS

    def test_losses_alone_earn_half(self) -> None:
        result = graded(figure(loss()), legend=True)
        assert (result.outcome, result.fraction) == (Outcome.PARTIAL, Fraction(1, 2))
        assert result.message == (
            "hw.ipynb, cell 4 shows curves; not found: accuracy of training and accuracy of "
            "validation. This earns half of the points."
        )
        assert graded(figure(axes("train", y_label="loss"))).fraction == Fraction(1, 4)

    def test_saved_files_name_what_is_on_them(self) -> None:
        files = [
            figure(axes("train", "test"), cell=None, saved_as="out/q1_loss.png"),
            figure(axes("train", "test", shift=1), cell=None, saved_as="out/q1_accuracy.png"),
        ]
        assert graded(*files, legend=True).outcome is Outcome.PASS

    def test_names_given_to_the_legend_alone(self) -> None:
        both = [
            axes("", "", legend=("train loss", "val loss")),
            axes("", "", legend=("train acc", "val acc"), shift=1),
        ]
        assert graded(figure(*both), legend=True).outcome is Outcome.PASS

    def test_keras_names_and_no_names(self) -> None:
        keras = [axes("loss", "val_loss"), axes("acc", "val_acc", shift=1)]
        assert graded(figure(*keras)).outcome is Outcome.PASS
        bare = [axes("", "", title="loss"), axes("", "", title="accuracy", shift=1)]
        assert graded(figure(*bare)).outcome is Outcome.PASS
        assert graded(figure(*bare), legend=True).fraction == Fraction(1, 2)

    def test_labels_that_a_reader_needs(self) -> None:
        good = [loss(), accuracy()]
        assert graded(figure(*good), axis_labels=True).outcome is Outcome.PASS
        untold = [axes("train loss", "val loss"), accuracy()]
        assert graded(figure(*untold), axis_labels=True).fraction == Fraction(3, 4)

    def test_lines_of_other_things_are_no_second_part(self) -> None:
        rates = axes("lr=0.1", "lr=1", y_label="test loss")
        found = graded(figure(rates))
        assert found.fraction == Fraction(1, 4)
        level = LineSeen(label="", x=(0.0, 1.0), y=(0.65, 0.65))
        marked = axes("train", y_label="accuracy")
        with_goal = marked.model_copy(update={"lines": (*marked.lines, level)})
        assert graded(figure(with_goal)).fraction == Fraction(1, 4)

    def test_what_nothing_names_is_shown_to_a_person(self) -> None:
        unnamed = [axes("train", "test"), axes("train", "test", shift=1)]
        result = graded(figure(*unnamed))
        assert result.outcome is Outcome.PENDING
        assert "nothing names them so. A person will look." in result.message

    def test_a_run_that_was_ended_early_has_short_curves(self) -> None:
        line = LineSeen(label="train loss", x=(0.0,), y=(1.0,))
        short = axes("train").model_copy(update={"lines": (line,)})
        only: dict[str, Any] = {"kinds": {"loss": ["loss"]}, "parts": {"training": ["train"]}}
        assert graded(figure(short), **only).outcome is Outcome.FAIL
        assert graded(figure(short), budget_ended_training=True, **only).outcome is Outcome.PASS

    def test_none_and_not_reached(self) -> None:
        assert graded().message == "hw.ipynb ran, but drew no figure."
        assert graded(cells=(STOPPED,)).outcome is Outcome.BLOCKED
        assert graded(figure(loss()), cells=(STOPPED,)).fraction == Fraction(1, 2)


class TestNets:
    def test_two_nets_need_curves_of_their_own(self) -> None:
        first, second = [loss(), accuracy()], [loss(shift=1), accuracy(shift=1)]
        assert graded(figure(*first), figure(*second), nets=2).outcome is Outcome.PASS
        result = graded(figure(loss()), figure(accuracy()), nets=2)
        assert result.fraction == Fraction(1, 2)
        assert "loss of training for 1 of 2 nets" in result.message

    def test_another_script_may_draw_those_of_the_second(self) -> None:
        files = tuple(SourceFile(path=path, kind="script") for path in ("one.py", "two.py"))
        facts: dict[str, Any] = {"imports": (), "frameworks": (), "placeholders": ()}
        facts["files"] = files
        drew = run(figures=(figure(loss(), accuracy(), cell=None),), entry="one.py")
        seen = a_seen(drew, measured(inspect_source(), SourceFacts(**facts)))
        result = judged("curves.drawn", {"nets": 2}, seen)
        assert result.outcome is Outcome.PENDING
        assert "two.py may draw the others" in result.message
        assert judged("curves.drawn", {}, seen).outcome is Outcome.PASS

    def test_a_curve_that_is_drawn_again_is_the_same(self) -> None:
        first = [loss(), accuracy()]
        assert graded(figure(*first), figure(*first), nets=2).fraction == Fraction(1, 2)


class TestUnder:
    ASKED: ClassVar[dict[str, Any]] = {
        "under": r"^Q2\b",
        "until": r"^Q\d",
        "not_about": ["cnn"],
        "about": ["mnist"],
    }
    TOLD = headings((1, "# Q2"), (3, "# Training"), (8, "# Q3"), (9, "# Training"))

    def test_curves_of_another_part_do_not_count(self) -> None:
        cnn = figure(loss(), accuracy(), cell=10)
        assert graded(cnn, told=self.TOLD, **self.ASKED).outcome is Outcome.FAIL
        mine = figure(loss(), accuracy(), cell=4)
        assert graded(mine, cnn, told=self.TOLD, **self.ASKED).outcome is Outcome.PASS

    def test_a_title_may_say_it_too(self) -> None:
        late = figure(loss(title="MNIST"), accuracy(title="MNIST"), cell=10)
        assert graded(late, told=self.TOLD, **self.ASKED).outcome is Outcome.PASS

    def test_without_headings_any_cell_counts(self) -> None:
        plain = figure(loss(), accuracy(), cell=10)
        assert graded(plain, **self.ASKED).outcome is Outcome.PASS
        cnn = figure(loss(title="CNN"), accuracy(title="CNN"), cell=10)
        assert graded(cnn, **self.ASKED).outcome is Outcome.FAIL
        script = figure(loss(), accuracy(), cell=None, saved_as="mnist.png")
        assert graded(script, told=self.TOLD, **self.ASKED).outcome is Outcome.PASS
