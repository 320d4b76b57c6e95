"""How nets begin: which of their numbers were trained before, and by whom.

    first step of an optimizer ──► each tensor of its net is fresh, trained, own or unclear
    state_dict, deepcopy       ──► numbers of a net that was trained may come back in another
    torch.load                 ──► numbers of a file

Tensors are compared by a few of their numbers. A constant tensor tells nothing.
"""

from __future__ import annotations

import functools
from hashlib import blake2b
from struct import pack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ...shims.uses import Uses

__all__ = ["Starts", "print_of"]

STARTS = 200
SHAPES = 50
COMPARED = 64
SCATTERED = 1_000_003
"""Steps between compared numbers: a prime, larger than most rows."""
FEWEST = 8
"""Numbers of a tensor that tells something."""
KNOWN = 100_000
DEEPEST = 4
ENTRIES = 2000
"""Of a container that is searched for tensors."""


def print_of(tensor: Any) -> bytes:
    """A digest of scattered numbers of a tensor; empty for one that tells nothing.

    Scattered, since weights of an input that is always 0, such as a corner pixel, never change.
    """
    import torch

    size = tensor.numel()
    if size < FEWEST or not tensor.is_floating_point():
        return b""
    where = torch.arange(min(size, COMPARED)) * SCATTERED % size
    values = tensor.detach().reshape(-1)[where.to(tensor.device)].float().tolist()
    if min(values) == max(values) or any(value != value for value in values):  # noqa: PLR0124
        return b""
    return blake2b(pack(f"{len(values)}d", *values) + str(size).encode(), digest_size=16).digest()


class Trained:
    """A net from its first step on.

    Args:
        net: Its class; empty when only its parameters are known.
        members: All its parameters, those held still too.
    """

    def __init__(self, net: str, members: Iterable[Any]) -> None:
        from torch.utils.weak import WeakIdKeyDictionary

        self.net = net
        self.members: Any = WeakIdKeyDictionary(dict.fromkeys(members))


class Starts:
    """Notes each net when an optimizer first steps on it.

    Args:
        uses: Finds the student's line.
        armed: Whether student code is running.
        net_of: The net in scope that holds parameters, given their identities.
    """

    def __init__(
        self, uses: Uses, armed: Callable[[], bool], net_of: Callable[[set[int]], Any]
    ) -> None:
        self._uses = uses
        self._armed = armed
        self._net_of = net_of
        self._begun: Any = None
        self._trained: Any = None
        self._origins: dict[bytes, Trained | str] = {}
        """Numbers → the net that was trained to them, or the file they are from, if known."""
        self._fresh: set[bytes] = set()
        self._inside = False
        self.seen: list[dict[str, Any]] = []

    def install(self) -> None:
        """Patch torch."""
        import torch
        from torch.optim import optimizer
        from torch.utils.weak import WeakIdKeyDictionary

        self._begun, self._trained = WeakIdKeyDictionary(), WeakIdKeyDictionary()
        optimizers: Any = optimizer
        optimizers.register_optimizer_step_pre_hook(self._before_step)
        self._watch(torch.nn.Module, "state_dict", self._gave)
        self._watch(torch.nn.Module, "load_state_dict", self._takes, before=True)
        self._watch(torch.nn.Parameter, "__deepcopy__", self._copied)
        self._watch(torch, "load", self._read)

    def _watch(self, owner: Any, name: str, note: Any, *, before: bool = False) -> None:
        original = getattr(owner, name)

        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            if self._inside or not self._armed():
                return original(*args, **kwargs)
            self._inside = True
            try:
                given = (*args, *kwargs.values())
                if before:
                    self._quietly(note, given, None)
                result = original(*args, **kwargs)
                if not before:
                    self._quietly(note, given, result)
            finally:
                self._inside = False
            return result

        setattr(owner, name, watched)

    def _quietly(self, note: Any, args: Any, result: Any) -> None:
        """What goes wrong while watching is never the student's."""
        try:
            note(args, result)
        except Exception:
            return

    # Where numbers come from

    def _gave(self, args: Any, _result: Any) -> None:
        self._note(args[0].parameters())

    def _copied(self, args: Any, _result: Any) -> None:
        self._note(args[:1])

    def _note(self, parameters: Iterable[Any]) -> None:
        """These numbers may come back in another net."""
        for parameter in parameters:
            found = print_of(parameter)
            if not found or found in self._origins or len(self._origins) > KNOWN:
                continue
            by = self._trained.get(parameter)
            if by is None:
                self._fresh.add(found)
            elif found not in self._fresh:
                self._origins[found] = by

    def _read(self, args: Any, result: Any) -> None:
        file = args[0]
        name = "" if hasattr(file, "read") else str(file).rsplit("/", 1)[-1]
        self._came(result, name)

    def _takes(self, args: Any, _result: Any) -> None:
        """What is loaded and was never seen before is unclear."""
        self._came(args[1], "")

    def _came(self, values: Any, file: str) -> None:
        self._note(list(self._trained))
        for tensor in _tensors(values):
            found = print_of(tensor)
            if found and found not in self._fresh and len(self._origins) <= KNOWN:
                self._origins.setdefault(found, file)

    # Starts

    def _before_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if self._armed() and optimizer not in self._begun:
            self._begun[optimizer] = None
            self._quietly(self._starts, (optimizer,), None)

    def _starts(self, args: Any, _result: Any) -> None:
        (optimizer,) = args
        stepping = [p for group in optimizer.param_groups for p in group["params"]]
        net = self._net_of({id(one) for one in stepping})
        members = list({id(p): p for p in (*(net.parameters() if net else ()), *stepping)}.values())
        begun = Trained(type(net).__name__ if net else "", members)
        self._note(list(self._trained))
        parts: dict[str, list[list[int]]] = {"fresh": [], "trained": [], "own": [], "unclear": []}
        sources: list[str] = []
        for parameter in members:
            kind, source = self._kind(parameter, members)
            if not kind:
                continue
            shape = list(parameter.shape)
            if shape not in parts[kind] and len(parts[kind]) < SHAPES:
                parts[kind].append(shape)
            if source and source not in sources:
                sources.append(source)
        for parameter in stepping:
            self._trained[parameter] = begun
        record = {
            "place": self._uses.place(),
            "net": begun.net[:300],
            "sources": [source[:300] for source in sources[:10]],
            **parts,
        }
        again = not parts["fresh"] and not parts["trained"] and not parts["unclear"]
        if len(self.seen) < STARTS and not (again and record in self.seen):
            self.seen.append(record)

    def _kind(self, parameter: Any, members: list[Any]) -> tuple[str, str]:
        """What a tensor is at the start, and whose numbers it holds."""
        found = print_of(parameter)
        if not found:
            return "", ""
        by = self._trained.get(parameter)
        if by is not None:  # the very tensor that was trained before
            theirs = all(one in by.members for one in members)
            return ("own" if theirs else "trained", "" if theirs else by.net)
        if found not in self._origins:
            self._fresh.add(found)
            return "fresh", ""
        origin = self._origins[found]
        if isinstance(origin, Trained):
            return "trained", origin.net
        return "unclear", origin


def _tensors(value: Any, depth: int = 0) -> Iterator[Any]:
    """Tensors in what a file held."""
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, torch.nn.Module):
        yield from value.parameters()
    elif depth < DEEPEST and isinstance(value, dict | list | tuple):
        entries = list(value.values()) if isinstance(value, dict) else list(value)
        for entry in entries[:ENTRIES]:
            yield from _tensors(entry, depth + 1)
