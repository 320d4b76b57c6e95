"""Damaged evidence, a damaged or locked gradebook: measured again or said, never a wrong grade."""

from __future__ import annotations

import functools
import json
import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from grader.gradebook import Gradebook
from tests.faults.course import pieces

SEED = 20240229
BIT_FLIPS = 60


@pytest.fixture(scope="module")
def finished(memory):
    """A finished run's folder, to be copied and damaged."""
    return memory("finished") / "out"


@pytest.fixture
def graded(here, finished):
    """The course graded into `here.out`, and its scorecards."""
    if not finished.exists():
        assert here(out=finished).status == 0
    shutil.copytree(finished, here.out)
    return here.cards()


def cut(data, chance):
    return data[: chance.randrange(len(data))]


def flip(data, chance):
    place = chance.randrange(len(data))
    changed = bytearray(data)
    changed[place] ^= 1 << chance.randrange(8)
    return bytes(changed)


def other_digit(data, chance):
    """Still JSON, with another number in it."""
    places = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return b"1" + data[1:]
    changed = bytearray(data)
    place = chance.choice(places)
    changed[place] = 48 + (changed[place] - 48 + 1 + chance.randrange(9)) % 10
    return bytes(changed)


def another_kind(_data, chance):
    return chance.choice([b"", b"[]", b"null", b"{}", b"NaN", b'{"arrays": {}}', b"[" * 5000])


def zeros(data, _chance):
    return bytes(len(data))


DAMAGES = [cut, flip, other_digit, another_kind, zeros]


def damaged(out, pattern, damage, chance, count):
    found = [p for p in sorted(out.glob(pattern)) if not p.name.startswith(".")]
    assert found
    for path in chance.sample(found, min(count, len(found))):
        path.write_bytes(damage(path.read_bytes(), chance))


PATTERNS = ["evidence/[0-9a-f]*/[0-9a-f]*.json", "evidence/arrays/*.bin"]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
@pytest.mark.parametrize("pattern", PATTERNS, ids=["measurements", "numbers"])
def test_damaged_evidence_is_measured_again(here, graded, pattern, damage):
    for seed in range(3):
        damaged(here.out, pattern, damage, random.Random(SEED + seed), 4)
        again = here()
        assert again.status == 0, again.text
        assert [c["tasks"] for c in here.cards()] == [c["tasks"] for c in graded]
    settled = here()
    assert settled.boxes == 0, "what was damaged is whole again"


@pytest.mark.usefixtures("graded")
def test_any_flipped_bit_is_noticed(here):
    """Not only what makes a file unreadable: every bit of it counts."""
    from grader.collect.sealed import DamagedError, unseal

    chance = random.Random(SEED)
    names = sorted(here.out.glob(PATTERNS[0]))
    for _ in range(BIT_FLIPS * 10):
        path = chance.choice(names)
        name = path.relative_to(here.out / "evidence").with_suffix("").as_posix()
        whole = path.read_bytes()
        assert unseal(name, whole)
        with pytest.raises(DamagedError):
            unseal(name, flip(whole, chance))


def test_evidence_in_anothers_place_is_not_believed(here, graded):
    """Files that are whole, under the name of another measurement or another submission."""
    files = sorted(here.out.glob(PATTERNS[0]))
    first = files[0].read_bytes()
    for path in files[1:]:
        path.write_bytes(first)
    assert here().status == 0
    assert [c["tasks"] for c in here.cards()] == [c["tasks"] for c in graded]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_damaged_record_of_boxes_changes_no_grade(here, graded, damage):
    damaged(here.out, "evidence/*/attempts-*.json", damage, random.Random(SEED), 4)
    assert here().status == 0
    assert [c["tasks"] for c in here.cards()] == [c["tasks"] for c in graded]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_a_damaged_record_of_a_submission_is_said_with_the_mend(here, graded, damage):
    damaged(here.out, "evidence/submissions/*/*.json", damage, random.Random(SEED), 1)
    refused = here("regrade")
    assert refused.status == 1
    assert "the record of a submission is damaged" in refused.text
    assert "mend: delete it and run `grade` on the submissions again" in refused.text
    assert here().status == 0
    assert here.cards() == graded


