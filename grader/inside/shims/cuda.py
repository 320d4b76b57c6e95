"""Code written for a GPU runs on the CPU: every name of a cuda device means the CPU.

Installed only where there is no GPU. `torch.cuda.is_available()` stays false.
"""

from __future__ import annotations

import contextlib
import functools
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .uses import Uses

__all__ = ["install", "on_cpu"]

FACTORIES = """
    arange as_tensor asarray empty empty_like eye from_file full full_like linspace logspace
    normal ones ones_like rand rand_like randint randint_like randn randn_like randperm
    scalar_tensor tensor tril_indices triu_indices zeros zeros_like hann_window complex
    empty_strided sparse_coo_tensor
""".split()  # noqa: SIM905 - words read better than a column of strings
NEW = ["new_empty", "new_full", "new_ones", "new_tensor", "new_zeros"]
QUIET = """
    synchronize set_device reset_peak_memory_stats reset_max_memory_allocated init ipc_collect
""".split()  # noqa: SIM905 - words read better than a column of strings
TYPES = """
    BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor
    IntTensor LongTensor ShortTensor
""".split()  # noqa: SIM905 - words read better than a column of strings
MESSAGE = "the code asks for a GPU; there is none here, so it ran on the CPU"


def is_cuda(device: Any) -> bool:
    """Whether a device, in any of the forms torch takes, is a GPU."""
    import torch

    if isinstance(device, str):
        return device == "cuda" or device.startswith("cuda:")
    if isinstance(device, torch.device):
        return device.type == "cuda"
    return isinstance(device, int) and not isinstance(device, bool)


def on_cpu(device: Any) -> Any:
    """The same device, or the CPU in place of a GPU."""
    return "cpu" if is_cuda(device) else device


def install(uses: Uses) -> None:
    """Patch torch. It must be imported already."""
    import torch

    if torch.cuda.is_available():
        return
    note = functools.partial(uses.note, "shim.cuda", MESSAGE)
    for name in FACTORIES:
        if hasattr(torch, name):
            setattr(torch, name, _device_keyword(getattr(torch, name), note))
    for name in NEW:
        setattr(torch.Tensor, name, _device_keyword(getattr(torch.Tensor, name), note))
    storages = (torch.UntypedStorage, torch.TypedStorage)
    for storage in storages:
        storage.cuda = _stays(note)  # type: ignore[method-assign]
    for owner in (torch.Tensor, torch.nn.Module):
        owner.cuda = _stays(note)  # type: ignore[method-assign]
        owner.to = _device_first(owner.to, note)  # type: ignore[method-assign]
    torch.Tensor.type = _typed(torch.Tensor.type, note)  # type: ignore[method-assign]
    torch.nn.Module.to_empty = _device_keyword(torch.nn.Module.to_empty, note)  # type: ignore[method-assign]
    default_type = torch.set_default_tensor_type
    torch.set_default_tensor_type = lambda kind: default_type(_cpu_type(kind, note))
    default_device = torch.set_default_device
    torch.set_default_device = lambda device: default_device(_mapped(device, note))
    torch.Generator = _generator(torch.Generator, note)  # type: ignore[misc]
    _cuda_module(torch, note)


def _mapped(device: Any, note: Callable[[], None]) -> Any:
    if is_cuda(device):
        note()
        return "cpu"
    return device


def _device_keyword(function: Callable[..., Any], note: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def on_a_device(*args: Any, **kwargs: Any) -> Any:
        if "device" in kwargs and is_cuda(kwargs["device"]):
            note()
            kwargs["device"] = "cpu"
        return function(*args, **kwargs)

    return on_a_device


def _device_first(function: Callable[..., Any], note: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and is_cuda(args[0]):
            note()
            args = ("cpu", *args[1:])
        if "device" in kwargs and is_cuda(kwargs["device"]):
            note()
            kwargs["device"] = "cpu"
        return function(self, *args, **kwargs)

    return to


def _stays(note: Callable[[], None]) -> Callable[..., Any]:
    def cuda(self: Any, *_args: Any, **_kwargs: Any) -> Any:
        note()
        return self

    return cuda


def _cpu_type(kind: Any, note: Callable[[], None]) -> Any:
    if isinstance(kind, str) and kind.startswith("torch.cuda."):
        note()
        return kind.replace("torch.cuda.", "torch.")
    return kind


def _typed(function: Callable[..., Any], note: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def typed(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            args = (_cpu_type(args[0], note), *args[1:])
        return function(self, *args, **kwargs)

    return typed


def _generator(base: Any, note: Callable[[], None]) -> Any:
    class Generator(base):  # type: ignore[misc]
        def __new__(cls, device: Any = "cpu") -> Any:
            return super().__new__(cls, _mapped(device, note))

    return Generator


class _Event:
    """Measures with the host's clock."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        self.at = time.perf_counter()

    def record(self, *_args: Any) -> None:
        self.at = time.perf_counter()

    def elapsed_time(self, other: _Event) -> float:
        return (other.at - self.at) * 1000

    def synchronize(self) -> None:
        """Nothing waits."""

    wait = synchronize

    def query(self) -> bool:
        return True


class _Stream:
    """There is one, and it is done."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Takes what torch takes."""

    def synchronize(self, *_args: Any) -> None:
        """Nothing waits."""

    wait_event = wait_stream = synchronize

    def record_event(self, event: _Event | None = None) -> _Event:
        return event or _Event()

    def query(self) -> bool:
        return True


def _cuda_module(torch: Any, note: Callable[[], None]) -> None:
    """Answers of `torch.cuda` that would otherwise fail for want of a driver."""

    def answers(value: Any) -> Callable[..., Any]:
        def answer(*_args: Any, **_kwargs: Any) -> Any:
            note()
            return value

        return answer

    cuda = torch.cuda
    for name in QUIET:
        setattr(cuda, name, answers(None))
    cuda.current_device = answers(0)
    cuda.get_device_name = answers("CPU (no GPU here)")
    cuda.get_device_capability = answers((0, 0))
    cuda.mem_get_info = answers((0, 0))
    properties = {"name": "CPU (no GPU here)", "major": 0, "minor": 0, "multi_processor_count": 0}
    cuda.get_device_properties = answers(SimpleNamespace(**properties, total_memory=0))
    cuda.Event, cuda.Stream = _Event, _Stream
    cuda.current_stream = cuda.default_stream = answers(_Stream())
    cuda.device = cuda.stream = answers(contextlib.nullcontext())
    cuda.memory_summary = answers("")
    cuda.get_rng_state = lambda *_args: torch.get_rng_state()
    for name in TYPES:
        if hasattr(torch, name):
            setattr(cuda, name, _typed_constructor(getattr(torch, name), note))


def _typed_constructor(kind: Any, note: Callable[[], None]) -> Callable[..., Any]:
    def construct(*args: Any, **kwargs: Any) -> Any:
        note()
        return kind(*args, **kwargs)

    return construct
