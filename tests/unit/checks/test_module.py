from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.requests import describe_module, predict
from grader.model.measurements import Layer, ModuleFacts, Operation, SavedTensor
from grader.model.outcome import Outcome
from tests.made_up import (
    DATASET,
    a_binding,
    a_rubric,
    a_seen,
    judged,
    measured,
    some_labels,
    some_predictions,
    some_scores,
)

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


def tensor(name: str, *shape: int, **more: Any) -> SavedTensor:
    given: dict[str, Any] = {"dtype": "float32", "finite": True, "role": "parameter"}
    return SavedTensor(name=name, shape=shape, **{**given, **more})


LINEAR = Layer(path="0", type="Linear", torch=True, parameters=650)
SAVED = (
    tensor("0.weight", 10, 64),
    tensor("0.bias", 10),
    tensor("1.running_mean", 10, role="buffer"),
)


def facts(**changes: Any) -> ModuleFacts:
    given: dict[str, Any] = {
        "binding": a_binding(),
        "class_name": "Sequential",
        "layers": (LINEAR, Layer(path="1", type="LogSoftmax", torch=True)),
        "parameters": 650,
        "trainable": 650,
        "buffers": 10,
        "saved": SAVED,
        "saved_from": "module",
        "missing_keys": (),
        "unexpected_keys": (),
        "output_shape": (10,),
        "row_sums": (1.0, 1.0),
    }
    return ModuleFacts(**{**given, **changes})


def judge(name: str, found: ModuleFacts, *more: Any, **params: Any) -> CheckResult:
    source = "saved" if name == "weights.load" else "any"
    request = describe_module(a_rubric(), "cnn", source)
    return judged(name, {"model": "cnn", **params}, a_seen(measured(request, found), *more))


class TestContract:
    def test_shape_and_rows_right(self) -> None:
        result = judge("module.contract", facts(), rows="log_probabilities")
        assert result.outcome is Outcome.PASS
        assert result.message == (
            "Your CNN gives outputs of the right shape, and its rows are log-probabilities (all "
            "2 that were looked at)."
        )
        assert result.expected == (
            "One example of shape [64] goes in and [10] comes out, log-probabilities."
        )

    def test_another_shape_says_both(self) -> None:
        result = judge("module.contract", facts(output_shape=(64, 2)))
        assert result.message == "For one example your CNN gives [64, 2] where [10] was expected."
        assert judge("module.contract", facts(output_shape=None)).outcome is Outcome.FAIL

    @pytest.mark.parametrize("odd", [3.2, "nan", "inf"])
    def test_rows_that_do_not_sum_to_one_fail(self, odd: Any) -> None:
        found = facts(row_sums=(1.0, odd))
        result = judge("module.contract", found, rows="log_probabilities", shape_fraction=0.5)
        assert result.fraction == Fraction(1, 2)
        assert "1 of 2 rows do not sum to 1 after exp" in result.message
        assert "LogSoftmax" in result.hint

    def test_rows_of_nan_are_no_logits(self) -> None:
        found = facts(row_sums=("nan", "nan"))
        result = judge("module.contract", found, rows="log_probabilities")
        assert result.outcome is Outcome.FAIL
        assert "They hold NaN or infinite numbers" in result.message
        assert "Training diverged" in result.hint

    def test_rows_are_judged_on_a_dataset_from_raw_scores(self) -> None:
        request = predict(a_rubric(), "cnn", DATASET, "any")
        scores = some_scores(some_labels(), 0)
        good = measured(request, some_predictions(), scores=scores)
        given = {"rows": "log_probabilities", "dataset": DATASET}
        assert judge("module.contract", facts(), good, **given).outcome is Outcome.PASS
        # The box says log-probabilities; the numbers say otherwise and are believed.
        lie = measured(request, some_predictions(), scores=scores * 2)
        result = judge("module.contract", facts(), lie, **given)
        assert result.outcome is Outcome.FAIL
        assert "They look like logits" in result.message
        plain = measured(request, some_predictions(), scores=np.exp(scores))
        assert (
            "look like probabilities" in judge("module.contract", facts(), plain, **given).message
        )
        given["rows"] = "probabilities"
        assert judge("module.contract", facts(), plain, **given).outcome is Outcome.PASS

    def test_no_rows_looked_at_is_our_fault(self) -> None:
        found = facts(row_sums=())
        result = judge("module.contract", found, rows="log_probabilities")
        assert result.outcome is Outcome.ERROR


class TestLayers:
    def test_what_was_asked_is_there(self) -> None:
        result = judge("module.layers", facts(), contains=["Linear", "LogSoftmax|Softmax"])
        assert result.outcome is Outcome.PASS
        assert result.message == (
            "Your CNN has the layers that were asked for. It holds 1 Linear and 1 LogSoftmax."
        )

    def test_a_file_named_cnn_that_holds_an_mlp(self) -> None:
        result = judge("module.layers", facts(), contains=["Conv2d|Conv1d"])
        assert result.outcome is Outcome.FAIL
        assert result.message.startswith("Your CNN has no Conv2d or Conv1d layer.")
        assert "two nets are easily saved under one name" in result.hint

    def test_a_class_of_the_same_name_is_not_torchs_layer(self) -> None:
        own = Layer(path="0", type="Conv2d", torch=False)
        result = judge("module.layers", facts(layers=(own,)), contains=["Conv2d"])
        assert result.outcome is Outcome.FAIL

    def test_a_subclass_that_convolves_holds_a_convolution(self) -> None:
        own = Layer(path="0", type="Same", torch=False)
        ran = (Operation(type="Conv2d", path="0"),)
        found = facts(layers=(own, LINEAR), operations=ran)
        assert judge("module.layers", found, contains=["Conv2d"]).outcome is Outcome.PASS
        assert judge("module.layers", found, contains=["MaxPool2d"]).outcome is Outcome.FAIL

    def test_only_and_none_of(self) -> None:
        assert (
            judge("module.layers", facts(), only=["Linear", "LogSoftmax"]).outcome is Outcome.PASS
        )
        result = judge("module.layers", facts(), only=["Linear"])
        assert "uses LogSoftmax, which is not allowed here" in result.message
        result = judge("module.layers", facts(), none_of=["Linear", "Conv2d"])
        assert "uses Linear, which is not allowed here" in result.message


