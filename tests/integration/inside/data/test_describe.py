"""What a net is: its layers as they run, its weight file, its numbers without a second copy."""

# ruff: noqa: E501 - lines as students write them

import hashlib
import pickle

import numpy as np
import pytest
import torch
from torch import nn

IMPORTS = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
NET = IMPORTS + (
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 8, 3)\n"
    "        self.drop, self.fc = nn.Dropout(0.3), nn.Linear(8 * 5 * 5, 10)\n"
    "    def forward(self, x):\n"
    "        x = F.max_pool2d(F.relu(self.conv1(x)), 2)\n"
    "        x = torch.relu(self.conv2(x))\n"
    "        x = x.view(x.size(0), -1)\n"
    "        x = F.dropout(self.drop(x), p=0.25, training=self.training)\n"
    "        return F.log_softmax(self.fc(x), dim=1)\n"
)


def role(**more):
    return {
        "name": "net",
        "kind": "module",
        "names": ["Net"],
        "weights": ["net.pt"],
        "input_shape": [1, 14, 14],
        "output_shape": [10],
        "unwrap": [],
        "contains": [],
        "lacks": [],
        "arguments": {},
        "source_data": "",
        **more,
    }


def describe(box, source="any", **more):
    return box.ask(("describe_module", {"role": role(**more), "source": source}))[0]


def test_functions_and_layers_are_listed_in_the_order_of_running(box):
    box.notebook(NET)
    steps = describe(box).payload.operations
    assert [step.type for step in steps] == [
        "Conv2d",
        "ReLU",
        "MaxPool2d",
        "Conv2d",
        "ReLU",
        "Flatten",
        "Dropout",
        "Dropout",
        "Linear",
        "LogSoftmax",
    ]
    assert [step.path for step in steps if step.path] == ["conv1", "conv2", "drop", "fc"]
    assert steps[0].settings["kernel_size"] == "(3, 3)"
    assert steps[2].settings["kernel_size"] == steps[2].settings["stride"] == "2"
    assert steps[7].settings["p"] == "0.25"
    assert steps[9].settings["dim"] == "1"
    assert [step.output_shape for step in steps[2:6]] == [(4, 7, 7), (8, 5, 5), (8, 5, 5), (200,)]
    assert steps[-1].output_shape == (10,)


def test_leaves_have_their_shapes_and_an_unused_one_has_none(box):
    two = "self.conv1, self.conv2 ="
    box.notebook(NET.replace(two, "self.spare, self.conv1, self.conv2 = nn.Tanh(),"))
    layers = {layer.path: layer for layer in describe(box).payload.layers}
    assert layers["conv1"].output_shape == (4, 14, 14)
    assert layers["spare"].output_shape is None


def test_a_shared_layer_runs_twice(box):
    box.notebook(
        IMPORTS + "act = nn.ReLU()\nNet = lambda: None\n"
        "net = nn.Sequential(nn.Flatten(), nn.Linear(196, 5), act, nn.Linear(5, 10), act)"
    )
    steps = describe(box, names=["net"]).payload.operations
    assert [s.type for s in steps] == ["Flatten", "Linear", "ReLU", "Linear", "ReLU"]
    assert [s.output_shape for s in steps if s.type == "ReLU"] == [(5,), (10,)]


def test_an_autoencoder_gives_its_inputs_back(box):
    box.notebook(
        IMPORTS + "class Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n"
        "        self.encoder = nn.Sequential(nn.Linear(784, 16), nn.ReLU())\n"
        "        self.decoder = nn.Sequential(nn.Linear(16, 784), nn.Sigmoid())\n"
        "    def forward(self, x):\n        return self.decoder(self.encoder(x))\n"
    )
    payload = describe(box, input_shape=[784], output_shape=[784]).payload
    assert payload.output_shape == (784,)
    assert [s.type for s in payload.operations] == ["Linear", "ReLU", "Linear", "Sigmoid"]


def test_tensors_have_digests_of_their_numbers(box):
    net = nn.Linear(784, 10)
    box.notebook(
        IMPORTS
        + "class Net(nn.Linear):\n    def __init__(self):\n        super().__init__(784, 10)"
    )
    box.save("net.pt", net.state_dict())
    saved = {t.name: t for t in describe(box, "saved", input_shape=[784]).payload.saved}
    bytes_of = net.weight.detach().numpy().astype("<f4").tobytes()
    assert saved["weight"].sha256 == hashlib.sha256(bytes_of).hexdigest()
    assert saved["bias"].sha256 != saved["weight"].sha256


