"""Pictures through the student's own preprocessing, the surest way first.

1. the student's dataset class, laid over a folder of the grader's pictures
2. the transform that their code gives to its test data
3. arrays that they make by hand: `x.float() / 255`
4. numbers from 0 to 1, in the channels and size that the net takes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..reply import StudentFault, Unbound
from .arrays import arrays_by_hand
from .rows import Rows, as_row
from .through import through_class
from .transforms import choices, sizes_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

    from ..session import Session
    from .given import Given
    from .transforms import Choice

__all__ = ["prepare"]

SAMPLE = 4
COMMON_SIDES = (224, 256, 128, 64, 32, 28, 96, 112, 160, 192, 299)


def prepare(
    session: Session,
    given: Given,
    roles: list[dict[str, Any]],
    fits: Callable[[torch.Tensor], bool],
) -> Rows:
    """The grader's pictures as the student's net is asked them.

    Args:
        session: Of the submission.
        given: The pictures.
        roles: Of kind `dataset`.
        fits: Whether the net takes such inputs.
    """
    first: Rows | None = None
    for make in (_classes, _transforms, _by_hand, _plain):
        for rows in make(session, given, roles):
            try:
                suits = fits(rows.sample(SAMPLE))
            except Exception:  # noqa: S112 - the next way may do
                continue
            if suits:
                return rows
            first = first or rows
    if first is None:
        raise StudentFault("no_inputs", "none of the pictures could be made an input of the net")
    return first


def _classes(session: Session, given: Given, roles: list[dict[str, Any]]) -> Iterator[Rows]:
    for role in roles:
        if role.get("source_data") != given.family:
            continue
        try:
            yield through_class(session, given, role)
        except (Unbound, StudentFault):
            continue
        except BaseException as error:
            message = (
                f"The dataset class for '{role['name']}' could not be used on the grader's"
                f" pictures ({type(error).__name__}: {str(error)[:300]})."
            )
            session.remark("preprocess.class_failed", message)


def _transforms(session: Session, given: Given, _roles: list[dict[str, Any]]) -> Iterator[Rows]:
    for choice in choices(session, given):
        yield _through(session, given, choice)


def _through(session: Session, given: Given, choice: Choice) -> Rows:
    def make(row: int) -> torch.Tensor:
        return as_row(choice.transform(given.picture(row)))

    if choice.random:
        session.remark(
            "preprocess.random",
            "The transform of the test data gives another input each time it is asked for the same"
            " example; random augmentation belongs on the training data only.",
            choice.place,
        )
    return Rows(len(given), make, choice.how, seeded=choice.random)


def _by_hand(session: Session, given: Given, _roles: list[dict[str, Any]]) -> Iterator[Rows]:
    found = arrays_by_hand(session, given)
    if found is not None:
        yield Rows.of(*found)


def _plain(session: Session, given: Given, _roles: list[dict[str, Any]]) -> Iterator[Rows]:
    """Without any preprocessing of the student's, the net's own shape decides."""
    from torchvision.transforms import functional

    known = sizes_in(session.definitions())
    sides: list[int | None] = [*known, *COMMON_SIDES]
    sides = [None, *dict.fromkeys(sides)] if not given.encoded else list(dict.fromkeys(sides))
    grey_first = not given.encoded and given.array.ndim == 3  # noqa: PLR2004 - [N, H, W]
    for side in sides:
        for grey in (grey_first, not grey_first):

            def make(row: int, side: int | None = side, *, grey: bool = grey) -> torch.Tensor:
                image = given.picture(row).convert("L" if grey else "RGB")
                if side is not None:
                    image = functional.resize(image, [side, side])
                found: torch.Tensor = functional.to_tensor(image)
                return found

            how = "No preprocessing of the test data was found in the code: pictures as numbers"
            how += " from 0 to 1" + (", grey" if grey and not grey_first else "")
            how += f", resized to {side}x{side}." if side is not None else "."
            yield Rows(len(given), make, how)
