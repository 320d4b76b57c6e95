"""Uses of names in the places that are asked about, and in what those places call. No torch."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..source.scopes import Function
from ..source.values import Dotted, Made, Names, Own

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..source.meaning import Meaning
    from .api_names import Wanted

__all__ = ["Place", "Use", "looked_into", "uses_of"]

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
TENSORS_OWN = frozenset({"gradient", "retain_graph", "create_graph", "inputs"})
COMPARING = frozenset({"isinstance", "issubclass"})
FOLLOWED = 500


@dataclass(frozen=True)
class Place:
    """Where names are looked for, with what is called there.

    Attributes:
        within: Functions, classes and methods, by name; empty: everywhere.
        having: Methods: a class that defines all of them is looked into, whatever its name.
    """

    within: tuple[str, ...] = ()
    having: tuple[str, ...] = ()

    def everywhere(self) -> bool:
        """Whether no place is named."""
        return not self.within and not self.having


@dataclass(frozen=True)
class Use:
    """One use.

    Attributes:
        name: As the rubric spells it.
        node: Where.
        inside: What it was found in: a definition or a cell.
        line: Of the cell or script.
        sure: False where the text does not settle it.
        made: Whether it is a use of an object made elsewhere.
    """

    name: str
    node: ast.AST
    inside: ast.AST
    line: int
    sure: bool = True
    made: bool = False


def uses_of(files: list[Meaning], wanted: Wanted, place: Place) -> Iterator[Use]:
    """Each use in a submission's files, in the order of the text.

    Args:
        files: Of one submission.
        wanted: What is looked for.
        place: Where.
    """
    found = list(_every(files, wanted, place))
    direct = {use.name for use in found if use.sure and not use.made}
    yield from (use for use in found if not use.made or use.name not in direct)


def looked_into(files: list[Meaning], place: Place) -> list[str]:
    """Names of the definitions that are looked into; none where it is everywhere."""
    if place.everywhere():
        return []
    tops = (top for file in files for top in _inside(file, place))
    return list(dict.fromkeys(top.name for top in tops if isinstance(top, Definition)))


def _every(files: list[Meaning], wanted: Wanted, place: Place) -> Iterator[Use]:
    within = not place.everywhere()
    for file in files:
        tops = _inside(file, place) if within else _whole(file)
        scanned = [(file, top, top) for top in tops]
        done: set[ast.AST] = set()
        if within:
            file.forget({node for top in tops for node in ast.walk(top)})
        while scanned and len(done) < FOLLOWED:
            where, top, inside = scanned.pop(0)
            if top in done:
                continue
            done.add(top)
            scan = _Scan(where, files, wanted, inside, made=within)
            yield from scan.uses(top)
            if within:
                assert where.reached is not None or where is not file
                for other, own in scan.called:
                    if own not in done:
                        if other.reached is not None:
                            other.reached |= {n for n in ast.walk(own) if isinstance(n, ast.Call)}
                        scanned.append((other, own, own))
        file.forget(None)


def _whole(file: Meaning) -> list[ast.AST]:
    return list(file.trees)


def _inside(file: Meaning, place: Place) -> list[ast.AST]:
    """The definitions that are meant, and what is put into them from outside."""
    found: list[ast.AST] = []
    within = list(place.within)
    for tree in file.trees:
        for node in ast.walk(tree):
            if isinstance(node, Definition) and node.name in within:
                found.append(node)
            elif isinstance(node, ast.ClassDef) and _has(node, place.having):
                found.append(node)
                within.append(node.name)
            elif isinstance(node, ast.ClassDef):
                found += [
                    method
                    for method in node.body
                    if isinstance(method, Function) and f"{node.name}.{method.name}" in within
                ]
    for name in within:
        for value in file.named(name, file.module, file.visitor.position):
            if isinstance(value, Own) and value.node not in found:
                found.append(value.node)
    found += [value for target, value in file.visitor.set_attributes if _into(file, target, within)]
    return found


def _has(node: ast.ClassDef, methods: tuple[str, ...]) -> bool:
    """Whether a class defines all of some methods itself."""
    own = {part.name for part in node.body if isinstance(part, Function)}
    return bool(methods) and own.issuperset(methods)


def _into(file: Meaning, target: ast.Attribute, within: list[str]) -> bool:
    """`Net.forward = …` and `net.loss = …`, outside the class."""
    for value in file.of(target.value):
        if isinstance(value, Own | Made) and isinstance(value.node, ast.ClassDef):
            name = value.node.name
            if name in within or f"{name}.{target.attr}" in within:
                return True
    return False


class _Scan:
    """The uses in one definition or cell."""

    def __init__(
        self, file: Meaning, files: list[Meaning], wanted: Wanted, inside: ast.AST, *, made: bool
    ) -> None:
        self.file, self.files, self.wanted, self.inside = file, files, wanted, inside
        self.made = made
        self.called: list[tuple[Meaning, ast.AST]] = []
        self._calls: dict[ast.AST, ast.Call] = {}
        self._statements: set[ast.AST] = set()
        self._allowed: set[ast.AST] = set()
        """The `nn` of `nn.Module`, where that is no use."""

    def uses(self, top: ast.AST) -> Iterator[Use]:
        for node in _walk(top, self.wanted):
            if isinstance(node, ast.Call):
                self._calls[node.func] = node
                yield from self._call(node)
            if isinstance(node, ast.Expr):
                self._statements.add(node.value)
            if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
                yield from self._expression(node)

    def _use(self, name: str, node: ast.AST, *, sure: bool = True, made: bool = False) -> Use:
        return Use(name, node, self.inside, getattr(node, "lineno", 0), sure, made)

    def _expression(
        self, node: ast.Name | ast.Attribute | ast.Call | ast.Subscript
    ) -> Iterator[Use]:
        if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            return
        for value in self.file.of(node):
            if isinstance(value, (Own, Made)):
                self._follow(value.node)
            elif node in self._allowed or self._is_allowed(node, value):
                self._allowed |= set(ast.iter_child_nodes(node))
            elif isinstance(value, Dotted) and (self.made or not value.made):
                for name in self.wanted.matches(value.name):
                    yield self._use(name, node, sure=value.sure, made=value.made)
        if _of_dict(node) in self.wanted.methods:
            yield self._use(self.wanted.methods[_of_dict(node)], node, sure=False)
        if isinstance(node, ast.Attribute) and node.attr in self.wanted.methods:
            yield from self._method(self.wanted.methods[node.attr], node.value, node.attr, node)

    def _is_allowed(self, node: ast.AST, value: object) -> bool:
        """Whether it names something that may be used, below a name that may not."""
        if not isinstance(node, ast.Attribute) or not isinstance(value, Dotted):
            return False
        return self.wanted.allows(value.name)

    def _follow(self, node: ast.AST) -> None:
        for file in self.files:
            if node in file.visitor.scopes:
                self.called.append((file, node))

    def _call(self, node: ast.Call) -> Iterator[Use]:
        inner = self.file.expanded.get(node)
        if inner is not None:
            yield from self.uses(inner)
        for value in self.file.of(node.func):
            name = value.name if isinstance(value, Dotted) else ""
            if name in {"builtins.getattr", "operator.attrgetter", "operator.methodcaller"}:
                yield from self._asked_by_text(node, name)
            elif name in {"builtins.eval", "builtins.exec"} and inner is None and self.made:
                known = node.args and self.file.texts(node.args[0])
                if not known:
                    yield self._use(self.wanted.names[0], node, sure=False)
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"items", "values"}:
            for value in self.file.of(node.func.value):
                if isinstance(value, Names) and value.of is not None:
                    yield from self._unknown(value.of, node)

    def _asked_by_text(self, node: ast.Call, name: str) -> Iterator[Use]:
        asked = node.args[1:2] if name == "builtins.getattr" else node.args[:1]
        texts = [text for part in asked for text in self.file.texts(part)]
        for text in texts:
            if text in self.wanted.methods:
                receiver = node.args[0] if name == "builtins.getattr" else None
                yield from self._method(self.wanted.methods[text], receiver, text, node)
        if not texts and asked and name == "builtins.getattr":
            for value in self.file.of(node.args[0]):
                if isinstance(value, Dotted) and not value.made:
                    yield from self._unknown(value, node)

    def _unknown(self, module: Dotted, node: ast.AST) -> Iterator[Use]:
        """Something of a module, chosen when the code runs."""
        name = self.wanted.below(module.name)
        if name:
            yield self._use(name, node, sure=False)

    def _method(
        self, name: str, receiver: ast.expr | None, method: str, node: ast.expr
    ) -> Iterator[Use]:
        values = self.file.of(receiver) if receiver is not None else frozenset()
        for value in values:
            if isinstance(value, Own | Made) and isinstance(value.node, ast.ClassDef):
                if self.file.member(value.node, method):
                    return  # the student's own
            elif isinstance(value, Own) or (
                isinstance(value, Dotted)
                and not value.name.startswith(("torch", "builtins.super"))
                and not value.made
            ):
                return  # another module's function
        own = list(self._own(method))
        if not own:
            yield self._use(name, node)
            return
        sure = self._is_tensors(node, method, own)
        if sure is not None:
            yield self._use(name, node, sure=sure)

    def _own(self, method: str) -> Iterable[ast.FunctionDef | ast.AsyncFunctionDef]:
        for file in self.files:
            for function in file.visitor.class_of:
                if isinstance(function, Function) and function.name == method:
                    yield function

    def _is_tensors(self, node: ast.expr, method: str, own: Sequence[ast.AST]) -> bool | None:
        """Whether a call is the library's method and not the student's own of that name.

        True and False are what it is; None is a use for certain not.
        """
        call = self._calls.get(node)
        if call is None:
            return False
        if any(keyword.arg in TENSORS_OWN for keyword in call.keywords):
            return True
        if all(_needs_more(one, call) for one in own):
            return True
        if method == "backward" and call not in self._statements:
            return None  # a tensor's gives nothing back
        return False


def _needs_more(function: ast.AST, call: ast.Call) -> bool:
    """Whether a method of the student's cannot be called with so few arguments."""
    if any(isinstance(one, ast.Starred) for one in call.args):
        return False
    if any(keyword.arg is None for keyword in call.keywords):
        return False
    args = function.args  # type: ignore[attr-defined]
    needed = len(args.posonlyargs) + len(args.args) - len(args.defaults) - 1
    needed += sum(default is None for default in args.kw_defaults)
    return needed > len(call.args) + len(call.keywords)


