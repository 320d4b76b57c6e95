"""Patches a module when the student imports it, so that nothing heavy is imported for nothing."""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["AfterImport"]


class AfterImport(MetaPathFinder):
    """Runs functions on modules right after they were imported, or now when they already were."""

    def __init__(self) -> None:
        self._wanted: dict[str, list[Callable[[Any], None]]] = {}
        self._finding: set[str] = set()

    def install(self) -> None:
        """Watch imports from now on."""
        sys.meta_path.insert(0, self)

    def patch(self, name: str, function: Callable[[Any], None]) -> None:
        """Call the function with the module of that name."""
        module = sys.modules.get(name)
        if module is not None:
            function(module)
        else:
            self._wanted.setdefault(name, []).append(function)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find it as without us, and come back when it was executed."""
        del path, target
        if fullname not in self._wanted or fullname in self._finding:
            return None
        self._finding.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._finding.discard(fullname)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _Patching(spec.loader, self._wanted.pop(fullname))
        return spec


class _Patching(Loader):
    def __init__(self, loader: Loader, functions: list[Callable[[Any], None]]) -> None:
        self._loader = loader
        self._functions = functions

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        if spec is not None:
            spec.loader = self._loader  # resources, inspect and reload ask the real one
            module.__loader__ = self._loader
        self._loader.exec_module(module)
        for function in self._functions:
            function(module)
