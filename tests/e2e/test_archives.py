"""One piece of work as every platform packs it: graded by the real command, it gets the same."""

from __future__ import annotations

import html
import io
import json
import shutil
import tarfile
import zipfile

import pytest

from tests.e2e.conftest import call, needs_box
from tests.e2e.test_own import CHECKS, COUNT_COMMENTS, FIRST_WEIGHT, RUBRIC, submission

pytestmark = [pytest.mark.slow, pytest.mark.box]

DUE = "2024-02-28T23:59:00+01:00"
LATE = 'late = { grace_minutes = 15, per_day = "1/10", at_most = "3/10" }'
METADATA = """---
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: '4711'
  :created_at: {at}
"""


def dated(rubric):
    return rubric.replace('title = "Dots"\n', f'title = "Dots"\ndue = {DUE}\n{LATE}\n', 1)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Rubrics with a date, private data, and the work itself as name → bytes."""
    needs_box()
    place = tmp_path_factory.mktemp("course")
    folder = place / "rubrics" / "dots"
    (folder / "probes").mkdir(parents=True)
    (folder / "private").mkdir()
    (folder / "rubric.toml").write_text(dated(RUBRIC))
    (folder / "checks.py").write_text(CHECKS)
    (folder / "probes" / "first_weight.py").write_text(FIRST_WEIGHT)
    (folder / "probes" / "count_comments.py").write_text(COUNT_COMMENTS)
    rows = [f"{x / 50},{y / 50},{int(x > 0)}\n" for x in range(-50, 51, 7) for y in (-25, 0, 30)]
    (folder / "private" / "test.csv").write_text("x,y,label\n" + "".join(rows))
    submission(place / "work", [[-9.0, 0.1], [9.0, -0.1]], 1)  # one comment short
    return place


@pytest.fixture(scope="module")
def work(course):
    return {path.name: path.read_bytes() for path in sorted((course / "work").iterdir())}


def a_zip(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo("x")
            info.filename = name  # as written: backslashes too
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


def a_tar(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def below(folder, work, separator="/"):
    return {f"{folder}{separator}{name}": data for name, data in work.items()}


LITTER = {"__MACOSX/._hw.ipynb": b"\0\5", ".DS_Store": b"Bud1"}
MOODLE = "Ada Lovelace_4711_assignsubmission_file_"


def moodle_group(work):
    return {
        **below("Team 7-Ada Lovelace_4711_assignsubmission_file_", work),
        **below("Team 7-Bob_4712_assignsubmission_file_", work),
    }


def canvas(work, late=""):
    return {f"lovelaceada{late}_4711_{90 + n}_{k}": v for n, (k, v) in enumerate(work.items())}


def gradescope(work, at="2024-02-28 22:59:00 Z"):
    return {
        **below("submission_101", work),
        "submission_metadata.yml": METADATA.format(at=at).encode(),
    }


def nbgrader(work, at="2024-02-28 14:59:00 America/Los_Angeles"):
    return {**below("ada/dots", work), "ada/dots/timestamp.txt": at.encode()}


KINDS = {
    "plain folder": lambda w: below("ada", w),
    "zip": lambda w: {"ada.zip": a_zip(w)},
    "zip with a folder and litter": lambda w: {"ada.zip": a_zip({**below("hw", w), **LITTER})},
    "zip from Windows": lambda w: {"ada.zip": a_zip(below("hw", w, "\\"))},
    "zip of a non-ASCII folder": lambda w: {"ada.zip": a_zip(below("Übung 作业", w))},
    "tar.gz": lambda w: {"ada.tar.gz": a_tar(w)},
    "zip in a zip": lambda w: {"ada.zip": a_zip({"hw.zip": a_zip(w), **LITTER})},
    "tar.gz in a zip": lambda w: {"ada.zip": a_zip({"hw.tar.gz": a_tar(below("hw", w))})},
    "Moodle": lambda w: below(MOODLE, w),
    "Moodle, flat": lambda w: {f"{MOODLE}{name}": data for name, data in w.items()},
    "Moodle, a zip each": lambda w: {f"{MOODLE}/hw.zip": a_zip(w)},
    "Moodle, a zip each, flat": lambda w: {f"{MOODLE}hw.zip": a_zip(w)},
    "Moodle, groups": moodle_group,
    "Canvas": canvas,
    "Canvas, a zip": lambda w: {"lovelaceada_4711_99_hw.zip": a_zip(below("hw", w))},
    "Gradescope": gradescope,
    "GitHub Classroom": lambda w: {**below("dots-ada", w), "dots-ada/.git/HEAD": b"ref: x"},
    "nbgrader": nbgrader,
}
OUTER = {"Moodle, a zip each", "Canvas", "Gradescope", "nbgrader", "Moodle, groups"}
"""Also handed to the command as the one zip that is downloaded."""


def written(entries, root):
    for name, data in entries.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


def graded(course, path, out, *more):
    return call(path, "--assignment", "dots", "--rubrics", course / "rubrics", *more, out=out)


FRESH = {"zip in a zip", "Moodle, a zip each"}
"""Run in boxes of their own; the others find the plain folder's evidence, which goes by content."""


