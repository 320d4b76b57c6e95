"""The student's own dataset class over the grader's pictures."""

from __future__ import annotations

import builtins
import contextlib
import os
from typing import TYPE_CHECKING, Any

from .. import shims
from ..binding.targets import bind_target
from ..reply import StudentFault, Unbound
from .layouts import lay_out, row_in
from .rows import Rows, as_row
from .transforms import FOR_TRAINING, FOR_VALIDATION, purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from ..binding.bound import Bound
    from ..session import Session
    from .given import Given

__all__ = ["laid_out", "through_class"]

TRIED = 8


def through_class(session: Session, given: Given, role: dict[str, Any]) -> Rows:
    """Inputs that the student's dataset class makes of the grader's pictures.

    Raises:
        Unbound: The code defines no such class.
        StudentFault: It cannot be made, or gives another number of examples.
    """
    bound = bind_target(session, role)
    if lay_out(session, given) is None:
        raise Unbound(f"there is no layout of '{given.family}' to read")
    opened: list[str] = []
    with laid_out(session, given), watched(opened):
        made, how = _made(session, given, bound, role)
        if len(made) != len(given):
            message = f"'{bound.definition}' holds {len(made)} examples of {len(given)} given"
            raise StudentFault("wrong_length", message, place=bound.place)
        known = _in_order_of_opening(opened, len(given))
        _refuse_chance(session, made, bound, len(given))
    order: dict[int, int] = known

    def make(position: int) -> torch.Tensor:
        opened.clear()
        with laid_out(session, given), watched(opened):
            row = as_row(made[position])
        seen = {found for found in map(row_in, opened) if found is not None}
        if len(seen) == 1:
            order[position] = seen.pop()
        return row

    return Rows(
        len(given),
        make,
        f"Through the student's {how}."[:500],
        lambda position: order.get(position, position),
    )


@contextlib.contextmanager
def laid_out(session: Session, given: Given) -> Iterator[None]:
    """Within it, student code that asks for the family's files finds the grader's pictures."""
    copy = lay_out(session, given)
    served = shims.installed(session).served
    with served.replaced([copy] if copy is not None else []):
        yield


@contextlib.contextmanager
def watched(opened: list[str]) -> Iterator[None]:
    """Within it, paths that are opened are noted."""
    original = builtins.open

    def noting(file: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(file, str | os.PathLike):
            opened.append(os.fspath(file))
        return original(file, *args, **kwargs)

    builtins.open = noting
    try:
        yield
    finally:
        builtins.open = original


def _in_order_of_opening(opened: list[str], count: int) -> dict[int, int]:
    """Position → row, of a class that reads all pictures when it is made."""
    rows = list(dict.fromkeys(row for row in map(row_in, opened) if row is not None))
    return dict(enumerate(rows)) if len(rows) == count else {}


def _refuse_chance(session: Session, made: Any, bound: Bound, count: int) -> None:
    import torch

    for index in range(min(TRIED, count)):
        if not torch.equal(as_row(made[index]), as_row(made[index])):
            session.remark(
                "preprocess.random",
                f"'{bound.definition}' gives another input each time it is asked for the same test"
                " example; random augmentation belongs on the training data only.",
                bound.place,
            )
            return


def _made(session: Session, given: Given, bound: Bound, role: dict[str, Any]) -> tuple[Any, str]:
    """The dataset as the student makes it for the test, else with the role's arguments."""
    name, kind = bound.definition, bound.target
    calls = [call for call in session.definitions().datasets.calls if call.kind == name]
    ranked = sorted(enumerate(calls), key=lambda c: (purpose(c[1], given), c[0]), reverse=True)
    wanted = role.get("arguments") or {}
    tries = [c.arguments for _, c in ranked if purpose(c, given) >= FOR_VALIDATION]
    tries += [wanted] if wanted else []
    tries += [c.arguments for _, c in ranked if FOR_TRAINING < purpose(c, given) < FOR_VALIDATION]
    tries += [{}]
    last: BaseException | None = None
    for arguments in tries:
        try:
            made = kind(**arguments)
            right = len(made) == len(given)
        except BaseException as error:
            last = last or error
            continue
        if right or arguments is tries[-1]:
            shown = ", ".join(f"{k}={_shown(v)}" for k, v in arguments.items())
            return made, f"{name}({shown})"
        last = last or StudentFault(
            "wrong_length", f"'{name}' holds {len(made)} examples of {len(given)} given"
        )
    assert last is not None
    raise last


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004
