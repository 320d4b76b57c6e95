"""Names and arguments that torch and torchvision removed, and settings that do not fit the box."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any, Self

from .removed import give_back, without_keyword

if TYPE_CHECKING:
    from collections.abc import Callable

    from .hooks import AfterImport
    from .uses import Uses

__all__ = ["install"]


def install(uses: Uses, hooks: AfterImport) -> None:
    """Patch what is imported already, and the rest when it is."""
    import torch

    _linear_algebra(torch, uses)
    _schedulers(uses)
    _loaders(uses)
    torch.compile = _not_compiled(uses)
    torch.nn.Module.compile = lambda _self, *_args, **_kwargs: None  # type: ignore[method-assign]
    sys.modules.setdefault("torch._six", _six())
    hooks.patch("torchvision.transforms", functools.partial(_transforms, uses=uses))


def _linear_algebra(torch: Any, uses: Uses) -> None:
    """Torch ≥ 1.13 keeps the names only to raise."""

    def lstsq(b: Any, a: Any, *_args: Any, **_kwargs: Any) -> Any:
        solution = torch.linalg.lstsq(a, b).solution
        return Pair(solution, torch.empty(0))

    def solve(b: Any, a: Any, *_args: Any, **_kwargs: Any) -> Any:
        return Pair(torch.linalg.solve(a, b), torch.empty(0))

    def symeig(a: Any, eigenvectors: bool = False, upper: bool = True) -> Any:  # noqa: FBT001,FBT002
        uplo = "U" if upper else "L"
        if eigenvectors:
            return torch.linalg.eigh(a, UPLO=uplo)
        return torch.linalg.eigvalsh(a, UPLO=uplo), torch.empty(0)

    def eig(a: Any, eigenvectors: bool = False) -> Any:  # noqa: FBT001,FBT002
        values, vectors = torch.linalg.eig(a)
        return torch.view_as_real(values), vectors.real if eigenvectors else torch.empty(0)

    def matrix_rank(a: Any, tol: Any = None, symmetric: bool = False) -> Any:  # noqa: FBT001,FBT002
        return torch.linalg.matrix_rank(a, tol, hermitian=symmetric)

    def gels(b: Any, a: Any) -> Any:
        return lstsq(b, a)

    for function in (lstsq, solve, symeig, eig, matrix_rank, gels):
        name = function.__name__
        today = {"symeig": "eigh", "gels": "lstsq"}.get(name, name)
        setattr(
            torch,
            name,
            _told(function, uses, f"compat.torch_{name}", f"write torch.linalg.{today} today"),
        )
    torch.Tensor.lstsq = torch.lstsq
    torch.Tensor.symeig = torch.symeig


class Pair(tuple[Any, Any]):
    """What `lstsq` and `solve` returned."""

    __slots__ = ()

    def __new__(cls, solution: Any, other: Any) -> Self:
        return super().__new__(cls, (solution, other))

    @property
    def solution(self) -> Any:
        """The first."""
        return self[0]


def _told(function: Callable[..., Any], uses: Uses, code: str, today: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        uses.note(code, f"torch.{function.__name__} was removed; {today}")
        return function(*args, **kwargs)

    return told


def _schedulers(uses: Uses) -> None:
    """`verbose` went; students' own schedulers may still hand it on by position."""
    from torch.optim import lr_scheduler

    for kind in list(vars(lr_scheduler).values()):
        if not inspect.isclass(kind) or "__init__" not in vars(kind):
            continue
        if issubclass(kind, lr_scheduler.LRScheduler) and "verbose" not in _parameters(kind):
            most = len(_parameters(kind))
            accepting = without_keyword(kind.__init__, uses, "compat.verbose", {"verbose": None})
            kind.__init__ = _without_last(accepting, most, uses)  # type: ignore[method-assign]


def _without_last(function: Callable[..., Any], most: int, uses: Uses) -> Callable[..., Any]:
    """Accept one truth more than there are parameters."""

    @functools.wraps(function)
    def accepting(*args: Any, **kwargs: Any) -> Any:
        if len(args) == most + 1 and isinstance(args[-1], bool):
            uses.note("compat.verbose", "the argument 'verbose' was removed; leave it out")
            args = args[:-1]
        return function(*args, **kwargs)

    return accepting


def _parameters(kind: Any) -> tuple[str, ...]:
    code = getattr(inspect.unwrap(kind.__init__), "__code__", None)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ("verbose",)


def _loaders(uses: Uses) -> None:
    """Loaders load in this process: workers cost more than they bring on a slot's cores."""
    from torch.utils.data import DataLoader, dataloader

    original = DataLoader.__init__

    @functools.wraps(original)
    def init(self: Any, dataset: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("num_workers"):
            uses.note("shim.workers", "num_workers was set to 0: the box has few cores")
        for name in ("num_workers", "prefetch_factor", "persistent_workers", "pin_memory"):
            kwargs.pop(name, None)
        if kwargs.get("multiprocessing_context") is not None or kwargs.get("timeout"):
            kwargs.pop("multiprocessing_context", None)
            kwargs.pop("timeout", None)
        original(self, dataset, *_without_workers(args), **kwargs)

    DataLoader.__init__ = init  # type: ignore[method-assign]

    def following(self: Any) -> Any:
        uses.note("compat.next", "iterators have no .next(); write next(iterator)")
        return next(self)

    dataloader._BaseDataLoaderIter.next = following  # type: ignore[attr-defined] # noqa: SLF001


WORKERS_POSITION = 4
"""Of `num_workers` after the dataset: batch_size, shuffle, sampler, batch_sampler come before."""


def _without_workers(args: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(args) <= WORKERS_POSITION:
        return args
    return (*args[:WORKERS_POSITION], 0, *args[WORKERS_POSITION + 1 :])


def _not_compiled(uses: Uses) -> Callable[..., Any]:
    def compile(model: Any = None, **_kwargs: Any) -> Any:  # noqa: A001 - torch's name
        uses.note("shim.compile", "torch.compile was left out: the result is the same, only slower")
        return (lambda function: function) if model is None else model

    return compile


def _six() -> types.ModuleType:
    """`torch._six`, which old data-loading code imports."""
    import math
    from collections import abc

    module = types.ModuleType("torch._six")
    for name, value in {
        "string_classes": (str, bytes),
        "int_classes": int,
        "container_abcs": abc,
        "inf": math.inf,
        "nan": math.nan,
        "PY3": True,
        "PY37": True,
    }.items():
        setattr(module, name, value)
    return module


def _transforms(transforms: Any, uses: Uses) -> None:
    names = {"Scale": "Resize", "RandomSizedCrop": "RandomResizedCrop"}
    makers = {old: functools.partial(getattr, transforms, new) for old, new in names.items()}
    give_back(transforms, uses, makers, {old: f"transforms.{new}" for old, new in names.items()})
