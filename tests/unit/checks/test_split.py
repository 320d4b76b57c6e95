"""Checks of what loaders yield: splits and labels."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.loaders import MAKES_DATA
from grader.checks.requests import scan_apis
from grader.model.journal import LoaderSeen, Overlap
from grader.model.measurements import ApiUse, ApiUses, CellRun
from grader.model.outcome import Outcome
from tests.made_up import a_seen, judged, measured
from tests.unit.checks.pieces import PLACE, STOPPED, loader, run

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


TRAIN = loader(0, "train", 40_000, "cifar10/train", batch_size=32)


VALIDATION = loader(1, "evaluate", 10_000, "cifar10/train")


TEST = loader(2, "evaluate", 10_000, "cifar10/test")


def graded(name: str, params: dict[str, Any], *loaders: LoaderSeen, **more: Any) -> CheckResult:
    made = tuple(
        ApiUse(name=text, place=PLACE, how="static", text=text) for text in more.pop("made", ())
    )
    scan = measured(scan_apis(MAKES_DATA), ApiUses(uses=made, searched=MAKES_DATA))
    return judged(name, params, a_seen(run(loaders=loaders, **more), scan))


class TestSizes:
    PARAMS: dict[str, Any] = {
        "dataset": "cifar10",
        "train": {"exactly": 40000},
        "validation": {"exactly": 10000},
    }

    def test_right_sizes(self) -> None:
        result = graded("split.sizes", self.PARAMS, TRAIN, VALIDATION, TEST)
        assert result.outcome is Outcome.PASS
        assert "40,000 training examples and 10,000 validation examples" in result.message

    def test_each_wrong_size_costs_its_share(self) -> None:
        result = graded("split.sizes", self.PARAMS, TRAIN, loader(1, "evaluate", 5000), TEST)
        assert result.outcome is Outcome.PARTIAL
        assert result.fraction == 0.5
        assert "validation examples: 5,000, where 10,000 was asked for" in result.message

    def test_a_share(self) -> None:
        params = {"validation_share": {"at_least": 0.1}}
        assert graded("split.sizes", params, TRAIN, VALIDATION).outcome is Outcome.PASS
        few = loader(1, "evaluate", 100)
        assert graded("split.sizes", params, TRAIN, few).outcome is Outcome.FAIL
        assert graded("split.sizes", params, TRAIN, TEST).outcome is Outcome.FAIL

    def test_training_examples_measured_again_are_no_validation(self) -> None:
        again = loader(1, "evaluate", 40_000, "cifar10/train")
        same = (Overlap(first=0, second=1, shared=40_000, by="rows"),)
        params = {"validation": {"at_least": 1}}
        assert graded("split.sizes", params, TRAIN, again, overlaps=same).outcome is Outcome.FAIL

    def test_another_datasets_loaders_do_not_count(self) -> None:
        result = graded("split.sizes", {**self.PARAMS, "dataset": "mnist"}, TRAIN, VALIDATION)
        assert result.outcome is Outcome.FAIL
        assert "no data of mnist was walked over" in result.message

    def test_a_part_that_may_be_measured_without_a_loader_counts_where_one_is_seen(self) -> None:
        asked = {**self.PARAMS, "test": {"exactly": 10_000}}
        shown, by_hand = (TRAIN, VALIDATION, TEST), (TRAIN, VALIDATION)
        few = loader(2, "evaluate", 500, "cifar10/test")
        for params in (asked, {**asked, "by_loader": ["test"]}):
            assert graded("split.sizes", params, *shown).outcome is Outcome.PASS
            assert graded("split.sizes", params, *by_hand, few).fraction == Fraction(2, 3)
        assert graded("split.sizes", asked, *by_hand).fraction == Fraction(2, 3)
        result = graded("split.sizes", {**asked, "by_loader": ["test"]}, *by_hand)
        assert result.outcome is Outcome.PASS
        assert "test" not in result.message
        one_of_each = few.model_copy(update={"dataset": "Tensor sliced by hand"})
        asked["by_loader"] = ["test"]
        assert graded("split.sizes", asked, *by_hand, one_of_each).outcome is Outcome.PASS
        wrong = graded(
            "split.sizes", {**asked, "by_loader": ["test"]}, TRAIN, loader(1, "evaluate", 9)
        )
        assert wrong.fraction == Fraction(1, 2)

    def test_batches_taken_by_hand_are_for_a_person(self) -> None:
        assert graded("split.sizes", self.PARAMS, optimizer_steps=9).outcome is Outcome.PENDING
        assert graded("split.sizes", self.PARAMS, optimizer_steps=0).outcome is Outcome.FAIL

    def test_an_error_before_training_blocks(self) -> None:
        result = graded("split.sizes", self.PARAMS, cells=(STOPPED,), ended_by="error")
        assert result.outcome is Outcome.BLOCKED


class TestNothingTrained:
    """Training that is commented out, or replaced by saved weights: a person looks."""

    ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
        ("split.sizes", {"train": {"exactly": 40000}, "validation": {"exactly": 10000}}),
        ("split.sizes", {"validation_share": {"at_least": 0.2}}),
        ("split.disjoint", {}),
        ("split.from_training_only", {}),
        ("normalisation.values", {"mean": [0.5], "std": [0.5]}),
    )

    @pytest.mark.parametrize(("name", "params"), ASKED)
    @pytest.mark.parametrize("loaders", [(TEST,), ()])
    def test_what_was_not_seen_costs_nothing(
        self, name: str, params: dict[str, Any], loaders: tuple[LoaderSeen, ...]
    ) -> None:
        made = {"made": ["random_split(data, [40000, 10000])"]}
        result = graded(name, params, *loaders, optimizer_steps=0, **made)
        assert result.outcome is Outcome.PENDING
        assert "trained nothing" in result.message
        trained = graded(name, params, TEST, optimizer_steps=5, **made)
        assert trained.outcome is Outcome.FAIL

    @pytest.mark.parametrize(("name", "params"), ASKED)
    def test_without_any_data_in_the_code_there_is_nothing_to_look_at(
        self, name: str, params: dict[str, Any]
    ) -> None:
        assert graded(name, params, optimizer_steps=0).outcome is Outcome.FAIL

    def test_what_was_seen_all_the_same_is_judged(self) -> None:
        seen = (VALIDATION, TEST)
        result = graded("split.from_training_only", {}, *seen, optimizer_steps=0)
        assert result.outcome is Outcome.PASS
        params = {"validation": {"exactly": 5000}}
        assert graded("split.sizes", params, *seen, optimizer_steps=0).outcome is Outcome.FAIL


GONE = CellRun(
    cell=9, status="error", wall_seconds=1, error="no", error_kind="pretrained_weights_missing"
)


class TestStopped:
    """What came before the run's early end was seen; what is missing may come after it."""

    ENDS: tuple[tuple[dict[str, Any], Outcome], ...] = (
        ({"finished": False, "ended_by": "wall_clock"}, Outcome.ERROR),
        ({"cells": (GONE,)}, Outcome.PENDING),
        ({"cells": (STOPPED,)}, Outcome.BLOCKED),
    )
    ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
        ("split.sizes", {"validation": {"exactly": 10_000}}),
        ("split.disjoint", {}),
        ("split.from_training_only", {}),
        ("normalisation.values", {"kind": "applied", "splits": ["validation"]}),
    )

    @pytest.mark.parametrize(("name", "params"), ASKED)
    @pytest.mark.parametrize(("end", "outcome"), ENDS)
    def test_a_missing_part_is_what_the_end_makes_of_it(
        self, name: str, params: dict[str, Any], end: dict[str, Any], outcome: Outcome
    ) -> None:
        assert graded(name, params, TRAIN, **end).outcome is outcome

    @pytest.mark.parametrize(("end", "outcome"), ENDS)
    def test_training_that_was_not_reached(self, end: dict[str, Any], outcome: Outcome) -> None:
        assert graded("augmentation.train_only", {}, TEST, **end).outcome is outcome

    @pytest.mark.parametrize(("end", "outcome"), ENDS[:2])
    def test_our_end_takes_no_share_of_the_sizes(
        self, end: dict[str, Any], outcome: Outcome
    ) -> None:
        assert graded("split.sizes", TestSizes.PARAMS, TRAIN, **end).outcome is outcome

    def test_an_own_error_leaves_the_share_that_was_earned(self) -> None:
        result = graded("split.sizes", TestSizes.PARAMS, TRAIN, cells=(STOPPED,))
        assert result.outcome is Outcome.PARTIAL
        assert "The rest of your data was not reached" in result.message
        whole = {**TestSizes.PARAMS, "partial": False}
        assert graded("split.sizes", whole, TRAIN, cells=(STOPPED,)).outcome is Outcome.BLOCKED

    def test_a_certain_fault_stays_one(self) -> None:
        end = {"finished": False, "ended_by": "wall_clock"}
        trained = loader(0, "train", 10_000, "cifar10/test")
        assert graded("split.from_training_only", {}, trained, **end).outcome is Outcome.FAIL
        shared = (Overlap(first=0, second=1, shared=10_000, by="rows"),)
        result = graded("split.disjoint", {}, TRAIN, VALIDATION, overlaps=shared, **end)
        assert result.outcome is Outcome.FAIL


