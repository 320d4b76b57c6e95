"""A box without sandbox, torch or student code: a thread plays the worker over real pipes."""

from __future__ import annotations

import contextlib
import json
import os
import threading

from grader.collect import channel as wire
from grader.collect.deadline import Deadline
from grader.model.outcome import ExitReason
from grader.sandbox.box import BoxExit, Property


class FakeBox:
    """Plays a worker whose answers are scripted by probe name."""

    submission_path = "/submission"
    inputs_path = "/inputs"
    scratch_path = "/scratch"

    def __init__(self, answers, limit=None):
        job_read, self.job_fd = os.pipe()
        self.evidence_fd, evidence_write = os.pipe()
        self.answers, self.limit, self.killed = answers, limit, threading.Event()
        self.asked = []
        self._worker = threading.Thread(target=self._serve, args=(job_read, evidence_write))
        self._worker.start()

    def _serve(self, job_read, out):
        frame(out, wire.READY, 0, {"python": "3.11", "torch": "2"})
        with os.fdopen(job_read, "rb") as jobs, contextlib.suppress(OSError):
            while head := jobs.read(wire.HEADER.size):
                kind, _, size, _ = wire.HEADER.unpack(head)
                text = json.loads(jobs.read(size))
                if kind == wire.STEP and not self._answer(out, text):
                    break
            else:
                frame(out, wire.DONE, 0, {})
        os.close(out)

    def _answer(self, out, step):
        for request in step:
            self.asked.append((request["probe"], request["params"].get("source", "")))
            frame(out, wire.BEGIN, request["index"], {})
            answer = self.answers(request)
            if answer == "die":
                return False
            if answer == "hang":
                self.killed.wait(30)
                return False
            kind, payload, body = answer
            frame(out, kind, request["index"], payload, body)
        return True

    def over_limit(self):
        return self.limit

    def kill(self):
        self.killed.set()

    def close(self):
        self.killed.set()
        with contextlib.suppress(OSError):
            os.close(self.evidence_fd)
        self._worker.join(5)
        return BoxExit(exit_reason=ExitReason.OK)


class FakeSandbox:
    """Opens fake boxes and counts them."""

    name = "fake"
    isolated = False

    def __init__(self, answers, limit=None):
        self.answers, self.limit, self.boxes = answers, limit, []

    def limit_mechanisms(self):
        return {"memory": "none"}

    def self_check(self):
        return (Property(name="fake", holds=True, detail=""),)

    def open(self, slot, limits):
        assert slot.submission.is_dir()
        assert limits.threads >= 1
        self.boxes.append(FakeBox(self.answers, self.limit))
        return self.boxes[-1]


def frame(fd, kind, index, payload, body=b""):
    text = json.dumps(payload).encode()
    data = wire.HEADER.pack(kind, index, len(text), len(body)) + text + body
    while data:
        data = data[os.write(fd, data) :]


def measured(payload, arrays=(), body=b""):
    header = {"state": "measured", "payload": payload, "arrays": list(arrays), "remarks": []}
    return wire.EVIDENCE, {**header, "fault": None}, body


def fault(kind, message):
    header = {"state": "student_fault", "payload": {}, "arrays": [], "remarks": []}
    return wire.EVIDENCE, {**header, "fault": {"kind": kind, "message": message}}, b""


def unbound(message):
    header = {"state": "unbound", "payload": {}, "arrays": [], "remarks": []}
    return wire.EVIDENCE, {**header, "fault": {"kind": "unbound", "message": message}}, b""


def soon():
    return Deadline.after(5)
