"""What a submission says itself about its roles: grade.toml, cell tags, magic comments.

    [roles]
    mlp = "MyNet"            # a variable or a class
    [weights]
    mlp = "best_mlp.pth"

A cell tag `grade:mlp`, or a comment `# grade: mlp` on or above a statement, says the same.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["explicit_definition", "explicit_weights", "marked_names"]

COMMENT = re.compile(r"#\s*grade:\s*([\w.-]+)")
KINDS = (ast.Assign, ast.AnnAssign, ast.ClassDef, ast.FunctionDef)


def _setting(session: Session, table: str, role: str) -> str:
    settings: Any = session.sources().settings.get(table)
    value = settings.get(role) if isinstance(settings, dict) else None
    return value if isinstance(value, str) else ""


def explicit_definition(session: Session, role: str) -> str:
    """The name that grade.toml gives for a role, empty when none."""
    return _setting(session, "roles", role)


def explicit_weights(session: Session, role: str) -> str:
    """The weight file that grade.toml gives for a role, empty when none."""
    return _setting(session, "weights", role)


def marked_names(session: Session, role: str) -> set[str]:
    """Names defined in cells tagged, or on lines commented, for a role."""
    names: set[str] = set()
    for chunk in session.sources().chunks:
        if chunk.tree is None:
            continue
        lines = {
            number
            for number, line in enumerate(chunk.text.split("\n"), start=1)
            for found in COMMENT.finditer(line)
            if found[1] == role
        }
        tagged = f"grade:{role}" in chunk.tags
        if not lines and not tagged:
            continue
        for node in ast.walk(chunk.tree):
            if isinstance(node, KINDS) and (tagged or {node.lineno, node.lineno - 1} & lines):
                names |= _defined(node)
    return names


def _defined(node: ast.AST) -> set[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {t.id for t in targets if isinstance(t, ast.Name)}
