"""Nets that compute their own gradients: one update, in every way that students write it."""

# ruff: noqa: E501 - lines as students write them

import numpy as np
import pytest
import torch

D, H, K, N = 12, 7, 5, 6
LR = 0.1

HEAD = "import torch\ndef sigmoid(x):\n    return 1 / (1 + torch.exp(-x))\n"
NET = HEAD + (
    "class FullyConnectedNetwork:\n"
    "    def __init__(self, input_size, output_size, hidden_size, activation_func, lr=0.01):\n"
    "        self.W1, self.b1 = torch.randn(input_size, hidden_size), torch.zeros(hidden_size)\n"
    "        self.W2, self.b2 = torch.randn(hidden_size, output_size), torch.zeros(output_size)\n"
    "        self.f, self.lr = activation_func, lr\n"
    "    def forward(self, x):\n"
    "        self.h = self.f(x @ self.W1 + self.b1)\n"
    "        return torch.softmax(self.h @ self.W2 + self.b2, dim=1)\n"
    "    def backward(self, x, y, y_hat):\n"
    "        d2 = y_hat - y\n"
    "        d1 = (d2 @ self.W2.T) * self.h * (1 - self.h)\n"
    "        self.W2 -= self.lr * self.h.T @ d2\n"
    "        self.b2 -= self.lr * d2.sum(0)\n"
    "        self.W1 -= self.lr * x.T @ d1\n"
    "        self.b1 -= self.lr * d1.sum(0)\n"
)
TURNED = HEAD + (
    "class FullyConnectedNetwork:\n"
    "    def __init__(self, n_input, n_hidden, n_output, learning_rate):\n"
    "        self.w1, self.b1 = torch.randn(n_hidden, n_input), torch.zeros(n_hidden, 1)\n"
    "        self.w2, self.b2 = torch.randn(n_output, n_hidden), torch.zeros(n_output, 1)\n"
    "        self.lr = learning_rate\n"
    "    def forward(self, x):\n"
    "        self.h = sigmoid(x @ self.w1.T + self.b1.T)\n"
    "        return self.h, torch.softmax(self.h @ self.w2.T + self.b2.T, dim=1)\n"
    "    def backward(self, y_hat, labels, x):\n"
    "        d2 = y_hat - labels\n"
    "        d1 = (d2 @ self.w2) * self.h * (1 - self.h)\n"
    "        self.w2 = self.w2 - self.lr * d2.T @ self.h\n"
    "        self.b2 = self.b2 - self.lr * d2.sum(0).reshape(-1, 1)\n"
    "        self.w1 = self.w1 - self.lr * d1.T @ x\n"
    "        self.b1 = self.b1 - self.lr * d1.sum(0).reshape(-1, 1)\n"
)
INTEGERS = NET.replace(
    "        d2 = y_hat - y\n",
    "        d2 = y_hat.clone()\n        d2[torch.arange(len(y)), y] -= 1\n",
)
SEPARATE = NET.replace("self.W2 -= self.lr *", "self.g2 =").replace(
    "self.b2 -= self.lr *", "self.c2 ="
).replace("self.W1 -= self.lr *", "self.g1 =").replace("self.b1 -= self.lr *", "self.c1 =") + (
    "    def update(self):\n"
    "        for p, g in ((self.W1, self.g1), (self.b1, self.c1), (self.W2, self.g2),"
    " (self.b2, self.c2)):\n"
    "            p -= self.lr * g\n"
)
SINGLE = NET.replace(
    "def forward(self, x):", "def forward(self, x):\n        x = x.float()"
).replace(
    "def backward(self, x, y, y_hat):\n",
    "def backward(self, x, y, y_hat):\n        x = x.float()\n        y = y.float()\n",
)
NUMPY = (
    NET.replace("import torch", "import numpy as np")
    .replace("torch.randn(", "np.random.randn(")
    .replace("torch.zeros", "np.zeros")
    .replace("torch.exp", "np.exp")
    .replace("torch.softmax(self.h @ self.W2 + self.b2, dim=1)", "soft(self.h @ self.W2 + self.b2)")
    .replace(
        "class Fully",
        "def soft(z):\n    e = np.exp(z)\n    return e / e.sum(1, keepdims=True)\nclass Fully",
    )
    + "import torch\n"
)


KEPT = NET
for one in ("W2", "b2", "W1", "b1"):
    KEPT = KEPT.replace(f"self.{one} -= self.lr *", f"self.d{one} =")