class TestDisjoint:
    def overlap(self, first: int, second: int, shared: int) -> tuple[Overlap, ...]:
        return (Overlap(first=first, second=second, shared=shared, by="rows"),)

    def test_no_overlap(self) -> None:
        result = graded("split.disjoint", {}, TRAIN, VALIDATION, TEST)
        assert result.outcome is Outcome.PASS

    def test_what_could_not_be_told_is_for_a_person_to_look_at(self) -> None:
        unknown = loader(1, "evaluate", 10_000, rows_known=False)
        result = graded("split.disjoint", {}, TRAIN, unknown, TEST)
        assert result.outcome is Outcome.PASS
        assert "as far as could be told" in result.message
        assert [flag.code for flag in result.flags] == ["split_unclear"]

    def test_validation_left_in_training(self) -> None:
        shared = self.overlap(0, 1, 10_000)
        result = graded("split.disjoint", {}, TRAIN, VALIDATION, TEST, overlaps=shared)
        assert result.outcome is Outcome.FAIL
        assert "training and validation data share 10,000 of 10,000" in result.message

    @pytest.mark.parametrize(("shared", "outcome"), [(10, Outcome.PASS), (11, Outcome.FAIL)])
    def test_a_few_doubles_are_natural(self, shared: int, outcome: Outcome) -> None:
        overlaps = self.overlap(0, 2, shared)
        result = graded("split.disjoint", {}, TRAIN, VALIDATION, TEST, overlaps=overlaps)
        assert result.outcome is outcome

    def test_training_on_the_test_set(self) -> None:
        trained = loader(0, "train", 10_000, "cifar10/test")
        result = graded("split.from_training_only", {"dataset": "cifar10"}, trained, VALIDATION)
        assert result.outcome is Outcome.FAIL
        assert "trains on 10,000 examples of the test split" in result.message

    def test_without_validation_there_is_nothing_to_compare(self) -> None:
        assert graded("split.disjoint", {}, TRAIN).outcome is Outcome.FAIL


