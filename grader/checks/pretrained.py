"""Weights that somebody else trained: where they are ruled out, and where they are asked for."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.base import Seen, Stopped, check, failed, ours
from grader.checks.drawn import regex_problem
from grader.checks.faults import WEIGHTS_MISSING, waiting
from grader.checks.phrases import called, count, either, listed
from grader.checks.requests import (
    describe_module,
    execute,
    inspect_source,
    read_documents,
    scan_apis,
)
from grader.checks.runs import not_reached
from grader.checks.sections import Section
from grader.model.base import Record
from grader.model.documents import Documents
from grader.model.measurements import ApiUse, ApiUses, Execution, ModuleFacts
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.evidence import Place, ProbeRequest
    from grader.model.rubric import Rubric

__all__ = ["PretrainingUsed", "WeightsNotPretrained"]

ALWAYS = (
    "torch.hub.load",
    "torch.hub.load_state_dict_from_url",
    "torch.utils.model_zoo.load_url",
    "torchvision.models.get_weight",
    "huggingface_hub",
    "torch.nn.Module.from_pretrained",
)
"""Calling one of these brings weights from elsewhere."""

WHEN_TOLD = ("torchvision.models", "timm")
"""These bring weights only where the call says so."""

SAYS_NOT = re.compile(r"\b(?:pretrained\s*=\s*False|weights\s*=\s*None)\b")
SAYS_SO = re.compile(
    r"""\b(?: pretrained\s*=\s*True | weights\s*=\s*(?:['"]|\w*\.?\w*_Weights)
      | \w+_Weights\.\w+ ) | \bmodels\.\w+\(\s*True\b""",
    re.VERBOSE,
)
UNCLEAR = re.compile(r"\b(?:pretrained|weights)\s*=\s*(?!None\b|False\b)\w")
UNTOLD = r"""['"]|(?!(?:True|False|None)\b)[^\W\d][\w.]*\s*[,)]"""
"""A first argument that may be weights or none: a name, a text."""
HANDED = re.compile(r"[(,]\s*\*")
"""Arguments that are handed on: `vgg16(**how)`."""
IMPORT = re.compile(r"^\s*(?:from|import)\b")

LOADS = ("torch.nn.Module.load_state_dict",)

REMARK = "shim.pretrained"
"""Code of the box's remark that a run loaded official weights."""

MOST_PLACES = 20

NETS = 2
"""Nets that began with new numbers, at least, before none is believed to have begun otherwise: the
one that was trained first, and the one that was to follow."""


class WeightsNotPretrained(Record):
    """Parameters of `weights.not_pretrained`."""

    model: str = ""
    """A role of kind `module`, whose saved tensors are compared with known ones; may be empty."""
    known: str = ""
    """A function in `expected.py` without arguments: SHA-256 of tensors that are official ones."""
    allowed: tuple[str, ...] = ()
    """Regular expressions over a use's line that make it none: `vgg16`, where it is asked for."""
    allowed_under: str = ""
    """Regular expression over a heading: they do so below it alone. In a file without such a
    heading they do everywhere, and a person is told."""
    dynamic: bool = False
    """Whether a run is looked at too."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> WeightsNotPretrained:
        if problem := regex_problem((*self.allowed, self.allowed_under)):
            raise ValueError(problem)
        return self


class PretrainingUsed(Record):
    """Parameters of `pretraining.used`."""

    names: tuple[str, ...] = Field(min_length=1)
    """Any of these must be used, such as `torch.nn.Module.load_state_dict`."""
    within: tuple[str, ...] = ()
    """Functions or classes in which to look; empty: anywhere."""
    weights: bool = False
    """Whether the call must ask for weights, as `vgg16(weights=…)` does. Where it does not and some
    `load_state_dict` is called, a person looks."""
    at_least: int = Field(default=1, ge=1)
    """So many uses; where names only copy weights, so many nets of the run."""
    shape: tuple[int, ...] = ()
    """Where names only copy weights: a tensor of this shape must be copied, such as [128, 784];
    empty: any."""


def _needs(params: WeightsNotPretrained, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    requests: tuple[ProbeRequest, ...] = (_scan(),)
    if params.model and params.known:
        requests += (describe_module(rubric, params.model, "saved"),)
    if params.dynamic:
        requests += (execute(rubric),)
    if params.allowed_under:
        requests += (read_documents(),)
    return (*requests, inspect_source())


def _scan() -> ProbeRequest:
    return scan_apis((*ALWAYS, *WHEN_TOLD))


@check("weights.not_pretrained", WeightsNotPretrained, needs=_needs)
def not_pretrained(params: WeightsNotPretrained, seen: Seen) -> CheckResult:
    """Your net was trained from scratch, by you."""
    _, uses = seen.measured(_scan(), ApiUses)
    excused, unplaced = _allowed(uses.uses, params, seen)
    looked_at = [use for use in uses.uses if use not in excused]
    found = [use for use in looked_at if _brings(use)]
    flags = [_unclear(use) for use in looked_at if use not in found and _may_bring(use)]
    flags += [_unclear(use) for use in unplaced if _brings(use) or _may_bring(use)][:1]
    expected = "No weights from elsewhere: random initialisation, trained on the given data."
    if found:
        places = tuple(dict.fromkeys(use.place for use in found))
        shown = "; ".join(f"`{use.text[:120]}` ({use.place})" for use in found[:3])
        return failed(
            f"Your code loads weights that others trained: {shown}.",
            expected=expected,
            hint="Make the net without weights (weights=None) and train it yourself.",
            places=places[:MOST_PLACES],
        )
    if params.model and params.known and (told := _official(params, seen)):
        return failed(told, expected=expected, hint="Hand in the weights that you trained.")
    if params.dynamic and (told := _in_the_run(seen)):
        return failed(told, expected=expected, hint="Train the net from random initialisation.")
    return CheckResult.banded(
        Fraction(1),
        "No use of pre-trained weights was found in your code.",
        expected=expected,
        flags=tuple(dict.fromkeys(flags)),
    )


def _allowed(
    uses: tuple[ApiUse, ...], params: WeightsNotPretrained, seen: Seen
) -> tuple[list[ApiUse], list[ApiUse]]:
    """The uses that are asked for, and those of them of which no heading says so."""
    meant = [one for one in uses if any(re.search(p, one.text) for p in params.allowed)]
    if not params.allowed_under:
        return meant, []
    _, documents = seen.measured(read_documents(), Documents)
    section = Section(params.allowed_under, documents)
    return (
        [one for one in meant if section.holds(one.place.file, one.place.cell)],
        [one for one in meant if not section.tells(one.place.file, one.place.cell)],
    )


def _brings(use: ApiUse) -> bool:
    """Whether a use certainly brings weights from elsewhere."""
    if IMPORT.match(use.text) or SAYS_NOT.search(use.text):
        return False
    return use.name in ALWAYS or SAYS_SO.search(use.text) is not None


def _may_bring(use: ApiUse) -> bool:
    return not IMPORT.match(use.text) and UNCLEAR.search(use.text) is not None


def _unclear(use: ApiUse) -> Flag:
    text = f"Whether this loads pre-trained weights is not clear: {use.text[:120]} ({use.place})."
    return Flag(code="pretrained_unclear", message=text)


def _official(params: WeightsNotPretrained, seen: Seen) -> str:
    """That saved tensors are known ones, number for number."""
    if params.known not in seen.truth.expected:
        raise Stopped(ours(f"the rubric's expected.py has no function '{params.known}'"))
    known = frozenset(str(digest) for digest in seen.truth.expected[params.known]())
    _, facts = seen.measured(describe_module(seen.rubric, params.model, "saved"), ModuleFacts)
    same = [tensor.name for tensor in facts.saved if tensor.sha256 in known]
    if not same:
        return ""
    return (
        f"{count(len(same), 'tensor')} in the weights of your {called(params.model)} "
        f"{'is' if len(same) == 1 else 'are'} the official pre-trained ones, number for number: "
        f"{listed(same, most=3)}."
    )


def _in_the_run(seen: Seen) -> str:
    """That the run loaded official weights. What did not run was judged by its text alone."""
    try:
        evidence, run = seen.measured(execute(seen.rubric), Execution)
    except Stopped as stopped:
        if stopped.result.outcome is Outcome.ERROR:
            raise
        return ""
    for remark in evidence.remarks:
        if remark.code == REMARK:
            return f"Your run loads weights that others trained: {remark.message.rstrip('.')}."
    for cell in run.cells:
        if cell.error_kind == WEIGHTS_MISSING:
            return f"Your run asks for weights that others trained ({run.entry}, cell {cell.cell})."
    return ""


def _needs_run(names: tuple[str, ...]) -> bool:
    """Whether a name copies weights that need not be trained, as `copy.deepcopy` does."""
    return not all(name.startswith((*ALWAYS, *WHEN_TOLD)) for name in names)


def _used_needs(params: PretrainingUsed, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    run = (execute(rubric),) if _needs_run(params.names) else ()
    loads = (scan_apis(LOADS),) if params.weights else ()
    return (scan_apis(params.names, params.within), *run, *loads, inspect_source())


@check("pretraining.used", PretrainingUsed, needs=_used_needs)
def pretraining_used(params: PretrainingUsed, seen: Seen) -> CheckResult:
    """Your net starts from weights that were trained before."""
    _, uses = seen.measured(scan_apis(params.names, params.within), ApiUses)
    calls = [use for use in uses.uses if not IMPORT.match(use.text)]
    if _needs_run(params.names):
        return _by_the_run(params, seen, calls)
    found = [
        use
        for use in calls
        if not params.weights
        or _brings(use)
        or (_may_bring(use) and not _none(use))
        or _first(use, r"True\b")
    ]
    places: tuple[Place, ...] = tuple(dict.fromkeys(use.place for use in found))
    more: dict[str, Any] = {
        "expected": f"{count(params.at_least, 'use')} of {either(params.names)}"
        + (", with its weights." if params.weights else "."),
        "places": places[:MOST_PLACES],
        "measured": float(len(places)),
        "threshold": float(params.at_least),
        "unit": "uses",
    }
    if len(places) >= params.at_least:
        where = listed([str(place) for place in places], most=3)
        return CheckResult.banded(
            Fraction(1),
            f"Your code starts from weights that were trained before ({where}).",
            **more,
        )
    if calls and not found:
        where = listed([str(use.place) for use in calls], most=3)
        if any(_first(use, UNTOLD) or HANDED.search(use.text) for use in calls):
            return waiting(
                f"Whether your code makes the net with its trained weights is not clear ({where}). "
                "A person will look.",
                **more,
            )
        if params.weights and (loads := seen.measured(scan_apis(LOADS), ApiUses)[1].uses):
            return waiting(
                f"Your code makes the net without weights ({where}) and loads some elsewhere "
                f"({listed([str(use.place) for use in loads], most=3)}). A person will look.",
                **more,
            )
        return failed(
            f"Your code makes the net without its trained weights ({where}).",
            hint="Ask for them: weights=…_Weights.DEFAULT, or load_state_dict.",
            **more,
        )
    return failed(
        f"Trained weights are loaded {count(len(places), 'time')} in your code; "
        f"{params.at_least} were asked for ({either(params.names)}).",
        hint="Copy the trained weights into the new net before you train it.",
        **more,
    )


def _none(use: ApiUse) -> bool:
    return SAYS_NOT.search(use.text) is not None


def _first(use: ApiUse, pattern: str) -> bool:
    """Whether the first argument of a call of the used name matches."""
    name = re.escape(use.name.rsplit(".", 1)[-1])
    return re.search(rf"\b{name}\(\s*(?:{pattern})", use.text) is not None


def _by_the_run(params: PretrainingUsed, seen: Seen, calls: list[ApiUse]) -> CheckResult:
    """By the numbers that nets held when their training began."""
    places = tuple(dict.fromkeys(use.place for use in calls))[:MOST_PLACES]
    try:
        evidence, run = seen.measured(execute(seen.rubric), Execution)
    except Stopped as fault:
        if fault.result.outcome is Outcome.ERROR or not calls:
            raise
        return waiting(f"{fault.result.message} A person will look.", places=places)
    good = [one for one in run.starts if _holds(one.trained, params)]
    more: dict[str, Any] = {
        "expected": "A net that begins its training with numbers to which another was trained.",
        "measured": float(len(good)),
        "threshold": float(params.at_least),
        "unit": "nets",
    }
    if len(good) >= params.at_least:
        begun = tuple(dict.fromkeys(one.place for one in good if one.place is not None))
        known = [source for source in good[0].sources if source]
        of = f" of {listed(known, most=3)}" if known else ""
        return CheckResult.banded(
            Fraction(1),
            f"{count(len(good), 'net')} of your run began with the trained weights{of}.",
            places=begun[:MOST_PLACES],
            **more,
        )
    if stopped := not_reached(evidence, run, "the net that is pre-trained", seen.source()):
        return stopped
    fresh = [one for one in run.starts if one.net and _holds(one.fresh, params)]
    unclear = any(
        not one.net or _holds(one.unclear, params) or _holds(one.own, params) for one in run.starts
    )
    if unclear or (calls and len(fresh) < NETS):
        return waiting(
            "Whether your net begins with weights that were trained before was not seen in the "
            "run. A person will look.",
            places=places,
            **more,
        )
    return failed(
        f"{count(len(good), 'net')} of your run began with weights that another was trained to; "
        + (
            f"{count(len(fresh), 'net')} began with new ones."
            if fresh
            else f"no use of {either(params.names)} was found."
        ),
        hint="Copy the trained weights into the new net before you train it.",
        places=places,
        **more,
    )


def _holds(shapes: tuple[tuple[int, ...], ...], params: PretrainingUsed) -> bool:
    return params.shape in shapes if params.shape else bool(shapes)
