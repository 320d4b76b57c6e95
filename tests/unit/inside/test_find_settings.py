"""Probe `find_settings`: what the code gives to names, in every way of writing it."""

from __future__ import annotations

import json
import types

import pytest

from grader.inside.probes.find_settings import find_settings
from grader.inside.reply import Reply
from grader.inside.session import Session
from grader.model.measurements import SettingsWritten


def write(folder, *cells, name="hw.ipynb"):
    cells = [{"cell_type": "code", "source": text} for text in cells]
    (folder / name).write_text(json.dumps({"cells": cells}))


def found(folder, *names):
    job = {"submission": str(folder), "scratch": str(folder), "inputs": str(folder)}
    reply = Reply()
    find_settings(Session(job, types.ModuleType("__main__")), {"names": list(names)}, reply)
    return SettingsWritten.model_validate_json(json.dumps(reply.payload))


def values(folder, *names):
    return {one.value if one.sure else None for one in found(folder, *names).values}


@pytest.mark.parametrize(
    "text",
    [
        "EPOCHS = 16",
        "EPOCHS: int = 16",
        "epochs = 2**4",
        "n = 8\nepochs = 2 * n",
        "epochs = int(16.0)",
        "epochs = +16",
        "seed, epochs = 42, 16",
        "a = epochs = 16",
        "[epochs, b] = [16, 1]",
        "if (epochs := 16): pass",
        "class Config:\n    epochs = 16",
        "class Net:\n    def __init__(self):\n        self.epochs = 16",
        "args.epochs = 16",
        "config['epochs'] = 16",
        "config = {'epochs': 16}",
        "config = dict(epochs=16)",
        "parser.add_argument('-e', '--epochs', type=int, default=16)",
        "parser.add_argument('-n', dest='epochs', default=16)",
        "@click.option('--epochs', default=16)\ndef main(**more): pass",
        "def train(net, epochs=16): pass\ntrain(net)",
        "def train(net, *, epochs=16): pass",
        "def train(net, epochs): pass\ntrain(net, 16)",
        "def train(net, epochs): pass\ntrain(epochs=16, net=net)",
        "def train(net, epochs=10): pass\ntrain(net, 16)",
        "class T:\n    def fit(self, x, epochs): pass\nT().fit(x, 16)",
        "class T:\n    def __init__(self, x, epochs): pass\nT(1, 16)",
        "class T:\n    def __init__(self, x, epochs): pass\nclass U(T): pass\nU(1, 16)",
        "@dataclass\nclass C:\n    x: int\n    epochs: int\nC(1, 16)",
        "@dataclass\nclass C:\n    epochs: int = field(default=16)",
        "def f(n): pass\ndef train(epochs): f(epochs)\nN = 16\ntrain(N)",
        "CONFIG = {'epochs': 16}\ntrain(epochs=CONFIG['epochs'])",
        "CONFIG = {'n': 16}\ntrain(epochs=CONFIG.get('n', 16))",
        "class C:\n    n = 16\ntrain(epochs=C.n)",
        "for epochs in range(16): pass",
        "for epochs in range(1, 17): pass",
        "for epochs in range(0, 32, 2): pass",
        "N = 16\nfor epochs in tqdm(range(N), desc='x'): pass",
        "for epochs in trange(1, 16 + 1): pass",
        "import tqdm.notebook as t\nfor epochs in t.tqdm(list(range(16))): pass",
        "for epochs in [16]: pass",
        "ways = (16,)\nfor epochs in ways: pass",
        "losses = [f(epochs) for epochs in range(16)]",
    ],
)
def test_one_value_however_it_is_written(tmp_path, text):
    write(tmp_path, text)
    assert values(tmp_path, "epochs") == {16.0}


