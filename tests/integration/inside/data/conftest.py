"""Tiny copies of datasets in their real layouts, and steps run beside them as in a box."""

import contextlib
import gzip
import io
import json
import os
import pickle
import signal
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision  # noqa: F401
from PIL import Image

from grader.inside import protocol
from grader.model import measurements
from grader.model.evidence import Remark

BUDGET = {
    "wall_seconds": 60.0,
    "cell_seconds": 30.0,
    "optimizer_steps": 40,
    "batches_per_loader": 5,
    "forbid": [],
}
PAYLOADS = {
    "execute": measurements.Execution,
    "predict": measurements.Predictions,
    "describe_module": measurements.ModuleFacts,
    "train_by_hand": measurements.Steps,
    "time_module": measurements.Timing,
    "bind_roles": measurements.Bindings,
}
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
WNIDS = [
    "n01440764",
    "n02102040",
    "n02979186",
    "n03000684",
    "n03028079",
    "n03394916",
    "n03417042",
    "n03425413",
    "n03445777",
    "n03888257",
]


@dataclass
class Answer:
    """What one request came to."""

    probe: str
    header: dict
    arrays: dict

    @property
    def payload(self):
        assert self.header["state"] == "measured", self.header["fault"]
        return PAYLOADS[self.probe].model_validate_json(json.dumps(self.header["payload"]))

    @property
    def fault(self):
        assert self.header["state"] == "student_fault", self.header["state"]
        return self.header["fault"]

    @property
    def remarks(self):
        return [Remark.model_validate(r) for r in self.header["remarks"]]

    @property
    def codes(self):
        return [remark.code for remark in self.remarks]

    @property
    def output(self):
        return "".join(cell.output for cell in self.payload.cells)

    @property
    def errors(self):
        return [(c.cell, c.error_kind, c.error) for c in self.payload.cells if c.error_kind]

    def remark(self, code):
        found = [remark for remark in self.remarks if remark.code == code]
        assert found, self.remarks
        return found[0]


