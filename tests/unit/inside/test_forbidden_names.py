"""Two tables: what hides a forbidden name and is found, and what only looks like one and is not."""

import ast

import pytest

from grader.inside.probes.scan_apis import uses_in

LINEAR, CE, GRAD = "torch.nn.Linear", "torch.nn.functional.cross_entropy", "torch.autograd.grad"
BACKWARD, SGD, RELU = "torch.Tensor.backward", "torch.optim.SGD", "torch.nn.functional.relu"
VGG = "torchvision.models"
NAMES = [LINEAR, "torch.nn.Conv2d", CE, GRAD, BACKWARD, SGD, RELU, VGG]
WITHIN = ["FCNet"]


def found(source, *, within=(), sure=True):
    trees = [ast.parse(cell) for cell in source.split("\n---\n")]
    return list(uses_in(*trees, names=NAMES, within=list(within), sure=sure))


EVASIONS = {
    "import as": ("import torch.nn as layers\nlayers.Linear(1, 1)", LINEAR, 2),
    "from import as": ("from torch.nn.functional import cross_entropy as c\nc(a, b)", CE, 2),
    "star import": ("from torch.optim import *\nSGD(p)", SGD, 2),
    "module in a name": ("import torch\nm = torch.nn\nm.Linear(1, 1)", LINEAR, 3),
    "function in a name": ("import torch\ng = torch.autograd.grad\ng(a, b)", GRAD, 3),
    "name of a name": ("import torch\na = torch.nn\nb = a\nc = b.Linear\nc(1, 1)", LINEAR, 5),
    "alias from an earlier cell": ("import torch.nn as q\n---\nq.Linear(1, 1)", LINEAR, 1),
    "two names at once": ("import torch\na, b = torch.nn, torch.optim\nb.SGD(p)", SGD, 3),
    "list": ("import torch\nops = [torch.relu, torch.nn]\nops[1].Linear(1, 1)", LINEAR, 3),
    "dictionary": ("import torch\nd = {'m': torch.nn}\nd['m'].Linear(1, 1)", LINEAR, 3),
    "dictionary get": ("import torch\nd = {'m': torch.nn}\nd.get('m').Linear(1, 1)", LINEAR, 3),
    "loop over modules": ("import torch\nfor m in (torch.nn,):\n    m.Linear(1, 1)", LINEAR, 3),
    "class attribute": ("import torch\nclass L:\n    n = torch.nn\nL.n.Linear(1, 1)", LINEAR, 4),
    "attribute of an object": (
        (
            "import torch\nclass A:\n    def __init__(self):\n        self.n = torch.nn\n"
            "    def f(self):\n        return self.n.Linear(1, 1)"
        ),
        LINEAR,
        6,
    ),
    "set from outside": (
        "import torch\nclass A:\n    pass\nA.n = torch.nn\nA.n.Linear(1, 1)",
        LINEAR,
        5,
    ),
    "inherited attribute": (
        "import torch\nclass A:\n    n = torch.nn\nclass B(A):\n    pass\nB.n.Linear(1, 1)",
        LINEAR,
        6,
    ),
    "walrus": ("import torch\n(m := torch.nn)\nm.Linear(1, 1)", LINEAR, 3),
    "either of two": ("import torch\nm = torch.nn if x else None\nm.Linear(1, 1)", LINEAR, 3),
    "or": ("import torch\nm = None or torch.nn\nm.Linear(1, 1)", LINEAR, 3),
    "returned by a function": (
        "import torch\ndef get():\n    return torch.nn\nget().Linear(1, 1)",
        LINEAR,
        4,
    ),
    "returned by a lambda": ("import torch\n(lambda: torch.nn)().Linear(1, 1)", LINEAR, 2),
    "passed to a function": (
        "import torch\ndef make(m):\n    return m.Linear(1, 1)\nmake(torch.nn)",
        LINEAR,
        3,
    ),
    "default of a parameter": (
        "import torch\ndef make(m=torch.nn):\n    return m.Linear(1, 1)",
        LINEAR,
        3,
    ),
    "global from a function": (
        "import torch\ndef f():\n    global m\n    m = torch.nn\nf()\nm.Linear(1, 1)",
        LINEAR,
        6,
    ),
    "getattr": ("import torch\ngetattr(torch.nn, 'Linear')(1, 1)", LINEAR, 2),
    "getattr of joined text": ("import torch\ngetattr(torch.nn, 'Lin' + 'ear')(1, 1)", LINEAR, 2),
    "getattr of text in a name": (
        "import torch\nn = 'Linear'\ngetattr(torch.nn, n)(1, 1)",
        LINEAR,
        3,
    ),
    "getattr of a formatted text": (
        "import torch\nx = 'Lin'\ngetattr(torch.nn, f'{x}ear')(1, 1)",
        LINEAR,
        3,
    ),
    "getattr of a percent text": ("import torch\ngetattr(torch.nn, 'Lin%s' % 'ear')(1)", LINEAR, 2),
    "getattr of joined parts": (
        "import torch\ngetattr(torch.nn, ''.join(['Lin', 'ear']))(1)",
        LINEAR,
        2,
    ),
    "getattr of format": ("import torch\ngetattr(torch.nn, '{}ear'.format('Lin'))(1)", LINEAR, 2),
    "getattr of reversed text": (
        "import torch\ngetattr(torch.nn, 'raeniL'[::-1])(1, 1)",
        LINEAR,
        2,
    ),
    "getattr of replaced text": (
        "import torch\ngetattr(torch.nn, 'L1near'.replace('1', 'i'))(1)",
        LINEAR,
        2,
    ),
    "getattr of characters": (
        "import torch\ngetattr(torch.nn, ''.join(map(chr, [76, 105, 110, 101, 97, 114])))(1)",
        LINEAR,
        2,
    ),
    "getattr of characters in a generator": (
        "import torch\ngetattr(torch.nn, ''.join(chr(c) for c in (76, 105, 110, 101, 97, 114)))(1)",
        LINEAR,
        2,
    ),
    "getattr of base64": (
        "import torch, base64\ngetattr(torch.nn, base64.b64decode('TGluZWFy').decode())(1)",
        LINEAR,
        2,
    ),
    "getattr of rot13": (
        "import torch, codecs\ngetattr(torch.nn, codecs.decode('Yvarne', 'rot13'))(1)",
        LINEAR,
        2,
    ),
    "getattr under another name": (
        "import torch\ng = getattr\ng(torch.nn, 'Linear')(1)",
        LINEAR,
        3,
    ),
    "getattr from builtins": (
        "import torch, builtins\nbuiltins.getattr(torch.nn, 'Linear')(1)",
        LINEAR,
        2,
    ),
    "getattr of a method": ("getattr(loss, 'back' + 'ward')()", BACKWARD, 1),
    "__getattribute__": ("import torch\ntorch.nn.__getattribute__('Linear')(1)", LINEAR, 2),
    "import_module": (
        "import importlib\nimportlib.import_module('torch.nn').Linear(1)",
        LINEAR,
        2,
    ),
    "import_module of joined text": (
        "from importlib import import_module as im\nim('.'.join(['torch', 'nn'])).Linear(1)",
        LINEAR,
        2,
    ),
    "relative import_module": (
        "import importlib\nimportlib.import_module('.nn', 'torch').Linear(1)",
        LINEAR,
        2,
    ),
    "__import__": ("__import__('torch').nn.Linear(1)", LINEAR, 1),
    "__import__ in a name": ("t = __import__('torch.nn')\nt.nn.Linear(1)", LINEAR, 2),
    "__import__ with a list": ("__import__('torch.nn', fromlist=['x']).Linear(1)", LINEAR, 1),
    "eval": ("import torch\neval('torch.nn.Linear(1, 1)')", LINEAR, 2),
    "eval of joined text": ("import torch\neval('torch.n' + 'n').Linear(1, 1)", LINEAR, 2),
    "exec": ("exec('import torch.nn as z\\nz.Linear(1, 1)')", LINEAR, 1),
    "a name from exec": ("exec('import torch.nn as z')\nz.Linear(1, 1)", LINEAR, 2),
    "exec of compiled text": (
        "import torch\nexec(compile('torch.nn.Linear(1)', 'x', 'exec'))",
        LINEAR,
        2,
    ),
    "exec in exec": (
        "import torch\nexec(\"exec('torch.nn.Linear(1)')\")",
        LINEAR,
        2,
    ),
    "globals": ("import torch.nn as z\nglobals()['z'].Linear(1)", LINEAR, 2),
    "sys.modules": ("import sys, torch\nsys.modules['torch.nn'].Linear(1)", LINEAR, 2),
    "sys.modules get": ("import sys, torch\nsys.modules.get('torch.nn').Linear(1)", LINEAR, 2),
    "vars": ("import torch\nvars(torch)['nn'].Linear(1)", LINEAR, 2),
    "__dict__": ("import torch\ntorch.__dict__['nn'].__dict__['Linear'](1)", LINEAR, 2),
    "attrgetter": (
        "import torch, operator\noperator.attrgetter('nn.Linear')(torch)(1)",
        LINEAR,
        2,
    ),
    "methodcaller": ("import operator\noperator.methodcaller('backward')(loss)", BACKWARD, 2),
    "resolve_name": ("import pkgutil\npkgutil.resolve_name('torch.nn:Linear')(1)", LINEAR, 2),
    "partial": ("import torch, functools\nfunctools.partial(torch.nn.Linear, 1)(1)", LINEAR, 2),
    "partial in a name": (
        "import torch\nfrom functools import partial\nm = partial(torch.nn.Linear, 1)\nm(1)",
        LINEAR,
        3,
    ),
    "map": ("import torch.nn.functional as F\nlist(map(F.relu, xs))", RELU, 2),
    "decorator": (
        "import torch\n@torch.autograd.grad\ndef f(x):\n    return x",
        GRAD,
        2,
    ),
    "base class": ("from torch.nn import Linear as L\nclass A(L):\n    pass", LINEAR, 2),
    "bound method in a name": ("step = loss.backward\nstep()", BACKWARD, 1),
    "unbound method": ("import torch\ntorch.Tensor.backward(loss)", BACKWARD, 2),
    "re-exported module": (
        "import torch.nn.modules.activation as a\na.F.relu(x)",
        RELU,
        2,
    ),
    "the module behind it": ("import torch.nn.modules.linear as l\nl.Linear(1)", LINEAR, 2),
    "optimizer's own module": ("from torch.optim.sgd import SGD as S\nS(p)", SGD, 2),
    "operators of torch": ("import torch\ntorch.ops.aten.relu(x)", RELU, 2),
    "library in C": ("import torch\ntorch._C._nn.cross_entropy_loss(a, b)", CE, 2),
    "through a library": ("import torchvision\ntorchvision.models.vgg.nn.Linear(1)", LINEAR, 2),
    "pretrained net": ("from torchvision import models as m\nm.vgg16(True)", VGG, 2),
}


