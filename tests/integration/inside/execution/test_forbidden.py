"""Forbidden names raise however they are reached, where they are forbidden, and nowhere else."""

import pytest

LINEAR, RELU, CE = (
    "torch.nn.Linear",
    "torch.nn.functional.relu",
    "torch.nn.functional.cross_entropy",
)
BACKWARD, REQUIRES = "torch.Tensor.backward", "torch.Tensor.requires_grad_"
START = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\nx = torch.ones(2, 2)"
MAKE_LOSS = "w = torch.ones(2, requires_grad=True)\nloss = (w * 2).sum()\n"

CALLED = {
    "by its name": (RELU, "F.relu(x)"),
    "by a computed name": (RELU, "getattr(F, ''.join(sorted('uler'))[::-1][1:] and 'relu')(x)"),
    "by a name that is read": (
        RELU,
        "import os\nos.environ['N'] = 'relu'\ngetattr(F, os.environ['N'])(x)",
    ),
    "in vars": (RELU, "[v for k, v in vars(F).items() if k == 'relu'][0](x)"),
    "in sys.modules": (RELU, "import sys\nsys.modules['torch.nn.modules.activation'].F.relu(x)"),
    "by partial": (RELU, "import functools\nfunctools.partial(F.relu, x)()"),
    "by map": (RELU, "list(map(F.relu, [x]))"),
    "as a decorator": (RELU, "@F.relu\ndef f():\n    pass"),
    "by eval": (RELU, "eval('F.' + chr(114) + 'elu(x)')"),
    "by exec": (RELU, "exec('F.relu(x)')"),
    "by exec in a name space": (RELU, "exec('F.relu(x)', {'F': F, 'x': x})"),
    "under a library's file name": (RELU, "exec(compile('F.relu(x)', torch.__file__, 'exec'))"),
    "in a thread": (
        RELU,
        (
            "import threading\ndef hook(args): pass\nthreading.excepthook = hook\n"
            "t = threading.Thread(target=F.relu, args=(x,))\nt.start(); t.join()"
        ),
    ),
    "in a pool": (
        RELU,
        (
            "from concurrent.futures import ThreadPoolExecutor\n"
            "with ThreadPoolExecutor(1) as pool:\n    pool.submit(F.relu, x)"
        ),
    ),
    "as an operator of torch": (RELU, "torch.ops.aten.relu(x)"),
    "a class": (LINEAR, "nn.Linear(2, 2)"),
    "a class by reduce": (
        LINEAR,
        "from functools import reduce\nreduce(getattr, ['Linear'], nn)(2, 2)",
    ),
    "a subclass": (LINEAR, "class Mine(nn.Linear):\n    pass\nMine(2, 2)"),
    "a subclass of another library class too": (
        LINEAR,
        (
            "class Mixin(nn.Flatten):\n    call_super_init = True\n"
            "type('Mine', (Mixin, nn.Linear), {'__module__': 'torch.nn'})()"
        ),
    ),
    "a class made by type": (LINEAR, "type('Mine', (nn.Linear,), {})(2, 2)"),
    "a loss": (CE, "F.cross_entropy(x, torch.tensor([0, 1]))"),
    "a loss in C": (CE, "torch._C._nn.cross_entropy_loss(x, torch.tensor([0, 1]))"),
    "a method": (BACKWARD, f"{MAKE_LOSS}loss.backward()"),
    "a method of the class": (BACKWARD, f"{MAKE_LOSS}torch.Tensor.backward(loss)"),
    "a bound method": (BACKWARD, f"{MAKE_LOSS}b = loss.backward\nb()"),
    "methodcaller": (
        BACKWARD,
        f"{MAKE_LOSS}import operator\noperator.methodcaller('backward')(loss)",
    ),
    "a method made in C": (REQUIRES, "x.requires_grad_()"),
    "of a module": ("torch.optim", "torch.optim.SGD([x.requires_grad_()], 0.1)"),
    "of a module's module": ("torch.nn", "F.softmax(x, 1)"),
}


