"""Makes a student's net answer one question: which scores does it give these inputs?

Nets come wrapped (`ClassifierNeuralNet(classnet)` whose forward wants labels), with other input
shapes than the grader's, with tuples for outputs. Every adaptation is said.
"""

from __future__ import annotations

import inspect
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from ..definitions.lifted import is_module
from ..reply import StudentFault

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Net", "contract_gaps", "layer_types", "leaf_layers", "make_net", "quiet_eval"]

TRIAL_ROWS = 4
DEPTH = 2
"""Of wrappers in wrappers."""


@dataclass
class Net:
    """A net that maps [N, *input_shape] to [N, *output_shape].

    Attributes:
        owner: What was bound.
        core: The module that is called: the owner, or what it wraps.
        view: Shape of one example as the core wants it; None as given.
        notes: Adaptations that were needed.
        wanted: Shape of one example's scores: of several tensors, the one of this shape is taken.
    """

    owner: Any
    core: Any
    view: tuple[int, ...] | None = None
    notes: list[tuple[str, str]] = field(default_factory=list)
    wanted: tuple[int, ...] = ()

    def scores(self, inputs: torch.Tensor) -> torch.Tensor:
        """Scores of a batch, without gradients."""
        with torch.no_grad():
            found = self.raw(inputs)
        return found.detach().to(torch.float32)

    def raw(self, inputs: torch.Tensor) -> torch.Tensor:
        """Scores of a batch as the net gives them."""
        return _scores(self.core, _viewed(inputs, self.view), None, self.wanted)


def make_net(owner: Any, role: dict[str, Any], sample: torch.Tensor) -> Net:
    """Find how a bound object gives scores of the role's shape.

    Args:
        owner: The student's module.
        role: Its role: `output_shape`, `unwrap`, `input_shape`.
        sample: A few inputs, [n, …].

    Raises:
        StudentFault: No way gives the expected shape: what was expected and found.
    """
    wanted = tuple(role.get("output_shape") or ())
    quiet_eval(owner)
    rows = sample[:TRIAL_ROWS]
    seen: list[str] = []
    first_error: BaseException | None = None
    for core, path in _cores(owner, role):
        quiet_eval(core)
        for view in _views(rows, role):
            try:
                with torch.no_grad():
                    found = _scores(core, _viewed(rows, view), len(rows), wanted)
            except Exception as error:
                first_error = first_error or error
                continue
            shape = tuple(found.shape[1:])
            if found.shape[:1] == rows.shape[:1] and (not wanted or shape == wanted):
                said = path in (role.get("unwrap") or ())
                return Net(owner, core, view, _notes("" if said else path, view, rows), wanted)
            seen.append(str(list(found.shape)))
    expected = f"[{len(rows)}, {', '.join(map(str, wanted))}]"
    if seen:
        raise StudentFault(
            "wrong_output_shape",
            f"for {len(rows)} inputs the net should give scores of shape {expected};"
            f" it gives {' or '.join(dict.fromkeys(seen))}",
            hint="The last layer should have one output for each class.",
        )
    if first_error is not None:
        raise first_error
    raise StudentFault("no_forward", "the net has no forward that takes one batch of inputs")


def quiet_eval(module: Any) -> None:
    """Switch to evaluation mode even where the student's own `eval` or `train` is broken."""
    try:
        module.eval()
    except Exception:
        for inner in torch.nn.Module.modules(module):
            inner.training = False


def _cores(
    owner: Any, role: dict[str, Any], path: str = "", depth: int = 0
) -> Iterator[tuple[Any, str]]:
    """The owner if one argument is enough for it, then what it wraps, at most three deep."""
    alone = _required(owner) <= 1
    if alone:
        yield owner, path
    named = [(n, getattr(owner, n, None)) for n in role.get("unwrap") or ()]
    children = [
        (n, c)
        for n, c in torch.nn.Module.named_children(owner)
        if list(torch.nn.Module.children(c))
    ]
    given: set[int] = set()
    for name, inner in [*named, *children]:
        if not is_module(inner) or id(inner) in given:
            continue
        given.add(id(inner))
        below = f"{path}.{name}" if path else name
        if _required(inner) > 1 and depth < DEPTH:
            yield from _cores(inner, role, below, depth + 1)
        else:
            yield inner, below
    if not alone:
        yield owner, path


def _required(module: Any) -> int:
    """How many positional arguments `forward` cannot do without."""
    try:
        parameters = list(inspect.signature(type(module).forward).parameters.values())[1:]
    except (TypeError, ValueError, AttributeError):
        return 1
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in plain and p.default is inspect.Parameter.empty for p in parameters)


