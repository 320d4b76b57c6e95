from __future__ import annotations

import ast

import pytest

from grader.inside.probes.scan_apis import _constants, _statement, uses_in
from grader.inside.source.meaning import Meaning

NAMES = [
    "torch.nn.Conv2d",
    "torch.nn.functional.cross_entropy",
    "torch.autograd",
    "Tensor.backward",
    "torch.optim",
]


def found(*cells, within=(), names=NAMES, sure=True):
    trees = [ast.parse(cell) for cell in cells]
    return list(uses_in(*trees, names=list(names), within=list(within), sure=sure))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import torch\nx = torch.nn.Conv2d(1, 2, 3)", "torch.nn.Conv2d"),
        ("import torch.nn as nn\nx = nn.Conv2d(1, 2, 3)", "torch.nn.Conv2d"),
        ("from torch import nn as N\nx = N.Conv2d(1, 2, 3)", "torch.nn.Conv2d"),
        ("from torch.nn import *\nx = Conv2d(1, 2, 3)", "torch.nn.Conv2d"),
        ("import torch.nn as nn\nC = nn.Conv2d\nx = C(1, 2, 3)", "torch.nn.Conv2d"),
        ("import torch.nn as nn\nx = getattr(nn, 'Conv2d')(1, 2, 3)", "torch.nn.Conv2d"),
        ("import torch.nn.modules.conv as c\nx = c.Conv2d(1, 2, 3)", "torch.nn.Conv2d"),
        ("x = __import__('torch').nn.Conv2d(1, 2, 3)", "torch.nn.Conv2d"),
        (
            "import importlib\nx = importlib.import_module('torch.nn').Conv2d(1, 2, 3)",
            "torch.nn.Conv2d",
        ),
        ("import torch.nn as nn\nx = eval('nn.Conv2d(1, 2, 3)')", "torch.nn.Conv2d"),
        ("exec('import torch.autograd as a; a.grad(x, y)')\nx = 1", "torch.autograd"),
        ("from torch.nn.functional import cross_entropy as ce\nce(a, b)", NAMES[1]),
        ("import torch.nn.functional as F\nloss = F.cross_entropy(a, b)", NAMES[1]),
        ("import torch\nclass A(torch.autograd.Function):\n    pass", "torch.autograd"),
        ("import torch\nwith torch.autograd.set_detect_anomaly(True):\n    pass", "torch.autograd"),
        ("loss = f(x)\nloss.backward()", "Tensor.backward"),
        ("step = loss.backward\nstep()", "Tensor.backward"),
        ("from torch import optim\nopt = optim.Adam(p)", "torch.optim"),
    ],
)
def test_a_use_is_found_through_every_alias(source, name):
    assert name in {use for use, _ in found(source)}


@pytest.mark.parametrize(
    "source",
    [
        "# nn.Conv2d is forbidden\ns = 'torch.nn.Conv2d'",
        "import torch.nn as nn\nx = nn.Conv2dOwn(1)",
        "class Conv2d:\n    pass\nx = Conv2d()",
        "import my.nn as nn\nx = nn.Conv2d(1)",
        "def backward(grad):\n    return grad\ngrad = backward(1)",
        "class Net:\n    def backward(self, grad):\n        return grad",
        "import torch\nx = torch.optimised",
        "import numpy as torch_like\nx = torch_like.optim",
    ],
)
def test_what_only_looks_alike_is_no_use(source):
    assert found(source) == []


def test_within_limits_the_search():
    source = (
        "import torch.nn as nn\ndef given():\n    return nn.Conv2d(1, 1, 1)\n"
        "class Own:\n    def forward(self, x):\n        return x\n"
        "    def other(self):\n        return nn.Conv2d(2, 2, 2)\n"
    )
    assert [line for _, line in found(source, within=["given"])] == [3]
    assert [line for _, line in found(source, within=["Own"])] == [8]
    assert found(source, within=["Own.forward"]) == []
    assert [line for _, line in found(source, within=["Own.other"])] == [8]


def test_a_line_counts_once_for_each_name():
    source = "import torch.nn as nn\nx = [nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)]"
    assert found(source) == [("torch.nn.Conv2d", 2)]


