"""Code in another framework, and pictures that are read though they are cut short."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .detector import Detector
from .program import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .program import Program

__all__ = ["TRUNCATED_PICTURES", "WRONG_FRAMEWORK"]

OTHERS = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "jax": "JAX",
    "flax": "Flax",
    "mxnet": "MXNet",
}


def find_framework(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """Imports of another framework in code without torch."""
    imports: list[tuple[str, ast.AST]] = []
    for node in program.all(ast.Import):
        imports += [(alias.name.split(".")[0], node) for alias in node.names]
    for node in program.all(ast.ImportFrom):
        imports.append(((node.module or "").split(".")[0], node))
    names = {name for name, _ in imports}
    if "torch" in names:
        return
    for name, node in imports:
        if name in OTHERS:
            yield (
                node,
                f"the code is written with {OTHERS[name]} (`{text_of(node)}`), not with PyTorch",
            )
            return


def find_truncated(program: Program) -> Iterator[tuple[ast.AST, str]]:
    """`ImageFile.LOAD_TRUNCATED_IMAGES = True`."""
    for node in program.all(ast.Assign):
        target = node.targets[0]
        if (
            isinstance(target, ast.Attribute)
            and target.attr == "LOAD_TRUNCATED_IMAGES"
            and isinstance(node.value, ast.Constant)
            and node.value.value is True
        ):
            yield node, f"`{text_of(node)}`: the missing part of a broken picture becomes grey"


WRONG_FRAMEWORK = Detector(
    "wrong_framework",
    "The assignments, their templates and their grading are for PyTorch: nets of another framework"
    " cannot be loaded or measured.",
    "Write the solution with PyTorch.",
    find_framework,
)
TRUNCATED_PICTURES = Detector(
    "truncated_data",
    "Pictures that are cut short are learned from, or measured on, as if they were whole, and"
    " nobody is told how many there are.",
    "Find the broken files and fetch them again, or leave them out and say so.",
    find_truncated,
)
