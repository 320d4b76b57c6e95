"""Submissions as they are: lifted without training, each failure costing one name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from template import CLASSES, DIGITS, IMPORTS, LOOP, SAVE

PACKAGE = Path(__file__).parents[4] / "grader"


def measured(reply):
    assert reply["state"] == "measured", reply["fault"]
    return reply["payload"]


def describe(worker, role):
    return worker.one("describe_module", role=role, source="saved")


def layers(reply):
    return [layer["type"] for layer in measured(reply)["layers"]]


TENSOR = {"tensor": [[1.0, 2.0], [3.0, 4.0]], "dtype": "float32"}
FUNCTION = {
    "name": "f",
    "kind": "function",
    "names": ["f"],
    "weights": [],
    "arguments": {},
    "unwrap": [],
    "contains": [],
    "lacks": [],
    "input_shape": None,
    "output_shape": None,
    "source_data": "",
}


def call(worker, **more):
    params = {"role": FUNCTION, "method": "", "construct": None, "calls": [{"args": [TENSOR]}]}
    return worker.one("call_function", **{**params, **more})


def test_a_script_with_classes_inside_its_main_guard(worker, roles):
    worker.script(
        """
        import torch
        from torch import nn
        from helpers.nets import Block

        if __name__ == "__main__":
            class MyNet(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.body = Block()

                def forward(self, x):
                    return self.body(x)

            mlp = MyNet()
            for epoch in range(10**9):
                mlp.train()
                raise SystemExit("training must not run")
        """
    )
    worker.script(
        """
        from torch import nn

        class Block(nn.Sequential):
            def __init__(self):
                super().__init__(nn.Linear(64, 20), nn.Tanh(), nn.Linear(20, 10))

        open("trained.txt", "w").write("importing this must not run its work")
        """,
        "helpers/nets.py",
    )
    worker.save(
        "import sys; sys.path.insert(0, '.')\nimport torch\nfrom torch import nn\n"
        "open('trained.txt', 'w').close()\n"
        "from helpers.nets import Block\n"
        "class MyNet(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.body = Block()\n    def forward(self, x):\n        return self.body(x)\n"
        "torch.save(MyNet(), 'mlp.pt')\n"
    )
    (worker.submission / "trained.txt").unlink()
    reply = describe(worker, roles["mlp"])
    assert layers(reply) == ["Linear", "Tanh", "Linear"]
    assert reply["payload"]["binding"]["place"] == {"file": "main.py", "cell": None, "line": 15}
    assert not list(worker.folder.rglob("trained.txt"))


def test_nets_inside_loops_branches_functions_and_calls_are_seen(worker, roles):
    worker.notebook(
        "import torch, torch.nn as nn\nimport argparse",
        "parser = argparse.ArgumentParser()\nparser.add_argument('--width', type=int, default=12)\n"
        "args = parser.parse_args()",
        "def make(kind, width):\n    if kind == 'mlp':\n"
        "        return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))\n"
        "    net = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, width, 3))\n"
        "    net.append(nn.Flatten())\n    net.append(nn.Linear(36 * width, 10))\n    return net",
        "def run(kind):\n    net = make(kind, args.width)\n    fit(net)\n    return net",
        "for kind in ('mlp', 'cnn'):\n    run(kind)",
    )
    both = worker.run(
        ("describe_module", {"role": roles["mlp"], "source": "saved"}),
        ("describe_module", {"role": roles["cnn"], "source": "saved"}),
    )
    assert layers(both[0]) == ["Linear", "ReLU", "Linear"]
    assert layers(both[1]) == ["Unflatten", "Conv2d", "Flatten", "Linear"]
    assert both[0]["payload"]["layers"][0]["settings"]["out_features"] == "12"


def test_magics_a_broken_cell_and_a_failing_import_cost_only_themselves(worker):
    worker.notebook(
        "pip install torchsummary\ncd /content\n!wget http://x/y.zip",
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        "%matplotlib inline\nimport torch\nimport no_such_package_here as nope",
        "def broken(:\n    pass",
        "def decorated():\n    return nope.thing()",
        "%%time\ndef f(x, device=device_nobody_set):\n    return (x * scale).sum(dim=1)",
        "scale = 2\nresult = train_for_hours()\nraise SystemExit",
    )
    reply = call(worker)
    assert measured(reply)["binding"]["place"] == {"file": "hw.ipynb", "cell": 6, "line": 2}
    np.testing.assert_allclose(reply["data"]["result_0"], [6, 14])
    assert reply["payload"]["dtypes"] == ["float32"]
    facts = measured(worker.one("inspect_source"))
    assert facts["files"][0]["place"] == {"file": "hw.ipynb", "cell": 4, "line": 1}
    assert facts["files"][0]["cells"] == 6


def test_hostile_definitions_are_survived(worker):
    worker.notebook(
        "class Meta(type):\n    def __getattr__(cls, name):\n        raise KeyboardInterrupt\n"
        "class Trap(metaclass=Meta):\n    pass",
        "class Quits:\n    raise SystemExit(3)",
        "def deep(n=0):\n    return deep(n + 1)\nbottom = deep()",
        "class Odd:\n    def __getattr__(self, name):\n        raise RuntimeError(name)\n"
        "    @property\n    def __class__(self):\n        raise ValueError\nodd = Odd()",
        "print('x' * 10_000_000)",
        "def f(x):\n    return x.tolist()",
    )
    reply = call(worker)
    np.testing.assert_allclose(reply["data"]["result_0"], [[1, 2], [3, 4]])
    assert measured(reply)["dtypes"] == ["list"]


def test_an_error_in_the_students_function_has_its_place(worker):
    worker.notebook("import torch", "def f(x):\n    y = x + 1\n    return y.no_such_method()")
    reply = call(worker)
    assert reply["fault"]["kind"] == "AttributeError"
    assert reply["fault"]["place"] == {"file": "hw.ipynb", "cell": 2, "line": 3}
    assert "no_such_method" in reply["fault"]["traceback"]


def test_a_class_is_made_and_its_method_called(worker, roles):
    worker.notebook(IMPORTS, CLASSES)
    weight = np.eye(10, 64).tolist()
    net = {"net": {"weight": weight, "bias": [0.0] * 10}, "dtype": "float32"}
    x = {"tensor": np.eye(3, 64).tolist(), "dtype": "float32"}
    y = {"tensor": [0, 1, 2], "dtype": "int64"}
    params = {"role": roles["classifier"], "construct": {"classnet": net}}
    classify, loss, renamed = worker.run(
        ("call_function", {**params, "method": "classify", "calls": [{"args": [x]}]}),
        (
            "call_function",
            {**params, "method": "forward", "calls": [{"args": [x, y, {"value": "sum"}]}]},
        ),
        (
            "call_function",
            {**params, "construct": {"body": net}, "method": "nothing", "calls": []},
        ),
    )
    np.testing.assert_array_equal(classify["data"]["result_0"], [0, 1, 2])
    assert classify["payload"]["dtypes"] == ["int64"]
    assert loss["payload"]["shapes"] == [[]]
    np.testing.assert_allclose(loss["data"]["result_0"], 3 * np.log(9 / np.e + 1), rtol=1e-5)
    assert renamed["fault"]["kind"] == "missing_method"


def test_explicit_settings_win_over_names(worker, roles):
    linear = "nn.Sequential(nn.Linear(64, {n}), nn.ReLU(), nn.Linear({n}, 10))"
    worker.notebook(
        "import torch.nn as nn",
        f"mlp = {linear.format(n=8)}",
        f"mine = {linear.format(n=9)}",
        f"# grade: mlp\nmarked = {linear.format(n=7)}",
    )
    assert describe(worker, roles["mlp"])["payload"]["binding"]["definition"].startswith("marked")
    (worker.submission / "grade.toml").write_text('[roles]\nmlp = "mine"\n')
    binding = measured(describe(worker, roles["mlp"]))["binding"]
    assert binding["how"] == "explicit"
    assert binding["definition"].startswith("mine")
    (worker.submission / "grade.toml").write_text('[weights]\nmlp = "gone.pt"\n')
    reply = describe(worker, roles["mlp"])
    assert reply["state"] == "unbound"
    assert "no such file" in reply["fault"]["message"]


def test_tensorflow_is_the_wrong_framework(worker, roles):
    worker.notebook("from tensorflow import keras", "model = keras.Sequential([])\nmodel.fit()")
    replies = worker.run(
        ("inspect_source", {}),
        ("predict", {"role": roles["mlp"], "dataset": "digits/test", "source": "any"}),
        ("describe_module", {"role": roles["mlp"], "source": "saved"}),
        ("bind_roles", {"roles": list(roles.values())}),
    )
    assert replies[0]["payload"]["frameworks"] == ["tensorflow"]
    assert [r["fault"]["kind"] for r in replies[1:3]] == ["wrong_framework"] * 2
    assert {b["how"] for b in replies[3]["payload"]["bindings"]} == {"unbound"}


def test_a_missing_package_is_named(worker, roles):
    worker.notebook(
        "import torch\nimport some_missing_lightning as pl",
        "class MLP(pl.LightningModule):\n    pass",
    )
    reply = worker.one("predict", role=roles["mlp"], dataset="digits/test", source="saved")
    assert reply["fault"]["kind"] == "missing_package"
    assert "some_missing_lightning" in reply["fault"]["message"]
    assert reply["fault"]["place"]["cell"] == 1


def test_a_blank_template_is_unbound_and_its_placeholders_are_seen(worker, roles):
    blank = CLASSES.replace(
        "        return torch.argmax(self.classnet(x), dim=1).long()",
        "        # PLEASE FILL IN\n        return y_pred",
    )
    loop = LOOP.split("    if name ==")[0] + (
        "    if name == 'classifier_mlp':\n        # PLEASE FILL IN\n        pass\n"
        "    model = ClassifierNeuralNet(classnet)\n"
    )
    worker.notebook(IMPORTS, DIGITS, blank, loop)
    facts = measured(worker.one("inspect_source"))
    assert [(p["cell"], p["line"]) for p in facts["placeholders"]] == [(3, 17), (4, 10)]
    assert describe(worker, roles["mlp"])["state"] == "unbound"


def test_an_empty_submission_and_a_broken_notebook_are_unbound(worker, roles):
    assert describe(worker, roles["mlp"])["state"] == "unbound"
    (worker.submission / "hw.ipynb").write_text('{"cells": [')
    facts = measured(worker.one("inspect_source"))
    assert "not valid JSON" in facts["files"][0]["parse_error"]
    reply = describe(worker, roles["mlp"])
    assert "hw.ipynb: the notebook is not valid JSON" in reply["fault"]["message"]


def test_the_students_dataset_preprocesses_the_graders_inputs(worker, roles):
    worker.rows = 447
    worker.values = np.random.default_rng(1).integers(0, 17, size=(447, 64)).astype("float32")
    worker.values.tofile(worker.inputs / "digits_test.bin")
    scaled = DIGITS.replace("load_digits()", "datasets.load_digits()").replace(
        "sample_x = self.data[idx]", "sample_x = self.data[idx] / 16.0"
    )
    worker.notebook(IMPORTS, scaled, CLASSES, LOOP)
    worker.save(f"{SAVE}\ntorch.save(mlp().state_dict(), 'mlp.pth')\n")
    worker.save(
        "import numpy as np, torch\nfrom torch import nn\n"
        "net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), nn.LogSoftmax(1))\n"
        "net.load_state_dict(torch.load('mlp.pth'))\n"
        "x = np.fromfile('../inputs/digits_test.bin', 'float32').reshape(447, 64) / 16\n"
        "np.save('../expected.npy', net(torch.from_numpy(x)).detach().numpy())\n"
    )
    params = {"role": roles["mlp"], "dataset": "digits/test", "source": "saved"}
    reply = worker.one("predict", **params, preprocess=[roles["digits"]])
    assert measured(reply)["preprocessing"] == "Through the student's Digits(mode='test')."
    wanted = np.load(worker.folder / "expected.npy")
    np.testing.assert_allclose(reply["data"]["scores"], wanted, atol=1e-5)


def test_preprocessing_without_a_dataset_class_is_found_in_arrays(worker, roles):
    worker.rows = 447
    worker.values = np.random.default_rng(1).integers(0, 17, size=(447, 64)).astype("float32")
    worker.values.tofile(worker.inputs / "digits_test.bin")
    worker.notebook(
        "import torch, torch.nn as nn\nfrom sklearn.datasets import load_digits",
        "digits = load_digits()\nX = digits.data / 16.0\nX_train, y_train = X[:1000], 0",
        "mean = X_train.mean(axis=0)\nX_test = torch.tensor(X[1350:] - mean).float()",
        "mlp = nn.Linear(64, 10)\nfit(mlp, X_train)",
    )
    worker.save("import torch\ntorch.save(torch.nn.Linear(64, 10).state_dict(), 'mlp.pt')\n")
    worker.save(
        "import numpy as np, torch\nfrom sklearn.datasets import load_digits\n"
        "mean = (load_digits().data[:1000] / 16).mean(axis=0)\n"
        "x = np.fromfile('../inputs/digits_test.bin', 'float32').reshape(447, 64) / 16 - mean\n"
        "net = torch.nn.Linear(64, 10)\nnet.load_state_dict(torch.load('mlp.pt'))\n"
        "np.save('../expected.npy', net(torch.from_numpy(x).float()).detach().numpy())\n"
    )
    params = {"role": roles["mlp"], "dataset": "digits/test", "source": "saved"}
    reply = worker.one("predict", **params, preprocess=[roles["digits"]])
    assert measured(reply)["preprocessing"] == "As in the student's array 'X_test'."
    wanted = np.load(worker.folder / "expected.npy")
    np.testing.assert_allclose(reply["data"]["scores"], wanted, atol=1e-5)


def test_live_objects_and_files_of_a_run_are_bound_after_it(worker, roles):
    worker.notebook(
        IMPORTS,
        CLASSES,
        "mlp = nn.Sequential(nn.Linear(64, 10), nn.LogSoftmax(dim=1))",
        "net = ClassifierNeuralNet(nn.Sequential(Reshape((1, 8, 8)), nn.Conv2d(1, 2, 3),"
        " nn.Flatten(), nn.Linear(72, 10)))\ntorch.save(net, 'classifier_cnn.model')\ndel net",
    )
    execute = {
        "wall_seconds": 60.0,
        "cell_seconds": 30.0,
        "optimizer_steps": 10,
        "batches_per_loader": 5,
        "forbid": [],
    }
    params = {"dataset": "digits/test", "source": "any"}
    replies = worker.run(
        ("execute", execute),
        ("predict", {**params, "role": roles["mlp"]}),
        ("predict", {**params, "role": roles["cnn"]}),
        ("describe_module", {"role": roles["cnn"], "source": "live"}),
        together=True,
    )
    assert measured(replies[1])["binding"]["how"] == "alive"
    assert measured(replies[2])["binding"]["why"].endswith("classifier_cnn.model.")
    assert replies[2]["payload"]["output_is"] == "logits"
    assert "Conv2d" in layers(replies[3])


def test_the_worker_as_a_box_starts_it(worker, roles):
    worker.notebook(IMPORTS, DIGITS, CLASSES, LOOP)
    worker.save(f"{SAVE}\ntorch.save(ClassifierNeuralNet(mlp()), 'classifier_mlp.model')\n")
    job_read, job_write = os.pipe()
    evidence_read, evidence_write = os.pipe()
    code = (
        f"import sys; sys.path.insert(0, {str(PACKAGE)!r}); from inside.worker import main;"
        f" main({job_read}, {evidence_write})"
    )
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", code],
        pass_fds=(job_read, evidence_write),
        env={"OMP_NUM_THREADS": "1", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
    )
    os.close(job_read)
    os.close(evidence_write)
    requests = [
        {"index": 0, "probe": "inspect_source", "params": {}},
        {
            "index": 1,
            "probe": "predict",
            "params": {"role": roles["mlp"], "dataset": "digits/test", "source": "saved"},
        },
        {"index": 2, "probe": "bind_roles", "params": {"roles": list(roles.values())}},
    ]
    steps = [[request] for request in requests]
    replies = worker.converse(job_write, evidence_read, worker.job(), steps)
    assert process.wait() == 0
    assert [measured(reply) is not None for reply in replies] == [True] * 3
    assert replies[1]["data"]["scores"].shape == (40, 10)
    hows = {b["role"]: b["how"] for b in replies[2]["payload"]["bindings"]}
    assert hows == {"mlp": "name", "cnn": "name", "classifier": "name", "digits": "name"}


def test_a_function_that_is_a_lambda(worker):
    worker.notebook("import torch\nf = lambda x: 2 * torch.exp(x)")
    reply = call(worker)
    assert measured(reply)["binding"]["how"] == "name"
    np.testing.assert_allclose(reply["data"]["result_0"], 2 * np.exp([[1, 2], [3, 4]]), rtol=1e-6)


def test_a_function_with_other_arguments_is_the_students(worker):
    worker.notebook("def f(x, g):\n    return x * g")
    reply = call(worker)
    assert (reply["state"], reply["fault"]["kind"]) == ("student_fault", "wrong_arguments")
    assert "missing 1 required positional argument: 'g'" in reply["fault"]["message"]
