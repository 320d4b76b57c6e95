"""Archives that a student, or somebody worse, wrote."""

import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.errors import HarnessError
from grader.intake import DEFAULT_LIMITS, Limits
from grader.intake.unpacking import safe_parts


def opened(found):
    (submission,) = found.submissions
    return [f.path for f in submission.files], " | ".join(submission.notes)


def entry(name, mode=0o100644, **more):
    info = zipfile.ZipInfo("x")
    info.filename = name  # ZipInfo() would mend it
    info.external_attr = mode << 16
    for key, value in more.items():
        setattr(info, key, value)
    return info


def refused(found):
    assert found.submissions == ()
    (unreadable,) = found.unreadable
    return unreadable


@pytest.mark.parametrize(
    "name",
    [
        "../evil.py",
        "a/../../evil.py",
        "..\\evil.py",
        "a\\..\\..\\evil.py",
        "/tmp/evil.py",
        "//server/evil.py",
        "\\evil.py",
        "C:\\evil.py",
        "c:evil.py",
        "..",
        "a/..",
    ],
)
def test_names_that_leave_the_archive_are_left_out(zipped, intake, tmp_path, name):
    found = intake(
        zipped([("a.ipynb", "1"), ("b.py", "2"), (entry(name), "evil")]), "hw1", one=True
    )
    files, notes = opened(found)
    assert files == ["a.ipynb", "b.py"]
    assert "left out" in notes
    assert not [p for p in tmp_path.rglob("*evil*") if p.is_file()]
    assert not Path("/tmp/evil.py").exists()


def test_links_and_devices_are_left_out(zipped, intake):
    file = zipped(
        [
            ("a.ipynb", "1"),
            (entry("host", 0o120777), "/etc/passwd"),
            (entry("pipe", 0o010644), ""),
            (entry("disk", 0o060644), ""),
            (entry("tty", 0o020644), ""),
            (entry("socket", 0o140644), ""),
        ]
    )
    files, notes = opened(intake(file, "hw1"))
    assert files == ["a.ipynb"]
    assert "left out 'host': a link" in notes
    assert "left out 'disk', 'pipe', 'socket', 'tty': not a regular file" in notes


def test_a_link_cannot_be_written_through(zipped, intake, tmp_path):
    file = zipped(
        [("a.ipynb", "1"), (entry("out", 0o120777), str(tmp_path)), ("out/evil.py", "evil")]
    )
    files, _ = opened(intake(file, "hw1"))
    assert files == ["a.ipynb", "out/evil.py"]  # a folder of its own
    assert not (tmp_path / "evil.py").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_first_of_two_files_of_one_name_is_taken(zipped, intake):
    found = intake(zipped([("a.ipynb", "first"), ("a.ipynb", "second")]), "hw1")
    files, notes = opened(found)
    assert files == ["a.ipynb"]
    assert (found.submissions[0].root / "a.ipynb").read_text() == "first"
    assert "twice" in notes


@pytest.mark.parametrize(
    "names", [["a", "a/b.py", "c.py"], ["a/b.py", "a", "c.py"], ["a", "a/", "c.py"]]
)
def test_a_name_that_is_a_file_and_a_folder(zipped, intake, names):
    files, notes = opened(intake(zipped([(n, n) for n in names]), "hw1", one=True))
    assert len(files) == 2
    assert "left out 'a" in notes


def test_a_bomb_is_stopped_by_what_comes_out_not_by_what_it_says(zipped, intake):
    limits = Limits(ratio_floor_bytes=100_000)
    file = zipped([("a.ipynb", "1"), ("zeros.bin", b"\0" * 5_000_000)])
    data = file.read_bytes().replace(struct.pack("<L", 5_000_000), struct.pack("<L", 10))
    file.write_bytes(data)
    unreadable = refused(intake(file, "hw1", limits=limits))
    assert "broken" in unreadable.message or "unpacks to more" in unreadable.message


def test_a_truthful_bomb_is_stopped_while_it_unpacks(zipped, intake, tmp_path):
    limits = Limits(ratio_floor_bytes=2_000_000)
    file = zipped([("a.ipynb", "1"), ("zeros.bin", b"\0" * 50_000_000)])
    unreadable = refused(intake(file, "hw1", limits=limits))
    assert "unpacks to more than" in unreadable.message
    assert "datasets" in unreadable.mend
    assert sum(p.stat().st_size for p in (tmp_path / "work").rglob("*") if p.is_file()) < 25_000_000


def test_honest_compression_is_no_bomb(zipped, intake):
    files, _ = opened(intake(zipped([("a.ipynb", "x" * 5_000_000)]), "hw1"))
    assert files == ["a.ipynb"]


def test_too_many_bytes_and_too_many_files(zipped, intake):
    file = zipped([(f"{n}.py", "x" * 100) for n in range(20)])
    assert (
        "more than 10 files"
        in refused(intake(file, "hw1", limits=Limits(files=10), one=True)).message
    )
    small = Limits(total_bytes=1000)
    assert "unpacks to more" in refused(intake(file, "hw1", limits=small, one=True)).message


def test_an_archive_of_a_class_may_be_larger_than_a_submission(zipped, intake):
    file = zipped([(f"{n:02d}/{m}.py", "x" * 100) for n in range(20) for m in range(2)])
    found = intake(file, "hw1", limits=Limits(total_bytes=210, files=2))
    assert len(found.submissions) == 20
    limits = Limits(class_bytes=1000)
    assert "unpacks to more" in refused(intake(file, "hw1", limits=limits)).message


