"""Weight files of a submission: which there are, what they hold, and nets rebuilt from them."""

from __future__ import annotations

import fnmatch
import pickle
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ..definitions.lifted import is_module
from ..reply import StudentFault
from ..source.sources import files_below
from .hand_made import HandMade, matched
from .tensor_files import Saved, read_saved
from .unpickling import read_with

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..definitions.lifted import Definitions
    from ..session import Session

__all__ = ["PREFIXES", "Fit", "WeightFiles", "fit", "load_module", "load_state"]

SUFFIXES = frozenset(
    {".pt", ".pth", ".pkl", ".pickle", ".model", ".tar", ".bin", ".ckpt", ".weights", ".torch"}
    | {".p", ".sav", ".h5", ".keras", ".state", ".net"}
)
PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before names."""


class WeightFiles:
    """The submission's weight files, read once each.

    Args:
        session: Whose submission.
        folders: Where to look: a file is named by the first of them that holds it.
    """

    def __init__(self, session: Session, folders: list[Path]) -> None:
        self.paths: dict[str, Path] = {}
        for folder in folders:
            for path in files_below(folder):
                if path not in self.paths.values():
                    self.paths.setdefault(path.relative_to(folder).as_posix(), path)
        self.names = [n for n in self.paths if _suffix(n) in SUFFIXES]
        self._read: dict[str, Saved | StudentFault] = {}
        self._session = session

    def matching(self, globs: list[str]) -> list[str]:
        """Files that a role's globs name, most likely first; case does not matter."""
        found: list[str] = []
        for glob in globs:
            pattern = glob.lower()
            for name in self.paths:
                low = name.lower()
                base = low.rsplit("/", 1)[-1]
                fits = fnmatch.fnmatchcase(low, pattern) or fnmatch.fnmatchcase(base, pattern)
                wanted = name in self.names or _suffix(pattern) == _suffix(low) != ""
                if fits and wanted and not low.endswith((".py", ".ipynb", ".txt", ".pdf", ".png")):
                    found.append(name)
        return list(dict.fromkeys(found))

    def read(self, name: str) -> Saved:
        """What a file holds, read without the student's classes.

        Raises:
            StudentFault: It cannot be read, and why.
        """
        if name not in self._read:
            try:
                self._read[name] = read_saved(self.paths[name], name)
            except StudentFault as fault:
                self._read[name] = fault
        found = self._read[name]
        if isinstance(found, StudentFault):
            raise found
        return found


def _suffix(name: str) -> str:
    base = name.rsplit("/", 1)[-1]
    return "." + base.rsplit(".", 1)[1].lower() if "." in base else ""


@dataclass(frozen=True)
class Fit:
    """How saved tensors fit a net.

    Attributes:
        state: The tensors under the net's own names.
        missing: Names of the net that the file does not hold.
        unexpected: Names of the file that the net does not have.
        mismatched: Names whose shapes differ, as sentences.
        prefix: What was taken off (or, with a `+`, put before) the file's names.
    """

    state: dict[str, torch.Tensor]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: tuple[str, ...] = ()
    prefix: str = ""

    @property
    def exact(self) -> bool:
        """Whether every name and shape agrees."""
        return not (self.missing or self.unexpected or self.mismatched)

    @property
    def rank(self) -> tuple[bool, int, int]:
        """Larger is better."""
        wrong = len(self.missing) + len(self.unexpected) + 2 * len(self.mismatched)
        return (self.exact, len(self.state) - wrong, len(self.state))


def fit(module: Any, tensors: Mapping[str, torch.Tensor]) -> Fit:
    """Match saved tensors with a net, through the prefixes that wrappers leave."""
    if isinstance(module, HandMade):
        state, unexpected = matched(module, tensors)
        names = [name for name, _ in torch.nn.Module.named_parameters(module)]
        missing = tuple(name for name in names if name not in state)
        return Fit(state, missing, tuple(unexpected))
    own = dict(torch.nn.Module.state_dict(module))
    best: Fit | None = None
    for prefix, renamed in _spellings(tensors, own):
        found = _compare(own, renamed, prefix)
        if best is None or found.rank > best.rank:
            best = found
        if best.exact:
            break
    assert best is not None
    return best


