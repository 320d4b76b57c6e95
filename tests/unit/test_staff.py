"""Who needs the staff: every submission with an `error`, whatever it is for."""

from __future__ import annotations

import pytest

from grader.checks.faults import ours
from grader.cli.results import needs_staff
from tests.unit.test_score import CHECKS, check_that, criterion, grade


def card(*messages):
    checks = {f"made.e{n}": check_that(lambda _s, m=m: ours(m)) for n, m in enumerate(messages)}
    parts = [criterion(f"c{n}", f"e{n}") for n in range(len(messages))]
    return grade(*parts, criterion("fine", "pass"), checks={**CHECKS, **checks})


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ((), False),
        (("dataset svhn: SVHN is not on this machine",), True),
        (("the disk is full",), True),
    ],
)
def test_an_error_is_for_the_staff(messages, told):
    assert bool(needs_staff([card(*messages)], [])) == told
