"""Training ends by its budget, and what comes after it still runs."""

import json

import pytest

TEMPLATE = """
import os
import numpy as np
import torch
import torch.nn as nn
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

class Digits(Dataset):
    def __init__(self, mode="train"):
        digits = load_digits()
        first, last = {"train": (0, 1000), "val": (1000, 1350), "test": (1350, 1797)}[mode]
        self.data = digits.data[first:last].astype(np.float32)
        self.targets = digits.target[first:last]
    def __len__(self):
        return len(self.data)
    def __getitem__(self, i):
        return self.data[i], self.targets[i]

class ClassifierNeuralNet(nn.Module):
    def __init__(self, classnet):
        super().__init__()
        self.classnet = classnet
        self.nll = nn.NLLLoss(reduction="none")
    def forward(self, x, y, reduction="avg"):
        loss = self.nll(self.classnet(x), y.long())
        return loss.sum() if reduction == "sum" else loss.mean()
"""

TRAINING = """
def evaluation(loader, model):
    model.eval()
    loss, n = 0.0, 0
    for x, y in loader:
        loss += model(x, y, reduction="sum").item()
        n += len(x)
    return loss / n

def training(name, max_patience, num_epochs, model, optimizer, training_loader, val_loader):
    nll_val, best, patience = [], 1000.0, 0
    for e in range(num_epochs):
        model.train()
        for indx_batch, (x, y) in enumerate(training_loader):
            loss = model(x, y)
            optimizer.zero_grad()
            loss.backward(retain_graph=True)
            optimizer.step()
        value = evaluation(val_loader, model)
        nll_val.append(value)
        if e == 0 or value < best:
            torch.save(model, name + ".model")
            best, patience = value, 0
        else:
            patience += 1
        if patience > max_patience:
            break
    return np.asarray(nll_val)
"""

MAIN = """
for name in ["classifier_mlp", "classifier_cnn"]:
    classnet = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), nn.LogSoftmax(dim=1))
    model = ClassifierNeuralNet(classnet)
    optimizer = torch.optim.Adamax(model.parameters(), lr=1e-3)
    os.makedirs("results", exist_ok=True)
    loaders = [DataLoader(Digits(mode), batch_size=64) for mode in ("train", "val", "test")]
    nll = training("results/" + name, 20, 1000, model, optimizer, *loaders[:2])
    print(name, len(nll), len(loaders[0]))
    plt.plot(np.arange(len(nll)), nll, linewidth=3, label=name)
    plt.xlabel("epochs")
    plt.legend()
    plt.savefig("results/" + name + ".pdf", bbox_inches="tight")
    plt.close()
    print("test", evaluation(loaders[2], torch.load("results/" + name + ".model")))
"""


def test_a_template_run_of_1000_epochs_ends_by_its_steps_and_keeps_its_curves(execute):
    ran = execute(TEMPLATE, TRAINING, MAIN, "print('after')", optimizer_steps=40)
    execution = ran.execution
    assert execution.finished
    assert execution.budget_ended_training
    assert execution.optimizer_steps == 80
    assert "classifier_mlp 8 16\n" in ran.output  # nominal length kept; 5 batches a pass, 40 steps
    assert "classifier_cnn 8 16\n" in ran.output
    assert ran.output.endswith("after\n")
    names = [figure.saved_as for figure in execution.figures]
    assert names == ["results/classifier_mlp.pdf", "results/classifier_cnn.pdf"]
    (axes,) = execution.figures[0].axes
    assert (axes.x_label, axes.legend) == ("epochs", ("classifier_mlp",))
    (line,) = axes.lines
    assert len(line.y) == 8
    assert line.y[-1] < line.y[0]
    # two nets trained by one line, each with its optimizer, are two series
    seen = [(one.place.cell, one.place.line, len(one.values)) for one in execution.losses]
    assert seen == [(2, 17, 40), (2, 17, 40)]
    assert (ran.scratch / "work/results/classifier_mlp.pdf").read_bytes().startswith(b"%PDF")
    assert ran.codes.count("budget.ended") == 1
    assert "budget.cut" not in ran.codes


