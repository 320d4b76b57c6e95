"""Drives the box's worker over pipes, as the grader does, on submissions a test writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader.inside import protocol

PACKAGE = Path(__file__).parents[4] / "grader"

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

    def __init__(self, folder: Path, rows: int = 40) -> None:
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
        listed = [
            {"index": i, "probe": probe, "params": params}
            for i, (probe, params) in enumerate(requests)
        ]
        steps = [listed] if together else [[one] for one in listed]
        job_read, job_write = os.pipe()
        evidence_read, evidence_write = os.pipe()
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); from inside.worker import main;"
            f" main({job_read}, {evidence_write})"
        )
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", code, str(PACKAGE)],
                pass_fds=(job_read, evidence_write),
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            os.close(job_read)
            os.close(evidence_write)
            protocol.write_frame(job_write, protocol.JOB, 0, self.job())
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
            code = process.wait()
            errors.seek(0)
            said = errors.read().decode()
        assert len(replies) == len(listed), f"exit {code}: {said}"
        return [replies[i] for i in range(len(listed))]


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


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    return Worker(tmp_path)