@pytest.mark.parametrize("case", EVASIONS)
def test_an_evasion_is_found_at_its_line(case):
    source, name, line = EVASIONS[case]
    assert (name, line) in found(source)


INNOCENT = {
    "comment": "import torch  # torch.nn.Linear(1, 1)",
    "string": "import torch\nprint('torch.nn.Linear is not used, nor loss.backward()')",
    "docstring": 'def f():\n    """As torch.nn.functional.relu(x)."""\n    return 1',
    "unused import": "import torch.nn as nn\nfrom torch.optim import SGD\nimport torch.autograd",
    "unused star import": "from torch.nn import *\nfrom torch.nn.functional import *\nx = 1",
    "alias never used": "import torch.nn as nn\nL = nn.Linear\nx = 1",
    "own class nn": "class nn:\n    class Linear:\n        pass\nnn.Linear()",
    "own class after an import": "import torch.nn as nn\nclass nn:\n    Linear = 1\nnn.Linear",
    "own class Linear": "import torch\nclass Linear:\n    pass\nLinear()",
    "own class over a star import": "from torch.nn import *\nclass Linear:\n    pass\nLinear()",
    "a variable optim": "from torch import optim\noptim = Mine()\noptim.SGD(1)",
    "a parameter optim": "from torch import optim\ndef f(optim):\n    return optim.SGD(1)\nf(x)",
    "a local nn": "from torch import nn\ndef f():\n    nn = Mine()\n    return nn.Linear(1)",
    "a loop's nn": "from torch import nn\nfor nn in nets:\n    nn.Linear(1)",
    "a comprehension's F": "import torch.nn.functional as F\n[F.relu(1) for F in mine]",
    "with as": "from torch import nn\nwith mine() as nn:\n    nn.Linear(1)",
    "except as": "from torch import nn\ntry:\n    f()\nexcept E as nn:\n    nn.Linear",
    "own relu": "import torch.nn.functional as F\ndef relu(x):\n    return x\nrelu(1)",
    "own cross_entropy": "def cross_entropy(a, b):\n    return a\ncross_entropy(1, 2)",
    "tensor operations": "import torch\ntorch.relu(x); torch.softmax(x, 1); x.sigmoid(); x @ w",
    "no_grad": "import torch\nwith torch.no_grad():\n    w -= 0.1 * g",
    "own backward": "class A:\n    def backward(self, g):\n        return g\nA().backward(1)",
    "self.backward": (
        "class A:\n    def backward(self, g):\n        return g\n"
        "    def step(self, g):\n        self.backward(g)"
    ),
    "inherited backward": (
        "class A:\n    def backward(self):\n        return 1\nclass B(A):\n"
        "    def step(self):\n        self.backward()\n        super().backward()"
    ),
    "backward of own layers": (
        "class A:\n    def backward(self, g):\n        return g\n"
        "def run(layers, g):\n    for layer in layers:\n        g = layer.backward(g)"
    ),
    "own net's backward": (
        "class Net:\n    def backward(self, x, y):\n        pass\nnet = Net()\nnet.backward(x, y)"
    ),
    "backward of an own module": "import layers\nlayers.backward(g)",
    "other library of the same shape": "import my.nn as nn\nnn.Linear(1)",
    "longer name": "import torch.nn as nn\nnn.LinearOwn(1); torch.optim.SGDW",
    "annotation": "from torch import nn\ndef f(x: nn.Linear) -> nn.Linear:\n    y: nn.Linear = x",
    "isinstance": "from torch import nn\nif isinstance(m, nn.Linear):\n    init(m)",
    "dead name in another function": (
        "def a():\n    import torch.nn as nn\n    return 1\ndef b(nn):\n    return nn.Linear\nb(1)"
    ),
    "deleted": "from torch import nn\ndel nn\nnn = Mine()\nnn.Linear(1)",
    "getattr of something else": "import torch\ngetattr(torch.nn, 'Module')",
    "model.eval": "model.eval()\nmodel.exec('torch.nn.Linear(1)')",
    "eval of own text": "eval('1 + 1')",
    "key of a dictionary": "d = {'torch.nn.Linear': 1}\nd['torch.nn.Linear']",
    "attribute of data": "df.Linear; row['Linear']; self.SGD; cfg.optim.SGD",
}


