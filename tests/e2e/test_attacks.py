"""Every attack is a real submission, run by the real CLI in the real box, beside an honest one."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.attacks.building import (
    ATTACKS,
    NOTEBOOK,
    build,
    honest_copy,
    published,
    weak_copy,
)
from tests.e2e.conftest import ROOT, call, needs_box, part_2

CASES = sorted(p.parent for p in ATTACKS.glob("*/expect.toml"))

BOX_UIDS = range(60000, 61000)
"""Of boxes that root makes: no other process of this machine has them."""

CGROUPS = Path("/sys/fs/cgroup")

JOBS = 2 + (os.cpu_count() or 1)
"""More boxes than cores: those whose names begin with 0 do nothing but wait for their limit."""

FORBIDDEN_TAGS = {"iframe", "object", "embed", "base", "link", "form", "frame", "applet", "audio"}

pytestmark = [pytest.mark.slow, pytest.mark.box, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    needs_box()
    folder = tmp_path_factory.mktemp("attacks")
    course = folder / "submissions" / "digits-svhn"
    course.mkdir(parents=True)
    for case in CASES:
        build(case, course / name_of(case))
    honest_copy(course / "zz-honest")
    weak = weak_copy(course / "zz-weak")
    nbformat.write(weak, course / "zz-weak" / NOTEBOOK)
    return call(
        folder / "submissions",
        "--rubrics",
        impatient(folder),
        "--jobs",
        JOBS,
        out=folder / "reports",
    )


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest") / "submissions" / "digits-svhn"
    honest_copy(folder / "zz-honest")
    course = folder.parent.parent
    return call(folder.parent, "--rubrics", impatient(course), out=course / "reports")


def expectation(case: Path) -> dict:
    return tomllib.loads((case / "expect.toml").read_text())


def name_of(case: Path) -> str:
    return expectation(case).get("name", case.name)


def graded_as(case: Path) -> str:
    """The name that reports carry: characters that do harm somewhere are replaced."""
    return expectation(case).get("graded_as", name_of(case))


FROM_SCRATCH = """
[[task]]
id = "from-scratch"
title = "Trained from scratch"
points = 0

[[task.criterion]]
id = "own-weights"
points = 1
bonus = true
check = "weights.not_pretrained"
source = "No pre-trained model."
with = { model = "cnn", known = "published" }
"""
"""One task more than part 2 has, for an attack on what it does not ask."""


def impatient(folder: Path) -> Path:
    """Few processes: a fork bomb takes as many shares of the cores from the others."""
    rubrics = part_2(
        folder,
        wall_seconds=10,
        probe_seconds=10,
        optimizer_steps=20,
        batches_per_loader=4,
        processes=32,
    )
    rubric = rubrics / "digits-svhn" / "rubric.toml"
    rubric.write_text(rubric.read_text() + FROM_SCRATCH)
    digest = hashlib.sha256(published().tobytes()).hexdigest()
    expected = rubric.with_name("expected.py")
    known = f'\n\ndef published() -> tuple[str, ...]:\n    return ("{digest}",)\n'
    expected.write_text(expected.read_text() + known)
    return rubrics


def earned(card: dict) -> float:
    """Of part 2: without what the suite's own task adds."""
    return round(card["points"] - card["bonus"], 3)


def test_the_honest_submission_is_trained_from_scratch(honest):
    assert honest.outcomes("zz-honest")["from-scratch/own-weights"] == "pass"


def test_there_are_attacks():
    assert len(CASES) >= 50


