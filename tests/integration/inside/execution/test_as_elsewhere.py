"""What works outside the box works inside it."""

import pytest


@pytest.mark.parametrize("argument", ["10, 0.1, -1, True", "10, verbose=True"])
def test_verbose_schedules(execute, argument):
    ran = execute(
        "import torch\nopt = torch.optim.SGD([torch.ones(1, requires_grad=True)], .1)\n"
        f"torch.optim.lr_scheduler.StepLR(opt, {argument}); 0"
    )
    assert ran.errors == []
    assert "compat.verbose" in ran.codes


@pytest.mark.parametrize(
    "lines",
    [
        (
            "class Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
            "        self.pool = torch.max_pool2d\n"
            "torch.save(Net(), 'net.pt'); net = torch.load('net.pt', weights_only=False)\n"
            "assert net.pool is torch.max_pool2d"
        ),
        (
            "loss = torch.jit.script(torch.nn.CrossEntropyLoss())\n"
            "assert loss(torch.zeros(1, 2), torch.tensor([0])) > 0.6"
        ),
        (
            "z = torch.ones(1, dtype=torch.complex64, requires_grad=True)\n"
            "(z * 2).sum().backward(torch.tensor(1 + 0j))"
        ),
        (
            "def h(n, m): return n + m\ndef f():\n    n = m = 0\n    while n < 3:\n        n += 1\n"
            "    return h(**locals())\nassert f() == 3"
        ),
        (
            "import copy\nbatches = iter(torch.utils.data.DataLoader([1, 2, 3]))\n"
            "assert len(copy.copy(batches)) == 3"
        ),
    ],
)
def test_it_runs(execute, lines):
    assert execute(f"import torch\n{lines}").errors == []
