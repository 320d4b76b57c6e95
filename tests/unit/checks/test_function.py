from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.arguments import Argument, GivenNet, draw, generator
from grader.checks.function import FunctionMatches, _request, _signatures
from grader.checks.requests import call_function
from grader.model.measurements import CallResult
from grader.model.outcome import Outcome
from tests.made_up import a_binding, a_rubric, a_seen, a_truth, judged, measured, student_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.model.scorecard import CheckResult

ARGUMENTS = [{"name": "x", "draw": "normal", "shape": [4, 3]}]
PARAMS: dict[str, Any] = {
    "role": "sigmoid",
    "arguments": ARGUMENTS,
    "accepted": ["of_input", "of_output"],
    "calls": 2,
}


def of_input(x: Any) -> Any:
    s = 1 / (1 + np.exp(-x))
    return s * (1 - s)


def of_output(x: Any) -> Any:
    return x * (1 - x)


def inputs() -> list[Any]:
    source = generator(0)
    argument = Argument(name="x", draw="normal", shape=(4, 3))
    return [draw([argument], source)[0].truth for _ in range(2)]


def matches(student: Callable[[Any], Any], dtype: str = "float64", **params: Any) -> CheckResult:
    results = [np.asarray(student(x), dtype=np.float64) for x in inputs()]
    source = generator(0)
    argument = Argument(name="x", draw="normal", shape=(4, 3))
    calls: list[Any] = [
        {"args": [draw([argument], source)[0].spec], "kwargs": {}} for _ in range(2)
    ]
    request = call_function(a_rubric(), "sigmoid", "", None, calls)
    payload = CallResult(
        binding=a_binding("sigmoid", definition="d_sigmoid", weights=""),
        calls=2,
        dtypes=(dtype, dtype),
        shapes=tuple(result.shape for result in results),
    )
    arrays = {f"result_{i}": result for i, result in enumerate(results)}
    seen = a_seen(
        measured(request, payload, **arrays),
        truth=a_truth(expected={"of_input": of_input, "of_output": of_output}),
    )
    return judged("function.matches", {**PARAMS, **params}, seen)


def test_the_asked_convention_passes() -> None:
    result = matches(of_input)
    assert result.outcome is Outcome.PASS
    assert result.message == "`d_sigmoid` gives the expected results in 2 calls."


def test_another_accepted_convention_is_named() -> None:
    result = matches(of_output, convention_fraction=0.5)
    assert result.outcome is Outcome.PARTIAL
    assert "by another convention than of_input: of_output" in result.message
    whole = matches(of_output)
    assert whole.outcome is Outcome.PASS
    assert whole.message == "`d_sigmoid` gives the expected results in 2 calls: of_output."


@pytest.mark.parametrize(
    ("student", "hint"),
    [
        (lambda x: -of_input(x), "sign"),
        (lambda x: 12 * of_input(x), "12 times"),
        (lambda x: np.log(of_input(x)), "logarithm"),
        (lambda x: np.exp(of_input(x)), "exponential"),
        (lambda x: of_input(x) + np.nan, "division by zero"),
        (lambda x: of_input(x).T, "swapped"),
        (lambda x: of_input(x) + 1, "by hand"),
    ],
)
def test_known_slips_are_named(student: Callable[[Any], Any], hint: str) -> None:
    result = matches(student)
    assert result.outcome is Outcome.FAIL
    assert hint in result.hint


def test_the_first_wrong_entry_is_shown() -> None:
    def student(x: Any) -> Any:
        result = of_input(x)
        result[1, 2] = 7
        return result

    result = matches(student)
    wanted = of_input(inputs()[0])[1, 2]
    assert result.message == (
        "`d_sigmoid` gives other results than expected: in call 1 of 2, entry [1, 2] is 7 where "
        f"{wanted:.4g} was expected (1 of 12 entries differ)."
    )


def test_another_shape_is_told() -> None:
    result = matches(lambda x: of_input(x).sum())
    assert "it is a single number where a result of shape [4, 3] was expected" in result.message
    assert matches(lambda x: of_input(x).reshape(-1)).outcome is Outcome.FAIL
    flat = matches(lambda x: of_input(x).reshape(-1), same_shape=False)
    assert flat.outcome is Outcome.PASS
    assert matches(lambda x: of_input(x)[:, None]).outcome is Outcome.PASS


