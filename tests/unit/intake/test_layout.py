"""How the parts of a path are told apart; each test is a rule of `layout`'s docstring."""

import pytest

from grader.errors import ConfigurationError


def test_assignments_are_told_by_their_folders(tree, intake, names):
    root = tree("hw1/ada/a.ipynb", "hw1/bob/b.py", "hw2/ada/c.ipynb", "README.md", "roster.csv")
    found = intake(root)
    assert names(found) == [("hw1", "ada"), ("hw1", "bob"), ("hw2", "ada")]
    assert found.notes == ("'roster.csv' is not a folder of submissions",)


def test_a_folder_without_a_rubric_is_named_and_the_rest_goes_on(tree, intake, names):
    found = intake(tree("hw1/ada/a.ipynb", "hw7/ada/a.ipynb"))
    assert names(found) == [("hw1", "ada")]
    (refused,) = found.unreadable
    assert (refused.assignment, refused.name) == ("hw7", "hw7")
    assert "no rubric" in refused.message
    assert "hw1" in refused.mend


def test_a_folder_named_like_an_assignment_holds_submissions(tree, intake, names):
    root = tree("hw1/ada/a.ipynb", "hw1/bob.ipynb", "hw1/eve.py", "hw1/notes.md")
    found = intake(root / "hw1")
    assert names(found) == [("hw1", "ada"), ("hw1", "bob"), ("hw1", "eve")]
    assert found.notes == ("'notes.md' in 'hw1' is not a submission",)


def test_an_option_settles_the_assignment_of_any_folder(tree, intake, names):
    root = tree("ada/a.ipynb", "bob/deep/er/b.py")
    assert names(intake(root, "hw9")) == [("hw9", "ada"), ("hw9", "bob")]


def test_an_option_picks_one_of_several_assignments(tree, intake, names):
    root = tree("hw1/ada/a.ipynb", "hw2/ada/c.ipynb")
    assert names(intake(root, "hw2")) == [("hw2", "ada")]


def test_a_path_within_an_assignments_folder_is_one_submission(tree, intake, names):
    root = tree("hw1/ada/part1.ipynb", "hw1/ada/part2.ipynb")
    assert names(intake(root / "hw1" / "ada")) == [("hw1", "ada")]


def test_grade_toml_names_the_assignment(tree, intake, names):
    root = tree("grade.toml", "a.ipynb", **{"grade.toml": 'assignment = "hw2"'})
    assert names(intake(root)) == [("hw2", "in")]


def test_the_only_assignment_there_is_needs_no_flag(tree, intake, names):
    assert names(intake(tree("ada/a.ipynb", "bob/b.ipynb"), known=["hw1"])) == [
        ("hw1", "ada"),
        ("hw1", "bob"),
    ]


def test_nothing_tells_the_assignment(tree, intake):
    with pytest.raises(ConfigurationError) as caught:
        intake(tree("ada/a.ipynb"))
    assert "--assignment" in caught.value.mend
    assert "hw1, hw2" in caught.value.mend


def test_what_nothing_tells_the_assignment_of_is_named_as_the_user_did(tree, intake):
    file = tree("ada.ipynb") / "ada.ipynb"
    with pytest.raises(ConfigurationError) as caught:
        intake(file, one=True)
    assert caught.value.where == str(file)


@pytest.mark.parametrize(
    "files",
    [
        ["hw.ipynb"],
        ["hw.ipynb", "README.md"],
        ["hw.ipynb", "net.pt"],
        ["a.ipynb", "b.ipynb", "report.pdf"],
        ["main.py", "nets.py"],
        ["hw.ipynb", "weights/net.pt"],
        ["hw.ipynb", "grade.toml", "other/more.ipynb"],
    ],
)
def test_what_looks_like_one_submission_is_one(tree, intake, names, files):
    root = tree(*files, **{"main.py": "import torch\nfrom nets import Net\n", "grade.toml": ""})
    found = intake(root, "hw1")
    assert names(found) == [("hw1", "in")]
    assert [f.path for f in found.submissions[0].files] == sorted(files)


@pytest.mark.parametrize(
    "files",
    [
        ["ada.ipynb", "bob.ipynb"],
        ["ada.py", "bob.py"],
        ["ada/hw.ipynb", "bob.ipynb"],
        ["ada/hw.ipynb", "bob/hw.ipynb", "README.md"],
        ["ada/code/hw.ipynb", "bob/x.py"],
    ],
)
def test_what_looks_like_many_submissions_is_many(tree, intake, names, files):
    assert names(intake(tree(*files), "hw1")) == [("hw1", "ada"), ("hw1", "bob")]


@pytest.mark.parametrize("at", ["in", "hw1"])
def test_a_stray_file_makes_no_class_one_submission(tree, intake, names, at):
    root = tree("alice.ipynb", "bob.ipynb", "carol/hw.ipynb", "notes.txt", at=at)
    found = intake(root, "hw1" if at == "in" else None)
    assert names(found) == [("hw1", "alice"), ("hw1", "bob"), ("hw1", "carol")]
    assert found.notes == ("'notes.txt' in 'hw1' is not a submission",)