def test_a_submission_that_changed_without_a_trace_in_its_size(here, monkeypatch):
    """Between intake and the box: it is measured as what it was, or not at all."""
    from grader.collect import box_run

    lay = box_run.lay_submission

    def changed_before(submission, target):
        script = submission.root / "main.py"
        script.write_bytes(script.read_bytes().swapcase())
        lay(submission, target)

    with monkeypatch.context() as patch:
        patch.setattr(box_run, "lay_submission", changed_before)
        stopped = here()
    assert stopped.status == 1
    texts = [flag["message"] for card in here.cards() for flag in card["flags"]]
    assert any("changed while it was being graded" in text for text in texts)
    assert not list(here.out.glob("evidence/[0-9a-f]*/[0-9a-f]*.json"))


def brief(monkeypatch, seconds=0.2):
    """Do not wait half a minute for a lock."""
    patient = functools.partial(Gradebook, busy_seconds=seconds)
    monkeypatch.setattr("grader.pipeline.grading.Gradebook", patient)


def test_a_locked_gradebook_is_said_before_anything_is_run(here, graded, monkeypatch):
    brief(monkeypatch)
    with closing(sqlite3.connect(here.out / "gradebook.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = here(here.submissions, "--sandbox", "none", "--fresh")
        assert refused.status == 1
        assert refused.boxes == 0
        assert "locked" in refused.text
        assert "wait for the other `grade`" in refused.text
    assert here().status == 0
    assert here.cards() == graded


def test_a_gradebook_locked_in_the_middle_loses_no_evidence(here, monkeypatch):
    brief(monkeypatch)
    held = []

    def lock(request):
        if not held and request["params"].get("n") == 3:
            held.append(sqlite3.connect(here.out / "gradebook.db", check_same_thread=False))
            held[0].execute("BEGIN IMMEDIATE")

    here.sandbox.scripted = lock
    stopped = here()
    held[0].close()
    assert stopped.status == 1
    assert "wait for the other `grade`" in stopped.text
    kept = pieces(here.out)
    again = here()
    assert again.status == 0
    assert {p: pieces(here.out)[p] for p in kept if "/arrays/" in p} == {
        p: held for p, held in kept.items() if "/arrays/" in p
    }
    assert len(here.cards()) == 4


@pytest.mark.parametrize("damage", [cut, another_kind, zeros], ids=lambda d: d.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_gradebook_is_said_and_the_evidence_is_still_there(here, graded, damage, seed):
    with closing(sqlite3.connect(here.out / "gradebook.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = pieces(here.out)
    damaged(here.out, "gradebook.db", damage, random.Random(SEED + seed), 1)
    said = here()
    if said.status == 0:  # an empty file is a new gradebook
        assert here.cards() == graded
        return
    assert said.status == 1
    assert said.boxes == 0
    assert "mend: " in said.text
    assert "Traceback" not in said.text
    assert pieces(here.out) == kept
    for path in here.out.glob("gradebook.db*"):
        path.unlink()
    again = here()
    assert (again.status, again.boxes) == (0, 0)
    assert here.cards() == graded


@pytest.mark.parametrize("seed", range(BIT_FLIPS // 4))
def test_flipped_bits_in_a_gradebook_change_no_grade(here, graded, seed):
    """Four at a time. Whatever a report or a run says afterwards, it is right or it is an error."""
    database = here.out / "gradebook.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    chance = random.Random(SEED + seed)
    data = database.read_bytes()
    for _ in range(4):
        data = flip(data, chance)
    database.write_bytes(data)
    said = here("report")
    if said.status == 0:
        shown = json.loads((here.out / "grades.json").read_text())["submissions"]
        right = {c["submission"]: c["points"] for c in graded}
        found = {s["submission"]: s["points"] for s in shown}
        assert {k: float(v) for k, v in found.items()}.keys() <= right.keys()
        assert all(abs(v - value_of(right[k])) < 0.01 for k, v in found.items())
    else:
        assert said.status in {1, 2}
        assert "mend: " in said.text
        assert "Traceback" not in said.text


def value_of(points):
    from fractions import Fraction

    return float(Fraction(points))
