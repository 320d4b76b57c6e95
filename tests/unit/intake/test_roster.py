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


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_spreadsheets_write(tmp_path, delimiter, encoding, newline):
    lines = [["student_id", "name"], ["12", '"Lovelace, Ada; ""Countess"""'], ["13", "Müller"]]
    file = tmp_path / "roster.csv"
    file.write_bytes(newline.join(delimiter.join(line) for line in lines).encode(encoding))
    assert [(row.student_id, row.name) for row in read_roster(file).rows] == [
        ("12", 'Lovelace, Ada; "Countess"'),
        ("13", "Müller"),
    ]


def test_excels_line_about_the_separator_and_a_quoted_line_break(tmp_path):
    text = 'sep=;\nstudent_id;name;submitted_at\n12;"Ada\nLovelace";\n13;Alan;yesterday\n'
    with pytest.raises(ConfigurationError, match="no time with a zone") as caught:
        roster(tmp_path, text)
    assert caught.value.where.endswith("roster.csv:5")


def test_a_student_in_two_teams_brings_neither_team_along(tmp_path, tree, intake):
    text = "student_id,name,team\n1,Ada,A\n2,Bob,A\n1,Ada,B\n3,Cy,B\n"
    people = roster(tmp_path, text)
    (alone,) = identified(read(tree, intake, "1"), people)
    assert alone.student_ids == ("1",)
    assert "in 2 teams: 'A', 'B'; it was taken as the work of those named here" in alone.notes[-1]
    (mate,) = identified(read(tree, intake, "2")[1:], people)
    assert (mate.student_ids, mate.team) == (("1", "2"), "A")
    assert "'1' in 2 teams" in mate.notes[-1]


def test_one_id_for_two_people_is_refused_with_the_line(tmp_path):
    text = "student_id,name\n1,Ada\n2,Bob\n1,Eve\n"
    with pytest.raises(ConfigurationError, match="both 'Ada' and 'Eve'") as caught:
        roster(tmp_path, text)
    assert caught.value.where.endswith(":4")
    assert len(roster(tmp_path, "student_id,name\n1,Ada\n1,ada\n").rows) == 2


def test_a_section_or_a_grade_identifies_nobody(tmp_path, tree, intake):
    text = "id,name,section,hw1\n12,Ada,A1,95\n13,Bob,A1,95\n"
    (found,) = identified(read(tree, intake, "A1"), roster(tmp_path, text))
    assert "nobody in the roster" in found.notes[-1]


def test_an_empty_column_says_nothing_and_another_is_taken(tmp_path):
    text = "Student,ID,SIS User ID\n    Points Possible,,\nAda,340934,\n"
    (row,) = roster(tmp_path, text).rows
    assert (row.student_id, row.name) == ("340934", "Ada")


def test_moodles_worksheet_as_it_is(tmp_path, tree, intake):
    text = (
        "Identifier,Full name,Email address,Status,Grade\n"
        "Teilnehmer/in4711,Ada Lovelace,ada@example.org,,\n"
        "Participant 4712,Alan Turing,alan@example.org,,\n"
    )
    found = identified(read(tree, intake, "4711", "4712"), roster(tmp_path, text))
    assert [one.team for one in found] == ["Ada Lovelace", "Alan Turing"]


EARLY, LATER = "2024-02-28T21:00:00+00:00", "2024-02-28T22:30:00+01:00"


def again(first, second):
    return "identifier,student_id,submitted_at\n" + f"ada,1,{first}\nada-again,1,{second}\n"


@pytest.mark.parametrize("swap", [False, True])
def test_of_what_was_handed_in_again_the_latest_counts_and_it_is_said(tmp_path, tree, intake, swap):
    """22:30 in Berlin is after 21:00 in UTC."""
    times = (LATER, EARLY) if swap else (EARLY, LATER)
    root = tree("ada/hw.ipynb", "ada-again/hw.ipynb", "bob/hw.ipynb", at="hw1")
    file = tmp_path / "roster.csv"
    file.write_text(again(*times))
    result = intake(root, roster=file)
    counts, not_ = ("ada", "ada-again") if swap else ("ada-again", "ada")
    assert [one.name for one in result.submissions] == [counts, "bob"]
    for place in (result.notes, result.submissions[0].notes):
        assert any(f"'{counts}' of" in note and f"counts, '{not_}' of" in note for note in place)


@pytest.mark.parametrize("second", ["", EARLY])
def test_where_times_do_not_tell_both_stay_and_are_told(tmp_path, tree, intake, second):
    root = tree("ada/hw.ipynb", "ada-again/hw.ipynb", at="hw1")
    file = tmp_path / "roster.csv"
    file.write_text(again(EARLY, second))
    result = intake(root, roster=file)
    assert [one.name for one in result.submissions] == ["ada", "ada-again"]
    assert all("is also in" in one.notes[-1] for one in result.submissions)


def test_in_two_teams_nothing_is_dropped(tmp_path, tree, intake):
    root = tree("1111_2222/hw.ipynb", "2222_3333/hw.ipynb", at="hw1")
    file = tmp_path / "roster.csv"
    file.write_text(f"student_id,submitted_at\n1111,{EARLY}\n2222,{EARLY}\n3333,{LATER}\n")
    assert len(intake(root, roster=file).submissions) == 2
