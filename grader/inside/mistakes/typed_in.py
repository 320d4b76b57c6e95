"""Results that are typed in: numbers in `print` that no code computes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .detector import Detector
from .program import name_of, text_of
from .roles import is_measure, role_of_name, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["TYPED_IN"]

NUMBER = re.compile(r"(?<![\w.])(?:0?\.\d{2,}|\d{1,2}\.\d+\s*%?|\d{1,2}\s*%)(?![\w.]*\d)")
COMMENTED_TRAINING = re.compile(
    r"^\s*#[\s#]*(?:\w+\s*(?:,\s*\w+\s*)*=\s*)?"
    r"(?:[\w.]*(?:train|fit)\w*\s*\(|for\s+\w+\s+in\s+range\(.*epoch|\w*optimizer\w*\.step\(|loss\.backward\()",
    re.IGNORECASE | re.MULTILINE,
)
NO_RESULT = {
    "goal", "target", "least", "should", "expected", "expect", "required", "reach", "baseline",
    "threshold", "aim", "must", "paper", "chance", "random", "guess", "above", "below", "than",
    "asks", "asked", "handout", "wanted", "want", "needs", "need", "needed", "minimum",
    "reference", "e", "example", "eg", "team", "human", "literature", "usual", "official",
}  # fmt: skip
SETTING = {"rate", "lr", "dropout", "decay", "momentum", "epoch", "epochs", "batch", "size", "seed"}


def find(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Prints of a measure as a plain text, where training is commented out or nowhere."""
    why = _no_training(program)
    if not why:
        return
    for call in program.calls:
        if program.called(call) != "print" or not call.args:
            continue
        said = _typed(program, call)
        if said:
            yield call, f"`{text_of(call, 90)}` prints a number that is typed in{said}, and {why}"


def _no_training(program: Program) -> str:
    """Why no training can have given a number; empty when some code trains."""
    live = {program.last_name(call) for call in program.calls}
    for chunk in program.chunks:
        found = COMMENTED_TRAINING.search(chunk.text)
        if found and not _is_called(program, found[0]):
            line = chunk.text[: found.start()].count("\n") + 1
            text = found[0].strip().lstrip("#").strip()
            where = f"cell {chunk.cell}, line {line}" if chunk.cell else f"line {line}"
            return f"training is commented out ({where}: `# {text[:40]}…`)"
    if not live & {"backward", "fit", "step", "train_model"} and "torch" in _imports(program):
        return "nothing in the code trains a net"
    return ""


def _is_called(program: Program, text: str) -> bool:
    """Whether the same training is called elsewhere, not commented out."""
    called = re.findall(r"([\w.]+)\s*\($", text.strip())
    if not called or called[0] == "range":
        return any(
            program.last_name(c) == "backward" and not program.scope(c) for c in program.calls
        )
    name = called[0].rpartition(".")[2]
    return any(
        "." in called[0] or not _sets_mode(call)
        for call in program.calls
        if name in {program.last_name(call), getattr(call.func, "attr", "")}
    )


def _sets_mode(call: ast.Call) -> bool:
    """Whether a call is `model.train()` or `model.train(True)`, which trains nothing."""
    return isinstance(call.func, ast.Attribute) and all(
        isinstance(argument, ast.Constant) for argument in call.args
    )


def _imports(program: Program) -> set[str]:
    return {
        alias.name.split(".")[0] for node in program.all(ast.Import) for alias in node.names
    } | {(node.module or "").split(".")[0] for node in program.all(ast.ImportFrom)}


def _typed(program: Program, call: ast.Call) -> str:
    """Nothing, or how the number got there."""
    said = " ".join(_text(n) for a in call.args for n in ast.walk(a))
    if not is_measure(said) or set(words(said)) & (NO_RESULT | SETTING):
        return ""
    constant = all(isinstance(a, ast.Constant) for a in call.args) or all(
        isinstance(a, ast.Constant | ast.JoinedStr)
        and not any(isinstance(n, ast.FormattedValue) for n in ast.walk(a))
        for a in call.args
    )
    if constant:
        numbers = [
            a for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, float)
        ]
        return " here" if NUMBER.search(said) or numbers else ""
    for node in (n for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name)):
        values = program.assigned(node.id, node)
        literal = values and all(
            isinstance(v.expression, ast.Constant) and isinstance(v.expression.value, float)
            for v in values
        )
        if literal and is_measure(node.id) and not _is_start(values[0].expression):
            changed = any(name_of(n.target) == node.id for n in program.all(ast.AugAssign))
            if not changed and (role_of_name(node.id) or is_measure(said)):
                return f" (`{text_of(values[0].node, 50)}`)"
    return ""


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_start(node: ast.expr) -> bool:
    """Numbers that code begins with: 0.0, 1e9."""
    value = node.value if isinstance(node, ast.Constant) else None
    return not isinstance(value, float) or value in {0.0, 1.0} or abs(value) >= 100  # noqa: PLR2004


TYPED_IN = Detector(
    "typed_in_results",
    "A number that no code computes cannot be checked, and stays as it is when the code changes.",
    "Print the variable that holds the result. When training is too long to repeat, load the saved"
    " weights and evaluate those.",
    find,
)