BY_HAND = """
import torch
x, y = torch.randn(100, 4), torch.randn(100, 1)
W = torch.zeros(4, 1, requires_grad=True)
losses = []
for epoch in range(100000):
    for i in range(0, 100, 10):
        loss = ((x[i:i+10] @ W - y[i:i+10]) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            W -= 0.01 * W.grad
            W.grad.zero_()
    losses.append(loss.item())
print(len(losses))
"""


def test_backprop_without_an_optimizer_ends_too(execute):
    ran = execute(BY_HAND, optimizer_steps=40)
    assert ran.execution.finished
    assert ran.output == "4\n"
    assert ran.execution.optimizer_steps == 0
    assert ran.execution.budget_ended_training


def test_gradient_accumulation_counts_optimizer_steps(execute):
    ran = execute(
        "import torch\nW = torch.zeros(2, requires_grad=True)\n"
        "opt = torch.optim.SGD([W], lr=.1)\nn = 0\n"
        "for i in range(10000):\n    (W ** 2).sum().backward()\n    n += 1\n"
        "    if i % 4 == 3:\n        opt.step(); opt.zero_grad()\nprint(n)",
        optimizer_steps=40,
    )
    assert ran.output == "160\n"


def test_numpy_training_ends_when_the_cells_time_is_over(execute):
    ran = execute(
        "import numpy as np\nW = np.zeros(9)\ncurve = []\nfor epoch in range(10**9):\n"
        "    for i in range(50):\n        W = W - 0.01 * W\n    curve.append(W.sum())\n"
        "print('ended')",
        cell_seconds=0.5,
    )
    assert ran.execution.finished
    assert ran.output == "ended\n"
    assert "budget.ended" in ran.codes


def test_training_that_is_slow_ends_by_time(execute):
    ran = execute(
        "import torch, time\nW = torch.zeros(2, requires_grad=True)\n"
        "opt = torch.optim.SGD([W], lr=.1)\nepochs = 0\n"
        "for e in range(1000):\n    for b in range(5):\n        time.sleep(0.02)\n"
        "        (W ** 2).sum().backward(); opt.step()\n    epochs += 1\nprint('ended')",
        cell_seconds=0.5,
        optimizer_steps=10**6,
    )
    assert ran.execution.finished
    assert ran.output == "ended\n"


def test_which_loop_the_clock_ended_and_which_net_it_trained_is_told(execute):
    train = (
        "import torch, time\nfrom torch import nn\ndef train(net, pause, epochs):\n"
        "    opt = torch.optim.SGD(net.parameters(), lr=.1)\n"
        "    for e in range(epochs):\n        time.sleep(pause)\n"
        "        net(torch.ones(1, 2)).sum().backward(); opt.step()"
    )
    ran = execute(
        train,
        "quick, slow = nn.Linear(2, 1), {'a': nn.Linear(2, 1)}\ntrain(quick, 0, 9)",
        "class Odd(nn.Module):\n    def __init__(self): pass\nodd = Odd()\n"
        "train(slow['a'], 0.2, 1000)",
        cell_seconds=4,
        optimizer_steps=10**6,
    )
    assert not ran.errors
    told = [(one.nets, one.by_clock) for one in ran.execution.losses]
    assert told == [(("quick",), False), (("slow['a']",), True)]


