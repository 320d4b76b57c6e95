import os

import pytest

from grader.collect import channel as wire
from grader.collect.deadline import PATIENCE, Deadline
from grader.model.outcome import ExitReason
from tests.unit.collect.fake import frame, soon


class Pipes:
    """A box whose other end the test plays."""

    def __init__(self):
        self.job_read, self.job_fd = os.pipe()
        self.evidence_fd, self.write = os.pipe()
        self.limit = None

    def over_limit(self):
        return self.limit


@pytest.fixture
def box():
    pipes = Pipes()
    yield pipes
    for fd in (pipes.job_read, pipes.job_fd, pipes.evidence_fd, pipes.write):
        try:
            os.close(fd)
        except OSError:
            continue


def test_a_frame_arrives_whole(box):
    frame(box.write, wire.EVIDENCE, 7, {"a": 1}, b"12345678")
    found = wire.Channel(box).receive(soon(), 8)
    assert (found.kind, found.index, found.text, found.body) == (
        wire.EVIDENCE,
        7,
        b'{"a": 1}',
        b"12345678",
    )


@pytest.mark.parametrize(("json_size", "body_size"), [(0, 9), (2**31, 0), (0, 2**60)])
def test_more_than_asked_for_is_refused_unread(box, json_size, body_size):
    os.write(box.write, wire.HEADER.pack(wire.EVIDENCE, 0, json_size, body_size))
    with pytest.raises(wire.Interrupted, match="refused"):
        wire.Channel(box).receive(soon(), 8)


def test_a_writer_that_never_goes_on_times_out(box):
    os.write(box.write, wire.HEADER.pack(wire.EVIDENCE, 0, 100, 0) + b"only this")
    with pytest.raises(wire.Interrupted) as stopped:
        wire.Channel(box).receive(Deadline.after(0.2), 0)
    assert stopped.value.reason is ExitReason.TIMEOUT


@pytest.mark.parametrize(
    ("load_per_core", "left"), [(0.5, -1), (1.5, 4), (50, 10 * (PATIENCE - 1) - 1)]
)
def test_a_busy_machine_is_given_more_time(monkeypatch, load_per_core, left):
    monkeypatch.setattr(os, "getloadavg", lambda: (load_per_core * os.cpu_count(), 0, 0))
    monkeypatch.setattr("grader.collect.deadline.monotonic", lambda: 111.0)
    assert Deadline(10, 100, patient=True).left_seconds() == pytest.approx(left)
    assert Deadline(10, 100).left_seconds() == -1


def test_the_job_pipe_is_closed_once_and_its_number_is_then_nobodys(box):
    channel = wire.Channel(box)
    channel.finish()
    assert box.job_fd == -1  # so that closing the box closes no other thread's file
    assert os.read(box.job_read, 1) == b""
    reused = os.open(os.devnull, os.O_RDONLY)
    channel.finish()
    os.fstat(reused)
    os.close(reused)


def test_a_box_that_ends_is_noticed(box):
    os.close(box.write)
    with pytest.raises(wire.Interrupted) as stopped:
        wire.Channel(box).receive(soon(), 0)
    assert stopped.value.reason is ExitReason.KILLED


def test_a_limit_is_noticed_before_anything_is_read(box):
    box.limit = ExitReason.MEMORY
    frame(box.write, wire.READY, 0, {})
    with pytest.raises(wire.Interrupted) as stopped:
        wire.Channel(box).receive(soon(), 0)
    assert stopped.value.reason is ExitReason.MEMORY


def test_a_box_that_takes_no_work_is_noticed(box):
    os.close(box.job_read)
    with pytest.raises(wire.Interrupted):
        wire.Channel(box).send(wire.JOB, {"steps": []})
