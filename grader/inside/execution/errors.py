"""Describes what a cell raised: kind, message, line, and whether our early end may be the cause."""

from __future__ import annotations

import os
import re
import traceback
from typing import TYPE_CHECKING, Any

from ..reply import StudentFault
from ..shims.downloads import is_about_data
from .budget import OutputLimit, Stop, WallClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..session import Session

__all__ = ["describe", "hint_for", "may_come_from_cut"]

ERROR_LIMIT = 4000
SIZES = (
    AssertionError,
    IndexError,
    KeyError,
    OverflowError,
    StopIteration,
    ValueError,
    ZeroDivisionError,
)
"""What code raises that counted on more epochs or batches."""
LENGTHS = re.compile(r"(?i)\b(sizes?|shapes?|empty|numel|elements?|lengths?)\b")
"""What torch says of tensors that are shorter than they were to be, or empty."""
NOT_LENGTHS = re.compile(
    r"""(?i) target\ -?\d+\ is\ out\ of\ bounds | too\ many\ (indices|values) | 0-dim
      | dimension\ (specified|out\ of\ range) | mat1\ and\ mat2 | invalid\ literal
      | could\ not\ convert | class\ values\ must | not\ a\ valid | dtype | scalar\ type
      | in-?place | state_dict | \bgrad\b | device""",
    re.VERBOSE,
)
"""Labels, ranks, types: as wrong after all epochs as after one."""
BATCHES_DIFFER = re.compile(r"batch_size \(\d+\) to match target batch_size")
"""What a loss of classes says of outputs from a loader that we ended, beside all labels."""
ABOUT_ONE_BATCH = ("/torch/nn/", "/torch/optim/", "/torch/autograd/", "/_utils/collate.py")
"""Files of torch that see one batch, or one net, and never how long training went on."""
MADE_BY_TRAINING = (
    ".pt",
    ".pth",
    ".pkl",
    ".pickle",
    ".model",
    ".npy",
    ".npz",
    ".bin",
    ".ckpt",
    ".tar",
)


KINDS: dict[type[BaseException], str] = {
    WallClock: "timeout",
    OutputLimit: "output_limit",
    MemoryError: "memory",
    SystemExit: "exit",
    ModuleNotFoundError: "missing_package",
}
"""Kinds of errors that have a name of their own in the record."""


def describe(error: BaseException, session: Session, name: str) -> dict[str, Any]:
    """The error's part of a cell's record.

    Args:
        error: What was raised.
        session: Knows the student's files.
        name: What the cell is compiled under.

    Returns:
        `error`, `error_kind`, `line`: as in the record; `place`: its deepest student line.
    """
    line, place = None, None
    for frame in traceback.extract_tb(error.__traceback__):
        found = session.place_of(frame.filename, frame.lineno)
        if found is not None:
            place = found
            if frame.filename == name:
                line = frame.lineno
    if isinstance(error, SyntaxError) and error.filename:
        found = session.place_of(error.filename, error.lineno)
        if found is not None:
            place = found
            line = error.lineno if error.filename == name else line
        elif line is None:
            line = error.lineno
    if isinstance(error, StudentFault) and error.place is not None:
        place = error.place
    here = session.place_of(name, line)
    text = message_of(error)
    if place is not None and here is not None and _elsewhere(place, here):
        cell = f", cell {place['cell']}" if place.get("cell") else ""
        text += f" (raised in {place['file']}{cell}, line {place['line']})"
    return {
        "error": text[:ERROR_LIMIT],
        "error_kind": kind_of(error)[:200],
        "line": line,
        "place": place or here,
    }


def _elsewhere(place: dict[str, Any], here: dict[str, Any]) -> bool:
    return (place["file"], place.get("cell")) != (here["file"], here.get("cell"))


