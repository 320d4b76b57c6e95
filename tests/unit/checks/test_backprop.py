"""A hand-written step against the gradient: right ones in every convention, and each known slip."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.backprop import BackpropMatches, _drawn, _request
from grader.checks.by_hand import ACTIVATIONS, Batch, Gradients, Net, gradients
from grader.model.measurements import Steps
from grader.model.outcome import Outcome
from tests.made_up import a_binding, a_rubric, a_seen, judged, measured

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult

ROLE = {"role": "classifier", "lr": 0.1}
LR = 0.1

Step = Callable[[Net, Batch], Gradients]


def graded(step: Step, *, output: Any = None, turned: bool = False, **changes: Any) -> CheckResult:
    """The result for a student whose `backward` subtracts what `step` gives."""
    given = {**ROLE, **changes}
    params = BackpropMatches.model_validate_json(json.dumps(given))
    net, batch, _ = _drawn(params)
    before = (net.w1, net.b1, net.w2, net.b2)
    arrays = {
        f"{name}_0": (old - move).T if turned else old - move
        for name, old, move in zip(params.parameters, before, step(net, batch), strict=True)
    }
    arrays["output_0"] = net.outputs(batch.x) if output is None else output(net, batch)
    payload = Steps(
        binding=a_binding(role="classifier", definition="Net"),
        ways=("one-hot labels",),
        errors=(),
    )
    evidence = measured(_request(params, a_rubric()), payload, **arrays)
    return judged("backprop.matches_autograd", given, a_seen(evidence))


def times(factor: float, grads: Gradients) -> Gradients:
    w1, b1, w2, b2 = grads
    return factor * w1, factor * b1, factor * w2, factor * b2


def summed(net: Net, batch: Batch) -> Gradients:
    return times(LR, gradients(net, batch))


def averaged(net: Net, batch: Batch) -> Gradients:
    return times(LR / batch.size, gradients(net, batch))


class TestRight:
    @pytest.mark.parametrize("step", [summed, averaged])
    @pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
    @pytest.mark.parametrize("turned", [False, True])
    def test_both_reductions_and_orientations(
        self, step: Step, activation: str, *, turned: bool
    ) -> None:
        result = graded(step, activation=activation, turned=turned)
        assert result.outcome is Outcome.PASS
        assert result.fraction == 1
        assert "W1, b1, W2 and b2 where the gradient puts them" in result.message

    def test_a_factor_where_the_rubric_allows_any(self) -> None:
        step = lambda net, batch: times(0.037, gradients(net, batch))  # noqa: E731
        assert graded(step, reductions=["any"]).outcome is Outcome.PASS
        assert graded(step).outcome is Outcome.FAIL

    def test_any_factor_is_one_and_positive(self) -> None:
        up = lambda net, batch: times(-LR, gradients(net, batch))  # noqa: E731
        assert graded(up, reductions=["any"]).outcome is Outcome.FAIL

    def test_the_sum_alone_may_be_asked_for(self) -> None:
        result = graded(averaged, reductions=["sum"])
        assert result.outcome is Outcome.FAIL
        assert "the batch size 6 times too small" in result.message


def only(index: int, change: Callable[[Any, Net, Batch], Any]) -> Step:
    def step(net: Net, batch: Batch) -> Gradients:
        moves = list(summed(net, batch))
        moves[index] = change(moves[index], net, batch)
        return moves[0], moves[1], moves[2], moves[3]

    return step


def backward_with(epsilon: Callable[[Any, Any, Net, Batch], Any]) -> Step:
    """A step whose hidden layer's error is made otherwise, from delta and h."""

    def step(net: Net, batch: Batch) -> Gradients:
        delta = net.outputs(batch.x) - batch.y
        hidden = net.hidden(batch.x)
        error = epsilon(delta, hidden, net, batch)
        return times(
            LR, (batch.x.T @ error, error.sum(axis=0), hidden.T @ delta, delta.sum(axis=0))
        )

    return step


def through_new_w2(delta: Any, hidden: Any, net: Net, _batch: Batch) -> Any:
    moved = net.w2 - LR * hidden.T @ delta
    return (delta @ moved.T) * hidden * (1 - hidden)


SIGMOID = ACTIVATIONS["sigmoid"]

SLIPS: list[tuple[Step, tuple[str, ...], str]] = [
    (only(0, lambda m, *_: -m), ("W1",), "up the gradient instead of down"),
    (only(3, lambda m, *_: 0 * m), ("b2",), "it did not move"),
    (only(1, lambda m, _n, b: m / b.size), ("b1",), "batch size 6 times too small"),
    (only(2, lambda m, *_: m / LR), ("W2",), "the learning rate is missing"),
    (only(2, lambda m, *_: 2 * m), ("W2",), "2 times what it should be"),
    (only(3, lambda m, *_: m * np.nan), ("b2",), "NaN or infinite"),
    (only(1, lambda m, *_: np.full_like(m, 0.3)), ("b1",), "all its entries moved by the same"),
    (
        backward_with(lambda d, _h, n, _b: d @ n.w2.T),
        ("W1", "b1"),
        "the derivative of sigmoid is missing",
    ),
    (backward_with(through_new_w2), ("W1", "b1"), "use the old W2"),
    (
        backward_with(lambda d, h, n, _b: (d @ n.w2.T) * SIGMOID.from_output(SIGMOID.value(h))),
        ("W1", "b1"),
        "applied to its output once more",
    ),
]


