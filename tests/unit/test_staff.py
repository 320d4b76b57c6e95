"""Who needs the staff: every `error`, but for data whose absence the caller asked to pass over."""

from __future__ import annotations

import pytest

from grader.checks.faults import ours
from grader.cli.results import needs_staff
from tests.unit.test_score import CHECKS, check_that, criterion, grade

MISSING = "dataset svhn: SVHN is not on this machine"


def card(*messages):
    checks = {f"made.e{n}": check_that(lambda _s, m=m: ours(m)) for n, m in enumerate(messages)}
    parts = [criterion(f"c{n}", f"e{n}") for n in range(len(messages))]
    return grade(*parts, criterion("fine", "pass"), checks={**CHECKS, **checks})


@pytest.mark.parametrize(
    ("messages", "known", "told"),
    [
        ((), {}, False),
        ((MISSING,), {}, True),
        ((MISSING,), {"digits": ["svhn"]}, False),
        ((MISSING,), {"digits": ["mnist"]}, True),
        ((MISSING,), {"other": ["svhn"]}, True),
        ((MISSING, "the disk is full"), {"digits": ["svhn"]}, True),
    ],
)
def test_only_the_data_that_is_known_to_be_missing_is_passed_over(messages, known, told):
    assert bool(needs_staff([card(*messages)], [], known)) == told
