"""Imports the submission's own modules with their loops wrapped, never from stored bytecode."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import TYPE_CHECKING, Any

from .transform import transform

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Sequence
    from types import CodeType, ModuleType

    from .workspace import Workspace

__all__ = ["SubmittedModules", "compile_student"]


def compile_student(source: str, name: str) -> CodeType:
    """Compile a script or module with its loops wrapped, unless it is nested too deeply for that.

    Raises:
        SyntaxError: As Python would.
    """
    try:
        tree: ast.Module = compile(source, name, "exec", 0x400, dont_inherit=True)  # type: ignore[assignment]
        wrapped: Any = transform(tree, name)
        return compile(wrapped, name, "exec", dont_inherit=True)
    except RecursionError:
        return compile(source, name, "exec", dont_inherit=True)


class SubmittedModules(MetaPathFinder):
    """Finds modules of the working copy.

    Args:
        workspace: The working copy.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._below = f"{workspace.folder}/"

    def install(self) -> None:
        """Be asked before the ordinary finders."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Take over source files of the working copy only."""
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, SourceFileLoader) or spec.origin is None:
            return None
        if not spec.origin.startswith(self._below):
            return None
        spec.loader = Wrapping(fullname, spec.origin, self._workspace.shown_as)
        spec.cached = None
        return spec


class Wrapping(SourceFileLoader):
    """Compiles with wrapped loops."""

    def __init__(self, fullname: str, path: str, shown_as: Callable[[str], str]) -> None:
        super().__init__(fullname, path)
        self._shown_as = shown_as

    def path_stats(self, path: str) -> Any:
        """Say that there is no bytecode: a stored file could hold anything.

        Raises:
            OSError: Always.
        """
        raise OSError(path)

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Store no bytecode."""

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Compile under the submitted file's name."""
        import importlib.util

        return compile_student(importlib.util.decode_source(data), self._shown_as(str(path)))