@pytest.mark.parametrize("case", CASES, ids=lambda p: p.name)
def test_attack_is_contained(case: Path, attacked):
    expect = expectation(case)["expect"]
    if "unreadable" in expect:
        assert re.search(
            rf"{re.escape(case.name)}.*{expect['unreadable']}", attacked.text, re.DOTALL
        )
        return
    card = attacked.submission(graded_as(case))
    like = "zz-weak" if (case / "cell.py").is_file() else "zz-honest"
    most = expect.get("points_at_most", earned(attacked.submission(like)))
    assert earned(card) <= most
    outcomes = attacked.outcomes(graded_as(case))
    assert "error" not in outcomes.values(), outcomes
    if "criterion" in expect:
        assert outcomes[expect["criterion"]] == expect["outcome"], card
    if "exit_reason" in expect:
        reasons = {attempt["exit_reason"] for attempt in card["attempts"]}
        assert expect["exit_reason"] in reasons
    if "flag" in expect:
        assert expect["flag"] in {flag["code"] for flag in card["flags"]}


def test_every_submission_is_in_the_report(attacked):
    reported = {card["submission"] for card in attacked.grades["submissions"]}
    refused = {case.name for case in CASES if "unreadable" in expectation(case)["expect"]}
    assert {graded_as(case) for case in CASES} - refused <= reported
    assert all(name in attacked.text for name in refused)


def test_nothing_was_written_outside(attacked):
    assert attacked.out.exists()
    for place in ("/tmp/pwned", "/tmp/escaped.txt", "/dev/shm/covert", "/usr/share/covert"):
        assert not Path(place).exists()
    assert not list(attacked.out.parent.rglob("escaped*"))


class Seen(HTMLParser):
    """What a browser would run or load."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in FORBIDDEN_TAGS:
            self.found.append(tag)
        for key, value in attrs:
            text = (value or "").strip().lower()
            if key.startswith("on"):
                self.found.append(f"{tag} {key}")
            if key in {"href", "src", "action", "xlink:href"} and not text.startswith(
                ("#", "data:image/png", "feedback/", "../index.html", "grades.", "junit.xml")
            ):
                self.found.append(f"{tag} {key}={text[:60]}")

    handle_startendtag = handle_starttag


def test_no_page_runs_or_loads_anything_of_a_submission(attacked):
    own = (ROOT / "grader" / "report" / "templates" / "index.js").read_text().strip()
    pages = [attacked.out / "index.html", *(attacked.out / "feedback").glob("*.html")]
    assert len(pages) > 40
    for page in pages:
        text = page.read_text()
        seen = Seen()
        seen.feed(text)
        assert not seen.found, (page.name, seen.found)
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
        assert all(script.strip() in own for script in scripts), page.name
        assert "owned'" not in "".join(scripts)


def test_no_cell_of_the_table_is_a_formula(attacked):
    with (attacked.out / "grades.csv").open(newline="", encoding="utf-8-sig") as file:
        for row in csv.reader(file):
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "\t", "\r")), row
                assert not re.match(r"-[^0-9]", cell), row


def test_the_terminal_shows_plain_text_only(attacked):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", attacked.text)


def test_nothing_is_left_alive(attacked):
    assert attacked.out.exists()
    assert not [p for p in psutil.process_iter() if in_a_box(p) and not has_a_grader(p)]
    for group in [*CGROUPS.glob("*/grader-*"), *CGROUPS.glob("grader-*")]:
        _, _, pid, *_ = group.name.split("-")
        assert psutil.pid_exists(int(pid)), f"{group} outlived its grader"


def in_a_box(process) -> bool:
    try:
        return process.uids().real in BOX_UIDS
    except psutil.NoSuchProcess:
        return False


def has_a_grader(process) -> bool:
    """Whether a living grader holds this box: another run on the same machine is no leftover."""
    try:
        above = [p.name() for p in process.parents() if not in_a_box(p)]
    except psutil.NoSuchProcess:
        return True
    return any(name.startswith(("python", "grade")) for name in above)


def test_the_honest_submission_is_graded_as_if_alone(attacked, honest):
    assert attacked.outcomes("zz-honest") == honest.outcomes("zz-honest")
    assert attacked.submission("zz-honest")["points"] == honest.submission("zz-honest")["points"]
