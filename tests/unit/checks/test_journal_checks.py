"""Checks about what a run was seen to do: optimizers, loaders, preprocessing, seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.loaders import MAKES_DATA
from grader.checks.optimizer import _scan
from grader.checks.ranges import Range
from grader.checks.requests import describe_module, execute, scan_apis
from grader.model.evidence import Evidence, Place
from grader.model.journal import LoaderSeen, OptimizerSeen, Overlap
from grader.model.measurements import (
    ApiUse,
    ApiUses,
    CellRun,
    Execution,
    Layer,
    LossSeries,
    ModuleFacts,
    Operation,
)
from grader.model.outcome import Outcome
from tests.made_up import a_binding, a_rubric, a_seen, judged, measured

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

PLACE = Place(file="hw.ipynb", cell=3, line=2)


def a_run(**changes: Any) -> Execution:
    given: dict[str, Any] = {
        "entry": "hw.ipynb",
        "cells": (),
        "finished": True,
        "ended_by": "end",
        "optimizer_steps": 5,
        "budget_ended_training": False,
        "losses": (),
        "figures": (),
        "stubbed_packages": (),
    }
    return Execution(**{**given, **changes})


STOPPED = CellRun(cell=2, status="error", wall_seconds=1, error="no", error_kind="KeyError")


def run(**changes: Any) -> Evidence:
    return measured(execute(a_rubric()), a_run(**changes))


def loader(index: int, use: str, length: int, source: str = "", **changes: Any) -> LoaderSeen:
    given: dict[str, Any] = {"index": index, "place": PLACE, "use": use, "length": length}
    return LoaderSeen(**{**given, "source": source, **changes})


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

    def test_range(self) -> None:
        right = TRAIN.model_copy(update={"label_min": 0, "label_max": 4})
        wrong = VALIDATION.model_copy(update={"label_min": 0, "label_max": 8})
        assert graded("labels.range", {"high": 4}, right).outcome is Outcome.PASS
        result = graded("labels.range", {"high": 4}, right, wrong)
        assert result.outcome is Outcome.FAIL
        assert "run from 0 to 8 where 0 to 4" in result.message
        assert graded("labels.range", {"high": 4}, TRAIN).outcome is Outcome.PENDING


class TestNormalisation:
    IMAGENET: dict[str, Any] = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}

    def graded(self, transform: str, **params: Any) -> CheckResult:
        one = TRAIN.model_copy(update={"transform": transform, "mean": (0.4,), "std": (0.2,)})
        return graded("normalisation.values", {**self.IMAGENET, **params}, one)

    @pytest.mark.parametrize(
        "transform",
        [
            "Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])",
            "Compose(ToTensor(), Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)))",
        ],
    )
    def test_the_constants_in_the_transform(self, transform: str) -> None:
        assert self.graded(transform).outcome is Outcome.PASS

    def test_other_constants_and_none(self) -> None:
        other = self.graded("Normalize(mean=[0.5], std=[0.5])")
        assert other.outcome is Outcome.FAIL
        assert "Normalize has mean 0.5 and std 0.5" in other.message
        none = self.graded("ToTensor()")
        assert none.outcome is Outcome.FAIL
        assert "no Normalize was found; they arrive with mean 0.4 and deviation 0.2" in none.message

    def test_one_number_stands_for_all_channels(self) -> None:
        transform = "Normalize(mean=0.5, std=0.5)"
        result = self.graded(transform, mean=[0.5, 0.5, 0.5], std=[0.5])
        assert result.outcome is Outcome.PASS

    def test_standardised_by_what_arrives(self) -> None:
        near = TRAIN.model_copy(update={"mean": (0.02, -0.1), "std": (1.0, 0.9)})
        far = TRAIN.model_copy(update={"mean": (0.5, "nan"), "std": (0.3, 0.3)})
        params = {"kind": "standardised"}
        assert graded("normalisation.values", params, near).outcome is Outcome.PASS
        assert graded("normalisation.values", params, far).outcome is Outcome.FAIL


class TestAugmentation:
    RANDOM = TRAIN.model_copy(
        update={"random_inputs": True, "transform": "RandomHorizontalFlip(p=0.5)"}
    )
    STILL = VALIDATION.model_copy(update={"random_inputs": False})

    def test_training_alone(self) -> None:
        result = graded("augmentation.train_only", {}, self.RANDOM, self.STILL)
        assert result.outcome is Outcome.PASS
        assert "RandomHorizontalFlip" in result.message

    def test_random_validation(self) -> None:
        random = VALIDATION.model_copy(update={"random_inputs": True})
        result = graded("augmentation.train_only", {}, self.RANDOM, random)
        assert result.outcome is Outcome.FAIL
        assert "Your validation inputs come out differently" in result.message

    def test_none_where_it_is_required(self) -> None:
        still = TRAIN.model_copy(update={"random_inputs": False})
        assert graded("augmentation.train_only", {}, still).outcome is Outcome.FAIL
        params = {"required": False}
        assert graded("augmentation.train_only", params, still).outcome is Outcome.PASS
        assert graded("augmentation.train_only", {}, TRAIN).outcome is Outcome.PENDING


def optimizer(**changes: Any) -> OptimizerSeen:
    given: dict[str, Any] = {
        "place": PLACE,
        "type": "SGD",
        "settings": {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4, "nesterov": False},
        "scheduler": "ReduceLROnPlateau",
        "scheduler_settings": {"factor": 0.1},
        "steps": 10,
        "parameters": 100,
        "net": "Net",
    }
    return OptimizerSeen(**{**given, **changes})


class TestOptimizer:
    PARAMS: dict[str, Any] = {
        "type": ["SGD"],
        "settings": {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.0005},
        "schedule": ["ReduceLROnPlateau", "StepLR"],
        "schedule_settings": {"factor": 0.1},
        "batch_size": [32],
    }

    def graded(self, *optimizers: OptimizerSeen, text: str = "", **params: Any) -> CheckResult:
        uses = ()
        if text:
            use = ApiUse(name="torch.optim.SGD", place=PLACE, how="static", text=text)
            uses = (use,)
        seen = a_seen(
            run(optimizers=optimizers, loaders=(TRAIN,)),
            measured(_scan(), ApiUses(uses=uses, searched=())),
            measured(
                describe_module(a_rubric(), "cnn", "any"),
                ModuleFacts(
                    binding=a_binding(),
                    class_name="Net",
                    layers=(),
                    parameters=100,
                    trainable=100,
                    buffers=0,
                    saved=(),
                    missing_keys=(),
                    unexpected_keys=(),
                ),
            ),
        )
        return judged("optimizer.settings", {**self.PARAMS, **params}, seen)

    def test_as_it_stepped(self) -> None:
        result = self.graded(optimizer())
        assert result.outcome is Outcome.PASS
        assert "SGD(lr=0.01, momentum=0.9, weight_decay=0.0005" in result.message

    def test_each_wrong_setting_is_named_and_costs_its_share(self) -> None:
        settings = {"lr": 0.1, "momentum": "nan"}
        result = self.graded(optimizer(settings=settings, scheduler=""))
        assert result.outcome is Outcome.PARTIAL
        assert result.fraction.numerator == 3  # type, factor and batch size of seven
        assert "lr is 0.1, where 0.01 was asked" in result.message
        assert "momentum is nan, where 0.9 was asked" in result.message
        assert "weight_decay is not set" in result.message
        assert "it has no schedule" in result.message

    def test_the_best_of_several_counts_unless_all_must(self) -> None:
        two = (optimizer(), optimizer(type="Adam"))
        assert self.graded(*two).outcome is Outcome.PASS
        assert self.graded(*two, which="all").outcome is Outcome.PARTIAL

    def test_only_those_of_the_net(self) -> None:
        other = optimizer(net="Other", type="Adam")
        assert self.graded(optimizer(), other, model="cnn", which="all").outcome is Outcome.PASS

    def test_ranges(self) -> None:
        span = {"settings": {"lr": {"at_least": 0.001, "at_most": 0.1}}}
        assert self.graded(optimizer(), **span).outcome is Outcome.PASS
        far = optimizer(settings={"lr": 1.0})
        assert self.graded(far, **span, partial=False).outcome is Outcome.FAIL

    SETTINGS: dict[str, Any] = {"schedule": [], "schedule_settings": {}, "batch_size": []}

    def test_what_never_stepped_is_read_in_the_text(self) -> None:
        text = "opt = optim.SGD(net.parameters(), 0.01, momentum=0.9, weight_decay=5e-4)"
        result = self.graded(text=text, **self.SETTINGS)
        assert result.outcome is Outcome.PASS
        assert "as your code makes it" in result.message

    def test_torchs_defaults_hold_where_the_text_is_silent(self) -> None:
        result = self.graded(text="optim.SGD(net.parameters(), lr=0.01)", **self.SETTINGS)
        assert "momentum is 0, where 0.9 was asked" in result.message

    def test_a_variable_in_the_text_waits_for_a_person(self) -> None:
        text = "optim.SGD(net.parameters(), lr=LR, momentum=0.9, weight_decay=5e-4)"
        assert self.graded(text=text, **self.SETTINGS).outcome is Outcome.PENDING

    def test_none_at_all(self) -> None:
        assert self.graded().outcome is Outcome.FAIL


class TestDropout:
    def graded(self, *rates: str, layers: int = 1) -> CheckResult:
        facts = ModuleFacts(
            binding=a_binding(),
            class_name="Net",
            parameters=1,
            trainable=1,
            buffers=0,
            saved=(),
            missing_keys=(),
            unexpected_keys=(),
            layers=(Layer(path="0", type="Linear", torch=True),),
            operations=tuple(
                Operation(type="Dropout", path="", settings={"p": rate}) for rate in rates
            ),
        )
        seen = a_seen(measured(describe_module(a_rubric(), "cnn", "any"), facts))
        return judged("dropout.rate", {"model": "cnn", "layers": layers}, seen)

    def test_rates(self) -> None:
        assert self.graded("0.5").outcome is Outcome.PASS
        assert self.graded("0.5", layers=2).outcome is Outcome.FAIL
        assert "p = 0.2 and 0.3" in self.graded("0.2", "0.3").message
        assert self.graded("nan").outcome is Outcome.FAIL
        assert "no dropout layer" in self.graded().message


class TestSeed:
    def graded(self, first: tuple[Any, ...], second: tuple[Any, ...], **params: Any) -> CheckResult:
        pieces = [
            measured(
                execute(a_rubric(), run=number),
                a_run(losses=(LossSeries(place=PLACE, values=values),)),
            )
            for number, values in ((1, first), (2, second))
        ]
        return judged("seed.reproduces", {"steps": 3, **params}, a_seen(*pieces))

    def test_equal_losses(self) -> None:
        assert self.graded((3.0, 2.0, 1.0), (3.0, 2.0, 1.0, 0.5)).outcome is Outcome.PASS

    def test_the_first_step_that_differs_is_named(self) -> None:
        result = self.graded((3.0, 2.0, 1.0), (3.0, 2.1, 1.0))
        assert result.outcome is Outcome.FAIL
        assert "at training step 2 the loss is 2 in one and 2.1 in the other" in result.message
        assert self.graded((3.0, 2.0, 1.0), (3.0, "nan", 1.0)).outcome is Outcome.FAIL

    def test_too_few_to_compare(self) -> None:
        assert self.graded((3.0,), (3.0,)).outcome is Outcome.FAIL

    def test_printed_numbers(self) -> None:
        cells = [
            CellRun(cell=1, status="ok", wall_seconds=1, output=f"loss {value}")
            for value in ("0.25", "0.26")
        ]
        losses = (LossSeries(place=PLACE, values=(1.0,)),)
        pieces = [
            measured(execute(a_rubric(), run=n), a_run(cells=(cell,), losses=losses))
            for n, cell in enumerate(cells, start=1)
        ]
        seen = a_seen(*pieces)
        assert judged("seed.reproduces", {"steps": 1}, seen).outcome is Outcome.PASS
        result = judged("seed.reproduces", {"steps": 1, "printed": True}, seen)
        assert result.outcome is Outcome.FAIL
        assert "0.25 and 0.26 (cell 1)" in result.message


class TestRange:
    def test_bounds(self) -> None:
        assert Range(at_least=1, at_most=2).holds(2)
        assert not Range(at_least=1, at_most=2).holds(float("nan"))
        assert not Range(exactly=1).holds(float("nan"))
        assert Range(exactly=5e-4).holds(0.0005)
        assert str(Range(at_least=0.1)) == "at least 0.1"

    @pytest.mark.parametrize(
        "given", [{}, {"exactly": 1, "at_least": 0}, {"at_least": 2, "at_most": 1}]
    )
    def test_nonsense_is_refused(self, given: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="at_least"):
            Range(**given)
