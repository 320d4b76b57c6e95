"""Checks of settings: optimizers, dropout, seeds, ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.ranges import Range
from grader.checks.requests import describe_module, execute
from grader.checks.written_optimizers import GROUPS, scan
from grader.model.evidence import Place
from grader.model.journal import OptimizerSeen
from grader.model.measurements import (
    ApiUse,
    ApiUses,
    CellRun,
    Layer,
    LossSeries,
    ModuleFacts,
    Operation,
)
from grader.model.outcome import Outcome
from tests.made_up import a_binding, a_rubric, a_seen, judged, measured
from tests.unit.checks.pieces import PLACE, STOPPED, a_run, loader, run

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


TRAIN = loader(0, "train", 40_000, "cifar10/train", batch_size=32)


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

    def graded(
        self,
        *optimizers: OptimizerSeen,
        text: str = "",
        ended: dict[str, Any] | None = None,
        **params: Any,
    ) -> CheckResult:
        uses: tuple[ApiUse, ...] = ()
        if text:
            name = GROUPS if "param_groups" in text else "torch.optim.SGD"
            use = ApiUse(
                name=name,
                place=PLACE,
                how="static",
                text=text,
                constants={"LR": 0.01, "C.wd": 5e-4},
            )
            uses = (use,)
        seen = a_seen(
            run(optimizers=optimizers, loaders=(TRAIN,), **(ended or {})),
            measured(scan(), ApiUses(uses=uses, searched=())),
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

    def test_where_only_another_nets_stepped_the_text_counts_too(self) -> None:
        other = optimizer(type="Adam", parameters=7, place=Place(file="hw.ipynb", cell=9))
        text = "opt = torch.optim.SGD(p, lr=LR, momentum=0.9, weight_decay=C.wd)"
        asked: dict[str, Any] = {"model": "cnn", "schedule": [], "schedule_settings": {}}
        result = self.graded(other, text=text, **asked)
        assert result.outcome is Outcome.PASS
        assert "as your code makes it" in result.message
        assert self.graded(other, **asked).outcome is Outcome.PARTIAL
        own = optimizer(type="Adam")
        assert self.graded(own, text=text, **asked).outcome is Outcome.PARTIAL

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
        text = "optim.SGD(net.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)"
        assert self.graded(text=text, **self.SETTINGS).outcome is Outcome.PENDING

    def test_so_it_does_beside_a_certain_mistake(self) -> None:
        text = "optim.SGD(net.parameters(), lr=rate, momentum=0.5, weight_decay=5e-4)"
        result = self.graded(text=text, **self.SETTINGS)
        assert result.outcome is Outcome.PENDING
        assert "momentum is 0.5, where 0.9 was asked" in result.message
        assert self.graded(text=text, partial=False, **self.SETTINGS).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        "text",
        [
            "optim.SGD(net.parameters(), LR, momentum=0.9, weight_decay=C.wd)",
            "optim.SGD(net.parameters(), .01, .9, 0, 5e-4)",
        ],
    )
    def test_constants_and_settings_by_position(self, text: str) -> None:
        assert self.graded(text=text, **self.SETTINGS).outcome is Outcome.PASS

    @pytest.mark.parametrize(
        ("text", "outcome"),
        [
            ("for g in opt.param_groups:", Outcome.PENDING),
            ("opt.param_groups[0]['lr'] /= 10", Outcome.PENDING),
            ("opt.param_groups[0]['lr'] = lr", Outcome.PENDING),
            ("print(opt.param_groups[0]['lr'])", Outcome.PARTIAL),
            ("lr = [g['lr'] for g in opt.param_groups]", Outcome.PARTIAL),
            ("if opt.param_groups[0]['lr'] == 1:", Outcome.PARTIAL),
        ],
    )
    def test_a_schedule_by_hand_waits_for_a_person(self, text: str, outcome: Outcome) -> None:
        assert self.graded(optimizer(scheduler=""), text=text).outcome is outcome

    ADAM = optimizer(type="Adam", place=Place(file="hw.ipynb", cell=1))
    RIGHT = "optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)"

    @pytest.mark.parametrize(
        ("kind", "otherwise"),
        [
            ("pretrained_weights_missing", Outcome.PARTIAL),
            ("dataset_missing", Outcome.ERROR),
            ("KeyError", Outcome.PARTIAL),
        ],
    )
    def test_what_a_run_did_not_reach_is_read_in_the_text(
        self, kind: str, otherwise: Outcome
    ) -> None:
        cell = STOPPED.model_copy(update={"error_kind": kind})
        ended = {"cells": (cell,), "ended_by": "error"}
        result = self.graded(self.ADAM, text=self.RIGHT, ended=ended, **self.SETTINGS)
        assert result.outcome is Outcome.PASS
        assert "as your code makes it" in result.message
        assert self.graded(self.ADAM, ended=ended, **self.SETTINGS).outcome is otherwise

    def test_a_run_that_got_to_its_end_is_believed(self) -> None:
        result = self.graded(self.ADAM, text=self.RIGHT, **self.SETTINGS)
        assert "it is Adam, not SGD" in result.message

    def test_batches_of_what_was_not_reached_wait_for_a_person(self) -> None:
        ended = {"cells": (STOPPED,), "ended_by": "error"}
        params = {**self.SETTINGS, "batch_size": [100]}
        assert self.graded(self.ADAM, text=self.RIGHT, ended=ended, **params).outcome is (
            Outcome.PENDING
        )

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
