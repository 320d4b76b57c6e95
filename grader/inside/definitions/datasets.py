"""Sees which datasets the code makes and what transforms it gives them, without making any."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .evaluate import NOTHING

if TYPE_CHECKING:
    from .lift import Lifter
    from .scope import Scope

__all__ = ["DatasetCall", "Datasets", "NamedTransform", "is_transform"]

POSITIONS: dict[str, tuple[str, ...]] = {
    "MNIST": ("root", "train", "transform", "target_transform", "download"),
    "SVHN": ("root", "split", "transform", "target_transform", "download"),
    "Imagenette": ("root", "split", "size", "download", "transform", "target_transform"),
    "ImageFolder": ("root", "transform", "target_transform", "loader"),
}
POSITIONS |= dict.fromkeys(("FashionMNIST", "CIFAR10", "CIFAR100"), POSITIONS["MNIST"])
POSITIONS["DatasetFolder"] = ("root", "loader", "extensions", "transform")
TRANSFORM = re.compile(r"(^|_)(transforms?|tfms?|augmentations?|preprocess(ing)?)$")
CALLS_AT_MOST = 200
TRANSFORMS_AT_MOST = 100


@dataclass(frozen=True)
class DatasetCall:
    """A call that makes a dataset, or an assignment `dataset.transform = …`.

    Attributes:
        kind: The class or function: `torchvision.datasets.CIFAR10`, or the student's own name.
        arguments: Those that are cheap to know, by name.
        names: What it is assigned to, and the function it stands in.
        place: Where.
        text: The call.
    """

    kind: str
    arguments: dict[str, Any]
    names: tuple[str, ...]
    place: dict[str, Any] | None
    text: str = ""

    @property
    def transform(self) -> Any:
        """The transform given, NOTHING when none is."""
        found = [v for k, v in self.arguments.items() if TRANSFORM.search(k) and k[:6] != "target"]
        return next((v for v in found if v is not None), NOTHING)


@dataclass(frozen=True)
class NamedTransform:
    """A transform that the code gives a name."""

    name: str
    value: Any
    place: dict[str, Any] | None


@dataclass
class Datasets:
    """The calls and transforms of one submission, in source order."""

    calls: list[DatasetCall] = field(default_factory=list)
    transforms: list[NamedTransform] = field(default_factory=list)

    def note_call(
        self, lifter: Lifter, node: ast.Call, dotted: str, scope: Scope, targets: tuple[str, ...]
    ) -> None:
        """Remember a call that makes a dataset, with its cheap arguments."""
        own = dotted.rsplit(".", 1)[-1] or getattr(node.func, "id", "")
        library = dotted.startswith("torchvision.datasets.")
        named = any(k.arg and TRANSFORM.search(k.arg) for k in node.keywords)
        mine = own in lifter.cheap.classes or own in lifter.cheap.functions
        if not (library or (mine and (named or _is_dataset(lifter, own)))):
            return
        names = POSITIONS.get(own, ()) if library else _parameters(lifter, own)
        given = [(n, e) for n, e in zip(names, node.args, strict=False)]
        given += [(k.arg, k.value) for k in node.keywords if k.arg]
        found = {}
        for name, expression in given:
            if lifter.cheap.expression(expression):
                value = lifter.value(expression, scope)
                if value is not NOTHING:
                    found[name] = value
        if len(self.calls) < CALLS_AT_MOST:
            about = tuple(n for n in (*targets, scope.owner, *scope.hints) if n)
            place = scope.chunk.place(node.lineno)
            kind = dotted if library else own
            self.calls.append(DatasetCall(kind, found, about, place, ast.unparse(node)[:200]))

    def note_assigned(self, lifter: Lifter, node: ast.stmt, scope: Scope) -> None:
        """Remember `test_set.transform = transform_test`."""
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Attribute):
            return
        target = node.targets[0]
        if not TRANSFORM.search(target.attr) or not lifter.cheap.expression(node.value):
            return
        value = lifter.value(node.value, scope)
        if value is not NOTHING and callable(value) and len(self.calls) < CALLS_AT_MOST:
            names = tuple(n.id for n in ast.walk(target) if isinstance(n, ast.Name))
            place = scope.chunk.place(node.lineno)
            text = ast.unparse(node)[:200]
            self.calls.append(DatasetCall("", {"transform": value}, names, place, text))

    def note_named(self, name: str, value: Any, place: dict[str, Any] | None) -> None:
        """Remember a transform, or a dict of them, that gets a name."""
        found = {name: value}
        if type(value) is dict:
            found = {f"{name}[{str(key)[:40]!r}]": item for key, item in value.items()}
        for label, item in found.items():
            if is_transform(item) and len(self.transforms) < TRANSFORMS_AT_MOST:
                self.transforms.append(NamedTransform(label, item, place))


def is_transform(value: Any) -> bool:
    """Whether a value is a transform of torchvision, or a chain of them."""
    module = getattr(type(value), "__module__", "")
    return isinstance(module, str) and module.startswith("torchvision.transforms")


def _is_dataset(lifter: Lifter, name: str, depth: int = 0) -> bool:
    """Whether the student's own class is, by its bases, a dataset."""
    node = lifter.cheap.classes.get(name)
    if node is None or depth > 5:  # noqa: PLR2004 - as deep as anybody goes
        return False
    bases = [ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases]
    known = {*POSITIONS, "Dataset", "VisionDataset"}
    return any(base in known or _is_dataset(lifter, base, depth + 1) for base in bases)


def _parameters(lifter: Lifter, name: str) -> list[str]:
    """Names of the parameters of the student's own class or function."""
    function = lifter.cheap.functions.get(name)
    if name in lifter.cheap.classes:
        body = lifter.cheap.classes[name].body
        own = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        function = own[0] if own else None
        if function is None:
            bases = [ast.unparse(b).rsplit(".", 1)[-1] for b in lifter.cheap.classes[name].bases]
            return list(next((POSITIONS[base] for base in bases if base in POSITIONS), ()))
    names = [a.arg for a in function.args.args] if function else []
    return names[1:] if names[:1] in (["self"], ["cls"]) else names