@pytest.mark.parametrize("case", INNOCENT)
def test_the_innocent_are_not_accused(case):
    assert found(INNOCENT[case]) == []


SCOPED = {
    "in a method": "class FCNet:\n    def f(self):\n        return nn.Linear(1, 1)",
    "in a helper": "def h():\n    return nn.Linear(1)\nclass FCNet:\n    def f(self):\n        h()",
    "in a helper's helper": (
        "def g():\n    return nn.Linear(1, 1)\ndef h():\n    return g()\n"
        "class FCNet:\n    def f(self):\n        return h()"
    ),
    "in a layer class": (
        "class Layer:\n    def __init__(self):\n        self.l = nn.Linear(1, 1)\n"
        "class FCNet:\n    def __init__(self):\n        self.a = Layer()"
    ),
    "in its base": (
        "class Base:\n    def f(self):\n        return nn.Linear(1)\nclass FCNet(Base):\n    pass"
    ),
    "put into it": "class FCNet:\n    pass\ndef f(self):\n    nn.Linear(1)\nFCNet.f = f",
    "put into it directly": "class FCNet:\n    pass\nFCNet.layer = nn.Linear(1, 1)",
    "under another name": "class X:\n    def f(self):\n        nn.Linear(1)\nFCNet = X",
    "an object made before": (
        "layer = nn.Linear(1, 1)\nclass FCNet:\n    def f(self, x):\n        return layer(x)"
    ),
    "an object handed over": (
        "class FCNet:\n    def __init__(self, l):\n        self.l = l\n"
        "    def f(self, x):\n        return self.l(x)\nFCNet(nn.Linear(1, 1))"
    ),
    "a function handed over": (
        "class FCNet:\n    def __init__(self, make):\n        self.l = make(1, 1)\nFCNet(nn.Linear)"
    ),
}