RETURNED = (
    KEPT + "        return {'W1': self.dW1, 'b1': self.db1, 'W2': self.dW2, 'b2': self.db2}\n"
)
APPLIED = KEPT + (
    "    def apply_gradients(self):\n"
    "        for n in ('W1', 'b1', 'W2', 'b2'):\n"
    "            setattr(self, n, getattr(self, n) - self.lr * getattr(self, 'd' + n))\n"
)
ONE_BY_ONE = KEPT + (
    "        return self.dW1, self.db1, self.dW2, self.db2\n"
    "    def gradient_descent(self, dW1, db1, dW2, db2):\n"
    "        self.W1 -= self.lr * dW1; self.b1 -= self.lr * db1\n"
    "        self.W2 -= self.lr * dW2; self.b2 -= self.lr * db2\n"
)
COLUMNS = HEAD + (
    "class FullyConnectedNetwork:\n"
    "    def __init__(self, input_size, output_size, hidden_size, activation_func, lr):\n"
    "        self.W1, self.b1 = torch.randn(hidden_size, input_size), torch.zeros(hidden_size, 1)\n"
    "        self.W2, self.b2 = torch.randn(output_size, hidden_size), torch.zeros(output_size, 1)\n"
    "        self.lr = lr\n"
    "    def forward(self, X):\n"
    "        self.h = sigmoid(self.W1 @ X + self.b1)\n"
    "        return torch.softmax(self.W2 @ self.h + self.b2, dim=0)\n"
    "    def backward(self, X, Y, out):\n"
    "        d2 = out - Y\n"
    "        d1 = self.W2.T @ d2 * self.h * (1 - self.h)\n"
    "        self.W2 = self.W2 - self.lr * d2 @ self.h.T\n"
    "        self.b2 = self.b2 - self.lr * d2.sum(1, keepdim=True)\n"
    "        self.W1 = self.W1 - self.lr * d1 @ X.T\n"
    "        self.b1 = self.b1 - self.lr * d1.sum(1, keepdim=True)\n"
)
COLUMNS_OF_INTEGERS = COLUMNS.replace(
    "        d2 = out - Y\n",
    "        d2 = out.clone()\n        d2[Y, torch.arange(Y.shape[0])] -= 1\n",
)


def role(kind="class", **more):
    return {
        "name": "network",
        "kind": kind,
        "names": ["FullyConnectedNetwork"],
        "weights": [],
        "input_shape": None,
        "output_shape": None,
        "unwrap": [],
        "contains": [],
        "lacks": [],
        "arguments": {},
        "source_data": "",
        **more,
    }


@pytest.fixture
def numbers():
    generator = torch.Generator().manual_seed(0)
    shapes = {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}
    values = {
        n: torch.randn(s, generator=generator, dtype=torch.float64) for n, s in shapes.items()
    }
    x = torch.rand(N, D, generator=generator, dtype=torch.float64)
    return values, x, torch.tensor([0, 1, 2, 3, 4, 1])


def ask(box, numbers, *, sizes=(D, K, H)):
    values, x, labels = numbers
    names = ("input_size", "output_size", "hidden_size")
    construct = {n: {"value": v} for n, v in zip(names, sizes, strict=True)}
    construct |= {"activation_func": {"student": "sigmoid"}, "lr": {"value": LR}}
    params = {
        "role": role(),
        "construct": construct,
        "set": {n: {"tensor": v.tolist(), "dtype": "float64"} for n, v in values.items()},
        "x": {"tensor": x.tolist(), "dtype": "float64"},
        "labels": labels.tolist(),
        "classes": K,
    }
    return box.ask(("train_by_hand", params))[0]


def wanted(numbers):
    """The same step by autograd, and the outputs before it."""
    values, x, labels = numbers
    tensors = {n: v.clone().requires_grad_() for n, v in values.items()}
    hidden = torch.sigmoid(x @ tensors["W1"] + tensors["b1"])
    logits = hidden @ tensors["W2"] + tensors["b2"]
    torch.nn.functional.cross_entropy(logits, labels, reduction="sum").backward()
    after = {n: (t - LR * t.grad).detach().numpy() for n, t in tensors.items()}
    return torch.softmax(logits, 1).detach().numpy(), after


@pytest.mark.parametrize(
    ("code", "way"),
    [
        (NET, "one-hot labels"),
        (TURNED, "one-hot labels, W1 and W2 held as [outputs, inputs]"),
        (INTEGERS, "integer labels"),
        (SEPARATE, "one-hot labels, then update()"),
        (APPLIED, "one-hot labels, then apply_gradients()"),
        (ONE_BY_ONE, "one-hot labels, then gradient_descent()"),
        (SINGLE, "one-hot labels, in single precision"),
        (NUMPY, "one-hot labels"),
    ],
    ids=[
        "as asked",
        "turned",
        "integers",
        "update apart",
        "applied",
        "one by one",
        "single precision",
        "numpy",
    ],
)
def test_one_step_in_each_style(box, numbers, code, way):
    box.notebook(code)
    answer = ask(box, numbers)
    payload = answer.payload
    assert way in payload.ways, (payload.ways, payload.errors)
    index = payload.ways.index(way)
    outputs, after = wanted(numbers)
    precise = "single" not in way
    tolerance = 1e-10 if precise else 1e-5
    assert np.allclose(answer.arrays[f"output_{index}"], outputs, atol=tolerance)
    for name, value in after.items():
        found = answer.arrays[f"{name}_{index}"].reshape(value.shape)
        assert np.allclose(found, value, atol=tolerance), name


