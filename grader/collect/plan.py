"""From a rubric to the measurements it needs, and in which forks they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader.checks import CHECKS
from grader.checks.requests import find_mistakes, read_documents
from grader.collect.probes import spec_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from grader.checks import Check
    from grader.model.base import Record
    from grader.model.evidence import ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["datasets_of", "plan", "source_of", "steps"]


def plan(
    rubric: Rubric, params: Mapping[str, Record], checks: Mapping[str, Check[Any]] = CHECKS
) -> tuple[ProbeRequest, ...]:
    """Every measurement that some criterion needs, each once, and `find_mistakes` always.

    Cheap ones come first (documents among them: they tell which tasks are taken part in), the
    restart-and-run-all and what needs its live objects last.

    Args:
        rubric: The rubric.
        params: `task/criterion` → the check's validated parameters.
        checks: The built-in ones and the rubric's own.
    """
    always = find_mistakes()
    wanted: dict[str, ProbeRequest] = {always.digest: always}
    if any(task.marked for task in rubric.task):
        read = read_documents()
        wanted[read.digest] = read
    for name, criterion in rubric.criteria().items():
        for request in checks[criterion.check].needs(params[name], rubric):
            wanted.setdefault(request.digest, request)
    return tuple(sorted(wanted.values(), key=_rank))


def _rank(request: ProbeRequest) -> int:
    if request.probe in {"inspect_source", "read_documents"}:
        return 0
    if request.probe == "bind_roles":
        return 1
    if spec_of(request.probe).executes:
        return 3 if not request.params.get("forbid") else 5
    return 4 if source_of(request) == "live" else 2


def datasets_of(requests: Sequence[ProbeRequest]) -> tuple[str, ...]:
    """The dataset splits that requests speak about."""
    return tuple(sorted({str(r.params["dataset"]) for r in requests if "dataset" in r.params}))


def source_of(request: ProbeRequest) -> str:
    """Where the request's model comes from: `saved`, `live`, `any`, or empty."""
    return str(request.params.get("source", ""))


def steps(
    requests: Iterable[ProbeRequest], unbound: Sequence[ProbeRequest] = ()
) -> list[list[ProbeRequest]]:
    """Group requests into forks: each its own, but live ones behind the execution they need.

    Args:
        requests: In the plan's order.
        unbound: Requests with source `any` that saved weights could not serve.
    """
    grouped: list[list[ProbeRequest]] = []
    execution: list[ProbeRequest] | None = None
    for request in requests:
        if source_of(request) == "live" and execution is not None:
            execution.append(request)
            continue
        grouped.append([request])
        if spec_of(request.probe).executes and execution is None:
            execution = grouped[-1]
    if execution is not None:
        execution.extend(unbound)
    return grouped