@pytest.mark.parametrize(
    ("keys", "holds"),
    [
        ({"epoch": 3}, ("epoch", "model")),
        ({"optim": "adam"}, ("optim", "model", "optimizer.state")),
        ({"opt": "sgd", "loss": 0.1}, ("opt", "loss", "model", "optimizer.state")),
    ],
)
def test_keys_of_checkpoints(box, keys, holds):
    net = nn.Linear(784, 10)
    for name, value in keys.items():
        if value in {"adam", "sgd"}:
            kind = torch.optim.Adam if value == "adam" else torch.optim.SGD
            keys[name] = kind(net.parameters(), lr=0.1).state_dict()
    box.notebook(
        IMPORTS
        + "class Net(nn.Linear):\n    def __init__(self):\n        super().__init__(784, 10)"
    )
    box.save("net.pt", {**keys, "model": net.state_dict()})
    payload = describe(box, "saved", input_shape=[784]).payload
    assert payload.file_keys == holds
    assert payload.saved_from == "checkpoint"


def test_a_net_of_its_own_input_size_is_traced_in_it(box):
    box.notebook(
        IMPORTS + "from torchvision import transforms\n"
        "t = transforms.Compose([transforms.Resize((20, 20)), transforms.ToTensor()])\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.c, self.fc = nn.Conv2d(3, 2, 3), nn.Linear(2 * 18 * 18, 10)\n"
        "    def forward(self, x):\n        return self.fc(self.c(x).flatten(1))\n"
    )
    answer = describe(box, input_shape=[3, 224, 224])
    assert answer.payload.operations[0].output_shape == (2, 18, 18)
    assert "[3, 20, 20]" in answer.remark("adapt.input_size").message
    assert describe(box, input_shape=None).payload.output_shape == (10,)


def test_a_net_that_does_not_run_is_described_all_the_same(box):
    box.notebook(NET.replace("8 * 5 * 5", "77"))
    answer = describe(box)
    assert answer.payload.operations == ()
    assert answer.payload.parameters > 0
    assert "module.forward" in answer.codes


def test_vgg16_is_described_within_memory(box):
    """138 million parameters: built without drawing them, the file mapped, no second copy."""
    box.notebook(
        IMPORTS + "import torchvision.models as models, resource\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (3 * 1024**3,) * 2)\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.vgg = models.vgg16(num_classes=10)\n"
        "    def forward(self, x):\n        return self.vgg(x)\n"
        "first, second = Net(), Net()\n"
    )
    payload = describe(box, input_shape=[3, 64, 64], weights=[]).payload
    assert payload.parameters == 134_301_514
    assert [s.type for s in payload.operations].count("Conv2d") == 13
    assert payload.output_shape == (10,)


def plain_net(names="W1 b1 W2 b2", *, turned=False):
    generator = np.random.default_rng(0)
    shapes = {"W1": (784, 16), "b1": (16,), "W2": (16, 10), "b2": (10,)}
    values = {n: generator.normal(0, 0.1, shapes[n]).astype("float32") for n in names.split()}
    return {n: v.T.copy() if turned and v.ndim == 2 else v for n, v in values.items()}


BY_HAND = (
    "import torch\n"
    "class FullyConnectedNetwork:\n"
    "    def __init__(self, input_size, output_size, hidden_size=16, activation_func=None, lr=0.01):\n"
    "        self.W1, self.b1 = torch.randn(input_size, hidden_size), torch.zeros(hidden_size)\n"
    "        self.W2, self.b2 = torch.randn(hidden_size, output_size), torch.zeros(output_size)\n"
    "    def forward(self, x):\n"
    "        h = torch.sigmoid(x @ self.W1 + self.b1)\n"
    "        return torch.softmax(h @ self.W2 + self.b2, dim=1)\n"
    "    def backward(self, x, y, y_hat):\n        pass\n"
)


def by_hand(**more):
    return role(
        names=["FullyConnectedNetwork"],
        weights=["HW1_*.pkl", "*.pt", "*.pickle"],
        **{"input_shape": [784], **more},
    )