@pytest.mark.parametrize("code", [COLUMNS, COLUMNS_OF_INTEGERS], ids=["one-hot", "integers"])
def test_examples_in_columns(box, numbers, code):
    box.notebook(code)
    answer = ask(box, numbers)
    outputs, after = wanted(numbers)
    steps = range(len(answer.payload.ways))
    right = [i for i in steps if np.allclose(answer.arrays[f"W1_{i}"], after["W1"])]
    assert ["columns" in answer.payload.ways[i] for i in right] == [True]
    assert np.allclose(answer.arrays[f"output_{right[0]}"].T, outputs)


@pytest.mark.parametrize("code", [KEPT, RETURNED], ids=["kept", "returned"])
def test_gradients_that_nothing_applies_are_reported(box, numbers, code):
    box.notebook(code)
    answer = ask(box, numbers)
    assert answer.payload.ways[0] == "one-hot labels"
    _, after = wanted(numbers)
    for name, before in numbers[0].items():
        assert np.array_equal(answer.arrays[f"{name}_0"], before)
        moved = before.numpy() - LR * answer.arrays[f"gradient_{name}_0"]
        assert np.allclose(moved, after[name]), name


def test_an_update_that_raises_or_moves_nothing_leaves_the_gradients(box, numbers):
    box.notebook(KEPT + "    def update(self):\n        self.W1 = self.W1 + 1; raise ValueError\n")
    answer = ask(box, numbers)
    assert answer.payload.ways[0] == "one-hot labels, update() raised ValueError"
    assert np.array_equal(answer.arrays["W1_0"], numbers[0]["W1"])
    assert "gradient_W1_0" in answer.arrays


def test_a_wrong_step_is_reported_as_it_is(box, numbers):
    box.notebook(NET.replace("d2 = y_hat - y", "d2 = y - y_hat"))
    answer = ask(box, numbers)
    values, _, _ = numbers
    _, after = wanted(numbers)
    step = answer.arrays["W2_0"] - values["W2"].numpy()
    assert np.allclose(step, -(after["W2"] - values["W2"].numpy()))


def test_what_cannot_be_called_says_why_and_where(box, numbers):
    box.notebook(NET.replace("d2 = y_hat - y", "d2 = y_hat - self.labels"))
    payload = ask(box, numbers).payload
    assert payload.ways == ()
    assert "AttributeError" in payload.errors[0]
    assert "hw.ipynb, cell 1, line 13" in payload.errors[0]


def test_a_class_without_backward_or_parameters_is_told(box, numbers):
    box.notebook(NET.replace("def backward", "def back"))
    assert "backward" in str(ask(box, numbers).header["fault"]["message"])
    box.notebook(NET.replace("self.b2", "self.lr"))
    assert "no tensor 'b2'" in ask(box, numbers).fault["message"]


def test_parameters_of_other_names_are_known_by_their_shapes(box, numbers):
    box.notebook(NET.replace("self.b2", "self.out_bias").replace("self.W1", "self.weights_in"))
    answer = ask(box, numbers)
    assert np.allclose(answer.arrays["W1_0"], wanted(numbers)[1]["W1"])


def test_passes_are_made_as_often_as_asked(box):
    box.notebook(
        "import torch\nfrom torch import nn\ncount = []\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(8, 3)\n"
        "    def forward(self, x):\n"
        "        count.append(len(x))\n"
        "        if count.count(5) == 7: raise RuntimeError('seven')\n"
        "        return self.fc(x)\n"
    )
    net = role("module", names=["Net"], input_shape=[8], output_shape=[3])
    params = {"role": net, "batch": 5, "least": 9, "seconds": 0, "training": False, "given": ""}
    assert box.ask(("time_module", {**params, "passes": 6}))[0].payload.passes == 6
    assert box.ask(("time_module", {**params, "passes": 7}))[0].fault["message"] == "seven"
    trained = {**params, "training": True, "passes": 6}
    assert box.ask(("time_module", trained))[0].payload.batch == 5
    assert box.ask(("time_module", {**trained, "passes": 7}))[0].fault["message"] == "seven"


def test_the_given_net_is_timed_from_its_source(box):
    given = "import torch\ndef build():\n    return torch.nn.Sequential(torch.nn.Linear(4, 2))\n"
    net = role("module", names=["Net"], input_shape=[4], output_shape=[2])
    params = {"role": net, "passes": 2, "batch": 3, "training": True, "given": given}
    params |= {"least": 1, "seconds": 60}
    box.notebook("x = 1")
    answer = box.ask(("time_module", params))[0]
    assert answer.payload.binding.definition == "the given net"


def test_a_net_of_another_input_size_is_asked_in_its_own(box):
    box.notebook(
        "import torch\nfrom torch import nn\nfrom torchvision import transforms\n"
        "t = transforms.Compose([transforms.Resize((24, 24)), transforms.ToTensor()])\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.c, self.fc = nn.Conv2d(3, 2, 3), nn.Linear(2 * 22 * 22, 3)\n"
        "    def forward(self, x):\n        return self.fc(self.c(x).flatten(1))\n"
    )
    net = role("module", names=["Net"], input_shape=[3, 224, 224], output_shape=[3])
    params = {"role": net, "passes": 9, "batch": 2, "training": False, "given": ""}
    timed = {**params, "least": 2, "seconds": 0}
    assert box.ask(("time_module", timed))[0].payload.passes == 2, "no further one is begun"