def test_several_notebooks_in_a_folder_named_like_an_assignment_are_many(tree, intake, names):
    root = tree("alice.ipynb", "bob.ipynb", "notes.txt", at="hw1")
    assert names(intake(root)) == [("hw1", "alice"), ("hw1", "bob")]


def test_several_notebooks_taken_for_one_submission_are_flagged(tree, intake, names):
    found = intake(tree("alice.ipynb", "bob.ipynb", "notes.txt"), "hw1")
    assert names(found) == [("hw1", "in")]
    (note,) = found.submissions[0].notes
    assert "2 notebooks were taken for one submission because 'notes.txt'" in note


def test_a_caller_who_knows_that_it_is_one_is_believed(tree, intake, names):
    root = tree("a.ipynb", "b.ipynb")
    assert names(intake(root, "hw1", one=True)) == [("hw1", "in")]
    assert len(intake(root, "hw1", one=False).submissions) == 2


def test_a_single_notebook_is_a_submission_without_its_neighbours(tree, intake, names):
    root = tree("hw1/ada.ipynb", "hw1/secret.txt")
    found = intake(root / "hw1" / "ada.ipynb")
    assert names(found) == [("hw1", "ada")]
    assert [f.path for f in found.submissions[0].files] == ["ada.ipynb"]


def test_a_zip_of_assignments(zipped, intake, names):
    file = zipped([("export/hw1/ada/a.ipynb", "1"), ("export/hw2/bob/b.ipynb", "2")])
    assert names(intake(file)) == [("hw1", "ada"), ("hw2", "bob")]


def test_a_zip_of_one_assignment_with_one_student(zipped, intake, names):
    assert names(intake(zipped([("hw1/ada/a.ipynb", "1")]))) == [("hw1", "ada")]


def test_a_zip_named_like_an_assignment(zipped, intake, names):
    file = zipped([("ada/a.ipynb", "1")], name="hw1.zip")
    assert names(intake(file)) == [("hw1", "ada")]


def test_a_zip_of_submissions(zipped, intake, names):
    file = zipped([("all/ada/a.ipynb", "1"), ("all/bob.ipynb", "2")])
    assert names(intake(file, "hw1")) == [("hw1", "ada"), ("hw1", "bob")]


def test_a_zip_of_one_submission_has_the_archives_name(zipped, intake, names):
    file = zipped([("solution/a.ipynb", "1"), ("solution/net.pt", "2")], name="ada.zip")
    found = intake(file, "hw1")
    assert names(found) == [("hw1", "ada")]
    assert [f.path for f in found.submissions[0].files] == ["a.ipynb", "net.pt"]


def test_zips_beside_folders(tree, zipped, intake, names):
    root = tree("hw1/ada/a.ipynb")
    zipped([("b.ipynb", "2")], name="bob.zip", at="in/hw1")
    assert names(intake(root)) == [("hw1", "ada"), ("hw1", "bob")]


def test_a_folder_with_a_lone_zip_is_unpacked(tree, zipped, intake):
    root = tree("hw1/ada/a.ipynb")
    zipped([("work/b.ipynb", "2")], name="upload.zip", at="in/hw1/bob")
    _, bob = intake(root).submissions
    assert [f.path for f in bob.files] == ["b.ipynb"]
    assert bob.notes == ("its only file, 'upload.zip', was unpacked",)


def test_two_of_one_name_are_both_kept(tree, zipped, intake, names):
    root = tree("hw1/Ada/a.ipynb")
    zipped([("b.ipynb", "2")], name="ada.zip", at="in/hw1")
    found = intake(root)
    assert names(found) == [("hw1", "Ada"), ("hw1", "ada-2")]
    assert "is called 'ada' too" in found.submissions[1].notes[0]


def test_archives_of_other_kinds_say_what_to_do(tree, intake):
    found = intake(tree("hw1/ada/a.ipynb", "hw1/bob.rar"))
    (refused,) = found.unreadable
    assert refused.name == "bob.rar"
    assert "zip" in refused.mend


def test_hidden_folders_are_not_submissions(tree, intake, names):
    root = tree("hw1/.git/a.ipynb", "hw1/__MACOSX/a.ipynb", "hw1/ada/a.ipynb")
    assert names(intake(root)) == [("hw1", "ada")]


@pytest.mark.parametrize("files", [["hw1/notes.txt"], ["notes.txt"]])
def test_no_submissions_at_all_is_an_error(tree, intake, files):
    with pytest.raises(ConfigurationError, match="no submissions here"):
        intake(tree(*files), "hw1")


def test_a_path_that_is_not_there(tmp_path, intake):
    with pytest.raises(ConfigurationError, match="no such file"):
        intake(tmp_path / "nowhere")


def test_a_path_of_another_kind(tree, intake):
    with pytest.raises(ConfigurationError, match="neither a folder"):
        intake(tree("net.pt") / "net.pt")


def test_the_order_does_not_depend_on_the_file_system(tree, intake, monkeypatch):
    root = tree("hw1/c/a.ipynb", "hw1/a/a.ipynb", "hw1/b/z.py", "hw1/b/a.py", "hw1/b/m/x.py")
    first = intake(root)
    from pathlib import Path

    iterdir = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: reversed(list(iterdir(self))))
    assert intake(root) == first
    assert [f.path for f in first.submissions[1].files] == ["a.py", "m/x.py", "z.py"]
