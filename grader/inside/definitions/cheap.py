"""Which of a student's statements define things, and which do work. Pure syntax, no torch.

Cheap: literals, arithmetic, constructors of layers, tensors, transforms and of the student's own
small classes, factories. Not cheap: reading files, training, plotting, downloading.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..source.names import Aliases

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Cheap", "assigned_names", "is_mutation"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CHEAP_PREFIXES = (
    "torch.nn.",
    "torchvision.transforms.",
    "torchvision.models.",
    "math.",
    "collections.",
    "functools.",
    "itertools.",
    "operator.",
    "dataclasses.",
    "enum.",
    "typing.",
    "types.",
    "os.path.",
    "pathlib.",
    "argparse.",
    "numpy.random.default_rng",
    "torch.backends.",
    "sklearn.preprocessing.",
)
CHEAP_NAMES = _words(
    """torch.device torch.tensor torch.as_tensor torch.zeros torch.ones torch.arange torch.linspace
    torch.eye torch.rand torch.randn torch.empty torch.full torch.Tensor torch.FloatTensor
    torch.LongTensor torch.Size torch.Generator torch.manual_seed torch.cuda.is_available
    torch.cuda.device_count torch.set_default_dtype torch.set_default_tensor_type torch.float32
    torch.set_default_device torch.from_numpy torch.get_default_dtype torch.sqrt torch.prod
    torch.mps.is_available torch.utils.data.TensorDataset sklearn.datasets.load_digits
    torch.mps.is_available torch.is_tensor torch.finfo
    numpy.array numpy.asarray numpy.zeros numpy.ones numpy.arange numpy.linspace numpy.eye
    numpy.sqrt
    numpy.log numpy.exp numpy.prod numpy.float32 numpy.float64 numpy.int64 numpy.random.seed
    numpy.random.randn numpy.random.rand numpy.full numpy.empty numpy.full_like numpy.diag
    random.seed os.environ.get os.getenv os.getcwd sys.path.append sys.path.insert copy.deepcopy
    copy.copy"""
)
CHEAP_BUILTINS = _words(
    """abs all any bool bytes callable chr complex dict divmod enumerate filter float format
    frozenset
    getattr hasattr int isinstance issubclass iter len list map max min next object ord pow property
    range repr reversed round set slice sorted str sum super tuple type zip print"""
)
BUSY_METHODS = _words(
    """backward step fit read write save load download urlretrieve urlopen savefig show imread
    imshow
    plot read_csv loadmat getdata recv send connect system popen input fetch_openml wait
    communicate glob rglob rmtree unlink makedirs mkdir zero_grad"""
)
BUSY_CLASS_BASES = (
    *("Dataset", "DataModule", "Thread", "Process", "Trainer", "Folder"),
    *("MNIST", "CIFAR10", "CIFAR100", "SVHN", "Imagenette"),
)
MUTATORS = _words(
    """append extend insert add update add_module register_buffer add_argument setdefault"""
)


class Cheap:
    """Judges statements and expressions of one submission.

    Args:
        trees: All its syntax trees.
    """

    def __init__(self, trees: Iterable[ast.AST]) -> None:
        trees = tuple(trees)
        self.aliases = Aliases(trees)
        self.functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = {}
        self.classes: dict[str, ast.ClassDef] = {}
        for tree in trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.functions.setdefault(node.name, node)
                elif isinstance(node, ast.ClassDef):
                    self.classes[node.name] = node
        self._tame: dict[str, bool] = {}

    def expression(self, node: ast.AST) -> bool:
        """Whether evaluating this does no work."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Await | ast.Yield | ast.YieldFrom):
                return False
            if isinstance(inner, ast.Call) and not self._call(inner):
                return False
        return True

    def statement(self, node: ast.stmt) -> bool:
        """Whether executing this, in its place at module level, does no work."""
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            # a lambda is a definition: what it would do, it does when it is called
            return (
                node.value is None
                or isinstance(node.value, ast.Lambda)
                or self.expression(node.value)
            )
        if isinstance(node, ast.Expr):
            return self._quiet_call(node)
        if isinstance(node, ast.For):
            return self.expression(node.iter) and all(map(self.statement, node.body))
        if isinstance(node, ast.If):
            return self.expression(node.test) and all(
                map(self.statement, [*node.body, *node.orelse])
            )
        return isinstance(node, ast.Pass | ast.Assert | ast.Break | ast.Continue)

    def _quiet_call(self, node: ast.Expr) -> bool:
        if isinstance(node.value, ast.Constant):
            return True
        call = node.value
        if not isinstance(call, ast.Call) or not self.expression(call):
            return False
        name = self.aliases.resolve(call.func)
        settings = "torch.set_default_dtype torch.set_default_tensor_type torch.manual_seed"
        return is_mutation(node) or name in {
            *settings.split(),
            "sys.path.append",
            "sys.path.insert",
        }

    def _call(self, node: ast.Call) -> bool:
        dotted = self.aliases.resolve(node.func)
        if dotted and dotted.split(".", 1)[0] not in self.classes:
            own = dotted.rsplit(".", 1)[-1]
            if dotted in CHEAP_NAMES or dotted.startswith(CHEAP_PREFIXES):
                return True
            return own in self.classes or (own in self.functions and self._tame_named(own))
        function = node.func
        if isinstance(function, ast.Name):
            if function.id in self.classes or function.id in self.functions:
                return self._tame_named(function.id)
            return function.id in CHEAP_BUILTINS or any(
                f"{module}.{function.id}" in CHEAP_NAMES
                or f"{module}.{function.id}".startswith(CHEAP_PREFIXES)
                for module in self.aliases.starred
            )
        if isinstance(function, ast.Attribute):
            return function.attr not in BUSY_METHODS
        return isinstance(function, ast.Call | ast.Subscript | ast.Lambda)

    def _tame_named(self, name: str) -> bool:
        """Whether calling the student's own function or class of that name does no work."""
        if name in self._tame:
            return self._tame[name]
        self._tame[name] = True  # recursion: judged by its other calls
        if name in self.classes:
            self._tame[name] = self._tame_class(self.classes[name])
        else:
            function = self.functions[name]
            self._tame[name] = not any(
                isinstance(n, ast.While | ast.With | ast.Global | ast.Await)
                for n in ast.walk(function)
            ) and all(map(self.expression, function.body))
        return self._tame[name]

    def _tame_class(self, node: ast.ClassDef) -> bool:
        bases = [ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases]
        if any(base.endswith(BUSY_CLASS_BASES) for base in bases):
            return False
        if self.is_module(node.name):
            return True  # a net is what we are after: whatever its constructor does
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name in {"__init__", "__new__"}:
                return all(map(self.expression, method.body))
        return all(b not in self.classes or self._tame_named(b) for b in bases)

    def is_module(self, name: str, depth: int = 0) -> bool:
        """Whether the student's class of that name is, by its bases, an `nn.Module`."""
        node = self.classes.get(name)
        if node is None or depth > 20:  # noqa: PLR2004
            return False
        for base in node.bases:
            dotted = self.aliases.resolve(base)
            last = ast.unparse(base).rsplit(".", 1)[-1]
            if dotted.startswith(("torch.nn.", "torchvision.models.")) or last in {
                "Module",
                "Sequential",
                "LightningModule",
            }:
                return True
            if self.is_module(last, depth + 1):
                return True
        return False


def is_mutation(node: ast.stmt) -> bool:
    """Whether a statement builds on a list or module: `layers.append(…)`."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr in MUTATORS
    )


def assigned_names(node: ast.stmt) -> list[str]:
    """Names that an assignment binds."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = list(node.targets)
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
