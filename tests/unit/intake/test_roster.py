"""The roster: columns as courses and platforms name them, and what it tells of submissions."""

from datetime import UTC, datetime

import pytest

from grader.errors import ConfigurationError
from grader.intake.roster import identified, read_roster

OWN = """identifier,student_id,name,team,submitted_at
4711,123456789,Ada Lovelace,Team 1,2024-02-28T21:59:00+00:00
alan,987654321,Alan Turing,Team 1,2024-02-28T22:30:00+00:00
Grace_H,555555555,Grace Hopper,,
"""
CLASSROOM = """identifier,github_username,github_id,name,group_name
ada@example.org,ada-l,77,Ada Lovelace,
"""
GRADES = """assignment_name,github_username,roster_identifier,submission_timestamp,points_awarded
hw1,ada-l,ada@example.org,2024-02-28 21:59:00 UTC,0
"""


def roster(tmp_path, text):
    file = tmp_path / "roster.csv"
    file.write_text(text)
    return read_roster(file)


def read(tree, intake, *names):
    return intake(tree(*(f"{name}/hw.ipynb" for name in names), at="hw1")).submissions


def test_a_team_is_found_by_one_of_its_members(tmp_path, tree, intake):
    (only,) = identified(read(tree, intake, "4711"), roster(tmp_path, OWN))
    assert only.student_ids == ("123456789", "987654321")
    assert only.team == "Team 1"
    assert only.submitted_at == datetime(2024, 2, 28, 22, 30, tzinfo=UTC)


def test_names_are_found_whatever_their_case(tmp_path, tree, intake):
    (only,) = identified(read(tree, intake, "grace_h"), roster(tmp_path, OWN))
    assert (only.student_ids, only.team) == (("555555555",), "Grace Hopper")
    assert only.submitted_at is None


@pytest.mark.parametrize("text", [CLASSROOM, GRADES])
def test_github_classrooms_files_can_be_given_as_they_are(tmp_path, tree, intake, text):
    (only,) = identified(read(tree, intake, "ada-l"), roster(tmp_path, text))
    assert only.student_ids == ("ada@example.org",)


def test_somebody_whom_the_roster_does_not_know_is_told_and_stays(tmp_path, tree, intake):
    (only,) = identified(read(tree, intake, "s999999"), roster(tmp_path, OWN))
    assert only.student_ids == ("s999999",)
    assert "nobody in the roster" in only.notes[-1]


def test_one_student_in_two_teams_is_told_in_both(tree, intake):
    found = identified(read(tree, intake, "1111_2222", "2222_3333", "4444"), None)
    notes = {one.name: " ".join(one.notes) for one in found}
    assert "'2222' is also in '2222_3333'" in notes["1111_2222"]
    assert "'2222' is also in '1111_2222'" in notes["2222_3333"]
    assert not notes["4444"]


def test_semicolons_and_a_byte_order_mark(tmp_path):
    file = tmp_path / "roster.csv"
    file.write_text("\ufeffid;name;team\n12;Ada;T\n", encoding="utf-8")
    assert read_roster(file).rows[0].team == "T"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,team\nAda,T\n", "no column says"),
        ("student_id,submitted_at\n1,yesterday\n", "no time with a zone"),
        ("student_id,submitted_at\n1,2024-02-28T21:59:00\n", "no time with a zone"),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_line(tmp_path, text, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        roster(tmp_path, text)
    assert "roster.csv:" in caught.value.where


def test_bytes_that_are_no_text(tmp_path):
    file = tmp_path / "roster.csv"
    file.write_bytes(b"student_id\n\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_roster(file)
