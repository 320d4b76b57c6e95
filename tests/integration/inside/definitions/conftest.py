"""Drives the box's worker over pipes, as the grader does, on submissions a test writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.inside import protocol
from grader.model import measurements

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[4] / "grader"

PAYLOADS = {
    "inspect_source": measurements.SourceFacts,
    "scan_apis": measurements.ApiUses,
    "find_claims": measurements.Claims,
    "bind_roles": measurements.Bindings,
    "predict": measurements.Predictions,
    "describe_module": measurements.ModuleFacts,
    "call_function": measurements.CallResult,
}
MLP = {
    "name": "mlp",
    "kind": "module",
    "names": ["classnet_mlp", "mlp", "MLP"],
    "weights": ["classifier_mlp.model", "*mlp*"],
    "input_shape": [64],
    "output_shape": [10],
    "unwrap": ["classnet", "net"],
    "contains": ["Linear"],
    "lacks": ["Conv2d"],
    "arguments": {},
    "source_data": "",
}
CNN = {
    **MLP,
    "name": "cnn",
    "names": ["classnet_cnn", "cnn", "CNN"],
    "weights": ["classifier_cnn.model", "*cnn*"],
    "contains": ["Conv2d"],
    "lacks": [],
}
CLASSIFIER = {
    **MLP,
    "name": "classifier",
    "kind": "class",
    "names": ["ClassifierNeuralNet", "Classifier"],
    "weights": [],
}
DIGITS = {
    **MLP,
    "name": "digits",
    "kind": "dataset",
    "names": ["Digits", "DigitsDataset"],
    "weights": [],
    "arguments": {"mode": "test"},
    "source_data": "sklearn.digits",
}


class Worker:
    """Runs steps in a real worker process and gives back what each request came to."""

    def __init__(self, folder: Path, zygote: subprocess.Popen[str], rows: int = 40) -> None:
        self.folder = folder
        self.zygote = zygote
        self.submission = folder / "submission"
        self.scratch = folder / "scratch"
        self.inputs = folder / "inputs"
        for path in (self.submission, self.scratch, self.inputs):
            path.mkdir(parents=True, exist_ok=True)
        self.rows = rows
        generator = np.random.default_rng(0)
        self.values = generator.integers(0, 17, size=(rows, 64)).astype("float32")
        self.values.tofile(self.inputs / "digits_test.bin")

    def job(self) -> dict[str, Any]:
        dataset = {
            "file": "digits_test.bin",
            "dtype": "float32",
            "shape": [self.rows, 64],
            "family": "sklearn.digits",
            "rows": [1350, 1350 + self.rows],
            "total_rows": 1797,
        }
        return {
            "submission": str(self.submission),
            "scratch": str(self.scratch),
            "inputs": str(self.inputs),
            "isolated": False,
            "body_limit": 100_000_000,
            "datasets": {"digits/test": dataset},
        }

    def run(self, *requests: tuple[str, dict[str, Any]], together: bool = False) -> list[Any]:
        """Measure requests, each in its own step, or all together in one."""
        job, evidence = self.folder / "job", self.folder / "evidence"
        for path in (job, evidence):
            path.unlink(missing_ok=True)
            os.mkfifo(path)
        self.zygote.stdin.write(f"{job}\n{evidence}\n")
        self.zygote.stdin.flush()
        job_write, evidence_read = os.open(job, os.O_WRONLY), os.open(evidence, os.O_RDONLY)
        return converse(job_write, evidence_read, self.job(), steps_of(requests, together=together))

    def converse(self, *pipes_job_and_steps: Any) -> list[Any]:
        """Drive a worker that the test started itself."""
        return converse(*pipes_job_and_steps)

    def one(self, probe: str, **params: Any) -> Any:
        """Measure one request."""
        return self.run((probe, params))[0]

    def notebook(self, *cells: str | dict[str, Any], name: str = "hw.ipynb") -> None:
        """Write a notebook as old tools do: no ids, no metadata, whatever kernel."""
        written = [
            {"cell_type": "code", "source": cell, "outputs": []} if isinstance(cell, str) else cell
            for cell in cells
        ]
        path = self.submission / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 0, "cells": written}))

    def script(self, text: str, name: str = "main.py") -> None:
        path = self.submission / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def save(self, code: str) -> None:
        """Run a student's saving code in a process of its own, in the submission's folder."""
        path = self.folder / f"saving_{len(list(self.folder.glob('saving_*.done')))}.py"
        path.write_text(textwrap.dedent(code))
        self.zygote.stdin.write(f"{path}\n{self.submission}\n")
        self.zygote.stdin.flush()
        done = path.with_name(path.name + ".done")
        while not done.exists():
            assert self.zygote.poll() is None
            time.sleep(0.005)
        assert not path.with_name(path.name + ".failed").exists(), "the saving code failed"


def steps_of(
    requests: tuple[tuple[str, dict[str, Any]], ...], *, together: bool
) -> list[list[dict[str, Any]]]:
    listed = [
        {"index": i, "probe": probe, "params": params} for i, (probe, params) in enumerate(requests)
    ]
    return [listed] if together else [[one] for one in listed]


def converse(
    job_write: int, evidence_read: int, job: dict[str, Any], steps: list[list[dict[str, Any]]]
) -> list[Any]:
    """The host's side of the pipes."""
    protocol.write_frame(job_write, protocol.JOB, 0, job)
    for step in steps:
        protocol.write_frame(job_write, protocol.STEP, 0, step)
    os.close(job_write)
    replies: dict[int, Any] = {}
    while frame := protocol.read_frame(evidence_read, 100_000_000):
        kind, index, text, body = frame
        if kind in {protocol.EVIDENCE, protocol.ENDED}:
            found = json.loads(text)
            found["kind"] = kind
            found["data"] = _arrays(found.get("arrays", []), body)
            replies[index] = found
    os.close(evidence_read)
    wanted = [request for step in steps for request in step]
    assert sorted(replies) == list(range(len(wanted)))
    for request in wanted:
        reply = replies[request["index"]]
        if reply.get("state") == "measured" and request["probe"] in PAYLOADS:
            PAYLOADS[request["probe"]].model_validate_json(json.dumps(reply["payload"]))
    return [replies[i] for i in range(len(wanted))]