class TestFromTraining:
    PARAMS = {"dataset": "cifar10"}

    def test_validation_from_training(self) -> None:
        result = graded("split.from_training_only", self.PARAMS, TRAIN, VALIDATION, TEST)
        assert result.outcome is Outcome.PASS

    def test_no_validation(self) -> None:
        result = graded("split.from_training_only", self.PARAMS, TRAIN, TEST)
        assert result.outcome is Outcome.FAIL

    def test_validation_from_elsewhere(self) -> None:
        other = loader(1, "evaluate", 100, "cifar10/extra")
        result = graded("split.from_training_only", self.PARAMS, TRAIN, other)
        assert result.outcome is Outcome.FAIL

    def test_unknown_rows_wait_for_a_person(self) -> None:
        unknown = loader(1, "evaluate", 100)
        result = graded("split.from_training_only", self.PARAMS, TRAIN, unknown)
        assert result.outcome is Outcome.PENDING


class TestLabels:
    def test_balanced(self) -> None:
        even = TRAIN.model_copy(update={"classes": {"0": 100, "1": 101, "2": 99}})
        params = {"splits": ["train"], "tolerance": 0.05}
        assert graded("split.balanced", params, even).outcome is Outcome.PASS
        assert graded("split.balanced", {**params, "classes": 5}, even).outcome is Outcome.FAIL
        odd = TRAIN.model_copy(update={"classes": {"0": 100, "1": 150, "2": 50}})
        result = graded("split.balanced", params, odd)
        assert result.outcome is Outcome.FAIL
        assert "class 1 has 150 examples where the mean is 100" in result.message
        assert graded("split.balanced", params, TRAIN).outcome is Outcome.PENDING

    def test_a_share_of_the_data_need_not_be_balanced(self) -> None:
        even = TRAIN.model_copy(update={"classes": {"0": 100, "1": 101}})
        part = loader(3, "train", 2000).model_copy(update={"classes": {"0": 1990, "1": 10}})
        params = {"sizes": {"train": {"at_least": 39_000, "at_most": 50_000}}}
        assert graded("split.balanced", {}, even, part).outcome is Outcome.FAIL
        assert graded("split.balanced", params, even, part).outcome is Outcome.PASS
        assert graded("split.balanced", params, part).outcome is Outcome.PENDING
        odd = TRAIN.model_copy(update={"classes": {"0": 100, "1": 10}})
        assert graded("split.balanced", params, odd, part).outcome is Outcome.FAIL

    def test_range(self) -> None:
        right = TRAIN.model_copy(update={"label_min": 0, "label_max": 4})
        wrong = VALIDATION.model_copy(update={"label_min": 0, "label_max": 8})
        assert graded("labels.range", {"high": 4}, right).outcome is Outcome.PASS
        result = graded("labels.range", {"high": 4}, right, wrong)
        assert result.outcome is Outcome.FAIL
        assert "run from 0 to 8 where 0 to 4" in result.message
        assert graded("labels.range", {"high": 4}, TRAIN).outcome is Outcome.PENDING


