from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from grader.checks.interval import above, wilson


@given(st.integers(1, 20000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_scipys(counts: tuple[int, int]) -> None:
    successes, trials = counts
    ours = wilson(successes, trials)
    theirs = binomtest(successes, trials).proportion_ci(method="wilson")
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)
    assert ours.low <= successes / trials <= ours.high


def test_above_chance_needs_more_than_luck() -> None:
    assert not above(45, 447, 0.1, 0.999)
    assert not above(55, 447, 0.1, 0.999)
    assert above(90, 447, 0.1, 0.999)
