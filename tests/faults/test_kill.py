"""SIGKILL at any moment: nothing finished is lost, and the next run ends the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import sys
from contextlib import closing

import pytest

from grader.gradebook import Gradebook
from tests.faults.course import grades, make_course, pieces, timeless

SEED = int(os.environ.get("GRADE_FAULT_SEED", "20240229"))
OPERATIONS = 160
"""Kills between two operations on files, each of a run in a folder of its own."""
MOMENTS = 100
"""Kills by the clock, several on one folder."""
IN_A_ROW = 4
PARTS = 2
"""Of either: each may have a core to itself."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def course(memory):
    return make_course(memory("few"), ("ada", "grace"), criteria=3)


@pytest.fixture(scope="module")
def undisturbed(course, grader, memory):
    out = memory("undisturbed") / "reports"
    grader(course, out.with_name("warm"))
    done = grader(course, out)
    assert done["status"] == 0, done["said"]
    return {"out": out, **done, "seen": results(out), "files": set(pieces(out))}


def results(out):
    """All that a run came to, but for times."""
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        cards = [json.loads(card.model_dump_json(by_alias=True)) for card in book.latest()]
    return {
        "grades": grades(out),
        "cards": timeless(cards),
        "table": (out / "grades.csv").read_text(),
        "pages": sorted(p.name for p in (out / "feedback").glob("[!.]*")),
    }


def unreadable(out):
    """What a kill left that cannot be read: half a file in its final place, a broken database."""
    wrong = []
    for path in out.rglob("*.json"):
        if not path.name.startswith("."):
            try:
                json.loads(path.read_bytes())
            except ValueError as error:
                wrong.append(f"{path}: {error}")
    database = out / "gradebook.db"
    if database.exists():
        with closing(sqlite3.connect(database)) as connection:
            said = connection.execute("PRAGMA integrity_check").fetchone()[0]
        with Gradebook(f"sqlite:///{database}") as book:
            book.latest()
        if said != "ok":
            wrong.append(said)
    return wrong


class Count:
    def __init__(self):
        self.kills = 0
        self.lost, self.different, self.broken = [], [], []

    def killed(self, out, before, name):
        """After a kill: what is there can be read, and what was there before still is."""
        self.kills += 1
        self.broken += [f"{name}: {text}" for text in unreadable(out)]
        kept = pieces(out) if out.exists() else {}
        self.lost += [f"{name}: {p}" for p, held in before.items() if changed(p, held, kept)]
        return kept

    def finished(self, done, out, before, undisturbed, name):
        """After the run that ends it."""
        if done["status"] != 0:
            self.different.append(f"{name}: {done['said']}")
            return
        after = pieces(out)
        self.lost += [f"{name}: {p}" for p, held in before.items() if changed(p, held, after)]
        seen = results(out)
        for part, expected in undisturbed["seen"].items():
            if seen[part] != expected:
                self.different.append(f"{name}: {part}: {seen[part]} != {expected}")
        if set(after) != undisturbed["files"]:
            extra = set(after) ^ undisturbed["files"]
            self.different.append(f"{name}: files {sorted(extra)}")


def changed(path, held, now):
    """Whether a finished measurement went or was made again. Records of runs may grow."""
    name = path.rsplit("/", 1)[1]
    if name.startswith("progress-"):
        return False
    return path not in now or (not name.startswith("attempts-") and now[path] != held)


def report(count, what):
    sys.stdout.write(
        f"seed {SEED}: {count.kills} kills {what}, {len(count.lost)} lost, "
        f"{len(count.different)} different, {len(count.broken)} unreadable\n"
    )
    assert count.lost == []
    assert count.different == []
    assert count.broken == []


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_between_any_two_operations_on_files(course, grader, undisturbed, tmp_path, part):
    total = undisturbed["operations"]
    assert total > 60
    places = list(range(1, total + 1))
    random.Random(SEED).shuffle(places)
    count = Count()
    chosen = sorted(places[:OPERATIONS])[part::PARTS]
    for place in chosen:
        out = tmp_path / "out"
        stopped = grader(course, out, kill_at=place)
        if stopped["status"] == 0:  # threads took turns otherwise: this run had fewer
            shutil.rmtree(out)
            continue
        assert stopped["status"] == -9, stopped["said"]
        kept = count.killed(out, {}, f"operation {place}")
        done = grader(course, out)
        count.finished(done, out, kept, undisturbed, f"operation {place}")
        shutil.rmtree(out)
    assert count.kills > len(chosen) * 0.9
    report(count, "between operations on files")


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_random_moments_again_and_again(course, grader, undisturbed, tmp_path, part):
    chance = random.Random(SEED + part)
    longest = undisturbed["seconds"]
    count = Count()
    while count.kills < MOMENTS / PARTS:
        out = tmp_path / f"out-{count.kills}"
        kept = {}
        for _ in range(IN_A_ROW):
            seconds = chance.uniform(0, longest)
            stopped = grader(course, out, kill_after=seconds)
            if stopped["status"] != -9:
                break
            kept = count.killed(out, kept, f"{seconds:.3f} s")
        count.finished(grader(course, out), out, kept, undisturbed, f"after {count.kills} kills")
        shutil.rmtree(out)
    report(count, "by the clock")