class TestLayersWithSettings:
    def judge(self, *layers: Layer, **more: Any) -> CheckResult:
        asked = {"Conv2d": {"out_channels": 32, "kernel_size": 3}}
        return judge("module.layers", facts(layers=layers, **more), one_with=asked)

    def conv(self, channels: str, kernel: str = "(3, 3)") -> Layer:
        settings = {"out_channels": channels, "kernel_size": kernel}
        return Layer(path="0", type="Conv2d", torch=True, settings=settings)

    def test_one_layer_is_enough(self) -> None:
        result = self.judge(self.conv("16"), self.conv("32"))
        assert result.outcome is Outcome.PASS
        assert result.expected == "A net that contains a Conv2d(out_channels=32, kernel_size=3)."

    def test_other_sizes_are_named(self) -> None:
        result = self.judge(self.conv("6"), self.conv("32", "(5, 5)"))
        assert result.outcome is Outcome.FAIL
        assert (
            "has no Conv2d(out_channels=32, kernel_size=3), but "
            "Conv2d(out_channels=6, kernel_size=(3, 3)) and "
            "Conv2d(out_channels=32, kernel_size=(5, 5))" in result.message
        )

    def test_a_function_counts(self) -> None:
        run = Operation(type="Conv2d", path="", settings=dict(self.conv("32").settings))
        assert self.judge(LINEAR, operations=(run,)).outcome is Outcome.PASS

    def test_a_layer_that_does_not_say_waits(self) -> None:
        own = Layer(path="0", type="Conv2d", torch=False)
        assert self.judge(own).outcome is Outcome.PENDING


class TestParameters:
    @pytest.mark.parametrize(
        ("name", "limit", "outcome"),
        [
            ("params.at_most", 650, Outcome.PASS),
            ("params.at_most", 649, Outcome.FAIL),
            ("params.fewer_than", 651, Outcome.PASS),
            ("params.fewer_than", 650, Outcome.FAIL),
        ],
    )
    def test_the_limit_is_exact_and_buffers_do_not_count(
        self, name: str, limit: int, outcome: Outcome
    ) -> None:
        result = judge(name, facts(), limit=limit)
        assert result.outcome is outcome
        assert result.measured == 650
        assert result.flags == ()

    def test_too_many_says_by_how_much_and_where(self) -> None:
        result = judge("params.fewer_than", facts(), limit=600)
        assert result.message == (
            "Your CNN has 650 parameters; fewer than 600 were asked for. That is 51 too many."
        )
        assert result.hint == "Its largest layer is 0 (Linear) with 650 parameters."

    def test_the_file_decides_where_the_process_says_otherwise(self) -> None:
        result = judge("params.at_most", facts(parameters=5), limit=100)
        assert result.outcome is Outcome.FAIL
        assert [flag.code for flag in result.flags] == ["params_disagree"]

    @pytest.mark.parametrize(("digest", "counted"), [("a" * 64, 650), ("b" * 64, 1290), ("", 1290)])
    def test_a_tensor_with_two_names_counts_once_where_its_numbers_are_equal(
        self, digest: str, counted: int
    ) -> None:
        again = tensor("tied", 10, 64, same_as="0.weight", sha256=digest)
        saved = (tensor("0.weight", 10, 64, sha256="a" * 64), *SAVED[1:], again)
        assert judge("params.at_most", facts(saved=saved), limit=700).measured == counted

    def test_two_tensors_cannot_hide_behind_each_other(self) -> None:
        saved = tuple(
            tensor(one, 10, 64, same_as=other, sha256="a" * 64) for one, other in ("ab", "ba", "cc")
        )
        assert judge("params.at_most", facts(saved=saved), limit=700).measured == 1920

    def test_without_a_file_the_running_module_counts_and_is_flagged(self) -> None:
        result = judge("params.at_most", facts(saved=(), saved_from="none"), limit=700)
        assert result.outcome is Outcome.PASS
        assert [flag.code for flag in result.flags] == ["params_from_live_module"]


class TestWeights:
    def test_they_load(self) -> None:
        result = judge("weights.load", facts())
        assert result.outcome is Outcome.PASS
        assert result.message == (
            "classifier_cnn.model (a whole pickled module) loads into your CNN: 3 tensors, all "
            "finite."
        )

    def test_keys_that_do_not_fit_are_named(self) -> None:
        found = facts(missing_keys=("2.weight",), unexpected_keys=("fc.weight", "fc.bias"))
        result = judge("weights.load", found)
        assert result.message == (
            "classifier_cnn.model does not fit your CNN: the file lacks 2.weight; your model has "
            "no place for fc.weight and fc.bias."
        )

    def test_nan_in_the_weights(self) -> None:
        spoilt = (tensor("0.weight", 10, 64, finite=False),)
        result = judge("weights.load", facts(saved=spoilt))
        assert "0.weight holds NaN or infinite numbers" in result.message
        assert "diverged" in result.hint

    def test_no_file_at_all(self) -> None:
        result = judge("weights.load", facts(saved=(), saved_from="none"))
        assert result.message == "There are no saved weights for your CNN."
