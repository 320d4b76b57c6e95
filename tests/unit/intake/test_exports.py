"""Exports of learning platforms, as their documentation and real downloads have them."""

import io
import zipfile
from datetime import UTC, datetime

import pytest

from grader.intake.exports import EXPORTS, export_of
from grader.intake.layout import entries_of

METADATA = """---
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: '123456789'
    :email: ada@example.org
  - :name: Alan Turing
    :sid: '987654321'
    :email: alan@example.org
  :created_at: 2024-02-28 21:59:00.123000000 Z
  :score: 0.0
submission_102:
  :submitters:
  - :name: Grace Hopper
    :sid:
    :email: grace@example.org
  :created_at: 2024-02-29 08:00:00 +01:00
"""


def by_name(result):
    return {s.name: s for s in result.submissions}


def files(submission):
    return [file.path for file in submission.files]


def moodle(tree):
    return tree(
        "Ada Lovelace_4711_assignsubmission_file_/HW1_1_2.ipynb",
        "Ada Lovelace_4711_assignsubmission_file_/net.pkl",
        "Ada Lovelace_4711_assignsubmission_onlinetext_/onlinetext.html",
        "Grace Hopper_4712_assignsubmission_file_/hw.ipynb",
        at="hw1",
    )


def canvas(tree):
    return tree(
        "lovelaceada_340934_208490284_HW1.ipynb",
        "lovelaceada_340934_208490285_weights.pt",
        "hoppergrace_LATE_340935_208490286_my_home_work-1.ipynb",
        at="hw1",
    )


def gradescope(tree):
    return tree(
        "submission_101/hw.ipynb",
        "submission_102/src/main.py",
        "submission_metadata.yml",
        at="hw1",
        **{"submission_metadata.yml": METADATA},
    )


def nbgrader(tree):
    return tree(
        "ada/hw1/hw.ipynb",
        "ada/hw1/timestamp.txt",
        "grace/hw1/hw.ipynb",
        at="submitted",
        **{"ada/hw1/timestamp.txt": "2015-02-02 14:58:23.948203 America/Los_Angeles"},
    )


def classroom(tree):
    return tree(
        "hw1-ada/hw.ipynb",
        "hw1-ada/.git/HEAD",
        "hw1-grace-h/main.py",
        "hw1-grace-h/.git/HEAD",
        at="hw1",
    )


MADE = {
    "Moodle": moodle,
    "Canvas": canvas,
    "Gradescope": gradescope,
    "nbgrader": nbgrader,
    "GitHub Classroom": classroom,
}


def test_every_export_is_tested():
    assert set(EXPORTS) == set(MADE)


@pytest.mark.parametrize("name", sorted(MADE))
def test_it_is_told_from_the_others_and_every_file_is_somebodys(tree, name):
    root = MADE[name](tree)
    entries = entries_of(root)
    assert [n for n, one in EXPORTS.items() if one.recognises(entries, "hw1")] == [name]
    handed_in = EXPORTS[name].handed_in(entries, "hw1")
    assert len(handed_in) == 2
    assert len({one.name for one in handed_in}) == 2
    assert all(one.student_ids and one.paths for one in handed_in)


def test_plain_folders_are_no_export(tree):
    root = tree("ada/hw.ipynb", "team_1_2/hw.ipynb", "hw_2.ipynb", at="hw1")
    assert export_of(entries_of(root), "hw1") is None


def test_moodle(tree, intake):
    found = by_name(intake(moodle(tree)))
    ada = found["Ada Lovelace_4711"]
    assert files(ada) == ["HW1_1_2.ipynb", "net.pkl", "onlinetext.html"]
    assert (ada.student_ids, ada.team) == (("4711",), "Ada Lovelace")
    assert files(found["Grace Hopper_4712"]) == ["hw.ipynb"]