def _arrays(entries: list[dict[str, Any]], body: bytes) -> dict[str, Any]:
    found, offset = {}, 0
    for entry in entries:
        dtype = np.dtype(entry["dtype"])
        size = dtype.itemsize * int(np.prod(entry["shape"], dtype=int))
        found[entry["name"]] = np.frombuffer(body[offset : offset + size], dtype).reshape(
            entry["shape"]
        )
        offset += size
    assert offset == len(body)
    return found


ZYGOTE = """
import os, runpy, sys, traceback
sys.path.insert(0, sys.argv[1])
import matplotlib.pyplot, sklearn.datasets, torch
from inside.worker import main
while True:
    first, second = sys.stdin.readline().strip(), sys.stdin.readline().strip()
    if not second:
        break
    if os.fork() == 0:
        if first.endswith(".py"):
            os.chdir(second)
            try:
                runpy.run_path(first, run_name="__main__")
            except BaseException:
                traceback.print_exc()
                open(first + ".failed", "w").close()
            open(first + ".done", "w").close()
        else:
            main(os.open(first, os.O_RDONLY), os.open(second, os.O_WRONLY))
        os._exit(0)
    os.wait()
"""
"""Imports torch once for all tests; a worker for each submission is a fork of it."""


@pytest.fixture(scope="session")
def zygote() -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", ZYGOTE, str(PACKAGE)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    yield process
    process.stdin.close()
    process.wait()


@pytest.fixture
def worker(tmp_path: Path, zygote: subprocess.Popen[str]) -> Worker:
    return Worker(tmp_path, zygote)


@pytest.fixture
def roles() -> dict[str, dict[str, Any]]:
    return {role["name"]: role for role in (MLP, CNN, CLASSIFIER, DIGITS)}
