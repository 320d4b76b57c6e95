"""How nets begin: which of their numbers were trained before, and by whom.

    first step of an optimizer ──► each tensor of its net is fresh, trained, own or unclear
    state_dict, deepcopy       ──► numbers of a net that was trained may come back in another
    torch.load                 ──► numbers of a file

Tensors are compared by a few of their numbers. A constant tensor tells nothing.
"""

from __future__ import annotations

import functools
from collections import deque
from contextlib import contextmanager
from hashlib import blake2b
from struct import pack
from typing import TYPE_CHECKING, Any

from .quiet import quiet

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
HELD = 16
HELD_BYTES = 2**26
"""Nets, the latest, whose trained tensors are kept to be compared."""
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
        stepping: Those that are trained.
    """

    def __init__(self, net: str, members: Iterable[Any], stepping: Iterable[Any]) -> None:
        from torch.utils.weak import WeakIdKeyDictionary, WeakIdRef

        self.net = net
        self.members: Any = WeakIdKeyDictionary(dict.fromkeys(members))
        self.held: list[Any] = []
        """What is kept of `stepping`, all or nothing."""
        self._sizes = [(WeakIdRef(one), one.numel()) for one in stepping]

    def bytes(self) -> int:
        """Of what is held."""
        return sum(one.numel() * one.element_size() for one in self.held)

    def gone(self) -> set[int]:
        """Sizes of trained tensors that are no more."""
        return {size for ref, size in self._sizes if ref() is None}


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
        self._sizes: set[int] = set()
        self._held: deque[Trained] = deque()
        self._unheld: dict[Trained, None] = {}
        """Nets that went on training when they were held no more: their last numbers are unseen."""
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
        Module, load = torch.nn.Module, torch.load  # noqa: N806
        state_dict, load_state_dict = Module.state_dict, Module.load_state_dict

        @functools.wraps(state_dict)
        def gives(module: Any, *args: Any, **kwargs: Any) -> Any:
            with self._watching() as watched:
                result = state_dict(module, *args, **kwargs)
                if watched:
                    self._gave(module)
            return result

        @functools.wraps(load_state_dict)
        def takes(module: Any, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
            with self._watching() as watched:
                if watched:  # what was never seen before is unclear
                    self._came(state_dict, "")
                return load_state_dict(module, state_dict, *args, **kwargs)

        @functools.wraps(load)
        def reads(f: Any, *args: Any, **kwargs: Any) -> Any:
            with self._watching() as watched:
                result = load(f, *args, **kwargs)
                if watched:
                    self._came(result, "" if hasattr(f, "read") else str(f).rsplit("/", 1)[-1])
            return result

        Module.state_dict = gives  # type: ignore[method-assign,assignment]
        Module.load_state_dict = takes  # type: ignore[method-assign,assignment]
        torch.load = reads
        self._watch_copies(torch.nn.Parameter, lambda parameter: (parameter,))
        self._watch_copies(torch.Tensor, self._behind)

    def _watch_copies(self, owner: Any, parameters_of: Callable[[Any], Iterable[Any]]) -> None:
        original = owner.__deepcopy__

        @functools.wraps(original)
        def copies(tensor: Any, memo: Any) -> Any:
            with self._watching() as watched:
                result = original(tensor, memo)
                if watched:
                    self._note(parameters_of(tensor))
            return result

        owner.__deepcopy__ = copies

    @contextmanager
    def _watching(self) -> Iterator[bool]:
        """Whether a call is the student's own, and not made by one that is watched already."""
        watched = not self._inside and self._armed()
        self._inside = self._inside or watched
        try:
            yield watched
        finally:
            self._inside = self._inside and not watched

    # Where numbers come from

    @quiet
    def _gave(self, module: Any) -> None:
        self._note(module.parameters())

    def _behind(self, tensor: Any) -> Iterator[Any]:
        """Trained parameters whose memory a tensor shares, as `weight.data` does."""
        if tensor.numel() in self._sizes:
            where = tensor.data_ptr()
            yield from (one for one in list(self._trained) if one.data_ptr() == where)

    @quiet
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

    @quiet
    def _came(self, values: Any, file: str) -> None:
        self._note(list(self._trained))
        for tensor in _tensors(values):
            found = print_of(tensor)
            if found and found not in self._fresh and len(self._origins) <= KNOWN:
                self._origins.setdefault(found, file)

    # Starts

    def _before_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if not self._armed():
            return
        if optimizer not in self._begun:
            self._begun[optimizer] = None
            self._starts(optimizer)
        elif (begun := self._begun[optimizer]) is not None and not begun.held:
            self._unheld[begun] = None

    @quiet
    def _starts(self, optimizer: Any) -> None:
        stepping = [p for group in optimizer.param_groups for p in group["params"]]
        net = self._net_of({id(one) for one in stepping})
        members = list({id(p): p for p in (*(net.parameters() if net else ()), *stepping)}.values())
        begun = Trained(type(net).__name__ if net else "", members, stepping)
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
        self._hold(begun, stepping)
        self._begun[optimizer] = begun
        record = {
            "place": self._uses.place(),
            "net": begun.net[:300],
            "sources": [source[:300] for source in sources[:10]],
            **parts,
        }
        again = not parts["fresh"] and not parts["trained"] and not parts["unclear"]
        if len(self.seen) < STARTS and not (again and record in self.seen):
            self.seen.append(record)

    def _hold(self, begun: Trained, stepping: list[Any]) -> None:
        """Keep what a net is trained to, though the net itself may be gone when it is copied."""
        for parameter in stepping:
            self._trained[parameter] = begun
            self._sizes.add(parameter.numel())
        begun.held = stepping
        self._held.append(begun)
        while len(self._held) > HELD or sum(map(Trained.bytes, self._held)) > HELD_BYTES:
            self._note(self._held[0].held)
            self._held.popleft().held = []

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
            if any(parameter.numel() in one.gone() for one in self._unheld):
                return "unclear", ""
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
