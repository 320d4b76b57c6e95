"""Weights of every form, bound to the student's code and asked for scores."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from template import CLASSES, DIGITS, IMPORTS, LOOP, SAVE

WHOLE = "net = cnn()\ntorch.save(ClassifierNeuralNet(net), 'classifier_cnn.model')\n"
EXPECT = "expect(net, 'expected.npy')\n"


def expected(worker):
    return np.load(worker.folder / "expected.npy")


def predict(worker, role, **more):
    return worker.one("predict", role=role, dataset="digits/test", source="saved", **more)


def measured(reply):
    assert reply["state"] == "measured", reply["fault"]
    return reply["payload"]


@pytest.mark.parametrize(
    "saving",
    [
        "torch.save(ClassifierNeuralNet(net), 'classifier_cnn.model')",
        "old = False; torch.save(ClassifierNeuralNet(net), 'cnn.pt', pickle, 2, old)",
        "torch.save(net, 'cnn.pt')",
        "torch.save(nn.DataParallel(ClassifierNeuralNet(net)), 'cnn.pt')",
        "torch.save(net.state_dict(), 'cnn.pth')",
        "torch.save(ClassifierNeuralNet(net).state_dict(), 'best_cnn.pth')",
        "torch.save(nn.DataParallel(ClassifierNeuralNet(net)).state_dict(), 'cnn.pth')",
        "torch.save({'_orig_mod.' + k: v for k, v in net.state_dict().items()}, 'cnn.pt')",
        "torch.save({'model_state': net.state_dict(), 'optimizer': adam(net)}, 'cnn.tar')",
        "torch.save({'epoch': 3, 'net': ClassifierNeuralNet(net)}, 'cnn.pt')",
        "torch.save({'mlp': mlp().state_dict(), 'cnn': net.state_dict()}, 'both.pt')",
        "pickle.dump(ClassifierNeuralNet(net), open('cnn.pkl', 'wb'))",
        "pickle.dump(net.state_dict(), open('cnn.pickle', 'wb'))",
        "pickle.dump({k: v.numpy() for k, v in net.state_dict().items()}, open('cnn.pkl', 'wb'))",
        "torch.save(net.state_dict(), 'weights_final.pth')",
        "torch.save(ClassifierNeuralNet(net), 'final.pt')",
    ],
)
def test_weights_of_every_form_give_the_students_own_scores(worker, roles, saving):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    worker.save(f"{SAVE}\nnet = cnn()\n{saving}\n{EXPECT}")
    reply = predict(worker, roles["cnn"])
    payload = measured(reply)
    np.testing.assert_allclose(reply["data"]["scores"], expected(worker), atol=1e-5)
    assert payload["output_is"] == "log_probabilities"
    assert payload["weights_matter"]
    assert payload["rows_independent"]
    assert payload["binding"]["place"]["cell"] == 3


def test_a_whole_net_is_placed_where_the_code_builds_it(worker, roles):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    worker.save(SAVE + WHOLE)
    payload = measured(predict(worker, roles["cnn"]))
    assert payload["binding"]["how"] == "name"
    assert "classnet = nn.Sequential(Reshape" in payload["binding"]["definition"]
    assert payload["binding"]["weights"] == "classifier_cnn.model"
    assert payload["classify"] == "agrees"


def test_the_file_says_what_it_holds_without_the_students_class(worker, roles):
    liar = CLASSES.replace(
        "    def classify(self, x):",
        "    def parameters(self, recurse=True):\n        return iter(())\n\n"
        "    def state_dict(self, *args, **kwargs):\n        return {}\n\n"
        "    def classify(self, x):",
    )
    worker.notebook(IMPORTS, liar, LOOP)
    worker.save(SAVE + WHOLE)
    facts = measured(worker.one("describe_module", role=roles["cnn"], source="saved"))
    assert facts["saved_from"] == "module"
    sizes = {t["name"]: (t["shape"], t["role"], t["finite"]) for t in facts["saved"]}
    assert sizes["classnet.1.weight"] == ([4, 1, 3, 3], "parameter", True)
    assert facts["parameters"] == 4 * 9 + 4 + 256 * 10 + 10
    assert [layer["type"] for layer in facts["layers"]][:2] == ["Reshape", "Conv2d"]
    assert facts["layers"][1]["output_shape"] == [4, 8, 8]
    assert facts["layers"][1]["settings"]["out_channels"] == "4"
    assert facts["output_shape"] == [10]
    assert all(abs(total - 1) < 1e-5 for total in facts["row_sums"])


def test_a_file_named_cnn_that_holds_the_mlp_is_bound_and_told(worker, roles):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    worker.save(
        SAVE + "torch.save(ClassifierNeuralNet(mlp()), 'classifier_cnn.model')\n"
        "torch.save(mlp().state_dict(), 'classifier_mlp.model')\n"
    )
    facts = measured(worker.one("describe_module", role=roles["cnn"], source="saved"))
    assert facts["binding"]["weights"] == "classifier_cnn.model"
    assert "it has no Conv2d" in facts["binding"]["why"]
    assert "Conv2d" not in [layer["type"] for layer in facts["layers"]]


def test_renamed_classes_and_a_bare_state_dict_are_found_by_shapes(worker, roles):
    worker.notebook(
        "import torch\nfrom torch import nn as N",
        "class Wrapper(N.Module):\n    def __init__(self, body):\n        super().__init__()\n"
        "        self.body = body\n    def forward(self, x, y):\n        return self.body(x)",
        "def block(i, o):\n    return N.Sequential(N.Conv2d(i, o, 3, padding=1), N.ReLU())",
        "def build(width=4):\n    layers = [N.Unflatten(1, (1, 8, 8))]\n"
        "    layers.append(block(1, width))\n    layers += [N.Flatten()]\n"
        "    for size in [256]:\n        layers.append(N.Linear(size, 10))\n"
        "    return N.Sequential(*layers)",
        "def main():\n    net = Wrapper(build())\n    train(net)",
    )
    worker.save(
        "import torch\nfrom torch import nn\n"
        "net = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Sequential(nn.Conv2d(1, 4, 3,"
        " padding=1), nn.ReLU()), nn.Flatten(), nn.Linear(256, 10))\n"
        "torch.save({'body.' + k: v for k, v in net.state_dict().items()}, 'final.pt')\n"
    )
    reply = predict(worker, roles["cnn"])
    payload = measured(reply)
    assert payload["binding"]["how"] == "weights"
    assert payload["output_is"] == "logits"
    assert "Wrapper" in payload["binding"]["definition"]


def test_a_class_defined_three_times_loads_with_the_one_that_was_saved(worker, roles):
    version = (
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.{name} = nn.Linear(64, 10)\n    def forward(self, x):\n"
        "        return self.{name}(x)"
    )
    worker.notebook(
        "import torch\nimport torch.nn as nn", *(version.format(name=n) for n in ("a", "b", "c"))
    )
    worker.save(
        f"import torch\nimport torch.nn as nn\n{version.format(name='b')}\n"
        "torch.save(Net(), 'mlp.pt')\ntorch.save(Net().state_dict(), 'mlp_state.pth')\n"
    )
    assert measured(predict(worker, roles["mlp"]))["binding"]["weights"] == "mlp.pt"
    (worker.submission / "mlp.pt").unlink()
    payload = measured(predict(worker, roles["mlp"]))
    assert payload["binding"]["weights"] == "mlp_state.pth"


def test_raw_tensors_name_what_they_are(worker, roles):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    worker.save("import torch\ntorch.save({'W1': torch.zeros(3, 4)}, 'mlp.pt')\n")
    reply = predict(worker, roles["mlp"])
    assert reply["fault"]["kind"] == "no_definition"
    assert "W1 [3, 4]" in reply["fault"]["message"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 64, "HDF5"),
        (b"not a pickle at all", "cannot be read"),
        (b"PK\x03\x04" + b"\0" * 100, "cannot be read"),
    ],
)
def test_a_file_that_holds_no_weights_says_what_it_is(worker, roles, content, words):
    worker.notebook(IMPORTS, CLASSES, "print('no net is built')")
    (worker.submission / "classifier_mlp.model").write_bytes(content)
    reply = predict(worker, roles["mlp"])
    assert reply["state"] == "student_fault"
    assert words in reply["fault"]["message"]
    assert reply["fault"]["place"]["file"] == "classifier_mlp.model"


def test_a_truncated_file_is_told(worker, roles):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    worker.save(SAVE + WHOLE)
    path = worker.submission / "classifier_cnn.model"
    path.write_bytes(path.read_bytes()[:2000])
    reply = predict(worker, roles["cnn"])
    assert reply["fault"]["kind"] == "unreadable_weights"


def test_weights_that_do_not_fit_the_code_are_refused_with_the_reason(worker, roles):
    worker.notebook(
        "import torch.nn as nn",
        "class MLP(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.one = nn.Linear(64, 20)\n        self.two = nn.Linear(20, 10)\n"
        "    def forward(self, x):\n        return self.two(self.one(x))",
    )
    worker.save(
        "import torch\ntorch.save({'one.weight': torch.zeros(30, 64), 'one.bias': torch.zeros(30),"
        " 'two.weight': torch.zeros(10, 30), 'two.bias': torch.zeros(10)}, 'mlp.pth')\n"
    )
    reply = predict(worker, roles["mlp"])
    assert reply["fault"]["kind"] == "weights_mismatch"
    assert "one.weight is [30, 64] in the file, [20, 64] in the code" in reply["fault"]["message"]
    facts = measured(worker.one("describe_module", role=roles["mlp"], source="saved"))
    assert any("one.weight" in key for key in facts["missing_keys"])


def test_weights_without_their_class_say_so(worker, roles):
    worker.notebook(IMPORTS, "print('nothing')")
    worker.save(SAVE + WHOLE)
    reply = predict(worker, roles["cnn"])
    assert reply["fault"]["kind"] == "missing_class"
    assert "ClassifierNeuralNet" in reply["fault"]["message"]


def test_missing_weights_are_unbound_for_predict_but_the_net_is_described(worker, roles):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    both = worker.run(
        ("predict", {"role": roles["mlp"], "dataset": "digits/test", "source": "any"}),
        ("describe_module", {"role": roles["mlp"], "source": "saved"}),
    )
    assert both[0]["state"] == "unbound"
    assert "no weight files" in both[0]["fault"]["message"]
    facts = measured(both[1])
    assert facts["saved_from"] == "none"
    assert [layer["type"] for layer in facts["layers"]][:3] == ["Linear", "ReLU", "Linear"]


def test_nan_weights_are_a_fault_and_seen_in_the_file(worker, roles):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    worker.save(
        SAVE + "net = mlp()\nnet[0].weight.data[0, 0] = float('nan')\n"
        "torch.save(net.state_dict(), 'mlp.pth')\n"
    )
    both = worker.run(
        ("predict", {"role": roles["mlp"], "dataset": "digits/test", "source": "saved"}),
        ("describe_module", {"role": roles["mlp"], "source": "saved"}),
    )
    assert both[0]["fault"]["kind"] == "not_finite"
    facts = measured(both[1])
    assert [t["name"] for t in facts["saved"] if not t["finite"]] == ["0.weight"]
    assert "nan" in facts["row_sums"]


def test_a_hostile_pickle_is_inert_when_its_tensors_are_read(worker, roles):
    worker.notebook(IMPORTS, CLASSES, LOOP)
    worker.save(
        "import os, pickle\nclass Bad:\n    def __reduce__(self):\n"
        "        return os.mkdir, ('../owned',)\n"
        "pickle.dump(Bad(), open('classifier_mlp.model', 'wb'))\n"
    )
    reply = predict(worker, roles["mlp"])
    assert reply["fault"]["kind"] == "no_tensors"
    assert not (worker.folder / "owned").exists()


def test_scores_from_a_table_do_not_depend_on_the_weights(worker, roles):
    worker.notebook(
        "import torch\nimport torch.nn as nn",
        "class MLP(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.one = nn.Linear(64, 10)\n    def forward(self, x):\n"
        "        return x[:, :10] + x.mean()",
    )
    worker.save("import torch\ntorch.save(torch.nn.Linear(64, 10).state_dict(), 'mlp_l.pt')\n")
    worker.save(
        "import torch\ns = torch.load('mlp_l.pt')\n"
        "torch.save({'one.' + k: v for k, v in s.items()}, 'mlp.pt')\n"
        "import os; os.remove('mlp_l.pt')\n"
    )
    payload = measured(predict(worker, roles["mlp"]))
    assert payload["weights_matter"] is False
    assert payload["rows_independent"] is False


def test_preprocessing_of_the_students_own_dataset_is_applied(worker, roles):
    scaled = DIGITS.replace(
        "digits = load_digits()", "digits = load_digits()\n        digits.data = digits.data / 16.0"
    )
    worker.notebook(IMPORTS, scaled, CLASSES, LOOP)
    worker.save(f"{SAVE}\nnet = mlp()\ntorch.save(net.state_dict(), 'mlp.pth')\n")
    plain = predict(worker, roles["mlp"])
    with_own = predict(worker, roles["mlp"], preprocess=[roles["digits"]])
    # 40 rows at 1350 of 1797: the dataset is longer than what was given
    assert "holds 447 examples of 40 given" in measured(with_own)["preprocessing"]
    np.testing.assert_array_equal(with_own["data"]["scores"], plain["data"]["scores"])


def test_a_file_is_named_by_the_first_folder_that_holds_it(tmp_path):
    """After a run the submission's copy comes before the folder around it: no `work/` is told."""
    from grader.inside.binding.weights import WeightFiles

    (tmp_path / "work").mkdir()
    for name in ("work/fm1.pt", "saved.pt"):
        (tmp_path / name).write_bytes(b"")
    files = WeightFiles(None, [tmp_path / "work", tmp_path])
    assert files.names == ["fm1.pt", "saved.pt"]


