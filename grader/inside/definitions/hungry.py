"""Which statements only read and shape data: for a second look, with the data laid out.

More is run than when definitions are lifted: readers, torchvision's datasets, arithmetic on arrays.
Still not what trains, draws, saves or waits.
"""

from __future__ import annotations

import ast

from .cheap import CHEAP_BUILTINS, Cheap

__all__ = ["Hungry"]

READERS = (
    "torchvision.datasets.",
    "torch.utils.data.",
    "scipy.io.",
    "numpy.",
    "gzip.",
    "struct.",
    "pickle.",
    "torch.",
    "pandas.",
    "sklearn.",
)
NOT_READERS = (
    "torch.save",
    "torch.optim.",
    "torch.utils.data.DataLoader",
    "torch.autograd.",
    "numpy.save",
)
WORK = frozenset(
    """
    backward step fit write save download savefig show imshow plot system popen input connect
    zero_grad train eval to_csv wait recv send sleep
    """.split()  # noqa: SIM905 - words read better than a column of strings
)


class Hungry(Cheap):
    """Judges statements and expressions of one submission: those that read data may run."""

    def _call(self, node: ast.Call) -> bool:
        dotted = self.aliases.resolve(node.func)
        own = dotted.rsplit(".", 1)[-1] if dotted else getattr(node.func, "id", "")
        if own in self.classes or own in self.functions:
            return self._tame_named(own)
        if dotted.startswith(NOT_READERS) or own in WORK:
            return False
        if dotted.startswith(READERS):
            return True
        function = node.func
        if isinstance(function, ast.Name):
            return function.id in CHEAP_BUILTINS | {"open"} or super()._call(node)
        if isinstance(function, ast.Attribute):
            return function.attr not in WORK
        return super()._call(node)

    def _tame_named(self, name: str) -> bool:
        if name not in self._tame:
            node = self.functions.get(name) or self.classes[name]
            self._tame[name] = not any(
                isinstance(n, ast.While | ast.Global | ast.Await)
                or (isinstance(n, ast.Attribute) and n.attr in WORK)
                for n in ast.walk(node)
            )
        return self._tame[name]
