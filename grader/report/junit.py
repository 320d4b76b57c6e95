"""`junit.xml`: a suite per submission, a test case per criterion, for CI systems."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from grader.model.outcome import Outcome
from grader.report.points import FEEDBACK_ONLY, as_text
from grader.report.text import xml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.model.scorecard import Scorecard, ScoredCriterion
    from grader.model.submission import Unreadable
    from grader.report.contents import Contents

__all__ = ["junit"]

_ELEMENT = {
    Outcome.FAIL: "failure",
    Outcome.PARTIAL: "failure",
    Outcome.ERROR: "error",
    Outcome.PENDING: "skipped",
    Outcome.BLOCKED: "skipped",
}


def _element(parent: ET.Element, tag: str, **attributes: str) -> ET.Element:
    safe = {key: xml_text(value) for key, value in attributes.items()}
    return ET.SubElement(parent, tag, safe)


def _properties(parent: ET.Element, pairs: dict[str, str]) -> None:
    properties = _element(parent, "properties")
    for name, value in pairs.items():
        _element(properties, "property", name=name, value=value)


def _case(suite: ET.Element, task: str, criterion: ScoredCriterion) -> None:
    name = criterion.id if not criterion.title else f"{criterion.id}: {criterion.title}"
    case = _element(suite, "testcase", classname=task, name=name, time="0")
    points = {
        "outcome": criterion.outcome.value,
        "points": as_text(criterion.points),
        "max_points": as_text(criterion.max_points),
    }
    _properties(case, points)
    tag = _ELEMENT.get(criterion.outcome)
    if tag is not None:
        result = criterion.result
        detail = _element(case, tag, type=criterion.outcome.value, message=result.message)
        lines = [
            f"expected: {result.expected}" if result.expected else "",
            f"found: {result.message}",
            f"where: {'; '.join(map(str, result.places))}" if result.places else "",
            f"try: {result.hint}" if result.hint else "",
        ]
        detail.text = xml_text("\n".join(line for line in lines if line))


def _counts(outcomes: list[Outcome]) -> dict[str, str]:
    found = [_ELEMENT.get(outcome) for outcome in outcomes]
    return {
        "tests": str(len(found)),
        "failures": str(found.count("failure")),
        "errors": str(found.count("error")),
        "skipped": str(found.count("skipped")),
    }


def _suite(root: ET.Element, card: Scorecard) -> list[Outcome]:
    outcomes = [criterion.outcome for task in card.tasks for criterion in task.criteria]
    counts = _counts(outcomes)
    suite = _element(
        root, "testsuite", name=card.submission, package=card.assignment, time="0", **counts
    )
    totals = {
        "team": card.team,
        "points": FEEDBACK_ONLY if card.feedback_only else as_text(card.points),
        "max_points": as_text(card.max_points),
        "bonus": as_text(card.bonus),
        "pending_points": as_text(card.pending_points),
        "penalty": as_text(card.penalty),
        "status": card.status.value,
    }
    _properties(suite, totals)
    for task in card.tasks:
        for criterion in task.criteria:
            _case(suite, task.id, criterion)
    return outcomes


def _unreadable(root: ET.Element, lost: Unreadable) -> list[Outcome]:
    outcomes = [Outcome.ERROR]
    counts = _counts(outcomes)
    suite = _element(root, "testsuite", name=lost.name, package=lost.assignment, time="0", **counts)
    case = _element(suite, "testcase", classname="intake", name="readable", time="0")
    error = _element(case, "error", type="unreadable", message=lost.message)
    error.text = xml_text(f"found: {lost.message}\ntry: {lost.mend}")
    return outcomes


def junit(contents: Contents) -> Iterator[tuple[str, bytes]]:
    """Write `junit.xml`."""
    root = ET.Element("testsuites")
    outcomes: list[Outcome] = []
    for seen in contents.overview:
        outcomes += _suite(root, seen.scorecard)
    for lost in contents.unreadable:
        outcomes += _unreadable(root, lost)
    root.attrib.update({"name": contents.generated_by, "time": "0", **_counts(outcomes)})
    ET.indent(root)
    yield "junit.xml", ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
