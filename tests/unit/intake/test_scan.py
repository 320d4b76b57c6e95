"""What is taken from a folder, and what is left out with a note."""

import hashlib
import os
import socket

import pytest

from grader.intake import Limits


def one(found):
    (submission,) = found.submissions
    return [f.path for f in submission.files], " | ".join(submission.notes)


def test_files_have_their_digests(tree, intake):
    (submission,) = intake(tree("ada/a.py", "ada/sub/b.bin") / "ada", "hw1", one=True).submissions
    assert [(f.path, f.size_bytes) for f in submission.files] == [
        ("a.py", len("content of ada/a.py")),
        ("sub/b.bin", len("content of ada/sub/b.bin")),
    ]
    assert submission.files[0].sha256 == hashlib.sha256(b"content of ada/a.py").hexdigest()


def test_a_folder_is_read_where_it_lies(tree, intake, tmp_path):
    root = tree("a.ipynb")
    (submission,) = intake(root, "hw1").submissions
    assert submission.root == root.resolve()
    assert not (tmp_path / "work").exists()


def test_links_are_not_followed(tree, intake):
    root = tree("a.ipynb", "sub/b.py")
    (root / "weights.pt").symlink_to("/etc/passwd")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "gone").symlink_to("nowhere")
    files, notes = one(intake(root, "hw1", one=True))
    assert files == ["a.ipynb", "sub/b.py"]
    assert notes == "left out 'gone', 'loop', 'weights.pt': a link"


def test_a_submission_that_is_a_link_is_refused(tree, intake, names):
    root = tree("hw1/ada/a.ipynb")
    (root / "hw1" / "bob").symlink_to(root / "hw1" / "ada")
    found = intake(root)
    assert names(found) == [("hw1", "ada")]
    assert found.unreadable[0].message == "it is a link"


def test_an_assignment_that_is_a_link_is_not_entered(tree, intake, names):
    root = tree("hw1/ada/a.ipynb")
    (root / "hw2").symlink_to("/etc")
    assert names(intake(root)) == [("hw1", "ada")]


def test_pipes_and_sockets_are_left_out_and_do_not_hold_us(tree, intake, monkeypatch):
    root = tree("a.ipynb")
    os.mkfifo(root / "net.pt")
    monkeypatch.chdir(root)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("s")
        files, notes = one(intake(root, "hw1", one=True))
    assert files == ["a.ipynb"]
    assert notes == "left out 'net.pt', 's': not a regular file"


def test_a_file_that_becomes_a_link_or_a_pipe_in_between(tree, intake, monkeypatch):
    root = tree("a.ipynb", "b.py", "c.py")
    real = os.open

    def swapped(path, flags, *more):
        if str(path).endswith("b.py"):
            path.unlink()
            path.symlink_to("/etc/passwd")
        if str(path).endswith("c.py"):
            path.unlink()
            os.mkfifo(path)
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", swapped)
    files, notes = one(intake(root, "hw1", one=True))
    assert files == ["a.ipynb"]
    assert notes == "left out 'b.py': a link | left out 'c.py': not a regular file"


def test_what_may_not_be_read_is_a_note(tree, intake, monkeypatch):
    root = tree("a.ipynb", "b.py", "closed/c.py")
    real, real_scandir = os.open, os.scandir

    def refuse(path, flags, *more):
        if str(path).endswith("b.py"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *more)

    def refuse_folder(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "scandir", refuse_folder)
    files, notes = one(intake(root, "hw1", one=True))
    assert files == ["a.ipynb"]
    assert notes == "left out 'b.py', 'closed': cannot be read (Permission denied)"


def test_a_submission_that_may_not_be_read_stops_nobody(tree, intake, names, monkeypatch):
    root = tree("hw1/ada/a.ipynb", "hw1/bob/b.ipynb")
    real = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).endswith("bob") and real(path, mode)
    )
    found = intake(root)
    assert names(found) == [("hw1", "ada")]
    assert "may not be read" in found.unreadable[0].message


