"""A tiny course: its rubric, its one probe, and submissions whose grades all differ.

Every criterion asks the probe `mark` for another number, which depends on the submission and on
the criterion alone. Whatever is lost, doubled or mixed up changes a scorecard.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CRITERIA = 6
TEAMS = ("ada", "grace", "emmy", "sofia")

HEAD = """
schema = 1
[assignment]
id = "tiny"
title = "Tiny"

[files.script]
pattern = "*.py"
required = true

[[task]]
id = "1"
title = "Marks"
points = {points}
"""

CRITERION = """
[[task.criterion]]
id = "c{n}"
title = "Mark {n}"
points = 1
check = "mark.share"
source = "Hand in a script."
with = {{ n = {n} }}
"""

CHECKS = '''
"""One probe, one check: the mark is the share of the points."""

from fractions import Fraction

from grader.checks.base import Seen, check, own_probe
from grader.checks.scores import numbers
from grader.collect.probes import ArrayRule, ProbeSpec
from grader.model.base import Record
from grader.model.scorecard import CheckResult


class Mark(Record):
    """Payload of `mark`. Array `row`: float64 [4], the mark in each."""

    thousandths: int


class Share(Record):
    """Parameters of `mark.share`."""

    n: int


PROBES = {"mark": ProbeSpec(Mark, lambda request, rows: {"row": ArrayRule("float64", (4,), 4)})}


@check("mark.share", Share, needs=lambda p, r: (own_probe(r, "mark", n=p.n),))
def share(params: Share, seen: Seen) -> CheckResult:
    """Your script has its mark."""
    evidence, payload = seen.measured(own_probe(seen.rubric, "mark", n=params.n), Mark)
    row = [int(x) for x in numbers(evidence, "row")]
    text = f"The mark is {payload.thousandths}, the row {row}."
    return CheckResult.banded(Fraction(payload.thousandths, 1000), text)
'''

PROBE = '''
"""A number made of the submission and of what is asked."""

import hashlib
from pathlib import Path

import numpy as np


def mark(session, params, reply):
    text = (Path(session.root) / "main.py").read_bytes()
    number = int(hashlib.sha256(text + str(params["n"]).encode()).hexdigest(), 16) % 1000
    reply.array("row", np.full(4, number, "<f8"))
    reply.payload = {"thousandths": number}
'''


def mark(text: bytes, n: int) -> int:
    """The same number as the probe's."""
    return int(hashlib.sha256(text + str(n).encode()).hexdigest(), 16) % 1000


def make_course(folder: Path, teams: tuple[str, ...] = TEAMS, criteria: int = CRITERIA) -> Path:
    """Write the rubric and the submissions; return the folder of submissions."""
    rubric = folder / "rubrics" / "tiny"
    (rubric / "probes").mkdir(parents=True)
    text = HEAD.format(points=criteria) + "".join(CRITERION.format(n=n) for n in range(criteria))
    (rubric / "rubric.toml").write_text(text)
    (rubric / "checks.py").write_text(CHECKS)
    (rubric / "probes" / "mark.py").write_text(PROBE)
    for team in teams:
        place = folder / "submissions" / "tiny" / team
        place.mkdir(parents=True)
        (place / "main.py").write_text(f"print({team!r})\n")
    return folder / "submissions"


TIMES = {"wall_seconds", "startup_seconds", "started_at", "generated_at", "peak_memory_bytes"}


def timeless(value):
    """Without what a clock or the kernel's accounting wrote."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def grades(out: Path):
    """What `grades.json` says, but for times."""
    return timeless(json.loads((out / "grades.json").read_text()))


def pieces(out: Path) -> dict[str, bytes]:
    """Every finished file of evidence: path → content."""
    found = (p for p in (out / "evidence").rglob("*") if p.is_file() and p.name[0] != ".")
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in found}