def _spellings(
    tensors: Mapping[str, torch.Tensor], own: Mapping[str, Any]
) -> list[tuple[str, dict[str, torch.Tensor]]]:
    """The file's names as they are, without wrappers' prefixes, and with one of the net's own."""
    plain = dict(tensors)
    spellings = [("", plain)]
    removed = ""
    while True:
        first = {name.partition(".")[0] + "." for name in plain if "." in name}
        if len(first) != 1 or not all("." in name for name in plain):
            break
        prefix = first.pop()
        removed += prefix
        plain = {name.removeprefix(prefix): value for name, value in plain.items()}
        spellings.append((removed, plain))
    for prefix in PREFIXES:  # only some names may have it
        stripped = {n.replace(prefix, ""): v for n, v in tensors.items()}
        if stripped.keys() != tensors.keys():
            spellings.append((prefix, stripped))
    heads = {name.partition(".")[0] + "." for name in own if "." in name}
    if len(heads) == 1:
        head = heads.pop()
        spellings += [
            (f"+{head}", {head + n: v for n, v in renamed.items()}) for _, renamed in spellings[:2]
        ]
    return spellings


def _compare(own: Mapping[str, Any], saved: Mapping[str, torch.Tensor], prefix: str) -> Fit:
    state, mismatched = {}, []
    for name, tensor in saved.items():
        if name not in own:
            continue
        if tuple(own[name].shape) == tuple(tensor.shape):
            state[name] = tensor
        else:
            mismatched.append(
                f"{name} is {list(tensor.shape)} in the file, {list(own[name].shape)} in the code"
            )
    missing = tuple(n for n in own if n not in saved and not n.endswith("num_batches_tracked"))
    unexpected = tuple(n for n in saved if n not in own and not n.endswith("num_batches_tracked"))
    return Fit(state, missing, unexpected, tuple(mismatched), prefix)


def load_state(module: Any, found: Fit) -> None:
    """Copy matched tensors into a net."""
    own: dict[str, torch.Tensor] = dict(torch.nn.Module.named_buffers(module))
    own.update(torch.nn.Module.named_parameters(module))
    with torch.no_grad():
        for name, tensor in found.state.items():
            if name in own:
                own[name].data.copy_(tensor)


def load_module(session: Session, files: WeightFiles, name: str, saved: Saved) -> Any:
    """Rebuild a whole pickled net with the student's own classes.

    Raises:
        StudentFault: It cannot be rebuilt, and why.
    """
    definitions = session.definitions()
    place = {"file": name, "cell": None, "line": None}
    try:
        whole = read_with(files.paths[name], _rebinding(definitions))
    except StudentFault:
        raise
    except BaseException as error:
        raise StudentFault(
            "unreadable_weights",
            f"'{name}' holds a whole net of class {saved.class_name}, which could not be rebuilt:"
            f" {type(error).__name__}: {str(error)[:300]}",
            place=place,
            hint="Keep the class in the notebook as it was when the net was saved.",
        ) from None
    if saved.key and isinstance(whole, dict):
        whole = whole.get(saved.key)
    while isinstance(whole, torch.nn.DataParallel):
        whole = whole.module
    if not is_module(whole):
        kind = type(whole).__name__
        message = f"'{name}' holds a {kind}, not a net"
        raise StudentFault("unreadable_weights", message, place=place)
    return whole


def _rebinding(definitions: Definitions) -> type[pickle.Unpickler]:
    """An unpickler that finds the student's classes wherever they are now."""

    class Rebinding(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) == ("torch.storage", "_load_from_bytes"):
                return _load_bytes_on_cpu
            try:
                return super().find_class(module, name)
            except (ImportError, AttributeError):
                last = name.rpartition(".")[2]
                if module == "__main__" or module not in sys.modules:
                    for space in (definitions.namespace, *definitions.namespaces):
                        if isinstance(space.get(last), type):
                            return space[last]
                raise _lost_class(definitions, module, name) from None

    return Rebinding


def _load_bytes_on_cpu(data: bytes) -> Any:
    import io

    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=False)


def _lost_class(definitions: Definitions, module: str, name: str) -> StudentFault:
    problem = definitions.problem_with(name)
    message = f"the saved net needs the class '{name}'"
    if problem is not None:
        message += f", whose definition failed: {problem.kind}: {problem.message}"
    elif module == "__main__":
        own = ", ".join(list(definitions.module_classes())[:8]) or "none"
        message += f", which your code does not define (classes of nets found: {own})"
    else:
        message += f" of the module '{module}', which is not in the submission"
    return StudentFault(
        "missing_class",
        message,
        place=problem.place if problem else None,
        hint="Hand in the code that defines it, or save model.state_dict() instead.",
    )
