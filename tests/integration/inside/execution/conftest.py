"""Runs `execute` as a step does: in a fork, reported over a pipe, valid for the host's records."""

import contextlib
import json
import os
import signal
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch  # noqa: F401 - imported before forking, as the worker does

from grader.inside import protocol
from grader.model.evidence import Remark
from grader.model.measurements import Execution

BUDGET = {
    "wall_seconds": 60.0,
    "cell_seconds": 30.0,
    "optimizer_steps": 40,
    "batches_per_loader": 5,
    "forbid": [],
}


@dataclass
class Ran:
    """What came out of the step."""

    header: dict
    arrays: dict
    scratch: Path
    answers: list = field(default_factory=list)

    @property
    def execution(self):
        assert self.header["state"] == "measured", self.header["fault"]
        return Execution.model_validate_json(json.dumps(self.header["payload"]))

    @property
    def remarks(self):
        return [Remark.model_validate(r) for r in self.header["remarks"]]

    @property
    def codes(self):
        return [remark.code for remark in self.remarks]

    def remark(self, code):
        found = [remark for remark in self.remarks if remark.code == code]
        assert found, self.codes
        return found[0]

    @property
    def output(self):
        return "".join(cell.output for cell in self.execution.cells)

    @property
    def errors(self):
        return [(c.cell, c.error_kind, c.error) for c in self.execution.cells if c.error_kind]


def notebook(*cells):
    """A notebook of code cells; a text that starts with `# ` and a letter stays code."""
    made = [
        {
            "cell_type": "code",
            "source": cell,
            "metadata": {},
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "STORED OUTPUT"}],
            "execution_count": None,
        }
        for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def in_a_step(job, step, root):
    """Fork, run the step, read its frames."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read_end)
            log = os.open(root / "step.log", os.O_WRONLY | os.O_CREAT)
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


@pytest.fixture
def execute(tmp_path):
    """Run a submission given as `{path: text or bytes}`, or as cells of one notebook."""

    def run(*cells, files=None, requests=(), **params):
        root, scratch = tmp_path / "submission", tmp_path / "scratch"
        root.mkdir(exist_ok=True)
        scratch.mkdir(exist_ok=True)
        wanted = dict(files or {})
        if cells:
            wanted["hw.ipynb"] = notebook(*cells)
        for name, content in wanted.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        job = {
            "submission": str(root),
            "scratch": str(scratch),
            "inputs": str(scratch),
            "isolated": False,
            "body_limit": 1 << 28,
            "datasets": {},
        }
        step = [{"index": 0, "probe": "execute", "params": {**BUDGET, **params}}]
        step += [{"index": i + 1, **request} for i, request in enumerate(requests)]
        frames = in_a_step(job, step, tmp_path)
        headers = []
        for _, _, text, body in frames:
            header = json.loads(text)
            arrays, at = {}, 0
            for entry in header["arrays"]:
                dtype = np.dtype(entry["dtype"])
                size = int(np.prod(entry["shape"])) * dtype.itemsize
                arrays[entry["name"]] = np.frombuffer(body[at : at + size], dtype).reshape(
                    entry["shape"]
                )
                at += size
            headers.append((header, arrays))
        return Ran(*headers[0], scratch, [header for header, _ in headers[1:]])

    return run


@pytest.fixture
def as_notebook():
    return notebook
