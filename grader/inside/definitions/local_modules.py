"""Imports of the submission's own modules, of which only definitions are run.

`from train import Net` must not train because `train.py` has no main guard.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from ..source.sources import Chunk, Sources

__all__ = ["LocalModules", "module_name"]


def module_name(path: str) -> str:
    """The name a script is imported under from the submission's root, empty when it has none."""
    parts = path.removesuffix(".py").split("/")
    if not path.endswith(".py") or not all(part.isidentifier() for part in parts):
        return ""
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts)


class LocalModules(MetaPathFinder, Loader):
    """Finds a submission's modules: below its root, and beside its entry.

    Args:
        sources: The parsed submission.
        root: Its folder.
        load: Fills a module from a chunk.
    """

    def __init__(
        self, sources: Sources, root: str, load: Callable[[ModuleType, Chunk], None]
    ) -> None:
        self._chunks = {c.name: c for c in sources.chunks if c.cell is None}
        self._load = load
        beside = (Path(root) / sources.entry).parent
        folders = [beside, Path(root), *sorted({Path(n).parent for n in self._chunks})]
        self._folders = list(dict.fromkeys(map(str, folders)))

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        """Find one of the submission's modules; a module of Python itself is never shadowed."""
        if path is None and fullname in sys.stdlib_module_names:
            return None
        last = fullname.rpartition(".")[2]
        for folder in self._folders if path is None else path:
            for candidate in (f"{folder}/{last}/__init__.py", f"{folder}/{last}.py"):
                if candidate in self._chunks:
                    spec = ModuleSpec(fullname, self, origin=candidate)
                    spec.has_location = True
                    if candidate.endswith("__init__.py"):
                        spec.submodule_search_locations = [f"{folder}/{last}"]
                    return spec
            inside = f"{folder}/{last}/"
            if any(name.startswith(inside) for name in self._chunks):
                spec = ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [inside.rstrip("/")]
                return spec
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002
        """Python's own way."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's definitions.

        Raises:
            SyntaxError: The script does not parse.
        """
        chunk = self._chunks[str(module.__file__)]
        if chunk.tree is None:
            raise SyntaxError(chunk.parsed.error, (chunk.name, chunk.parsed.line, 0, ""))
        self._load(module, chunk)
