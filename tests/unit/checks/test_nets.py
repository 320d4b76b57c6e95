"""Checks about what a net is and what its weight file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grader.checks.architecture import ArchitectureMatches
from grader.checks.faults import WEIGHTS_MISSING
from grader.checks.requests import describe_module, execute
from grader.model.evidence import Place
from grader.model.journal import OptimizerSeen
from grader.model.measurements import (
    Layer,
    ModuleFacts,
    Operation,
    SavedTensor,
)
from grader.model.outcome import Outcome
from tests.made_up import (
    a_binding,
    a_rubric,
    a_seen,
    a_truth,
    judged,
    measured,
    not_there,
    our_fault,
    student_fault,
)
from tests.unit.checks.pieces import STOPPED, a_run

if TYPE_CHECKING:
    from grader.model.evidence import Evidence, ProbeRequest
    from grader.model.scorecard import CheckResult

PLACE = Place(file="hw.ipynb", cell=3, line=2)


def facts(**changes: Any) -> ModuleFacts:
    given: dict[str, Any] = {
        "binding": a_binding(),
        "class_name": "Net",
        "layers": (),
        "parameters": 0,
        "trainable": 0,
        "buffers": 0,
        "saved": (),
        "missing_keys": (),
        "unexpected_keys": (),
    }
    return ModuleFacts(**{**given, **changes})


def conv(outputs: int, inputs: int = 3, kernel: str = "(3, 3)", path: str = "") -> Operation:
    settings = {"in_channels": str(inputs), "out_channels": str(outputs), "kernel_size": kernel}
    return Operation(type="Conv2d", path=path, settings=settings)


def pool() -> Operation:
    return Operation(type="MaxPool2d", path="", settings={"kernel_size": "2"})


def relu() -> Operation:
    return Operation(type="ReLU", path="")


def described(source: str, role: str = "cnn", **changes: Any) -> Any:
    return measured(describe_module(a_rubric(), role, source), facts(**changes))  # type: ignore[arg-type]


def tensor(name: str, digest: str = "a", **changes: Any) -> SavedTensor:
    given: dict[str, Any] = {
        "name": name,
        "shape": (2,),
        "dtype": "float32",
        "finite": True,
        "role": "parameter",
        "sha256": digest * 64,
    }
    return SavedTensor(**{**given, **changes})


class TestArchitecture:
    LIST: tuple[dict[str, Any], ...] = (
        {"type": "Conv2d", "settings": {"out_channels": 64, "kernel_size": 3}, "times": 2},
        {"type": "MaxPool2d", "settings": {"kernel_size": 2}},
    )

    def graded(self, *operations: Operation, **params: Any) -> CheckResult:
        given = {"model": "cnn", "layers": list(self.LIST), **params}
        seen = a_seen(described("any", operations=operations))
        return judged("architecture.matches", given, seen)

    def test_the_list_in_its_order_passes_whatever_lies_between(self) -> None:
        assert self.graded(conv(64), relu(), conv(64), relu(), pool()).outcome is Outcome.PASS

    def test_the_first_other_layer_is_named(self) -> None:
        result = self.graded(conv(64), conv(32, path="features.2"), pool())
        assert result.outcome is Outcome.FAIL
        assert "layer 2 is Conv2d 'features.2'" in result.message
        assert "out_channels is 32, not 64" in result.message

    @pytest.mark.parametrize("kernel", ["(5, 5)", "(3, 5)", "5", "()", "nonsense", "'3'"])
    def test_another_kernel_is_another_layer(self, kernel: str) -> None:
        assert self.graded(conv(64), conv(64, kernel=kernel), pool()).outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("padding", "kernel", "dilation", "outcome"),
        [
            ("same", "(3, 3)", "(1, 1)", Outcome.PASS),
            ("same", "3", "1", Outcome.PASS),
            ("same", "(3, 3)", "2", Outcome.FAIL),
            ("same", "(5, 5)", "1", Outcome.FAIL),
            ("same", "(4, 4)", "1", Outcome.FAIL),
            ("same", "nonsense", "1", Outcome.FAIL),
            ("valid", "(3, 3)", "1", Outcome.FAIL),
        ],
    )
    def test_padding_in_words(
        self, padding: str, kernel: str, dilation: str, outcome: Outcome
    ) -> None:
        settings = {"kernel_size": kernel, "padding": padding, "dilation": dilation}
        step = Operation(type="Conv2d", path="", settings=settings)
        layers = [{"type": "Conv2d", "settings": {"padding": 1}}]
        assert self.graded(step, layers=layers).outcome is outcome

    def test_the_shape_that_a_layer_gives(self) -> None:
        layers = [{"type": "Conv2d", "output_shape": [64, 8, 8]}]
        step = Operation(type="Conv2d", path="", output_shape=(64, 8, 8))
        assert self.graded(step, layers=layers).outcome is Outcome.PASS
        other = step.model_copy(update={"output_shape": (64, 4, 4)})
        result = self.graded(other, layers=layers)
        assert result.outcome is Outcome.FAIL
        assert "it gives [64, 4, 4], not [64, 8, 8]" in result.message
        assert self.graded(layers=layers).outcome is Outcome.PENDING, "no pass was traced"

    def test_missing_and_extra_layers_are_counted(self) -> None:
        assert "ends after 2 of 3 such layers" in self.graded(conv(64), conv(64)).message
        extra = self.graded(conv(64), conv(64), pool(), pool())
        assert "there is one more MaxPool2d" in extra.message

    def test_a_part_of_the_list_earns_its_band(self) -> None:
        bands = [{"at": 1, "fraction": 1}, {"at": 0.6, "fraction": 0.5}]
        result = self.graded(conv(64), conv(64), bands=bands)
        assert result.outcome is Outcome.PARTIAL
        assert result.fraction == 0.5

    def test_vgg13_is_told_by_its_name(self) -> None:
        blocks = [layer for n in (2, 2, 2, 2, 2) for layer in (*[conv(64)] * n, pool())]
        assert "What is there looks like VGG13." in self.graded(*blocks).message

    def test_batch_norm_where_it_may_not_be(self) -> None:
        norm = Operation(type="BatchNorm2d", path="")
        result = self.graded(conv(64), norm, conv(64), pool(), none_of=["BatchNorm2d"])
        assert result.outcome is Outcome.FAIL
        assert "holds BatchNorm2d" in result.message

    def test_parameters_are_counted(self) -> None:
        seen = a_seen(described("any", parameters=134_301_514))
        given = {"model": "cnn", "parameters": [138_357_544, 134_301_514]}
        assert judged("architecture.matches", given, seen).outcome is Outcome.PASS
        result = judged("architecture.matches", {"model": "cnn", "parameters": [7]}, seen)
        assert "134,301,514 parameters where 7 were expected" in result.message

    @pytest.mark.parametrize("saved", [True, False])
    def test_a_state_dict_must_have_the_official_keys_and_shapes(self, saved: bool) -> None:  # noqa: FBT001
        layer = Layer(
            path="features.0",
            type="Conv2d",
            torch=True,
            parameters=8 * 3 * 9 + 8,
            settings={"in_channels": "3", "out_channels": "8", "kernel_size": "(3, 3)"},
        )
        tensors = (
            tensor("module.features.0.weight", shape=(8, 3, 3, 3)),
            tensor("module.features.0.bias", shape=(8,)),
        )
        seen_facts = described("any", layers=(layer,), saved=tensors if saved else ())
        official = {"features.0.weight": (8, 3, 3, 3), "features.0.bias": (8,)}

        def graded(keys: dict[str, Any]) -> CheckResult:
            seen = a_seen(seen_facts, truth=a_truth(expected={"vgg": lambda: keys}))
            return judged("architecture.matches", {"model": "cnn", "state_dict": "vgg"}, seen)

        assert graded(official).outcome is Outcome.PASS
        assert "which it lacks" in graded({**official, "features.1.weight": (8,)}).message
        assert "has shape [8], not [9]" in graded({**official, "features.0.bias": (9,)}).message
        lacking = {"features.0.weight": (8, 3, 3, 3)}
        assert "which the official weights lack" in graded(lacking).message

    def test_where_students_name_the_net_as_they_like_a_person_looks(self) -> None:
        given = {"model": "cnn", "layers": list(self.LIST)}
        request = describe_module(a_rubric(), "cnn", "any")
        for evidence in (not_there(request), student_fault(request, "KeyError", "'w'")):
            lost = judged("architecture.matches", given, a_seen(evidence))
            assert lost.outcome is Outcome.FAIL
            kept = judged("architecture.matches", {**given, "missing": "pending"}, a_seen(evidence))
            assert kept.outcome is Outcome.PENDING
            assert kept.message == f"{lost.message} A person will look."
        ours = a_seen(our_fault(request))
        kept = judged("architecture.matches", {**given, "missing": "pending"}, ours)
        assert kept.outcome is Outcome.ERROR

    def test_a_net_with_another_number_of_layers_may_be_another_net(self) -> None:
        other = self.graded(conv(64), pool(), told_by=["Conv2d"])
        assert other.outcome is Outcome.PENDING
        assert "has 1 Conv2d where 2 were asked for, so it may be another net" in other.message
        assert self.graded(pool(), told_by=["Conv2d"]).outcome is Outcome.PENDING
        assert self.graded(conv(64), conv(32), pool(), told_by=["Conv2d"]).outcome is Outcome.FAIL
        assert self.graded(conv(64), conv(64), pool(), told_by=["Conv2d"]).outcome is Outcome.PASS
        with pytest.raises(ValueError, match="not in layers"):
            self.graded(told_by=["Linear"])

    def test_it_asks_for_something(self) -> None:
        with pytest.raises(ValueError, match="say what to compare"):
            ArchitectureMatches(model="cnn")


class TestIsCnn:
    def graded(self, *kinds: tuple[str, int], run: tuple[str, ...] = (), **params: Any) -> Any:
        layers = tuple(Layer(path=k, type=k, torch=True, parameters=n) for k, n in kinds)
        seen = a_seen(
            described(
                "any", layers=layers, operations=tuple(Operation(type=one, path="") for one in run)
            )
        )
        return judged("module.is_cnn", {"model": "cnn", **params}, seen)

    def test_convolutions_that_run_count(self) -> None:
        layers = (("Conv2d", 10), ("Linear", 90))
        assert self.graded(*layers, run=("Conv2d", "Linear")).outcome is Outcome.PASS
        result = self.graded(*layers, run=("Linear",))
        assert result.outcome is Outcome.FAIL
        assert "1 more is made but never run" in result.message

    def test_layers_of_ones_own_that_convolve_hold_their_share(self) -> None:
        layers = tuple(
            Layer(path=path, type=kind, torch=kind == "Linear", parameters=n)
            for path, kind, n in (("a", "Block", 10), ("b", "Mixed", 40), ("c", "Linear", 50))
        )
        run = (("a", "Conv2d"), ("b", "Conv2d"), ("b", "Linear"), ("c", "Linear"))
        operations = tuple(Operation(type=kind, path=path) for path, kind in run)
        seen = a_seen(described("any", layers=layers, operations=operations))
        given = {"model": "cnn", "convolutions": 2}
        assert judged("module.is_cnn", {**given, "share": 0.1}, seen).outcome is Outcome.PASS
        result = judged("module.is_cnn", {**given, "share": 0.2}, seen)
        assert "hold only 10%" in result.message

    def test_they_must_hold_their_share(self) -> None:
        layers = (("Conv2d", 10), ("Linear", 90))
        assert self.graded(*layers, share=0.1).outcome is Outcome.PASS
        assert "hold only 10%" in self.graded(*layers, share=0.2).message


class TestCounts:
    def test_exactly(self) -> None:
        seen = a_seen(described("any", saved=(tensor("w", shape=(4, 5)),), parameters=20))
        given = {"model": "cnn", "counts": [20, 30]}
        assert judged("params.exactly", given, seen).outcome is Outcome.PASS
        result = judged("params.exactly", {"model": "cnn", "counts": [30]}, seen)
        assert result.outcome is Outcome.FAIL
        assert result.hint == "10 too few."

    def test_trainable_is_what_requires_a_gradient(self) -> None:
        seen = a_seen(described("any", parameters=20, trainable=5))
        given = {"model": "cnn", "limit": 10, "count": "trainable"}
        assert judged("params.at_most", given, seen).outcome is Outcome.PASS
        assert judged("params.at_most", {**given, "count": "total"}, seen).outcome is Outcome.FAIL


class TestWeightFiles:
    def test_one_nan_tensor_fails(self) -> None:
        good = a_seen(described("saved", saved=(tensor("a"),)))
        spoilt = a_seen(described("saved", saved=(tensor("a"), tensor("b", finite=False))))
        assert judged("weights.finite", {"model": "cnn"}, good).outcome is Outcome.PASS
        result = judged("weights.finite", {"model": "cnn"}, spoilt)
        assert result.outcome is Outcome.FAIL
        assert "1 of 2 saved tensors of your CNN hold NaN" in result.message

    def test_a_checkpoint_without_its_optimizer_earns_half(self) -> None:
        keys = ("model_state_dict", "epoch")
        seen = a_seen(described("saved", saved=(tensor("a"),), file_keys=keys))
        result = judged("checkpoint.has", {"model": "cnn"}, seen)
        assert result.outcome is Outcome.PARTIAL
        assert "lacks the optimizer's state (its keys are model_state_dict and epoch)" in (
            result.message
        )
        whole = a_seen(
            described("saved", saved=(tensor("a"),), file_keys=(*keys, "optimizer.state"))
        )
        assert judged("checkpoint.has", {"model": "cnn"}, whole).outcome is Outcome.PASS
        given = {"model": "cnn", "holds": ["Epoch", "scheduler"], "partial": False}
        assert judged("checkpoint.has", given, whole).outcome is Outcome.FAIL

    def test_the_optimizer_may_be_in_another_file_of_the_same_net(self) -> None:
        beside = {"last.pt": ("model", "optim", "optimizer.state")}
        seen = a_seen(described("saved", saved=(tensor("a"),), file_keys=(), beside=beside))
        result = judged("checkpoint.has", {"model": "cnn"}, seen)
        assert result.outcome is Outcome.PASS
        assert result.message.startswith("last.pt holds")

    def test_no_checkpoint_is_not_an_empty_one(self) -> None:
        result = judged("checkpoint.has", {"model": "cnn"}, a_seen(described("saved")))
        assert result.outcome is Outcome.FAIL
        assert result.message == "There is no checkpoint of your CNN."


class TestTransfer:
    BEFORE = (tensor("conv.weight", "a"), tensor("conv.bias", "b"), tensor("fc.weight", "c"))
    ROLES: dict[str, Any] = {
        "old": {"kind": "module", "names": ["old"]},
        "new": {"kind": "module", "names": ["new"]},
    }

    def graded(self, *after: SavedTensor) -> CheckResult:
        rubric = a_rubric(roles=self.ROLES)
        pieces = [
            measured(describe_module(rubric, role, "saved"), facts(saved=saved))
            for role, saved in (("old", self.BEFORE), ("new", after))
        ]
        return judged(
            "transfer.frozen",
            {"before": "old", "after": "new", "dynamic": False},
            a_seen(*pieces, rubric=rubric),
        )

    def test_all_but_the_last_layer_equal(self) -> None:
        result = self.graded(*self.BEFORE[:2], tensor("fc.weight", "d"))
        assert result.outcome is Outcome.PASS
        assert "fc is new" in result.message

    def test_other_names_and_buffers_do_not_matter(self) -> None:
        after = (
            tensor("0.weight", "a"),
            tensor("0.bias", "b"),
            tensor("0.running_mean", "e", role="buffer"),
            tensor("2.weight", "d"),
        )
        assert self.graded(*after).outcome is Outcome.PASS

    def test_a_frozen_layer_that_moved_is_named(self) -> None:
        after = (tensor("conv.weight", "e"), tensor("conv.bias", "b"))
        after += (tensor("mid.weight", "a"), tensor("fc.weight", "d"))
        result = self.graded(*after)
        assert result.outcome is Outcome.FAIL
        assert "should be frozen differs from your OLD: conv" in result.message.replace(
            "old", "OLD"
        )

    def test_the_old_last_layer_is_not_new(self) -> None:
        assert "is still that of your old" in self.graded(*self.BEFORE).message

    def test_nothing_kept(self) -> None:
        after = (tensor("conv.weight", "x"), tensor("fc.weight", "y"))
        assert "nothing was kept frozen" in self.graded(*after).message

    def ran(self, *pieces: Evidence, **changes: Any) -> CheckResult:
        rubric = a_rubric(roles=self.ROLES)
        seen = a_seen(*pieces, measured(execute(rubric), a_run(**changes)), rubric=rubric)
        return judged("transfer.frozen", {"before": "old", "after": "new"}, seen)

    def saved(self, role: str) -> ProbeRequest:
        return describe_module(a_rubric(roles=self.ROLES), role, "saved")

    @pytest.mark.parametrize(("frozen", "outcome"), [(900, Outcome.PASS), (0, Outcome.FAIL)])
    def test_without_weights_a_run_may_show_it(self, frozen: int, outcome: Outcome) -> None:
        optimizer = OptimizerSeen(
            place=PLACE, type="SGD", steps=5, parameters=50, frozen=frozen, net="Net"
        )
        nothing = (not_there(self.saved("old")), not_there(self.saved("new")))
        assert self.ran(*nothing, optimizers=(optimizer,)).outcome is outcome

    def test_official_weights_that_are_not_here_are_for_a_person(self) -> None:
        gone = student_fault(self.saved("old"), kind=WEIGHTS_MISSING, message="no vgg16")
        result = self.ran(gone, not_there(self.saved("new")))
        assert result.outcome is Outcome.PENDING
        assert "no layer was frozen" not in result.message

    @pytest.mark.parametrize(
        ("end", "outcome"),
        [
            ({"finished": False, "ended_by": "wall_clock"}, Outcome.ERROR),
            ({"cells": (STOPPED,)}, Outcome.BLOCKED),
        ],
    )
    def test_a_run_that_ended_before_shows_nothing(
        self, end: dict[str, Any], outcome: Outcome
    ) -> None:
        nothing = (not_there(self.saved("old")), not_there(self.saved("new")))
        assert self.ran(*nothing, **end).outcome is outcome
