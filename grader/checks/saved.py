"""Family `saved`: numbers that were handed in, whatever file format and container hold them."""

from __future__ import annotations

from fractions import Fraction

from pydantic import Field, field_validator

from grader.checks.base import Seen, check, failed
from grader.checks.faults import waiting
from grader.checks.phrases import either, listed, quoted
from grader.checks.requests import inspect_source, read_tensors
from grader.model.base import Record
from grader.model.evidence import Place
from grader.model.measurements import SavedFile, SavedFiles, SavedTensor
from grader.model.scorecard import CheckResult

__all__ = ["SavedHolds"]

NO_WEIGHTS = "no_tensors"
"""Fault kind: a file that can be read, with something else in it."""


class SavedHolds(Record):
    """Parameters of `saved.holds`."""

    files: tuple[str, ...] = Field(min_length=1)
    """Globs, the likeliest first; the file that holds most counts."""
    tensors: dict[str, tuple[int, ...]] = Field(min_length=1)
    """Name → shape, such as `W1 = [784, 128]`; 0 for any size. Names are for the message: tuples
    have none. Transposed counts, and so do dimensions of size 1."""

    @field_validator("tensors")
    @classmethod
    def _sizes(cls, value: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        if any(size < 0 for shape in value.values() for size in shape):
            msg = "sizes are 0 (any) or more"
            raise ValueError(msg)
        return value


@check("saved.holds", SavedHolds, needs=lambda p, _r: (read_tensors(p.files), inspect_source()))
def saved_holds(params: SavedHolds, seen: Seen) -> CheckResult:
    """Your files hold the numbers that the assignment asks for."""
    """The numbers that the assignment asks for are in your files."""
    _, saved = seen.measured(read_tensors(params.files), SavedFiles)
    names = either(quoted(params.files[:3]))
    expected = f"A file with {listed([_told(n, s) for n, s in params.tensors.items()])}."
    if not saved.files:
        return failed(
            f"There is no file {names} in your submission.",
            expected=expected,
            hint="Save it, for example with pickle.dump or torch.save, and hand it in.",
        )
    best = max(saved.files, key=lambda file: len(params.tensors) - len(_absent(params, file)))
    absent = _absent(params, best)
    place = (Place(file=best.path),)
    if not best.tensors:
        told = f"{best.path}: {best.problem.rstrip('.')}."
        if best.kind == NO_WEIGHTS:  # such as lists of plain numbers
            return waiting(f"{told} A person will look.", expected=expected, places=place)
        return failed(told, expected=expected, places=place, hint="Save and hand it in again.")
    if not absent:
        return CheckResult.banded(
            Fraction(1),
            f"{best.path} holds {listed(tuple(params.tensors))}.",
            expected=expected,
            places=place,
        )
    shapes = listed([f"{one.name} {list(one.shape)}" for one in best.tensors], most=6)
    return CheckResult.banded(
        Fraction(len(params.tensors) - len(absent), len(params.tensors)),
        f"{best.path} lacks {listed([_told(n, params.tensors[n]) for n in absent])} with finite "
        f"numbers; it holds {shapes}.",
        expected=expected,
        hint="Save every parameter after training, in one file.",
        places=place,
    )


def _absent(params: SavedHolds, file: SavedFile) -> list[str]:
    """What is wanted and not in a file; each tensor there stands for one."""
    left = [one for one in file.tensors if one.finite]
    absent = []
    for name, shape in params.tensors.items():
        fitting = [one for one in left if _fits(one, shape)]
        if not fitting:
            absent.append(name)
            continue
        left.remove(next((one for one in fitting if one.name.endswith(name)), fitting[0]))
    return absent


def _fits(tensor: SavedTensor, shape: tuple[int, ...]) -> bool:
    own = [size for size in tensor.shape if size != 1]
    wanted = [size for size in shape if size != 1]
    if len(own) != len(wanted):
        return False
    return any(
        all(size in (0, had) for size, had in zip(order, own, strict=True))
        for order in (wanted, wanted[::-1])
    )


def _told(name: str, shape: tuple[int, ...]) -> str:
    sizes = ", ".join("any" if size == 0 else str(size) for size in shape)
    return f"{name} [{sizes}]"