@pytest.mark.parametrize(
    "text",
    [
        "# epochs = 16",
        "'epochs = 16'",
        "s = '''\nepochs = 16\n'''",
        "print('epochs:', 16)",
        "epochs_done = 16",
        "for epoch in range(16):\n    save({'epochs': epoch, 'b': 1})",
        "for epoch in range(16):\n    epochs = epoch + 1",
        "for i, epochs in enumerate(losses): pass",
        "epochs = lambda: 16",
        "epochs = len(losses)",
        "epochs = x.size(0)",
        "epochs = x.shape[0]",
    ],
)
def test_what_gives_it_no_value(tmp_path, text):
    write(tmp_path, text)
    assert values(tmp_path, "epochs") == set()


@pytest.mark.parametrize(
    "text",
    [
        "epochs = max(losses)",
        "epochs = int(input())",
        "epochs, b = read()",
        "from config import epochs",
        "def train(epochs): pass",
        "def train(n, epochs): pass\ntrain(*given)",
        "def train(n, epochs): pass\ntrain(n, **given)",
        "parser.add_argument('--epochs', type=int)",
        "for epochs in range(first, 16): pass",
        "epochs = n if m else p",
        "epochs = 1 / 0",
        "epochs = 9**9**9",
        "epochs = 1e300 * 1e300",
        "epochs = unheard_of",
        "epochs = epochs_of.x",
    ],
)
def test_what_the_text_does_not_tell(tmp_path, text):
    write(tmp_path, text)
    assert values(tmp_path, "epochs") == {None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("epochs = 16\nepochs = 20", {16.0, 20.0}),
        ("epochs = 16 if fast else 20", {16.0, 20.0}),
        ("epochs = 0\nepochs += 1", {0.0}),
        ("epochs = 0\nwhile epochs < 16:\n    epochs += 1", {0.0, 16.0}),
        ("for epochs in [16, 20]: pass", {16.0, 20.0}),
        ("n = 16 if fast else 20\nfor epochs in range(n): pass", {16.0, 20.0}),
        ("n = 16 if fast else f()\nfor epochs in range(1, n): pass", {15.0, None}),
        ("def train(epochs=10): pass\ntrain()\ntrain(16)", {10.0, 16.0}),
        ("def train(epochs=10): pass\ntrain(*a)\ntrain(16)", {10.0, 16.0, None}),
        ("best, epochs = 1.0, 0\nepochs += 1", {0.0}),
        ("epochs = 5\nepochs += 11", {5.0, None}),
        ("epochs = 5\nepochs = epochs + 11", {5.0, None}),
        ("epochs = epochs", {None}),
        ("epochs = 16\nepochs = epochs", {16.0, None}),
        ("epochs = 0\nepochs = epochs + 1", {0.0}),
        ("self.n = 0\nself.n = self.n + 1\nepochs = self.n", {None, 0.0}),
    ],
)
def test_several_values(tmp_path, text, expected):
    write(tmp_path, text)
    assert values(tmp_path, "epochs") == expected


def test_names_are_matched_whole_and_in_either_case(tmp_path):
    write(tmp_path, "EPOCHS = 1\nnum_epochs = 2\nepochs_left = 3\nbatch = 4")
    assert values(tmp_path, "epochs", "num_.*") == {1.0, 2.0}


def test_positional_arguments_have_the_names_of_parameters(tmp_path):
    write(
        tmp_path,
        "import torch\ndef sigmoid(x): return 1 / (1 + torch.exp(-x))",
        "class FullyConnectedNetwork:\n"
        "    def __init__(self, input_size, output_size, hidden_size, activation_func, lr=0.01):\n"
        "        self.hidden_size = hidden_size\n"
        "        self.activation_func = activation_func",
        "for lr in (0.1, 1):\n    net = FullyConnectedNetwork(28 * 28, 10, 128, sigmoid, lr)",
    )
    assert values(tmp_path, "hidden_size") == {128.0}
    assert values(tmp_path, "activation_func") == {"sigmoid"}
    assert values(tmp_path, "input_size") == {784.0}
    assert values(tmp_path, "lr") == {0.1, 1.0}