def test_an_empty_folder_is_unreadable(tree, intake, names):
    root = tree("hw1/ada/a.ipynb")
    (root / "hw1" / "bob").mkdir()
    (root / "hw1" / "eve" / "deep").mkdir(parents=True)
    found = intake(root)
    assert names(found) == [("hw1", "ada")]
    assert [(u.name, u.message) for u in found.unreadable] == [
        ("bob", "there are no files in it"),
        ("eve", "there are no files in it"),
    ]


def test_environments_and_litter_are_left_out(tree, intake):
    root = tree(
        "a.ipynb",
        ".DS_Store",
        ".git/config",
        "__pycache__/a.pyc",
        "myenv/pyvenv.cfg",
        "myenv/lib/torch.py",
        "._a.ipynb",
    )
    files, notes = one(intake(root, "hw1", one=True))
    assert files == ["a.ipynb"]
    assert "and 0 more" not in notes


def test_limits_of_a_folder(tree, intake):
    root = tree("hw1/ada/a.py", "hw1/ada/b.py", "hw1/bob/a.py")
    found = intake(root, limits=Limits(files=1))
    assert [s.name for s in found.submissions] == ["bob"]
    assert "more than 1 files" in found.unreadable[0].message
    assert "larger than" in intake(root, limits=Limits(total_bytes=25)).unreadable[0].message


def test_a_large_file_is_left_out_and_the_rest_is_kept(tree, intake):
    root = tree("a.py", "data.bin", **{"data.bin": "x" * 100})
    files, notes = one(intake(root, "hw1", one=True, limits=Limits(file_bytes=50)))
    assert files == ["a.py"]
    assert "left out 'data.bin': larger than" in notes


def test_a_name_that_is_not_text_is_left_out(tree, intake):
    root = tree("a.ipynb")
    (root / "b\udcff.py").write_text("x")
    files, notes = one(intake(root, "hw1", one=True))
    assert files == ["a.ipynb"]
    assert notes == "left out 'b\\udcff.py': its name is not text"


def test_a_submission_whose_name_is_not_text_is_graded(tree, intake):
    root = tree("hw1/ada/a.ipynb")
    (root / "hw1" / "bo\udcffb").mkdir()
    (root / "hw1" / "bo\udcffb" / "b.ipynb").write_text("x")
    found = intake(root)
    assert [s.name for s in found.submissions] == ["ada", "bo_b"]
    for submission in found.submissions:
        submission.model_dump_json()
        assert (submission.root / submission.files[0].path).is_file()


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("ada\nlovelace", "ada_lovelace"),
        ("<b>ada</b>", "_b_ada<_b>"),
        ("=cmd()", "=cmd()"),
        ("\u202eada", "_ada"),
        ("e\u0301", "\u00e9"),
        ("a" * 200, "a" * 100 + "~"),
        ("...", None),
    ],
)
def test_hostile_names_of_submissions(tree, intake, folder, name):
    folder = folder.replace("/", "<")
    name = name and name.replace("<", "_").replace(">", "_")
    (submission,) = intake(
        tree(f"hw1/x{folder}/a.ipynb" if name is None else f"hw1/{folder}/a.ipynb")
    ).submissions
    if name is not None:
        assert submission.name.startswith(name)
    assert submission.name.isprintable()
    assert not set(submission.name) & set('/\\:*?"<>|')
    assert len(submission.name) <= 110


def test_deep_folders_do_not_exhaust_us(tmp_path, intake):
    here = tmp_path / "in"
    here.mkdir()
    (here / "a.ipynb").write_text("x")
    for _ in range(100):
        here = here / "d"
        here.mkdir()
    (here / "b.py").write_text("x")
    files, notes = one(intake(tmp_path / "in", "hw1", one=True))
    assert files == ["a.ipynb"]
    assert "too long" in notes