def test_a_type_can_be_asked_for() -> None:
    assert matches(of_input, dtypes=["float64"]).outcome is Outcome.PASS
    result = matches(of_input, dtypes=["int64"], dtype_fraction=0.5)
    assert result.fraction == Fraction(1, 2)
    assert "as float64 where int64 was asked for" in result.message


def test_float32_rounding_is_no_mistake_but_a_small_error_is() -> None:
    assert matches(lambda x: of_input(x).astype(np.float32)).outcome is Outcome.PASS
    assert matches(lambda x: of_input(x) * 1.001).outcome is Outcome.FAIL


def test_a_missing_expected_function_is_our_fault() -> None:
    assert matches(of_input, accepted=["nonsense"]).outcome is Outcome.ERROR


def test_the_given_net_is_the_one_in_the_box() -> None:
    argument = Argument(name="net", draw="net", shape=(3, 2), dtype="float32")
    (drawn,) = draw([argument], generator(1))
    assert isinstance(drawn.truth, GivenNet)
    assert isinstance(drawn.spec, dict)
    sent: Any = drawn.spec["net"]
    assert np.array_equal(np.float32(sent["weight"]), np.float32(drawn.truth.weight))
    assert drawn.truth.weight.shape == (2, 3)
    logs = drawn.truth.log_probabilities(np.ones((5, 3)))
    assert np.exp(logs).sum(axis=1) == pytest.approx(np.ones(5))


def test_the_same_seed_draws_the_same_numbers_for_ever() -> None:
    source = generator(7)
    arguments = [
        Argument(name="a", draw="normal", shape=(2,)),
        Argument(name="b", draw="integers", shape=(3,), high=10, dtype="int64"),
        Argument(name="c", draw="one_hot", shape=(2, 3)),
        Argument(name="d", value=[1, "x", None]),
        Argument(name="e", draw="uniform", shape=(1,), low=2, high=3),
    ]
    drawn = draw(arguments, source)
    assert [one.spec for one in drawn] == [
        {"tensor": [0.0012, 0.2987], "dtype": "float64"},
        {"tensor": [5, 7, 8], "dtype": "int64"},
        {"tensor": [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], "dtype": "float64"},
        {"value": [1, "x", None]},
        {"tensor": [2.8736], "dtype": "float64"},
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "x", "draw": "net", "shape": [3]},
        {"name": "x", "draw": "integers", "shape": [3], "high": 0.5},
        {"name": "x", "draw": "uniform", "shape": [3], "low": 2},
        {"name": "not a name"},
    ],
)
def test_arguments_that_make_no_sense_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"x|name"):
        FunctionMatches.model_validate({**PARAMS, "arguments": [bad]}, strict=False)


def product(x: Any, v: Any) -> Any:
    """The product of the Jacobian with a vector."""
    return of_input(x) * v


class TestOtherSignatures:
    """A function of (x, v) where one of (x) was asked for: the first call raises."""

    OTHERWISE: tuple[dict[str, Any], ...] = (
        {
            "arguments": [*ARGUMENTS, {"name": "v", "draw": "normal", "shape": [4, 3]}],
            "accepted": ["product"],
        },
    )

    def graded(self, student: Callable[[Any, Any], Any]) -> CheckResult:
        given = {**PARAMS, "otherwise": list(self.OTHERWISE), "convention_fraction": 0.5}
        params = FunctionMatches.model_validate_json(json.dumps(given))
        asked, other = _signatures(params)
        results = {
            f"result_{i}": student(*(one.truth for one in call))
            for i, call in enumerate(other.calls)
        }
        payload = CallResult(
            binding=a_binding("sigmoid", definition="d_sigmoid", weights=""),
            calls=2,
            dtypes=("float64", "float64"),
            shapes=((4, 3), (4, 3)),
        )
        seen = a_seen(
            student_fault(_request(params, a_rubric(), asked), "TypeError", "missing 'v'"),
            measured(_request(params, a_rubric(), other), payload, **results),
            truth=a_truth(
                expected={"of_input": of_input, "of_output": of_output, "product": product}
            ),
        )
        return judged("function.matches", given, seen)

    def test_it_is_accepted_and_told_by_its_docstring(self) -> None:
        result = self.graded(product)
        assert result.outcome is Outcome.PARTIAL
        assert "of_input: The product of the Jacobian with a vector. That earns" in result.message

    def test_when_none_fits_the_one_asked_for_is_told(self) -> None:
        result = self.graded(lambda x, v: x + v)
        assert result.outcome is Outcome.FAIL
        assert "missing 'v'" in result.message
