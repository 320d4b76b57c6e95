import pytest

from grader.intake.notes import Notes
from grader.intake.team import students_of, team_of


@pytest.mark.parametrize(
    ("name", "students"),
    [
        ("123456789", ("123456789",)),
        ("123456789_987654321", ("123456789", "987654321")),
        ("s123456+s987654", ("s123456", "s987654")),
        ("123456789_123456789", ("123456789",)),
        ("ada-grace", ("ada", "grace")),
        ("ada-grace-jürgen", ("ada", "grace", "jürgen")),
        ("ada", ("ada",)),
        ("Team-07", ("Team-07",)),
        ("Team-Backprop", ("Team-Backprop",)),
        ("group-alpha", ("group-alpha",)),
        ("ada_lovelace", ("ada_lovelace",)),
        ("hw1-final", ()),
        ("meine lösung (1)", ()),
        ("Untitled1", ()),
        ("ada (1)", ()),
        ("Ada Lovelace", ("Ada Lovelace",)),
        ("O'Neill, Ada", ("O'Neill, Ada",)),
        ("123_456", ("123_456",)),
        ("_", ("_",)),
    ],
)
def test_students_of_a_name(name, students):
    assert students_of(name) == students


def asked(folder, text, name="ada-grace"):
    notes = Notes()
    (folder / "grade.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return team_of(name, folder, notes), " ".join(notes.all())


def test_grade_toml_comes_first(tmp_path):
    team, notes = asked(tmp_path, 'team = "Backprop"\nstudents = ["1234", 5678, "1234"]\n')
    assert (team.name, team.student_ids, notes) == ("Backprop", ("1234", "5678"), "")


def test_each_part_falls_back_alone(tmp_path):
    team, _ = asked(tmp_path, 'team = "Backprop"\n[roles.classifier]\nname = "Net"\n')
    assert (team.name, team.student_ids) == ("Backprop", ("ada", "grace"))


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("team = ", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        ("team = 7", "team should be text"),
        ('team = ""', "team should be text"),
        ('students = "ada"', "students should be a list"),
        ("students = []", "students should be a list"),
        ("students = [true]", "students should be a list"),
        ('students = ["a", {}]', "students should be a list"),
        (f"students = [{', '.join(map(str, range(99)))}]", "students should be a list"),
        ("x = 1 # " + "x" * 70_000, "larger than 64 KiB"),
        ("x = " + "[" * 5000, "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_a_note(tmp_path, text, note):
    team, notes = asked(tmp_path, text)
    assert (team.name, team.student_ids) == ("ada-grace", ("ada", "grace"))
    assert note in notes


def test_texts_are_one_short_printable_line(tmp_path):
    team, _ = asked(tmp_path, 'team = "a\\n\\u001b[31mb' + "c" * 500 + '"')
    assert team.name.isprintable()
    assert team.name.startswith("a [31mb")
    assert len(team.name) == 100


def test_a_link_is_not_read(tmp_path):
    (tmp_path / "other.toml").write_text('team = "x"')
    (tmp_path / "grade.toml").symlink_to(tmp_path / "other.toml")
    assert team_of("ada", tmp_path, Notes()).name == "ada"