def _views(rows: torch.Tensor, role: dict[str, Any]) -> list[tuple[int, ...] | None]:
    """Shapes that one example may be asked for in, the given one first."""
    size = math.prod(rows.shape[1:])
    side = math.isqrt(size)
    declared = role.get("input_shape")
    shapes: list[tuple[int, ...]] = [tuple(declared)] if declared else []
    shapes += [(size,)]
    if side * side == size:
        shapes += [(1, side, side), (side, side)]
    given = tuple(rows.shape[1:])
    fresh = [s for s in dict.fromkeys(shapes) if math.prod(s) == size and s != given]
    return [None, *fresh]


def _viewed(rows: torch.Tensor, view: tuple[int, ...] | None) -> torch.Tensor:
    return rows if view is None else rows.reshape(len(rows), *view)


def _scores(
    core: Any, rows: torch.Tensor, count: int | None, wanted: tuple[int, ...]
) -> torch.Tensor:
    own = next(torch.nn.Module.parameters(core), None)
    if own is not None and own.is_floating_point():
        rows = rows.to(own.dtype)
    parts = [_squeezed(part) for part in _parts(core(rows), count)]
    for part in parts:
        if tuple(part.shape[1:]) == wanted:
            return part
    for part in parts:  # an autoencoder's pictures, where rows of pixels are wanted
        pixels = math.prod(part.shape[1:])
        if wanted == (pixels,) and pixels == math.prod(rows.shape[1:]):
            return part.flatten(1)
    return parts[0]


def _squeezed(scores: torch.Tensor) -> torch.Tensor:
    while scores.dim() > 2 and scores.shape[-1] == 1:  # noqa: PLR2004 - [N, K, 1, 1]
        scores = scores.squeeze(-1)
    return scores


def _parts(output: Any, count: int | None) -> list[torch.Tensor]:
    """The tensors in what a net returned that have a row for each input, the likeliest first."""
    if isinstance(output, torch.Tensor):
        return [output]
    if isinstance(output, dict):
        likely = [output[k] for k in ("logits", "scores", "out") if k in output]
        output = likely + list(output.values())
    if isinstance(output, list | tuple):
        tensors = [part for part in output if isinstance(part, torch.Tensor) and part.dim()]
        rows = [part for part in tensors if len(part) == (count or len(part))]
        if rows:
            return rows
    raise StudentFault(
        "no_scores",
        f"the net returns a {type(output).__name__}, not a tensor of scores",
        hint="forward should return one row of class scores for each input.",
    )


def _notes(path: str, view: tuple[int, ...] | None, rows: torch.Tensor) -> list[tuple[str, str]]:
    notes = []
    if path:
        notes.append(("adapt.unwrapped", f"The scores were taken from the wrapped net `{path}`."))
    if view is not None:
        given = list(rows.shape[1:])
        notes.append(
            ("adapt.reshaped", f"Inputs of shape {given} were reshaped to {list(view)} for it.")
        )
    return notes


def leaf_layers(module: Any) -> list[tuple[str, Any]]:
    """Path and module of every leaf, in order of definition."""
    return [
        (path, inner)
        for path, inner in torch.nn.Module.named_modules(module)
        if not list(torch.nn.Module.children(inner))
    ]


def layer_types(module: Any) -> Counter[str]:
    """Names of all classes that its modules are or derive from, below `nn.Module`, counted."""
    types: Counter[str] = Counter()
    for inner in torch.nn.Module.modules(module):
        for base in type(inner).__mro__:
            if base is torch.nn.Module:
                break
            types[base.__name__] += 1
    return types


def _too_few(name: str, there: int, asked: int) -> str:
    return f"it has {there or 'no'} {name}" + (f" of {asked}" if asked > 1 else "")


def contract_gaps(module: Any, role: dict[str, Any], *, shapes: bool = True) -> list[str]:
    """In what a net differs from its role, as sentences; empty when it fits."""
    types = layer_types(module)
    asked = Counter(role.get("contains") or ())
    gaps = [_too_few(name, types[name], asked[name]) for name in asked if types[name] < asked[name]]
    gaps += [f"it has a {name}" for name in role.get("lacks") or () if name in types]
    if shapes and role.get("input_shape"):
        generator = torch.Generator().manual_seed(0)
        sample = torch.rand(2, *role["input_shape"], generator=generator)
        modes = [(m, m.training) for m in torch.nn.Module.modules(module)]
        try:
            make_net(module, role, sample)
        except BaseException as error:
            gaps.append(f"it does not map the role's inputs to its outputs ({str(error)[:200]})")
        finally:
            for inner, training in modes:
                inner.training = training
    return gaps