def test_odd_nets_and_keys_lose_no_evidence(execute):
    ran = execute(
        "import torch\nfrom torch import nn\nclass Odd(nn.Linear):\n"
        "    def __init__(self, given):\n        super().__init__(2, 1)\n"
        "        self.given = given\n"
        "    def parameters(self):\n        return self.given(self)\n"
        "class Needs(nn.Linear):\n    def parameters(self, which):\n        return []\n"
        "class Mute:\n    def __str__(self):\n        raise TypeError\n    __repr__ = __str__\n"
        "pairs = Odd(lambda net: [('w', net.weight)])\n"
        "names = Odd(lambda net: {'w': net.weight})\n"
        "needs = Needs(2, 1)\n"
        "keys = {Mute(): nn.Linear(2, 1), 'a': 1}\n"
        "class Listed(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.layers = [nn.Linear(2, 1)]\n"
        "    def parameters(self):\n        return self.layers[0].parameters()\n"
        "listed = Listed()\nseen = [pairs.weight, names.weight, needs.weight]\n"
        "seen += [keys[k].weight for k in keys if k != 'a'] + list(listed.parameters())\n"
        "opt = torch.optim.SGD(seen, lr=.1)\n"
        "for e in range(9):\n    sum((w ** 2).sum() for w in seen).backward(); opt.step()"
    )
    assert not ran.errors
    assert [one.nets for one in ran.execution.losses] == [("pairs", "names", "needs", "listed")]


def test_parameters_that_join_an_optimizer_later_count(execute):
    ran = execute(
        "import torch\nfrom torch import nn\nbody, head = nn.Linear(2, 2), nn.Linear(2, 1)\n"
        "opt = torch.optim.SGD(head.parameters(), lr=.1)\n"
        "for e in range(9):\n    head(body(torch.ones(1, 2))).sum().backward(); opt.step()\n"
        "    if e == 4: opt.add_param_group({'params': body.parameters()})"
    )
    assert [one.nets for one in ran.execution.losses] == [("body", "head")]


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n    try:\n        x = 1\n    except:\n        pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException:\n        pass",
        "import time\ntime.sleep(1000)",
        "import threading\nthreading.Event().wait()",
    ],
)
def test_an_endless_cell_is_interrupted_when_the_runs_time_is_over(execute, loop):
    ran = execute("x = 1", loop, "print('never')", wall_seconds=1.0, cell_seconds=0.3)
    execution = ran.execution
    assert [c.status for c in execution.cells] == ["ok", "timeout", "skipped"]
    assert execution.ended_by == "wall_clock"
    assert execution.cells[1].error_kind == "timeout"
    assert execution.first_error_cell == 2


def test_an_endless_for_may_be_training_by_hand_and_ends_with_its_cells_time(execute):
    assert execute("for i in iter(int, 1): pass", cell_seconds=0.3).execution.finished


def test_what_is_alive_after_a_time_out_can_be_measured(execute):
    request = {"probe": "bind_roles", "params": {"roles": []}}
    ran = execute("x = 1\nwhile True: pass", wall_seconds=0.5, requests=[request])
    assert ran.execution.ended_by == "wall_clock"
    assert ran.answers[0]["state"] == "measured"


def test_an_error_after_our_early_end_is_not_blamed_on_the_student(execute):
    ran = execute(
        "import torch\nW = torch.zeros(2, requires_grad=True)\nopt = torch.optim.SGD([W], lr=.1)",
        "losses = []\nfor e in range(100):\n    for b in range(5):\n"
        "        (W ** 2).sum().backward(); opt.step()\n    losses.append(1)",
        "import numpy as np\nprint(np.arange(100) + np.array(losses))",
    )
    assert ran.execution.cells[2].error_kind == "ValueError"
    assert str(ran.remark("budget.cut").place) == "hw.ipynb, cell 3, line 2"


def test_an_error_that_the_students_own_run_had_is_theirs(execute, as_notebook):
    train = (
        "import torch\nW = torch.zeros(2, requires_grad=True)\nopt = torch.optim.SGD([W], lr=.1)\n"
    )
    train += "losses = []\nfor e in range(100):\n    (W ** 2).sum().backward(); opt.step()\n"
    book = json.loads(as_notebook(train, "print(losses[99])"))
    for stored, theirs in (("IndexError", True), ("KeyError", False)):
        error = {"output_type": "error", "ename": stored, "evalue": "", "traceback": []}
        book["cells"][1]["outputs"] = [error]
        ran = execute(files={"hw.ipynb": json.dumps(book)}, optimizer_steps=40)
        assert ran.execution.cells[1].error_kind == "IndexError"
        assert ("budget.cut" not in ran.codes) is theirs