@pytest.mark.parametrize("form", ["dict of tensors", "tuple", "list of arrays", "nested", "turned"])
def test_nets_made_by_hand_are_measured_from_their_saved_tensors(box, make, form):
    values = plain_net(turned=form == "turned")
    tensors = {n: torch.from_numpy(v) for n, v in values.items()}
    box.notebook(BY_HAND)
    if form in {"dict of tensors", "turned"}:
        box.save("HW1_1_2.pkl", tensors)
    elif form == "tuple":
        box.save("weights.pt", tuple(tensors.values()))
    elif form == "list of arrays":
        box.write("HW1_1_2.pkl", pickle.dumps(list(values.values())))
    else:
        box.write("weights.pickle", pickle.dumps({"net": tensors}))
    pictures = make["images"](9, 28)
    box.give("mnist/test", pictures, "torchvision.MNIST")
    asked = {"role": by_hand(), "source": "saved"}
    seen, facts = box.ask(
        ("predict", {**asked, "dataset": "mnist/test", "preprocess": []}),
        ("describe_module", asked),
    )
    w = plain_net()
    x = pictures.reshape(9, -1) / 255
    hidden = 1 / (1 + np.exp(-(x @ w["W1"] + w["b1"])))
    logits = hidden @ w["W2"] + w["b2"]
    wanted = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert np.allclose(seen.arrays["scores"], wanted, atol=1e-5)
    assert seen.payload.output_is == "probabilities"
    assert seen.payload.weights_matter
    assert seen.payload.rows_independent
    assert facts.payload.parameters == 784 * 16 + 16 + 160 + 10
    assert len(facts.payload.saved) == 4
    assert facts.payload.class_name == "FullyConnectedNetwork"


def test_tensors_that_fit_no_net_made_by_hand_say_so(box):
    box.notebook(BY_HAND)
    box.save("HW1_1_2.pkl", (torch.zeros(3, 4), torch.zeros(4)))
    answer = box.ask(("describe_module", {"role": by_hand(), "source": "saved"}))[0]
    assert answer.header["state"] in {"student_fault", "unbound"} or not answer.payload.saved


SHARED = IMPORTS + (
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.conv1, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(4, 10)\n"
    "        self.layers = nn.Sequential(self.conv1, nn.ReLU(), nn.Conv2d(4, 4, 3))\n"
    "    def forward(self, x):\n"
    "        return self.fc(self.layers(x).mean((2, 3)))\n"
)


def shared_state():
    conv, fc, last = nn.Conv2d(1, 4, 3), nn.Linear(4, 10), nn.Conv2d(4, 4, 3)
    named = {"conv1": conv, "fc": fc, "layers.0": conv, "layers.2": last}
    return {f"{n}.{k}": t for n, one in named.items() for k, t in one.state_dict().items()}


@pytest.mark.parametrize("change", [lambda t: t, torch.clone], ids=["one memory", "copies"])
def test_a_layer_with_two_names_is_one(box, change):
    box.notebook(SHARED)
    box.save("net.pt", {name: change(tensor) for name, tensor in shared_state().items()})
    saved = {one.name: one for one in describe(box).payload.saved}
    assert saved["layers.0.weight"].same_as == "conv1.weight"
    assert saved["layers.0.bias"].same_as == "conv1.bias"
    assert [one.role for one in saved.values()] == ["parameter"] * len(saved)
    assert not saved["layers.2.weight"].same_as


def test_a_claim_to_share_is_not_believed_where_the_file_says_otherwise(box):
    box.notebook(SHARED)
    other = {n: torch.rand_like(t) if "layers.0" in n else t for n, t in shared_state().items()}
    box.save("net.pt", other)
    assert not any(one.same_as for one in describe(box).payload.saved)


def test_equal_tensors_of_two_layers_are_two(box):
    box.notebook(SHARED.replace("Sequential(self.conv1,", "Sequential(nn.Conv2d(1, 4, 3),"))
    box.save("net.pt", {name: torch.clone(tensor) for name, tensor in shared_state().items()})
    assert not any(one.same_as for one in describe(box).payload.saved)