@pytest.mark.parametrize("case", SCOPED)
def test_within_a_class_what_it_calls_counts(case):
    uses = found(f"from torch import nn\n{SCOPED[case]}", within=WITHIN)
    assert LINEAR in {name for name, _ in uses}


LATER = {
    "another class": "class CNN(nn.Module):\n    def f(self):\n        self.l = nn.Linear(1, 1)",
    "another task's training": "opt = torch.optim.SGD(p)\nloss.backward()\nF.cross_entropy(a, b)",
    "a shared function, called with other things": (
        "def train(net, make):\n    return make(net)\ntrain(cnn, nn.Linear)\ntrain(FCNet(), mine)"
    ),
    "the class itself handed to torch": "net = FCNet()\nloss = F.cross_entropy(net.f(x), y)",
    "a name used later": "layer = nn.Linear(1, 1)\nlayer(x)",
    "a name bound again later": "Own = nn.Linear\nOwn(1)",
}
NET = (
    "import torch\nfrom torch import nn\nimport torch.nn.functional as F\nclass Own:\n    pass\n"
    "class FCNet:\n    def f(self, x):\n        return Own()\n    def train(self):\n        pass\n"
)


@pytest.mark.parametrize("case", LATER)
def test_what_other_tasks_use_is_not_this_classs(case):
    assert found(f"{NET}---\n{LATER[case]}", within=WITHIN) == []


