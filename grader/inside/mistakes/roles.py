"""What students call their data: `test_loader`, `X_val`, `loaders["train"]`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .program import name_of

if TYPE_CHECKING:
    from .program import Program

__all__ = ["is_measure", "role_of", "role_of_name", "words"]

WORDS = {
    "train": {"train", "training", "trn", "tr", "trainset", "trainloader", "traindata"},
    "val": {
        "val", "valid", "validation", "dev", "valset", "valloader", "validset", "validloader",
        "valdata", "vali", "holdout",
    },
    "test": {"test", "testing", "tst", "te", "testset", "testloader", "testdata"},
}  # fmt: skip
NETS = {"model", "net", "network", "cnn", "mlp"}
"""Words of names of nets: `train_net` is no data."""
TOO_SHORT = {"tr", "te", "trn", "tst"}
"""Alone they may stand for anything: `tr` for a transferred net."""
DEPTH = 5


def words(name: str) -> list[str]:
    """The lower-case words of an identifier or a text."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.findall(r"[A-Za-z]+", spaced)]


def role_of_name(name: str) -> str:
    """`train`, `val` or `test` when the name says exactly one of them."""
    spelled = words(name)
    said = set(spelled)
    if said & NETS or (len(spelled) == 1 and said & TOO_SHORT):
        return ""
    found = [role for role, known in WORDS.items() if said & known]
    return found[0] if len(found) == 1 else ""


def is_measure(name: str) -> bool:
    """Whether a name speaks of an accuracy, a loss or an error."""
    known = {
        "acc",
        "accuracy",
        "accuracies",
        "loss",
        "losses",
        "error",
        "err",
        "nll",
        "ce",
        "score",
    }
    return bool(set(words(name)) & known)


def role_of(program: Program, node: ast.expr, depth: int = DEPTH) -> str:  # noqa: PLR0911 - one case a form of code
    """The role of data that an expression stands for, by what it and its sources are called."""
    if depth == 0:
        return ""
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        role = role_of_name(name)
        if role:
            return role
        if isinstance(node, ast.Attribute) and name_of(node) == "":
            return role_of(program, node.value, depth - 1)
        found = program.values(node)
        roles = {role_of(program, value.expression, depth - 1) for value in found if not value.loop}
        return roles.pop() if len(roles) == 1 else ""
    if isinstance(node, ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return role_of_name(key.value) or role_of(program, node.value, depth - 1)
        return role_of(program, node.value, depth - 1)
    if isinstance(node, ast.Call):
        return _role_of_call(program, node, depth)
    return ""


def _role_of_call(program: Program, node: ast.Call, depth: int) -> str:
    for keyword in node.keywords:
        if keyword.arg == "train" and isinstance(keyword.value, ast.Constant):
            return "train" if keyword.value.value else "test"
        if keyword.arg in {"split", "mode"} and isinstance(keyword.value, ast.Constant):
            return role_of_name(str(keyword.value.value))
    if program.last_name(node) == "random_split":
        return ""
    roles = {role_of(program, argument, depth - 1) for argument in node.args[:2]} - {""}
    if isinstance(node.func, ast.Attribute) and not roles:
        return role_of(program, node.func.value, depth - 1)
    return roles.pop() if len(roles) == 1 else ""