def test_moodle_without_folders(tree, intake):
    root = tree(
        "Ada Lovelace_4711_assignsubmission_file_hw.ipynb",
        "Ada Lovelace_4711_assignsubmission_file_my_net.pkl",
        at="hw1",
    )
    (only,) = intake(root).submissions
    assert files(only) == ["hw.ipynb", "my_net.pkl"]


def test_canvas_gives_students_their_names_back_and_says_who_was_late(tree, intake):
    found = by_name(intake(canvas(tree)))
    assert files(found["lovelaceada_340934"]) == ["HW1.ipynb", "weights.pt"]
    assert not found["lovelaceada_340934"].marked_late
    grace = found["hoppergrace_340935"]
    assert files(grace) == ["my_home_work-1.ipynb"]
    assert grace.marked_late
    assert grace.student_ids == ("340935",)


def test_an_archive_beside_a_text_is_unpacked(tree, intake):
    root = tree("lovelaceada_1234_1_report.md", at="hw1")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("main.py", "x = 1")
        archive.writestr("__MACOSX/._main.py", "litter")
    (root / "lovelaceada_1234_2_code.zip").write_bytes(inner.getvalue())
    (only,) = intake(root).submissions
    assert files(only) == ["code/main.py", "report.md"]


def test_gradescope_knows_groups_and_times(tree, intake):
    found = by_name(intake(gradescope(tree)))
    pair, single = found["submission_101"], found["submission_102"]
    assert pair.student_ids == ("123456789", "987654321")
    assert pair.team == "Ada Lovelace, Alan Turing"
    assert pair.submitted_at == datetime(2024, 2, 28, 21, 59, 0, 123000, tzinfo=UTC)
    assert single.student_ids == ("grace@example.org",)
    assert single.submitted_at == datetime(2024, 2, 29, 7, 0, tzinfo=UTC)


def test_gradescope_with_broken_metadata_is_refused_and_says_what_to_do(tree, intake):
    root = gradescope(tree)
    (root / "submission_metadata.yml").write_text("a: [")
    result = intake(root)
    assert not result.submissions
    assert "submission_metadata.yml cannot be read" in result.unreadable[0].message
    assert "download" in result.unreadable[0].mend


def test_nbgrader(tree, intake):
    found = by_name(intake(nbgrader(tree), assignment="hw1"))
    assert files(found["ada"]) == ["hw.ipynb", "timestamp.txt"]
    assert found["ada"].submitted_at.isoformat() == "2015-02-02T14:58:23.948203-08:00"
    assert found["grace"].submitted_at is None


def test_github_classroom(tree, intake):
    found = by_name(intake(classroom(tree)))
    assert files(found["hw1-grace-h"]) == ["main.py"]
    assert found["hw1-grace-h"].student_ids == ("grace-h",)


def test_a_zip_of_an_export_with_one_student_keeps_who_it_was(zipped, intake):
    file = zipped([("Ada Lovelace_4711_assignsubmission_file_/hw.ipynb", "{}")], name="hw1.zip")
    (only,) = intake(file).submissions
    assert only.student_ids == ("4711",)


def test_a_zip_with_weights_among_flat_files_is_a_class_and_not_one_submission(zipped, intake):
    entries = [("aa_1_2_hw.ipynb", "{}"), ("aa_1_3_net.pt", "x"), ("bb_2_4_hw.ipynb", "{}")]
    file = zipped(entries, name="submissions.zip")
    assert len(intake(file, assignment="hw1").submissions) == 2


def test_a_grade_toml_that_claims_others_is_told(tree, intake):
    root = moodle(tree)
    folder = root / "Grace Hopper_4712_assignsubmission_file_"
    (folder / "grade.toml").write_text('students = ["4711"]')
    notes = " ".join(by_name(intake(root))["Grace Hopper_4712"].notes)
    assert "the platform says that 4712 handed it in" in notes


def test_what_lies_beside_is_no_submission(tree, intake):
    root = moodle(tree)
    (root / "Grades-HW1.csv").write_text("Identifier,Grade")
    result = intake(root)
    assert len(result.submissions) == 2
    assert not result.unreadable