UNCLEAR = {
    "a name chosen at run time": "import torch\ngetattr(torch.nn, input())(1)",
    "all of a module": "import torch\n[v for k, v in vars(torch.nn).items() if k[0] == 'L'][0](1)",
    "either's backward": "class A:\n    def backward(self):\n        pass\nloss.backward()",
    "bound again later": (
        "from torch import nn\nclass Lin:\n    pass\ndef f():\n    return Lin(1)\nLin = nn.Linear"
    ),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_the_text_does_not_settle_is_for_a_person(case):
    assert found(UNCLEAR[case]) == []
    assert found(UNCLEAR[case], sure=False)


def test_text_run_inside_the_class_that_cannot_be_read_is_for_a_person():
    source = "class FCNet:\n    def f(self, t):\n        return eval(t)"
    assert found(source, within=WITHIN) == []
    assert [line for _, line in found(source, within=WITHIN, sure=False)] == [3]


def test_a_backward_that_only_a_tensor_has_is_sure():
    own = "class A:\n    def backward(self, g):\n        return g\n"
    assert found(f"{own}loss.backward()") == [(BACKWARD, 4)]
    assert found(f"{own}loss.backward(retain_graph=True)") == [(BACKWARD, 4)]


def test_text_that_grows_without_end_is_not_computed():
    doubled = "\n".join(f"a{n + 1} = a{n} + a{n}" for n in range(60))
    grown = "b = 'x' * 3; c = a9.replace('a', a9).replace('a', a9)"
    assert (
        found(f"import torch\na0 = 'a' * 1\na0 = 'aaaaaaaa'\n{doubled}\n{grown}\neval(a60)") == []
    )


def test_the_tables_are_as_long_as_they_claim():
    assert len(EVASIONS) + len(SCOPED) >= 80
    assert len(INNOCENT) + len(LATER) >= 40