def _of_dict(node: ast.AST) -> str:
    """The `backward` of `type(loss).__dict__["backward"]`, or nothing."""
    if not isinstance(node, ast.Subscript) or getattr(node.value, "attr", "") != "__dict__":
        return ""
    key = getattr(node.slice, "value", "")
    return key if isinstance(key, str) else ""


def _walk(top: ast.AST, wanted: Wanted) -> Iterator[ast.AST]:
    """What is run of a tree: no annotations, no imports, nothing that is only compared with."""
    todo: list[ast.AST] = [top]
    while todo:
        node = todo.pop()
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, Function):
            left_out: list[ast.AST | None] = [node.returns]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            left_out = [node.annotation]
        elif isinstance(node, ast.ExceptHandler):
            left_out = [node.type]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in COMPARING:
            left_out = [*node.args[1:]]
        elif isinstance(node, ast.Import | ast.ImportFrom | ast.Delete):
            left_out = [*children]
        elif isinstance(node, ast.Assign):
            plain = all(isinstance(target, ast.Name) for target in node.targets)
            stored = isinstance(node.value, ast.Name | ast.Attribute)
            stored = stored and getattr(node.value, "attr", "") not in wanted.methods
            left_out = [node.value] if plain and stored else []
        else:
            left_out = []
        todo += [child for child in reversed(children) if child not in left_out]