ONLY_IN_TRAINING = IMPORTS + (
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.drop, self.norm = nn.Dropout(0.5), nn.BatchNorm1d(196)\n"
    "        self.fc, self.out = nn.Linear(196, 196), nn.Linear(196, 10)\n"
    "    def forward(self, x):\n"
    "        x = F.relu(self.norm(self.fc(x.flatten(1))))\n"
    "        if self.training:\n"
    "            x = self.drop(x)\n"
    "        return self.out(x)\n"
)


@pytest.mark.parametrize(
    ("code", "rates"),
    [
        (ONLY_IN_TRAINING, ["0.5"]),
        (ONLY_IN_TRAINING.replace("self.drop(x)", "F.dropout(x, 0.25)"), ["0.25"]),
        (ONLY_IN_TRAINING.replace("if self.training", "if x is None"), []),
        (
            ONLY_IN_TRAINING.replace(
                "            x = self.drop(x)\n", "            raise ValueError\n"
            ),
            [],
        ),
    ],
    ids=["layer", "function", "never run", "raises"],
)
def test_dropout_that_only_training_runs_is_seen(box, code, rates):
    box.notebook(code)
    operations = describe(box).payload.operations
    assert [one.settings["p"] for one in operations if one.type == "Dropout"] == rates
    assert [one.type for one in operations][-1] == "Linear"


OWN_LAYERS = IMPORTS + (
    "class Block(nn.Module):\n"
    "    def __init__(self, i, o):\n"
    "        super().__init__()\n"
    "        self.w, self.b = nn.Parameter(torch.randn(o, i, 3, 3)), nn.Parameter(torch.zeros(o))\n"
    "    def forward(self, x):\n"
    "        return F.relu(F.conv2d(x, self.w, self.b, padding=1))\n"
    "class MyConv(nn.Conv2d):\n"
    "    pass\n"
    "class Swish(nn.Module):\n"
    "    def forward(self, x):\n"
    "        return x * 2\n"
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.c1, self.c2, self.act = Block(1, 4), MyConv(4, 4, 3, padding='same'), Swish()\n"
    "        self.fc = nn.Linear(4 * 14 * 14, 10)\n"
    "    def forward(self, x):\n"
    "        return self.fc(self.act(self.c2(self.c1(x))).flatten(1))\n"
)


def test_layers_of_ones_own_are_looked_into(box):
    box.notebook(OWN_LAYERS)
    steps = [(one.type, one.path) for one in describe(box).payload.operations]
    assert steps == [
        ("Conv2d", "c1"),
        ("ReLU", "c1"),
        ("Conv2d", "c2"),
        ("Swish", "act"),
        ("Flatten", ""),
        ("Linear", "fc"),
    ]


AUTOENCODER = IMPORTS + (
    "class Net(nn.Module):\n"
    "    def __init__(self):\n"
    "        super().__init__()\n"
    "        self.enc = nn.Sequential(nn.Flatten(), nn.Linear(196, 10))\n"
    "        self.dec = nn.Sequential(nn.Linear(10, 196), nn.Sigmoid())\n"
    "    def forward(self, x):\n"
    "        z = self.enc(x)\n"
    "        out = self.dec(z)\n"
    "        return OUT\n"
)


@pytest.mark.parametrize(
    "out", ["out", "out.view(-1, 1, 14, 14)", "(z, out)", "{'z': z, 'out': out.view(-1, 14, 14)}"]
)
def test_an_autoencoders_outputs_are_found_in_what_it_returns(box, make, out):
    code = AUTOENCODER.replace("OUT", out)
    box.notebook(code)
    space = {}
    exec(code, space)
    box.save("net.pt", space["Net"]().state_dict())
    net = role(output_shape=[196])
    assert describe(box, output_shape=[196]).payload.output_shape == (196,)
    box.give("mnist/test", make["images"](5, 14), "torchvision.MNIST")
    asked = {"role": net, "dataset": "mnist/test", "source": "saved"}
    answer = box.ask(("predict", asked))[0]
    assert answer.header["state"] == "measured", answer.header["fault"]
    assert answer.arrays["scores"].shape == (5, 196)


def test_rows_of_codes_are_no_outputs(box):
    box.notebook(AUTOENCODER.replace("OUT", "z"))
    assert describe(box, output_shape=[196]).payload.output_shape == (10,)