def with_evidence(plain, out):
    shutil.copytree(plain.out / "evidence", out / "evidence")
    return out


def judged(result):
    """What the work got, without whose it is and how it came."""
    (one,) = result.grades["submissions"]
    tasks = [
        (c["id"], c["outcome"], c["points"], c["message"], c["measured"])
        for task in one["tasks"]
        for c in task["criteria"]
    ]
    return one["points"], one["max_points"], one["penalty"], one["status"], tasks


@pytest.fixture(scope="module")
def plain(course, work, tmp_path_factory):
    place = tmp_path_factory.mktemp("plain")
    return graded(course, written(KINDS["plain folder"](work), place / "in"), place / "out")


def test_the_plain_folder_gets_what_it_deserves(plain):
    points, of, penalty, status, tasks = judged(plain)
    assert (points, of, penalty, status) == (2, 3, 0, "final")
    assert [outcome for _, outcome, *_ in tasks] == ["pass", "pass", "fail"]


PACKED = [(k, False) for k in KINDS if k != "plain folder"] + [(k, True) for k in sorted(OUTER)]


@pytest.mark.parametrize(
    ("kind", "outer"), PACKED, ids=[k + (", one zip" if o else "") for k, o in PACKED]
)
def test_however_it_is_packed_it_gets_the_same(course, work, plain, tmp_path, kind, outer):
    entries = KINDS[kind](work)
    if outer:
        path = tmp_path / "export.zip"
        path.write_bytes(a_zip(entries))
    else:
        path = written(entries, tmp_path / "submitted")
    out = tmp_path / "out"
    if kind not in FRESH or outer:
        with_evidence(plain, out)
    result = graded(course, path, out)
    assert result.status == 0, result.text
    assert judged(result) == judged(plain)


@pytest.mark.parametrize(
    ("entries", "penalty", "flag"),
    [
        (lambda w: gradescope(w, "2024-02-28 23:14:00 Z"), 0, None),  # within the grace
        (lambda w: gradescope(w, "2024-02-28 23:15:00 Z"), 0.3, "late"),
        (lambda w: gradescope(w, "2024-02-29 08:00:00 +09:00"), 0, None),  # 23:00 in UTC
        (lambda w: nbgrader(w, "2024-02-28 15:20:00 America/Los_Angeles"), 0.3, "late"),
        (lambda w: gradescope(w, "2024-03-01 09:00:00 Z"), 0.6, "late"),
        (lambda w: gradescope(w, "2024-05-02 09:00:00 Z"), 0.9, "late"),  # the cap
        (lambda w: canvas(w, "_LATE"), 0, "late_unknown"),
    ],
)
def test_lateness_costs_what_the_rubric_says(course, work, plain, tmp_path, entries, penalty, flag):
    out = with_evidence(plain, tmp_path / "out")
    result = graded(course, written(entries(work), tmp_path / "submitted"), out)
    assert result.status == 0, result.text
    (one,) = result.grades["submissions"]
    assert one["penalty"] == pytest.approx(penalty)
    assert one["points"] == pytest.approx(2 - penalty)
    late = {f["code"] for f in one["flags"]} & {"late", "late_unknown"}
    assert late == ({flag} if flag else set())


def test_what_cannot_be_read_stops_nobody_and_says_what_to_do(course, work, plain, tmp_path):
    locked = bytearray(a_zip(work))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    entries = {
        **below("ada", work),
        "bob/hw.7z": b"7z\xbc\xaf",
        "cy.rar": b"Rar!",
        "dan.zip": bytes(locked),
        "eve.zip": a_zip({f"{n}.zip": a_zip({"z": b"\0" * (3 << 20)}) for n in range(40)}),
    }
    out = with_evidence(plain, tmp_path / "out")
    result = graded(course, written(entries, tmp_path / "submitted"), out)
    assert result.status == 1
    (ada,) = (s for s in result.grades["submissions"] if s["submission"] == "ada")
    assert ada["points"] == 2
    for name in ("bob", "cy.rar", "dan", "eve"):
        assert name in result.text
    assert "Traceback" not in result.text
    page = html.unescape((result.out / "index.html").read_text())
    for said in (
        "archives of the kind '.7z' are not read",
        "archives of the kind '.rar' are not read",
        "the archive is encrypted",
        "the archive unpacks to more than",
        "unpack it, or pack it as zip",
        "zip it without a password",
    ):
        assert said in page, said


def test_the_work_is_what_it_says(work):
    assert set(work) == {"hw.ipynb", "net.pt"}
    assert json.loads(work["hw.ipynb"])["nbformat"] == 4