def test_a_module_stands_for_everything_in_it():
    uses = found("import torch.nn as nn\nx = nn.Linear(1, 1)", names=["torch.nn"])
    assert {line for _, line in uses} == {2}


def test_a_use_comes_with_its_whole_call():
    lines = [
        "opt = SGD(net.parameters(),",
        "          lr=0.1,  # high",
        "          momentum=0.9)",
        "x",
    ]
    assert _statement(lines, 1) == "opt = SGD(net.parameters(), lr=0.1, momentum=0.9)"
    assert _statement(lines, 4) == "x"
    assert _statement(["f(" * 50] * 50, 1) == " ".join(["f(" * 50] * 20)[:500]
    assert _statement(lines, 0) == ""


BY_HAND = """
import torch, torch.nn as nn, torch.nn.functional as F
class TwoLayers{base}:
    def __init__(self):
        self.W = torch.randn(3, 3)
        self.name = "backward"
    def forward(self, x):
        return torch.sigmoid(x @ self.W)
    def backward(self, x, y, y_hat):
        {line}
class Cnn(nn.Module):
    def forward(self, x):
        return F.relu(x)
"""


def by_hand(line, base="", **more):
    names = ["torch.Tensor.backward", "torch.autograd", "torch.func", "torch.nn", "torch.optim"]
    allowed = ["torch.nn.Module", "torch.nn.init", "torch.nn.functional.one_hot"]
    tree = ast.parse(BY_HAND.format(base=base, line=line))
    given = {"names": names, "within": ["Net"], "having": ["backward"], "allowed": allowed}
    return [name for name, _ in uses_in(tree, **given, **more)]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("loss.backward()", "torch.Tensor.backward"),
        ("_ = loss.backward()", "torch.Tensor.backward"),
        ("return loss.backward()", "torch.Tensor.backward"),
        ("[loss.backward()]", "torch.Tensor.backward"),
        ("step = lambda: loss.backward()", "torch.Tensor.backward"),
        ("loss.backward(torch.ones(1))", "torch.Tensor.backward"),
        ("getattr(loss, self.name)()", "torch.Tensor.backward"),
        ("torch.autograd.functional.jacobian(f, x)", "torch.autograd"),
        ("torch.func.grad(f)(x)", "torch.func"),
        ("torch.ops.aten.linear(x, w)", "torch.nn"),
        ("F.tanh(x)", "torch.nn"),
        ("nn.BCEWithLogitsLoss()(y_hat, y)", "torch.nn"),
        ("torch.optim.Adagrad([self.W])", "torch.optim"),
    ],
)
def test_a_class_is_known_by_its_methods_whatever_its_name(line, name):
    assert by_hand(line) == [name]


@pytest.mark.parametrize(
    ("line", "base"),
    [
        ("self.W -= x.t() @ (y_hat - y)", ""),
        ("self.W -= F.one_hot(y).t() @ x", "(nn.Module)"),
        ("nn.init.zeros_(self.W)", "(torch.nn.Module)"),
        ("self.inner.backward(x, y, y_hat); x = 1", ""),
    ],
)
def test_what_is_allowed_below_a_module_is_no_use(line, base):
    assert by_hand(line, base) == []


def test_a_method_out_of_a_class_dict_is_for_a_person():
    line = 'type(loss).__dict__["backward"](loss)'
    assert by_hand(line) == []
    assert by_hand(line, sure=False) == ["torch.Tensor.backward"]


def test_what_arguments_come_to():
    text = (
        "import torch\nLR, powers = 10**-2, 3\nclass C:\n    wd = 5e-4\n"
        "opt = torch.optim.SGD(p, lr=LR, momentum=1 - 0.1, weight_decay=C.wd, other=-2**powers,"
        " huge=9**9**9, none=1 / 0, asked=len(p), root=(-8)**0.5, long=big)\n"
    )
    text = "big = 40000**60\n" + "big = big * big\n" * 60 + text
    trees = [ast.parse(text)]
    meaning = Meaning(trees)
    calls = [node for node in ast.walk(trees[0]) if isinstance(node, ast.Call)]
    found = _constants(meaning, calls)
    wanted = {"LR": 0.01, "1 - 0.1": 0.9, "C.wd": 5e-4, "-2 ** powers": -8.0}
    assert found == pytest.approx(wanted)