def test_moodles_groups_come_once_per_member_and_are_one_submission(tree, intake):
    paths = {
        f"Team-7-{who}_assignsubmission_file_/{file}": f"the same {file}"
        for who in ("Ada Lovelace_4711", "Anna-Lena Noether_4712", "Cy Young_4713")
        for file in ("hw.ipynb", "net.pt")
    }
    paths["Team-8-Grace Hopper_4714_assignsubmission_file_/hw.ipynb"] = "the same hw.ipynb"
    paths["Team-8-Grace Hopper_4714_assignsubmission_file_/net.pt"] = "the same net.pt"
    paths["Team-9-Eve_4715_assignsubmission_file_/hw.ipynb"] = "other"
    result = intake(tree(*paths, at="hw1", **paths))
    found = by_name(result)
    assert set(found) == {"Team-7_4711", "Team-8-Grace Hopper_4714", "Team-9-Eve_4715"}
    team = found["Team-7_4711"]
    assert (team.team, team.student_ids) == ("Team-7", ("4711", "4712", "4713"))
    assert files(team) == ["hw.ipynb", "net.pt"]
    assert "one group" in " ".join(team.notes)
    assert not result.unreadable


def test_two_students_of_a_hyphened_name_are_no_group(tree, intake):
    root = tree(
        "Anna-Lena Meyer_1_assignsubmission_file_/hw.ipynb",
        "Anna-Maria Meyer_2_assignsubmission_file_/hw.ipynb",
        at="hw1",
    )
    assert len(intake(root).submissions) == 2  # their files differ


def test_moodles_zip_beside_an_online_text_is_unpacked(tree, intake):
    root = tree("Ada_4711_assignsubmission_onlinetext_/onlinetext.html", at="hw1")
    folder = root / "Ada_4711_assignsubmission_file_"
    folder.mkdir()
    with zipfile.ZipFile(folder / "hw.zip", "w") as archive:
        archive.writestr("hw.ipynb", "{}")
    (only,) = intake(root).submissions
    assert files(only) == ["hw/hw.ipynb", "onlinetext.html"]


def test_canvas_the_latest_notebook_counts_and_it_is_said(tree, intake):
    root = tree(
        "lovelaceada_LATE_1234_101_HW1.ipynb",
        "lovelaceada_1234_103_HW1-2.ipynb",
        "lovelaceada_1234_102_HW1-1.ipynb",
        "lovelaceada_1234_99_net.pt",
        "lovelaceada_1234_98_net-1.pt",
        "hoppergrace_1235_100_part-1.ipynb",
        "hoppergrace_1235_104_part-2.ipynb",
        at="hw1",
    )
    result = intake(root)
    found = by_name(result)
    ada, grace = found["lovelaceada_1234"], found["hoppergrace_1235"]
    assert files(ada) == ["HW1.ipynb", "net-1.pt", "net.pt"]
    assert (ada.root / "HW1.ipynb").read_text().endswith("lovelaceada_1234_103_HW1-2.ipynb")
    assert not ada.marked_late  # what came late does not count
    said = " ".join(ada.notes)
    assert "'HW1-2.ipynb' is the latest and counts; 'HW1.ipynb', 'HW1-1.ipynb' does not" in said
    assert files(grace) == ["part-1.ipynb", "part-2.ipynb"]
    assert not grace.notes
    assert not result.unreadable


def test_a_late_mark_and_a_time_from_the_roster(tree, intake, tmp_path):
    file = tmp_path / "roster.csv"
    file.write_text("id,submitted_at\n340935,2024-02-29T08:00:00+01:00\n")
    grace = by_name(intake(canvas(tree), roster=file))["hoppergrace_340935"]
    assert grace.marked_late
    assert grace.submitted_at == datetime(2024, 2, 29, 7, 0, tzinfo=UTC)