DEEP = {
    "kind": "module",
    "name": "deep",
    "names": ["DeepNet"],
    "input_shape": [1, 28, 28],
    "output_shape": [5],
    "contains": ["Conv2d"] * 4,
}
STACKED = (
    "class {name}(nn.Module):\n    def __init__(self, sizes=(6, 12), pad=0):\n"
    "        super().__init__()\n        layers, n = [], 1\n        for size in sizes:\n"
    "            layers += [nn.Conv2d(n, size, 5, padding=pad), nn.ReLU()]\n            n = size\n"
    "        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
    "        self.last = nn.Linear(n, 5)\n    def forward(self, x):\n"
    "        return self.last(self.body(x))\n"
)


@pytest.mark.parametrize(("name", "how"), [("Net", "structure"), ("DeepNet", "name")])
def test_of_the_nets_in_the_code_the_one_with_enough_layers_is_described(worker, name, how):
    worker.notebook(
        "from torch import nn\n" + STACKED.format(name=name),
        f"def third():\n    m = {name}((6, 12, 16, 24), 2)\n    fit(m)",
        f"def fourth():\n    m = {name}((6, 12))\n    fit(m)",
    )
    facts = measured(worker.one("describe_module", role=DEEP, source="saved"))
    assert facts["binding"]["how"] == how
    convs = [layer["settings"] for layer in facts["layers"] if layer["type"] == "Conv2d"]
    assert [one["out_channels"] for one in convs] == ["6", "12", "16", "24"]


def test_a_net_with_too_few_layers_is_none_of_the_role(worker):
    worker.notebook("from torch import nn\n" + STACKED.format(name="Net"), "m = Net()")
    reply = worker.one("describe_module", role=DEEP, source="saved")
    assert reply["state"] == "unbound"
    worker.notebook("from torch import nn\n" + STACKED.format(name="DeepNet"), "m = DeepNet()")
    facts = measured(worker.one("describe_module", role=DEEP, source="saved"))
    assert "it has 2 Conv2d of 4" in facts["binding"]["why"]