def notebook(*cells):
    made = [
        {"cell_type": "code", "source": cell, "outputs": [], "metadata": {}, "id": f"c{i}"}
        for i, cell in enumerate(cells)
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def in_a_step(job, step, root):
    """Fork, run the step, read its frames."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read_end)
            log = os.open(root / "step.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            warnings.resetwarnings()  # pytest's "error" is not what a worker has
            os.environ["HOME"] = job["scratch"]
            from grader.inside.step import run

            run(job, step, write_end)
        except BaseException:  # noqa: BLE001 - told by the parent
            (root / "crash.log").write_text(traceback.format_exc())
        finally:
            os._exit(0)
    os.close(write_end)
    frames = []
    try:
        while (frame := protocol.read_frame(read_end, 1 << 28)) is not None:
            frames.append(frame)
    finally:
        os.close(read_end)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    crash = root / "crash.log"
    assert frames, crash.read_text() if crash.exists() else (root / "step.log").read_text()
    return frames


def answers_of(frames, step):
    found = []
    for (_, _, text, body), request in zip(frames, step, strict=False):
        header = json.loads(text)
        arrays, at = {}, 0
        for entry in header["arrays"]:
            dtype = np.dtype(entry["dtype"])
            size = int(np.prod(entry["shape"], dtype=int)) * dtype.itemsize
            arrays[entry["name"]] = np.frombuffer(body[at : at + size], dtype).reshape(
                entry["shape"]
            )
            at += size
        found.append(Answer(request["probe"], header, arrays))
    return found


@dataclass
class Box:
    """A submission, a scratch folder, datasets at hand, the grader's inputs."""

    folder: Path

    def __post_init__(self):
        self.submission, self.scratch = self.folder / "submission", self.folder / "scratch"
        self.inputs, self.data = self.folder / "inputs", self.folder / "data"
        for path in (self.submission, self.scratch, self.inputs, self.data):
            path.mkdir()
        self.served, self.datasets, self.torch_home = {}, {}, ""

    def write(self, name, content):
        path = self.submission / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def notebook(self, *cells, name="hw.ipynb"):
        self.write(name, notebook(*cells))

    def save(self, name, value):
        buffer = io.BytesIO()
        torch.save(value, buffer)
        self.write(name, buffer.getvalue())

    def serve(self, name, family, build, partial=""):
        """Put a tiny copy at hand."""
        build(self.data / name)
        path = str(self.data / name)
        self.served[name] = {"path": path, "family": family, "partial": partial, "splits": {}}

    def give(self, reference, images, family, encoding="raw", **more):
        """Give the grader's inputs."""
        file = reference.replace("/", "_") + ".bin"
        entry = {"file": file, "encoding": encoding, "dtype": "uint8", "family": family, **more}
        if encoding == "raw":
            (self.inputs / file).write_bytes(np.ascontiguousarray(images).tobytes())
            entry["shape"] = list(images.shape)
            entry["dtype"] = str(images.dtype)
        else:
            (self.inputs / file).write_bytes(b"".join(images))
            entry["shape"] = [len(images)]
            entry["offsets"] = [0, *np.cumsum([len(i) for i in images]).tolist()]
        entry.setdefault("rows", [0, len(images)])
        entry.setdefault("total_rows", len(images))
        self.datasets[reference] = entry

    def ask(self, *requests):
        job = {
            "submission": str(self.submission),
            "scratch": str(self.scratch),
            "inputs": str(self.inputs),
            "isolated": False,
            "body_limit": 1 << 28,
            "datasets": self.datasets,
            "served": self.served,
            "torch_home": self.torch_home,
        }
        step = [
            {"index": i, "probe": probe, "params": params}
            for i, (probe, params) in enumerate(requests)
        ]
        return answers_of(in_a_step(job, step, self.folder), step)

    def execute(self, *cells, **params):
        if cells:
            self.notebook(*cells)
        return self.ask(("execute", {**BUDGET, **params}))[0]


def images(count, side=8, channels=0, seed=0):
    shape = (count, side, side, channels) if channels else (count, side, side)
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def idx(array):
    """An IDX file's bytes."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.astype("uint8").tobytes()


def mnist_layout(name="MNIST", train=20, test=10):
    def build(folder):
        raw = folder / name / "raw"
        raw.mkdir(parents=True)
        for prefix, count in (("train", train), ("t10k", test)):
            (raw / f"{prefix}-images-idx3-ubyte").write_bytes(idx(images(count, 28)))
            labels = np.arange(count) % 10
            (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))

    return build


def cifar_layout(folder):
    batches = folder / "cifar-10-batches-py"
    batches.mkdir(parents=True)
    for order, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        data = images(4, 32, 3, seed=order).transpose(0, 3, 1, 2).reshape(4, -1)
        entry = {"data": data, "labels": [0, 1, 2, 3], "batch_label": name, "filenames": ["x"] * 4}
        (batches / name).write_bytes(pickle.dumps(entry))
    (batches / "batches.meta").write_bytes(pickle.dumps({"label_names": CLASSES}))


def svhn_layout(folder):
    from scipy.io import savemat

    folder.mkdir(parents=True)
    for name, count in (("train", 12), ("test", 6)):
        data = images(count, 32, 3).transpose(1, 2, 3, 0)
        labels = np.arange(1, count + 1).reshape(-1, 1) % 10 + 1
        savemat(folder / f"{name}_32x32.mat", {"X": data, "y": labels.astype("uint8")})


def jpeg(side, seed=0, kind="JPEG"):
    buffer = io.BytesIO()
    Image.fromarray(images(1, side, 3, seed)[0]).save(buffer, kind)
    return buffer.getvalue()


def imagenette_layout(folder):
    for split, count in (("train", 2), ("val", 1)):
        for order, wnid in enumerate(WNIDS):
            here = folder / "imagenette2-160" / split / wnid
            here.mkdir(parents=True)
            for i in range(count):
                (here / f"{wnid}_{i}.JPEG").write_bytes(jpeg(40, order * 7 + i))


def grocery_layout(folder):
    top = folder / "GroceryStoreDataset" / "dataset"
    for split, count in (("train", 6), ("val", 3), ("test", 4)):
        lines = []
        for i in range(count):
            path = f"{split}/Fruit/Apple/Apple_{i:03d}.jpg"
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_bytes(jpeg(24, i))
            lines.append(f"{path}, {i % 5}, {i % 3}")
        (top / f"{split}.txt").write_text("\n".join(lines) + "\n")
    (top / "classes.csv").write_text(
        "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int)\n"
        "Golden,0,Apple,0\nPear,1,Pear,1\n"
    )


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


@pytest.fixture
def full(box):
    """A box with a tiny copy of every dataset."""
    box.serve("mnist", "torchvision.MNIST", mnist_layout())
    box.serve("fashion", "torchvision.FashionMNIST", mnist_layout("FashionMNIST", 30, 15))
    box.serve("cifar10", "torchvision.CIFAR10", cifar_layout, "Only 24 pictures of CIFAR-10.")
    box.serve("svhn", "torchvision.SVHN", svhn_layout)
    box.serve("imagenette", "torchvision.Imagenette", imagenette_layout)
    box.serve("grocery", "grocery", grocery_layout)
    return box


@pytest.fixture
def make():
    """The builders of inputs."""
    return {"images": images, "jpeg": jpeg, "gzip": gzip, "layouts": globals()}
