"""When something could not be measured: whose fault that is, and how it is told."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from grader.checks.phrases import cells, listed
from grader.model.evidence import Evidence, Fault, Place
from grader.model.outcome import ExitReason, Outcome
from grader.model.scorecard import CheckResult, Flag

if TYPE_CHECKING:
    from grader.model.measurements import SourceFacts

__all__ = [
    "FILL_IN",
    "HINTS",
    "WEIGHTS_MISSING",
    "failed",
    "not_measured",
    "ours",
    "spoilt",
    "still_blank",
    "waiting",
]

ZERO = Fraction(0)

FILL_IN = "Write your code in that cell, run it, and hand in again."

TORCH = "torch"

WEIGHTS_MISSING = "pretrained_weights_missing"
"""Fault kind: official pre-trained weights that this machine lacks. A person decides then."""

ELSEWHERE = "If it is here under another name, say so in a file grade.toml."

UNFOUND: dict[str, str] = {
    "There are no weight files": "Save its weights with torch.save(), and hand the file in.",
    "No trained net": "Hand in its saved weights, or name them in a file grade.toml.",
}
"""What is said where nothing was found → what to try."""

LONGEST = 600
"""Characters of a student's own error that a sentence quotes."""

SAID: dict[str, str] = {
    "timeout": "Your code was still running when its time was over, so this was not measured",
    "memory": "Your code needed more memory than it may use, so this was not measured",
    "output_limit": "Your code printed more than it may, so this was not measured",
    "not_reached": "An earlier part of your code stopped first, so this was not measured",
}
"""Fault kind → what happened."""

HINTS: dict[str, str] = {
    "timeout": "Look for a loop that never ends, or training that starts when a file is imported.",
    "memory": "Look for a tensor that grows in a loop, or a whole dataset copied at once.",
    "output_limit": "Print once an epoch, not once a batch.",
    "not_reached": "Mend the earlier error; this may then work as it is.",
    "exit": "Remove exit(), quit() and sys.exit().",
    "signal": "Run it from a fresh start; a crash below Python is often memory or a bad index.",
    "protocol": "Write to files or print; leave other open files alone.",
    "missing_package": "Use the packages that the course names.",
    "wrong_framework": "Hand in the PyTorch version, or ask the course staff.",
    "ModuleNotFoundError": "Hand in your own modules too, and use the packages the course names.",
    "FileNotFoundError": "Hand the file in, and name it by a path relative to your notebook.",
    "NameError": "Restart the kernel and run all cells: the name is made nowhere before its use.",
    "SyntaxError": "Run the file once from a fresh start; Python cannot read this line.",
    "IndentationError": "Check the spaces at the start of this line.",
    "NotImplementedError": "This part of the template still waits for your code.",
}
"""Fault kind or exception → what to try, where the box had nothing better to say."""


def ours(message: str) -> CheckResult:
    """An `error`: the points stay open and the staff is told.

    Args:
        message: What is wrong; lines after the first are for the staff alone.
    """
    said = _clause(message.partition("\n")[0])
    return CheckResult(
        outcome=Outcome.ERROR,
        fraction=ZERO,
        message=f"This could not be graded yet, and that is not your fault: {said}.",
        hint="The course staff has been told; you lose nothing by it.",
        flags=(Flag(code="not_graded", message=message),),
    )


def spoilt(message: str) -> CheckResult:
    """An `error` of the clock: the next run measures again what it rests on.

    Args:
        message: Why, such as `this machine was too busy`.
    """
    return ours(message).model_copy(
        update={
            "hint": "It is measured again the next time; you lose nothing by it.",
            "spoilt": True,
        }
    )


def failed(message: str, **more: Any) -> CheckResult:
    """A `fail`: no points, and a reason.

    Args:
        message: What was found, to the student.
        **more: Other fields of a check result.
    """
    return CheckResult.banded(ZERO, message, **more)


def waiting(message: str, **more: Any) -> CheckResult:
    """A `pending`: a person decides.

    Args:
        message: Why, to the student.
        **more: Other fields of a check result.
    """
    return CheckResult.model_validate(
        {"outcome": Outcome.PENDING, "fraction": ZERO, "message": message, **more}
    )