class TestNamedTest:
    """Rows of no known split, such as arrays of digits: the code's names say which are for test."""

    TRAIN = loader(0, "train", 1237, role="train")
    VALIDATION = loader(1, "evaluate", 200, role="val")
    TEST = loader(2, "evaluate", 360, role="test")

    def test_sizes(self) -> None:
        params = {"validation": {"exactly": 200}, "test": {"exactly": 360}}
        every = (self.TRAIN, self.VALIDATION, self.TEST)
        assert graded("split.sizes", params, *every).outcome is Outcome.PASS
        params = {"validation": {"exactly": 360}}
        assert graded("split.sizes", params, *every).outcome is Outcome.FAIL
        assert graded("split.sizes", params, self.TRAIN, self.TEST).outcome is Outcome.PASS

    def test_validation_and_test_are_compared(self) -> None:
        shared = (Overlap(first=1, second=2, shared=200, by="content"),)
        every = (self.TRAIN, self.VALIDATION, self.TEST)
        result = graded("split.disjoint", {}, *every, overlaps=shared)
        assert result.outcome is Outcome.FAIL
        assert "validation and test data share 200 of 200" in result.message

    def test_a_known_split_says_more_than_a_name(self) -> None:
        named = loader(1, "evaluate", 10_000, "cifar10/train", role="test")
        result = graded("split.from_training_only", {"dataset": "cifar10"}, TRAIN, named)
        assert result.outcome is Outcome.PASS

    def test_what_is_only_called_test_may_be_validation(self) -> None:
        result = graded("split.from_training_only", {}, self.TRAIN, self.TEST)
        assert result.outcome is Outcome.PENDING


class TestSeveralSources:
    BOTH = loader(0, "train", 60_000, sources=("cifar10/test", "cifar10/train"))

    def test_training_on_test_images_among_others(self) -> None:
        for params in ({}, {"dataset": "cifar10"}):
            result = graded("split.from_training_only", params, self.BOTH, VALIDATION, TEST)
            assert result.outcome is Outcome.FAIL
            assert "Some of the 60,000 examples" in result.message
            assert "cifar10/test" in result.message

    @pytest.mark.parametrize(("shared", "outcome"), [(10, Outcome.PASS), (11, Outcome.FAIL)])
    def test_training_on_copies_of_test_images(self, shared: int, outcome: Outcome) -> None:
        copies = loader(0, "train", 60_000)
        same = (Overlap(first=0, second=2, shared=shared, by="content"),)
        every = (copies, VALIDATION, TEST)
        result = graded("split.from_training_only", {}, *every, overlaps=same)
        assert result.outcome is outcome

    def test_validation_with_test_images_among_others(self) -> None:
        mixed = self.BOTH.model_copy(update={"index": 1, "use": "evaluate"})
        result = graded("split.from_training_only", {}, TRAIN, mixed)
        assert result.outcome is Outcome.FAIL

    def test_another_dataset_alone_does_not_count(self) -> None:
        params = {"dataset": "mnist", "train": {"at_least": 1}}
        assert graded("split.sizes", params, self.BOTH).outcome is Outcome.FAIL


class TestSomeBatches:
    """Labels that only a few batches showed: those of a sorted set are the first classes."""

    def part(self, low: int, high: int, **classes: int) -> LoaderSeen:
        changes = {"label_min": low, "label_max": high, "classes": classes, "classes_whole": False}
        return TRAIN.model_copy(update=changes)

    def test_range(self) -> None:
        asked = {"high": 42}
        assert graded("labels.range", asked, self.part(0, 1)).outcome is Outcome.PENDING
        assert graded("labels.range", asked, self.part(0, 42)).outcome is Outcome.PASS
        assert graded("labels.range", asked, self.part(1, 43)).outcome is Outcome.FAIL

    def test_balance(self) -> None:
        seen = self.part(0, 1, **{"0": 90, "1": 10})
        params = {"splits": ["train"]}
        assert graded("split.balanced", params, seen).outcome is Outcome.PENDING
        assert graded("split.balanced", {**params, "classes": 1}, seen).outcome is Outcome.FAIL
