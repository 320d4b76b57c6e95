"""Tar archives: what a student may have written into one."""

import io
import tarfile

import pytest

from grader.errors import IntakeError
from grader.intake.limits import Limits
from grader.intake.notes import Notes
from grader.intake.tar import TarFormat

SMALL = Limits(total_bytes=1 << 20, ratio_floor_bytes=1 << 20, files=50)


def made(place, *members, mode="w:gz"):
    file = place / "in.tar.gz"
    with tarfile.open(file, mode) as archive:
        for member, data in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def opened(file, place, limits=SMALL):
    notes = Notes()
    return TarFormat().open(file, place / "work", limits, notes), " ".join(notes.all())


def test_files_come_out_and_what_leaves_stays_in(tmp_path):
    file = made(
        tmp_path,
        ("hw/net.py", b"x = 1"),
        ("../up.py", b"up"),
        ("/abs.py", b"abs"),
        ("C:\\win.py", b"win"),
        special("link", tarfile.SYMTYPE, "/etc/passwd"),
        special("hard", tarfile.LNKTYPE, "hw/net.py"),
        special("pipe", tarfile.FIFOTYPE),
        special("device", tarfile.CHRTYPE),
    )
    root, notes = opened(file, tmp_path)
    assert [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()] == ["hw/net.py"]
    assert not (tmp_path / "up.py").exists()
    for reason in ("leaves the archive", "absolute", "a link", "not a regular file"):
        assert reason in notes


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    file = made(tmp_path, ("zeros.bin", b"\0" * (4 << 20)))
    assert file.stat().st_size < 100_000
    with pytest.raises(IntakeError, match="unpacks to more than 1 MiB"):
        opened(file, tmp_path)
    assert not list((tmp_path / "work").iterdir())


def test_a_bomb_among_what_is_left_out_is_refused_too(tmp_path):
    with pytest.raises(IntakeError, match="unpacks to more than"):
        opened(made(tmp_path, ("../zeros.bin", b"\0" * (4 << 20))), tmp_path)


def test_a_header_cannot_fill_our_memory(tmp_path):
    info = tarfile.TarInfo("x" * 3_000_000)
    with pytest.raises(IntakeError, match="larger than any name"):
        opened(made(tmp_path, (info, b"1")), tmp_path)


def test_too_many_files(tmp_path):
    with pytest.raises(IntakeError, match="more than 50 files"):
        opened(made(tmp_path, *((f"{n}.py", b"") for n in range(51))), tmp_path)


@pytest.mark.parametrize("damage", [lambda b: b[:40], lambda b: b[:60] + b"x" * 40, lambda _: b""])
def test_a_broken_archive_says_so(tmp_path, damage):
    file = made(tmp_path, ("a.py", bytes(range(256)) * 40))
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(IntakeError, match=r"broken|empty"):
        opened(file, tmp_path)


def test_an_empty_one_says_so(tmp_path):
    with pytest.raises(IntakeError, match="empty"):
        opened(made(tmp_path), tmp_path)