def not_measured(evidence: Evidence, source: SourceFacts | None = None) -> CheckResult:
    """The result where evidence is a fault: `error` for ours, `fail` for the student's.

    Args:
        evidence: In another state than `measured`.
        source: The submission's source, which may say more: the template still blank, or another
            framework.
    """
    fault = evidence.fault or Fault(kind="unknown", message="no reason was reported")
    if evidence.state == "harness" or evidence.exit_reason is ExitReason.HARNESS:
        return ours(fault.message)
    if evidence.state == "unbound":
        return _not_found(fault, source)
    if fault.kind == WEIGHTS_MISSING:
        return waiting(
            "This needs official pre-trained weights, which are not on the grader's machine: "
            f"{_clause(fault.message)}. A person will look at it.",
            places=(fault.place,) if fault.place else (),
            flags=(Flag(code=WEIGHTS_MISSING, message=_sentence(fault.message)),),
        )
    where = f" ({fault.place})" if fault.place else ""
    if blank := still_blank(source, fault.place):
        return failed(f"This could not be measured: {blank}", hint=FILL_IN, places=(fault.place,))
    if fault.kind in SAID:
        message = f"{SAID[fault.kind]}{where}{_because(fault.message)}."
    elif fault.kind.islower():
        message = f"This could not be measured{where}: {_clause(fault.message)}."
    else:
        said = f"{fault.kind}: {fault.message}" if fault.message else fault.kind
        message = f"Your code stopped before this could be measured{where}: {_clause(said)}."
    return CheckResult(
        outcome=Outcome.BLOCKED if fault.kind == "not_reached" else Outcome.FAIL,
        fraction=ZERO,
        message=message,
        hint=fault.hint or HINTS.get(fault.kind, ""),
        places=(fault.place,) if fault.place else (),
    )


def still_blank(source: SourceFacts | None, place: Place | None) -> str:
    """That the code at a place is the template's, still to be filled in; else nothing."""
    if source is None or place is None or place.cell is None:
        return ""
    if not any((one.file, one.cell) == (place.file, place.cell) for one in source.placeholders):
        return ""
    return f"the template's cell still says PLEASE FILL IN ({cells([place])})."


def _not_found(fault: Fault, source: SourceFacts | None) -> CheckResult:
    """A role without student code: most often a blank template or another framework."""
    message = _sentence(fault.message)
    places: tuple[Place, ...] = (fault.place,) if fault.place else ()
    tries = (hint for said, hint in UNFOUND.items() if said in fault.message)
    hint = fault.hint or next(tries, ELSEWHERE)
    if source is not None and source.frameworks and TORCH not in source.frameworks:
        used = listed(source.frameworks)
        message = f"Your code uses {used} where this assignment asks for PyTorch. {message}"
        hint = fault.hint or HINTS["wrong_framework"]
    elif source is not None and source.placeholders:
        where = cells(source.placeholders)
        first = message.split(". ", 1)[0].rstrip(".")
        message = f"A part of the template still says PLEASE FILL IN ({where}). {first}."
        hint = fault.hint or FILL_IN
        places = places or source.placeholders[:3]
    elif source is not None and source.files and all(f.parse_error for f in source.files):
        broken = source.files[0]
        message = (
            f"{broken.path} cannot be read as Python: {_clause(broken.parse_error)}. {message}"
        )
        hint = fault.hint or HINTS["SyntaxError"]
        places = places or ((broken.place,) if broken.place else ())
    return CheckResult(
        outcome=Outcome.FAIL, fraction=ZERO, message=message, hint=hint, places=places
    )


def _clause(text: str) -> str:
    line = " ".join(text.split()).rstrip(".").rstrip()
    return (
        f"{line[:LONGEST].rstrip()}…" if len(line) > LONGEST else line or "no reason was reported"
    )


def _sentence(text: str) -> str:
    clause = _clause(text)
    ended = clause if clause.endswith(("!", "?")) else f"{clause}."
    return ended[0].upper() + ended[1:]


def _because(text: str) -> str:
    return f": {_clause(text)}" if text.strip() else ""