def test_an_encrypted_archive(zipped, intake):
    file = zipped([("a.ipynb", "1")])
    data = bytearray(file.read_bytes())
    data[6] |= 1  # in the local header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # in the directory
    file.write_bytes(data)
    unreadable = refused(intake(file, "hw1"))
    assert "encrypted" in unreadable.message
    assert "password" in unreadable.mend


def test_a_compression_that_python_does_not_read(zipped, intake):
    file = zipped([("a.ipynb", "1")])
    data = bytearray(file.read_bytes())
    data[8] = 9
    data[data.index(b"PK\x01\x02") + 10] = 9
    file.write_bytes(data)
    assert "compression" in refused(intake(file, "hw1")).message


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut off"])
def test_broken_archives_stop_nobody_else(tree, intake, names, content):
    root = tree("hw1/ada/a.ipynb")
    (root / "hw1" / "bob.zip").write_bytes(content)
    found = intake(root)
    assert names(found) == [("hw1", "ada")]
    (unreadable,) = found.unreadable
    assert (unreadable.assignment, unreadable.name) == ("hw1", "bob")
    assert "broken" in unreadable.message
    assert unreadable.mend


def test_an_empty_archive(zipped, intake):
    assert "empty" in refused(intake(zipped([]), "hw1")).message


def test_an_archive_of_folders_only(zipped, intake):
    file = zipped([("a/", ""), ("a/b/", "")], name="ada.zip")
    assert "no files" in refused(intake(file, "hw1", one=True)).message


def test_a_damaged_entry(zipped, intake):
    file = zipped([("a.ipynb", "some text that will not fit its checksum" * 9)])
    data = bytearray(file.read_bytes())
    data[45] ^= 0xFF
    file.write_bytes(data)
    assert "broken" in refused(intake(file, "hw1")).message


def test_litter_of_macos_is_left_out_with_one_note(zipped, intake):
    file = zipped(
        [
            ("hw/a.ipynb", "1"),
            ("hw/.DS_Store", "x"),
            ("__MACOSX/hw/._a.ipynb", "x"),
            ("hw/.ipynb_checkpoints/a-checkpoint.ipynb", "x"),
        ]
    )
    files, notes = opened(intake(file, "hw1"))
    assert files == ["a.ipynb"]
    assert notes.count("left out") == 1


def test_windows_paths_become_folders(zipped, intake):
    file = zipped([(entry("hw\\a.ipynb"), "1"), (entry("hw\\models\\net.pt"), "2")])
    files, _ = opened(intake(file, "hw1"))
    assert files == ["a.ipynb", "models/net.pt"]


@pytest.mark.parametrize("name", ["Übung.ipynb", "作业.ipynb", "тест.ipynb", "naïve é.ipynb"])
def test_names_in_all_languages(zipped, intake, name):
    files, _ = opened(intake(zipped([(name, "1")]), "hw1"))
    assert files == [name]


def test_macos_writes_utf8_without_saying_so(zipped, intake):
    file = zipped([("XX.ipynb", "1")])
    file.write_bytes(file.read_bytes().replace(b"XX.ipynb", "ü.ipynb".encode()))
    files, _ = opened(intake(file, "hw1"))
    assert files == ["ü.ipynb"]


def test_hostile_names_are_shown_harmlessly(zipped, intake):
    file = zipped([("a.ipynb", "1"), (entry("../\x1b[31mred\nline"), "x")])
    _, notes = opened(intake(file, "hw1"))
    assert "\x1b" not in notes
    assert "\n" not in notes


def test_a_long_name_is_left_out(zipped, intake):
    file = zipped([("a.ipynb", "1"), ("x" * 300, "2"), ("/".join("d" * 60) + "/f", "3")])
    files, notes = opened(intake(file, "hw1"))
    assert files == ["a.ipynb"]
    assert "too long" in notes


def test_a_full_disk_is_our_fault_not_the_students(zipped, intake, monkeypatch):
    import os

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    file = zipped([("a.ipynb", "1")])
    monkeypatch.setattr(os, "open", full)
    with pytest.raises(HarnessError, match="No space left"):
        intake(file, "hw1")


def test_what_comes_out_is_not_executable_and_private_to_nobody(zipped, intake):
    file = zipped([(entry("run.py", 0o104777), "1")])
    (submission,) = intake(file, "hw1", one=True).submissions
    assert (submission.root / "run.py").stat().st_mode & 0o7133 == 0


name_parts = st.sampled_from(
    ["..", ".", "", "a", "b c", "C:", "~", "\\", "ü", "x" * 300]
) | st.text(max_size=6)


@given(st.lists(name_parts, max_size=8).map("/".join))
@example("a/./b//c")
def test_no_name_leaves_its_folder(name):
    parts, reason = safe_parts(name, DEFAULT_LIMITS)
    assert bool(parts) != bool(reason)
    if parts:
        root = Path("/root/of/it")
        place = Path(*root.parts, *parts)
        assert root in place.parents
        assert ".." not in place.parts
        assert not any("/" in part or "\\" in part or "\0" in part for part in parts)


@given(st.binary(max_size=400), st.integers(0, 300), st.integers(0, 255))
def test_any_bytes_are_an_unreadable_or_a_submission(tmp_path_factory, noise, position, value):
    """No archive, however broken, raises anything but what intake declares."""
    import io

    from grader.intake import read

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.ipynb", "some text, some text, some text")
        archive.writestr("b/c.py", noise)
    data = bytearray(buffer.getvalue())
    data[position % len(data)] = value
    folder = tmp_path_factory.mktemp("any")
    file = folder / "ada.zip"
    file.write_bytes(data)
    found = read(file, assignment="hw1", workdir=folder / "work", one=True)
    assert len(found.submissions) + len(found.unreadable) == 1
    assert zlib.crc32(file.read_bytes()) == zlib.crc32(data)
