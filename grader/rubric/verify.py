"""A rubric's proof: whole submissions with a known scorecard, compared with what they got.

    verify/<case>/submission/…   what is graded
    verify/<case>/expect.toml    description = "the learning rate is 1000"
                                 [outcomes]            # only what differs from a perfect submission
                                 "q2/mlp_error" = "fail"

A perfect submission passes everything automatic; what a person decides is pending. A criterion is
proven when some case loses it and nothing else, but for what cannot be measured without it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from grader.errors import RubricError
from grader.model.base import Record
from grader.model.outcome import Outcome
from grader.rubric.locate import Places
from grader.rubric.problems import Problems, did_you_mean, raise_errors
from grader.rubric.validate import parse_toml, syntax_error, to_plain, validated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from grader.model.rubric import Rubric
    from grader.model.scorecard import Scorecard
    from grader.rubric.load import LoadedRubric

__all__ = [
    "Expectation",
    "Mismatch",
    "Verification",
    "compare",
    "expectations_of",
    "read_expectation",
]

VERIFY = "verify"
EXPECT_FILE = "expect.toml"
LOST = frozenset({Outcome.FAIL, Outcome.PARTIAL, Outcome.BLOCKED})


class Expectation(Record):
    """What one case must come to."""

    description: str
    """What is wrong with it, in one sentence."""
    outcomes: dict[str, Outcome] = {}
    """`task/criterion` → outcome, where it differs from a perfect submission."""
    left_out: tuple[str, ...] = ()
    """Tasks that the scorecard does not hold: not marked, or optional and not handed in."""
    submitted_at: datetime | None = None
    """When it was handed in, for what goes by that."""


@dataclass(frozen=True)
class Mismatch:
    """A criterion of a case that came out otherwise.

    Attributes:
        case: Name of the case's folder.
        criterion: `task/criterion`; empty when the case has no scorecard at all.
        expected: What `expect.toml` says.
        found: What the scorecard says, None when there is none.
        message: The scorecard's message.
    """

    case: str
    criterion: str
    expected: str
    found: Outcome | None
    message: str = ""


@dataclass(frozen=True)
class Verification:
    """How a rubric stood its proof.

    Attributes:
        cases: Case → what is wrong with it.
        matrix: Criterion → case → outcome found.
        mismatches: What came out otherwise than expected.
        proofs: Automatic criterion → the cases that lose it and nothing else.
    """

    cases: Mapping[str, str]
    matrix: Mapping[str, Mapping[str, Outcome]]
    mismatches: tuple[Mismatch, ...]
    proofs: Mapping[str, tuple[str, ...]]

    @property
    def unproven(self) -> tuple[str, ...]:
        """Automatic criteria that no case loses exactly."""
        return tuple(name for name, cases in self.proofs.items() if not cases)

    @property
    def holds(self) -> bool:
        """Whether everything came out as expected and every criterion is proven."""
        return not self.mismatches and not self.unproven


def read_expectation(case: Path, rubric: Rubric) -> Expectation:
    """Read a case's `expect.toml`.

    Raises:
        RubricError: It is missing, not TOML, or speaks of criteria or outcomes that do not exist.
    """
    file = case / EXPECT_FILE
    problems = Problems(file)
    expectation: Expectation | None = None
    try:
        text = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        parsed = parse_toml(text)
    except OSError:
        problems.add((), "there is no such file", 'write it: description = "…" and [outcomes]')
    except UnicodeDecodeError:
        problems.add((), "is not UTF-8 text", "save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        message, line = syntax_error(error)
        problems.add((), f"not valid TOML: {message} (line {line})", "see https://toml.io")
    else:
        problems = Problems(file, Places(text))
        expectation = validated(Expectation, to_plain(parsed, problems), problems)
        known = rubric.criteria()
        for name in parsed.get("outcomes", {}):
            if name not in known:
                mend = did_you_mean(name, known)
                problems.add(("outcomes", name), f"unknown criterion '{name}'", mend)
        tasks = [task.id for task in rubric.task]
        for name in parsed.get("left_out", []):
            if name not in tasks:
                mend = did_you_mean(str(name), tasks)
                problems.add(("left_out",), f"unknown task '{name}'", mend)
    raise_errors(problems.all())
    return expectation or Expectation(description="")


def compare(
    rubric: Rubric,
    expectations: Mapping[str, Expectation],
    scorecards: Mapping[str, Scorecard],
    manual: Collection[str] = (),
) -> Verification:
    """Hold scorecards against what was expected. Pure.

    Args:
        rubric: Whose criteria are proven.
        expectations: Case → what it must come to.
        scorecards: Case → what it got.
        manual: Checks that a person decides.
    """
    criteria = rubric.criteria()
    person_decides = {name for name, entry in criteria.items() if entry.check in manual}
    matrix: dict[str, dict[str, Outcome]] = {name: {} for name in criteria}
    mismatches: list[Mismatch] = []
    proofs: dict[str, list[str]] = {n: [] for n in criteria if n not in person_decides}
    for case, expectation in sorted(expectations.items()):
        if case not in scorecards:
            mismatches.append(Mismatch(case, "", "a scorecard", None, "it could not be graded"))
            continue
        found = _outcomes(scorecards[case])
        out = frozenset(expectation.left_out)
        for name in criteria:
            if name.partition("/")[0] in out:
                if name in found:
                    mismatches.append(Mismatch(case, name, "left out", *found[name]))
                continue
            perfect = Outcome.PENDING if name in person_decides else Outcome.PASS
            expected = expectation.outcomes.get(name, perfect)
            got = found.get(name)
            if got is not None:
                matrix[name][case] = got[0]
            if got is None or got[0] is not expected:
                message = got[1] if got else "the scorecard does not have it"
                outcome = got[0] if got else None
                mismatches.append(Mismatch(case, name, expected.value, outcome, message))
        lost = {name for name, (outcome, _) in found.items() if outcome in LOST}
        for name in lost & proofs.keys():
            if lost <= {name} | _dependants(rubric, name):
                proofs[name].append(case)
    return Verification(
        cases={case: entry.description for case, entry in sorted(expectations.items())},
        matrix=matrix,
        mismatches=tuple(mismatches),
        proofs={name: tuple(cases) for name, cases in proofs.items()},
    )


def _outcomes(scorecard: Scorecard) -> dict[str, tuple[Outcome, str]]:
    return {
        f"{task.id}/{criterion.id}": (criterion.outcome, criterion.result.message)
        for task in scorecard.tasks
        for criterion in task.criteria
    }


def _dependants(rubric: Rubric, name: str) -> set[str]:
    """Criteria that cannot be measured when this one earns nothing."""
    found: set[str] = set()
    grown = True
    while grown:
        grown = False
        for other, criterion in rubric.criteria().items():
            if other not in found and {name, *found} & set(criterion.requires):
                found.add(other)
                grown = True
    return found


def expectations_of(loaded: LoadedRubric) -> dict[str, Expectation]:
    """Every case of a rubric folder → what it must come to.

    Raises:
        RubricError: There is no case, or an `expect.toml` is wrong.
    """
    folder = loaded.folder / VERIFY
    cases = sorted(path.parent for path in folder.glob("*/submission") if path.is_dir())
    if not cases:
        message = "there are no cases to verify"
        mend = "add verify/reference/submission/… and verify/reference/expect.toml"
        raise RubricError(message, where=str(folder), mend=mend)
    return {case.name: read_expectation(case, loaded.rubric) for case in cases}