def message_of(error: BaseException) -> str:
    """What it says; a student's exception may fail to say it."""
    if isinstance(error, WallClock):
        return "the time for the whole run was over"
    if isinstance(error, OutputLimit):
        return "the run printed far more than anyone reads"
    if isinstance(error, StudentFault):
        return error.message
    try:
        if isinstance(error, SystemExit):
            return f"the code ended itself, with the exit code {error.code!r:.200}"
        text = str(error)
    except BaseException:
        text = "(its message cannot be shown)"
    return str.encode(text, "utf-8", "replace").decode()


def kind_of(error: BaseException) -> str:
    """The record's `error_kind`."""
    if isinstance(error, StudentFault):
        return error.kind
    if "can't allocate memory" in message_of(error):
        return "memory"
    if is_about_data(error):
        return "dataset_missing"
    for kind, name in KINDS.items():
        if isinstance(error, kind):
            return name
    return type(error).__name__


def hint_for(error: BaseException) -> str:
    """What to try."""
    if isinstance(error, StudentFault):
        return error.hint
    if isinstance(error, FileNotFoundError):
        missing = _name_of(error.filename)[:300]
        return (
            f"the file '{missing}' is not among the submitted files, and no file of that name is:"
            " hand it in, and use a path relative to the notebook"
        )
    if is_about_data(error):
        return "there is no network while grading; the data must be here or handed in"
    if isinstance(error, NameError):
        return (
            "run 'Restart and run all' before you hand in:"
            " the name may come from a cell that was changed, removed or moved"
        )
    if isinstance(error, EOFError):
        return "nobody is here to answer input()"
    return ""


def _name_of(path: Any) -> str:
    """A path as text; empty when it is none."""
    try:
        return str.__str__(os.fsdecode(path))
    except Exception:
        return ""


def may_come_from_cut(
    error: BaseException, bound: Callable[[str], bool], saves: Callable[[], bool]
) -> bool:
    """Whether code may raise this only because we ended its training early.

    Args:
        error: What was raised.
        bound: Whether code that was run assigns a name, perhaps in a branch not taken.
        saves: Whether code that was run saves anything, perhaps in a branch not taken.
    """
    if isinstance(error, Stop | StudentFault | ImportError) or is_about_data(error):
        return False
    if isinstance(error, NameError):
        return type(error.name) is str and bound(error.name)
    if isinstance(error, FileNotFoundError):
        return _name_of(error.filename).endswith(MADE_BY_TRAINING) and saves()
    if isinstance(error, TypeError | AttributeError):
        # such as a best model that was never chosen
        missing = "NoneType" in message_of(error)
        return missing and not _passed(error, ("/torch/nn/",), function="_call_impl")
    return _is_of_lengths(error)


def _is_of_lengths(error: BaseException) -> bool:
    """Whether there was less of something than code counted on."""
    text = message_of(error)
    if BATCHES_DIFFER.search(text) or _fewer_outputs(error):
        return True
    if NOT_LENGTHS.search(text) or _passed(error, ABOUT_ONE_BATCH):
        return False
    if type(error) is RuntimeError:
        return LENGTHS.search(text) is not None
    return isinstance(error, SIZES)


def _fewer_outputs(error: BaseException) -> bool:
    """Whether a loss got fewer outputs than labels, of the same shape otherwise.

    A loss in a net's `forward` sees one batch, whatever we ended.
    """
    from torch import Tensor

    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    inside = ["/torch/" in frame.f_code.co_filename for frame in frames]
    if True not in inside or not all(inside[inside.index(True) :]):
        return False
    for frame in frames:
        if frame.f_code.co_filename.endswith("/torch/nn/functional.py"):
            given, wanted = (frame.f_locals.get(name) for name in ("input", "target"))
            if type(given) is type(wanted) is Tensor and given.dim() == wanted.dim() > 0:
                return len(given) < len(wanted) and given.shape[1:] == wanted.shape[1:]
    return False


def _passed(error: BaseException, files: tuple[str, ...], function: str = "") -> bool:
    """Whether an error came through these files, or a function in them."""
    return any(
        any(part in frame.filename for part in files) and function in ("", frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
    )