@pytest.mark.parametrize("case", CALLED)
def test_a_call_is_recorded_with_its_cell(case, execute):
    name, code = CALLED[case]
    ran = execute(START, f"print('begun')\n{code}", forbid=[name])
    remarks = [remark for remark in ran.remarks if remark.code == "api.forbidden"]
    assert remarks, ran.errors
    if case not in {"in a thread", "in a pool"}:
        assert str(remarks[0].place).startswith("hw.ipynb, cell 2, line ")
    assert name in remarks[0].message


def test_a_name_stored_before_the_patch_raises_too():
    import torch.nn.functional as F  # noqa: N812 - everybody's name for it

    from grader.inside.execution.forbid import _calling

    def stored(x, scale=2, *, shift=1):
        return x * scale + shift

    kept = stored
    seen = []
    stored.__code__ = _calling(lambda *args, **kwargs: seen.append((args, kwargs)), stored.__code__)
    kept(3, shift=4)
    assert seen == [((3,), {"shift": 4})]
    assert not F.relu.__code__.co_freevars  # so that its code can be replaced


TRANSFORMS = "from torchvision import transforms\n"
LIBRARY = {
    "a layer that uses one": (RELU, "nn.ReLU()(x)"),
    "a loss that uses one": (CE, "nn.CrossEntropyLoss()(x, torch.tensor([0, 1]))"),
    "a net made of one": (LINEAR, "nn.TransformerEncoderLayer(4, 1, 8)"),
    "a library's own subclass": (
        "torch.nn.Module",
        f"{TRANSFORMS}transforms.Normalize((.5,), (.5,))",
    ),
    "of a module, too": ("torch.nn", f"{TRANSFORMS}transforms.Normalize((.5,), (.5,))"),
    "a subclass of such a one": (
        "torch.nn",
        (
            f"{TRANSFORMS}class Mine(transforms.Normalize):\n    def __init__(self):\n"
            "        super().__init__((.5,), (.5,))\nMine()"
        ),
    ),
    "isinstance": (LINEAR, "isinstance(x, nn.Linear)"),
    "tensor operations": (RELU, "torch.relu(x); x.relu(); x.clamp(min=0)"),
    "a name of one's own": (RELU, "def relu(x):\n    return x\nrelu(x)"),
    "the same name elsewhere": (BACKWARD, "class A:\n    def backward(self): pass\nA().backward()"),
    "an optimizer's inside": (
        "torch.optim.Adam.step",
        "p = torch.ones(1, requires_grad=True)\ntorch.optim.SGD([p], 0.1).step()",
    ),
}


@pytest.mark.parametrize("case", LIBRARY)
def test_what_libraries_do_is_not_the_students(case, execute):
    name, code = LIBRARY[case]
    ran = execute(START, code, forbid=[name])
    assert ran.errors == []
    assert "api.forbidden" not in ran.codes


SCOPE = {
    "in the class": (
        "class FCNet:\n    def f(self, x):\n        return F.relu(x)\nFCNet().f(x)",
        True,
    ),
    "in what it calls": (
        (
            "def h(x):\n    return F.relu(x)\nclass FCNet:\n    def f(self, x):\n        h(x)\n"
            "FCNet().f(x)"
        ),
        True,
    ),
    "in a method put into it": (
        "class FCNet: pass\ndef f(self, x):\n    return F.relu(x)\nFCNet.f = f\nFCNet().f(x)",
        True,
    ),
    "in its subclass": (
        (
            "class FCNet:\n    def g(self, x):\n        return self.f(x)\n"
            "class B(FCNet):\n    def f(self, x):\n        return F.relu(x)\nB().g(x)"
        ),
        True,
    ),
    "in another class": (
        "class CNN:\n    def f(self, x):\n        return F.relu(x)\nCNN().f(x)",
        False,
    ),
    "at the top": ("F.relu(x)", False),
    "in a function given the net": (
        "class FCNet: pass\ndef evaluate(x, net):\n    return F.relu(x)\nevaluate(x, FCNet())",
        False,
    ),
}


@pytest.mark.parametrize("case", SCOPE)
def test_within_a_class_only(case, execute):
    code, caught = SCOPE[case]
    ran = execute(START, code, forbid=[RELU], within=["FCNet"])
    assert ("api.forbidden" in ran.codes) is caught, ran.errors