@pytest.mark.parametrize(("step", "names", "told"), SLIPS)
def test_each_slip_is_named_at_its_tensors(step: Step, names: tuple[str, ...], told: str) -> None:
    result = graded(step)
    assert result.outcome is Outcome.PARTIAL
    assert result.fraction == 1 - len(names) / 4
    assert told in result.message
    for name in ("W1", "b1", "W2", "b2"):
        assert (f"{name}: " in result.message) == (name in names)


def test_one_wrong_tensor_costs_all_where_no_part_is_given() -> None:
    result = graded(SLIPS[0][0], partial=False)
    assert result.outcome is Outcome.FAIL
    assert result.fraction == 0


def test_forward_without_softmax_is_told() -> None:
    def step(net: Net, batch: Batch) -> Gradients:
        delta = net.logits(batch.x) - batch.y
        hidden = net.hidden(batch.x)
        error = (delta @ net.w2.T) * hidden * (1 - hidden)
        return times(LR, (batch.x.T @ error, error.sum(0), hidden.T @ delta, delta.sum(0)))

    result = graded(step, output=lambda net, batch: net.logits(batch.x))
    assert result.outcome is Outcome.FAIL
    assert "the scores before softmax" in result.message
    assert "forward gives the scores before softmax" in result.hint


def test_a_class_whose_backward_raises_fails_with_its_error() -> None:
    params = BackpropMatches(role="classifier")
    payload = Steps(
        binding=a_binding(definition="Net"), ways=(), errors=("TypeError: no argument y_hat",)
    )
    evidence = measured(_request(params, a_rubric()), payload)
    result = judged("backprop.matches_autograd", {"role": "classifier"}, a_seen(evidence))
    assert result.outcome is Outcome.FAIL
    assert "TypeError: no argument y_hat" in result.message


def test_a_reshape_to_another_batch_waits_for_a_person() -> None:
    params = BackpropMatches(role="classifier")
    error = "one-hot labels: RuntimeError: shape '[64, 12]' is invalid for input of size 72"
    payload = Steps(binding=a_binding(definition="Net"), ways=(), errors=(error,))
    evidence = measured(_request(params, a_rubric()), payload)
    result = judged("backprop.matches_autograd", {"role": "classifier"}, a_seen(evidence))
    assert result.outcome is Outcome.PENDING


def only_gradients(step: Step, **changes: Any) -> CheckResult:
    """The result for a student whose `backward` gives gradients that no method applies."""
    given = {**ROLE, **changes}
    params = BackpropMatches.model_validate_json(json.dumps(given))
    net, batch, _ = _drawn(params)
    arrays: dict[str, Any] = {"output_0": net.outputs(batch.x)}
    before = (net.w1, net.b1, net.w2, net.b2)
    for name, old, grad in zip(params.parameters, before, step(net, batch), strict=True):
        arrays |= {f"{name}_0": old, f"gradient_{name}_0": grad}
    payload = Steps(binding=a_binding(definition="Net"), ways=("one-hot labels",), errors=())
    evidence = measured(_request(params, a_rubric()), payload, **arrays)
    return judged("backprop.matches_autograd", given, a_seen(evidence))


class TestGradientsOnly:
    @pytest.mark.parametrize("step", [gradients, summed, averaged])
    def test_right_ones_earn_a_good_share(self, step: Step) -> None:
        result = only_gradients(step)
        assert result.outcome is Outcome.PARTIAL
        assert result.fraction == Fraction(3, 4)
        assert "`Net.backward` was to update the weights" in result.message

    def test_wrong_ones_are_told(self) -> None:
        result = only_gradients(only(0, lambda m, *_: 3 * m))
        assert result.fraction == Fraction(9, 16)
        assert "W1: its step is 3 times" in result.message

    def test_those_of_the_other_sign_wait_for_a_person(self) -> None:
        up = lambda net, batch: times(-1, gradients(net, batch))  # noqa: E731
        assert only_gradients(up).outcome is Outcome.PENDING

    def test_those_that_are_all_wrong_earn_nothing(self) -> None:
        twice = lambda net, batch: times(2, gradients(net, batch))  # noqa: E731
        assert only_gradients(twice).outcome is Outcome.FAIL


def test_sizes_that_hide_a_transposed_matrix_are_refused() -> None:
    with pytest.raises(ValueError, match="must differ"):
        BackpropMatches(role="classifier", inputs=7, hidden=7)
