"""The student's own dataset class over the grader's inputs.

Preprocessing is part of a submission: a net trained on normalised pixels must be asked normalised
pixels. Where the class reads from is replaced, so that it hands out the grader's inputs.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..binding.targets import bind_target
from ..reply import StudentFault, Unbound
from .arrays import test_arrays
from .given import Given
from .pictures import prepare
from .rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..session import Session

__all__ = ["preprocess", "raw_inputs"]

RANDOM_ROWS = 8
RAW = "Inputs as they are"


def raw_inputs(session: Session, name: str) -> torch.Tensor:
    """The grader's inputs as the job describes them, [N, …].

    Raises:
        ValueError: The file is not of the declared size: our fault.
    """
    return Given(session, name).tensor()


def preprocess(
    session: Session,
    name: str,
    roles: list[dict[str, Any]],
    fits: Callable[[torch.Tensor], bool] = lambda _sample: True,
) -> Rows:
    """The grader's inputs after the student's preprocessing.

    Args:
        session: Of the submission.
        name: The dataset split, such as `digits/test`.
        roles: Roles of kind `dataset`.
        fits: Whether the net takes such inputs.
    """
    given = Given(session, name)
    if given.pictures:
        return prepare(session, given, roles, fits)
    return Rows.of(*_numbers(session, name, roles))


def _numbers(session: Session, name: str, roles: list[dict[str, Any]]) -> tuple[torch.Tensor, str]:
    """Inputs that are rows of numbers, and what they went through."""
    raw = raw_inputs(session, name)
    family = session.datasets[name].get("family", "")
    if family not in SOURCES:
        return raw, f"{RAW}."
    why = "the assignment declares no dataset class"
    for role in roles:
        if role.get("source_data") == family:
            try:
                return _through(session, name, role, raw)
            except (Unbound, StudentFault) as fault:
                why = str(fault)[:300]
            except BaseException as error:
                why = f"the dataset class failed with {type(error).__name__}: {str(error)[:300]}"
    with SOURCES[family](session, name, raw.numpy()):
        found = test_arrays(session, raw)
    if found is not None:
        return found
    return raw, f"{RAW}: {why}"


def _through(
    session: Session, name: str, role: dict[str, Any], raw: torch.Tensor
) -> tuple[torch.Tensor, str]:
    bound = bind_target(session, role)
    with SOURCES[role["source_data"]](session, name, raw.numpy()):
        made, how = _made(session, bound.target, bound.definition, role)
        if len(made) != len(raw):
            message = f"'{bound.definition}' holds {len(made)} examples of {len(raw)} given"
            raise StudentFault("wrong_length", message)
        rows = [_row(made[index]) for index in range(len(raw))]
        if any(not torch.equal(_row(made[i]), rows[i]) for i in range(min(RANDOM_ROWS, len(raw)))):
            session.remark(
                "preprocess.random",
                f"'{bound.definition}' gives another input each time it is asked for the same test"
                " example; random augmentation belongs on the training data only.",
                bound.place,
            )
    return torch.stack(rows), f"Through the student's {how}."[:500]


def _row(item: Any) -> torch.Tensor:
    """The input of one example: the first of what the dataset gives."""
    if isinstance(item, dict):
        item = next(iter(item.values()))
    elif isinstance(item, list | tuple):
        item = item[0]
    return torch.as_tensor(np.asarray(item), dtype=torch.float32).clone()


def _made(session: Session, kind: Any, name: str, role: dict[str, Any]) -> tuple[Any, str]:
    """The dataset as the student makes it for this split, else with the role's arguments."""
    wanted = role.get("arguments") or {}
    calls = [
        call
        for call in session.definitions().calls.get(name, [])
        if wanted and all(call.get(key) == value for key, value in wanted.items())
    ]
    tries = [*calls[-1:], wanted]
    last: BaseException | None = None
    for arguments in tries:
        shown = ", ".join(f"{key}={value!r}"[:80] for key, value in arguments.items())
        for positional in (False, True):
            try:
                made = kind(*arguments.values()) if positional else kind(**arguments)
                len(made)
            except BaseException as error:
                last = last or error
                continue
            return made, f"{name}({shown})"
    assert last is not None
    raise last


@contextlib.contextmanager
def _sklearn_digits(session: Session, name: str, inputs: np.ndarray[Any, Any]) -> Iterator[None]:
    """Within it, `load_digits` gives the grader's rows where the split lies, labelled 0."""
    import sklearn.datasets

    entry = session.datasets[name]
    first, last = entry["rows"]
    original = sklearn.datasets.load_digits

    @functools.wraps(original)
    def load_digits(*args: Any, **kwargs: Any) -> Any:
        return_both = kwargs.pop("return_X_y", False)
        as_frame = kwargs.pop("as_frame", False)
        found = original(*args, **kwargs)
        data, target = _full(found, entry, inputs.shape)
        data[first:last] = inputs.reshape(last - first, -1)
        target[first:last] = 0
        found.data, found.target = data, target
        found.images = data.reshape(-1, 8, 8)
        if as_frame:
            import pandas as pd

            found.data = pd.DataFrame(data, columns=found.feature_names)
            found.target = pd.Series(target, name="target")
            found.frame = found.data.assign(target=found.target)
        return (found.data, found.target) if return_both else found

    with _swapped(session, original, load_digits):
        yield


def _full(
    found: Any, entry: dict[str, Any], shape: tuple[int, ...]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """All rows of the dataset, so that statistics over the training rows stay what they were."""
    total = int(entry["total_rows"])
    if len(found.data) == total:
        return np.array(found.data), np.array(found.target)
    return np.zeros((total, int(np.prod(shape[1:])))), np.zeros(total, dtype=np.int64)


@contextlib.contextmanager
def _swapped(
    session: Session, original: Callable[..., Any], replacement: Callable[..., Any]
) -> Iterator[None]:
    """Replace a function under every name that student code can reach it by."""
    definitions = session.definitions()
    spaces = [definitions.namespace, session.main.__dict__, *definitions.namespaces]
    spaces += [vars(m) for n, m in list(sys.modules.items()) if n.startswith("sklearn.datasets")]
    changed = []
    for space in spaces:
        for key in [k for k, v in list(space.items()) if v is original]:
            space[key] = replacement
            changed.append((space, key))
    try:
        yield
    finally:
        for space, key in changed:
            space[key] = original


SOURCES: dict[str, Callable[..., contextlib.AbstractContextManager[None]]] = {
    "sklearn.digits": _sklearn_digits,
}
"""Family of a dataset → a context in which its loader gives the grader's inputs."""