@pytest.mark.parametrize(
    ("text", "value", "sure"),
    [
        ("def sigmoid(x): pass\nf(activation=sigmoid)", "sigmoid", True),
        ("import torch\nf(activation=torch.sigmoid)", "sigmoid", True),
        ("from torch import sigmoid as s\nf(activation=s)", "sigmoid", True),
        ("sigmoid = lambda x: x\nf(activation=sigmoid)", "sigmoid", True),
        ("f(activation='sigmoid')", "sigmoid", True),
        ("from helpers_not_here import act\nf(activation=act)", "act", False),
        ("import helpers_not_here as h\nf(activation=h.act)", "act", False),
        ("from helpers_not_here import *\nf(activation=sigmoid)", "sigmoid", False),
        ("import torch.nn as nn\nf(activation=nn.Sigmoid())", "Sigmoid", False),
    ],
)
def test_a_function_counts_by_its_name(tmp_path, text, value, sure):
    write(tmp_path, text)
    (one,) = found(tmp_path, "activation").values
    assert (one.value, one.sure) == (value, sure)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import torch\ntorch.manual_seed(42)", {42.0}),
        ("import numpy as np\nS = 42\nnp.random.seed(S)", {42.0}),
        ("import torch\ng = torch.Generator().manual_seed(42)", {42.0}),
        ("import torch\ntorch.manual_seed(seed=42)", {42.0}),
        ("import torch\ntorch.manual_seed(f())", {None}),
        ("def seed_all(seed):\n    torch.manual_seed(seed)\nseed_all(42)", {42.0}),
        ("y = self.seed(x)", set()),
    ],
)
def test_a_seed_is_the_only_argument(tmp_path, text, expected):
    write(tmp_path, text)
    assert values(tmp_path, ".*seed.*") == expected


def test_the_second_argument_of_a_loader_is_its_batch_size(tmp_path):
    write(tmp_path, "from torch.utils.data import DataLoader\na = DataLoader(data, 32, True)")
    assert values(tmp_path, "batch_size") == {32.0}


def test_places_and_other_files(tmp_path):
    (tmp_path / "config.py").write_text("EPOCHS = 16\n")
    write(tmp_path, "from config import EPOCHS", "x = 1\nfor epoch in range(EPOCHS):\n    pass")
    seen = found(tmp_path, "epochs?").values
    assert [(one.value, str(one.place), one.text) for one in seen] == [
        (16.0, "config.py, line 1", "EPOCHS = 16"),
        (16.0, "hw.ipynb, cell 2, line 2", "for epoch in range(EPOCHS):"),
    ]
    assert found(tmp_path, "epochs?").incomplete == ""


def test_code_that_cannot_be_read_is_told(tmp_path):
    write(tmp_path, "EPOCHS = 16", "def f(: 1")
    seen = found(tmp_path, "epochs")
    assert len(seen.values) == 1
    assert seen.incomplete == "a part of the code cannot be read as Python (hw.ipynb, cell 2)"


@pytest.mark.parametrize(
    "text",
    [
        "epochs = " + "-" * 3000 + "1",
        "epochs = " + " + ".join(["1"] * 3000),
        "epochs = x" + ".x" * 3000,
        "\n".join(f"def f{i}(epochs): f{i + 1}(epochs); f{i}(epochs)" for i in range(300)),
        "\n".join(f"a{i} = a{i + 1} or a{i + 2} or b" for i in range(300)) + "\nepochs = a0",
        "epochs = '\\ud800'",
        "def f(epochs): f(epochs + epochs)\nf(f)",
    ],
)
def test_hostile_code_gives_no_certain_number(tmp_path, text):
    write(tmp_path, text)
    assert not {one for one in values(tmp_path, "epochs") if isinstance(one, float)}


def test_many_values_are_bounded(tmp_path):
    write(tmp_path, "\n".join(f"epochs = {i}" for i in range(3000)))
    seen = found(tmp_path, "epochs")
    assert len(seen.values) == 2000
    assert seen.incomplete == "there are too many values"


def test_many_calls_are_bounded(tmp_path):
    calls = "\n".join(f"train({i}, {i}, epochs={i})" for i in range(4000))
    write(tmp_path, "def train(a, epochs, b=1): other(epochs)\ndef other(epochs): pass", calls)
    assert len(found(tmp_path, "epochs").values) == 2000