def test_a_best_model_never_chosen_is_not_blamed_and_a_typo_is(execute):
    train = (
        "import torch\nW = torch.zeros(2, requires_grad=True)\nopt = torch.optim.SGD([W], lr=.1)\n"
        "for e in range(100):\n    (W ** 2).sum().backward(); opt.step()\n"
        "    if e == 99: best = W.clone()\n"
    )
    assert "budget.cut" in execute(train, "print(best)").codes
    assert "budget.cut" not in execute(train, "print(bset)").codes
    assert "budget.cut" not in execute(train, "later = 1\nprint(after)", "after = 2").codes


def test_without_an_early_end_an_error_is_the_students(execute):
    assert "budget.cut" not in execute("losses = []\nlosses[3]").codes


def test_ten_gigabytes_of_prints_are_ended_and_not_kept(execute):
    ran = execute(
        "print('BEGIN')\nfor i in range(10**4):\n    print('x' * 10**6)", "print('never')"
    )
    assert ran.execution.ended_by == "output_limit"
    assert ran.execution.cells[0].error_kind == "output_limit"
    assert len(ran.execution.cells[0].output) <= 20000
    assert ran.output.startswith("BEGIN")


def test_output_of_one_cell_is_shortened_in_its_middle(execute):
    ran = execute("for i in range(20000): print(i)\nprint('END')")
    assert ran.execution.finished
    assert len(ran.output) <= 20000
    assert ran.output.startswith("0\n1\n")
    assert ran.output.endswith("19999\nEND\n")


def test_long_series_of_losses_are_thinned_and_not_finite_ones_named(execute):
    ran = execute(
        "import torch\nW = torch.ones(1, requires_grad=True)\nfor i in range(12000):\n"
        "    (W * (float('nan') if i == 0 else i)).sum().backward()",
        optimizer_steps=10**6,
    )
    (series,) = ran.execution.losses
    assert 2500 <= len(series.values) <= 5000
    assert series.values[0] == "nan"
    assert series.values[1] == 4.0


def test_a_loader_keeps_its_nominal_length_and_gives_few_batches(execute):
    ran = execute(
        "from torch.utils.data import DataLoader\nloader = DataLoader(range(1000), batch_size=10)\n"
        "print(len(loader), len([b for b in loader]), len(loader.dataset))\n"
        "it = iter(loader)\nprint(len(it), next(it)[0].item(), it.next()[0].item())",
        batches_per_loader=7,
    )
    assert ran.output == "100 7 1000\n100 0 10\n"
    assert "budget.ended" in ran.codes
    assert "compat.next" in ran.codes


def test_a_short_loader_is_not_cut(execute):
    ran = execute("from torch.utils.data import DataLoader\nprint(len(list(DataLoader(range(5)))))")
    assert ran.output == "5\n"
    assert ran.codes == []


def test_forbidden_names_raise_where_the_student_uses_them(execute):
    ran = execute(
        "import torch\nfrom torch import nn",
        "layer = nn.MultiheadAttention(4, 1)\nprint(isinstance(layer, nn.Linear))",
        "class Mine(nn.Linear): pass\nMine(2, 2)",
        forbid=["torch.nn.Linear"],
    )
    assert [c.status for c in ran.execution.cells] == ["ok", "ok", "error"]
    assert ran.execution.cells[2].error_kind == "ForbiddenAPI"
    assert "torch.nn.Linear must not be used" in ran.execution.cells[2].error
    assert "hw.ipynb, cell 3, line 2" in ran.execution.cells[2].error
    assert str(ran.remark("api.forbidden").place) == "hw.ipynb, cell 3, line 2"


def test_a_forbidden_method_raises_and_swallowing_it_is_seen(execute):
    ran = execute(
        "import torch\nx = torch.ones(1, requires_grad=True)\n"
        "try:\n    x.backward()\nexcept Exception as e:\n    print(e)",
        forbid=["torch.Tensor.backward"],
    )
    assert "torch.Tensor.backward must not be used" in ran.output
    assert "api.forbidden" in ran.codes
