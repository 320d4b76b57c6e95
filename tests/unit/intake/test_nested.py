"""Archives in archives, of every kind that platforms and students make, and bombs in them."""

import io
import os
import tarfile
import zipfile

import pytest

from grader.intake import Limits

WORK = {"hw.ipynb": b"{}", "net.pt": b"weights", "model/layers.py": b"x = 1"}
FILES = sorted(WORK)


def a_zip(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def a_tar(entries, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def wrapped(entries, folder="hw1"):
    return {f"{folder}/{name}": data for name, data in entries.items()}


@pytest.fixture
def handed_in(tmp_path, intake):
    """Reads one submission: `ada/` with these files, or `ada.zip` and its like from bytes."""

    def call(entries, **more):
        root = tmp_path / "hw1"
        root.mkdir()
        for name, data in entries.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return intake(root, "hw1", one=False, **more)

    return call


def opened(found):
    (one,) = found.submissions
    return [file.path for file in one.files], " | ".join(one.notes)


def refused(found):
    assert not found.submissions
    (one,) = found.unreadable
    return one


LONE = {
    "zip": {"ada.zip": a_zip(WORK)},
    "zip in a folder": {"ada/hw.zip": a_zip(WORK)},
    "zip in a zip": {"ada.zip": a_zip({"hw.zip": a_zip(WORK)})},
    "zip in a zip, both with a folder": {
        "ada.zip": a_zip(wrapped({"hw.zip": a_zip(wrapped(WORK))}, "ada"))
    },
    "tar.gz in a zip": {"ada.zip": a_zip({"hw.tar.gz": a_tar(WORK)})},
    "tgz in a zip beside litter": {
        "ada.zip": a_zip(
            {"hw.tgz": a_tar(WORK), "__MACOSX/._hw.tgz": b"x", ".DS_Store": b"x", "._hw.tgz": b"x"}
        )
    },
    "zip in a tar.xz": {"ada.tar.xz": a_tar({"hw.zip": a_zip(WORK)}, "w:xz")},
    "three deep": {"ada.zip": a_zip({"a.zip": a_zip({"b.tar": a_tar(WORK, "w:")})})},
    "without a suffix": {"ada/hw": a_zip(WORK)},
}


@pytest.mark.parametrize("entries", LONE.values(), ids=LONE)
def test_what_is_packed_alone_is_the_submission(handed_in, entries):
    files, _ = opened(handed_in(entries))
    assert files == FILES


def test_archives_beside_a_text_are_unpacked_by_their_names(handed_in):
    entries = {"ada/code.zip": a_zip(WORK), "ada/data.tar.gz": a_tar({"x.csv": b"1"})}
    files, notes = opened(handed_in({**entries, "ada/report.pdf": b"%PDF"}))
    assert files == [
        "code/hw.ipynb",
        "code/model/layers.py",
        "code/net.pt",
        "data/x.csv",
        "report.pdf",
    ]
    assert "'code.zip' was unpacked" in notes


def test_an_archive_in_an_archive_beside_a_text(handed_in):
    inner = a_zip({"src.tar.gz": a_tar(WORK), "notes.txt": b"see src"})
    files, _ = opened(handed_in({"ada/code.zip": inner, "ada/report.pdf": b"%PDF"}))
    assert "code/src/hw.ipynb" in files


def test_weights_packed_beside_the_notebook_are_found_and_stay_packed_too(handed_in):
    entries = {"ada/hw.ipynb": b"{}", "ada/weights.zip": a_zip({"net.pt": b"w"})}
    files, _ = opened(handed_in(entries))
    assert files == ["hw.ipynb", "weights.zip", "weights/net.pt"]


def test_a_second_copy_of_the_notebook_stays_packed_and_it_is_said(handed_in):
    entries = {"ada/hw.ipynb": b"{}", "ada/everything.zip": a_zip(WORK)}
    files, notes = opened(handed_in(entries))
    assert files == ["everything.zip", "hw.ipynb"]
    assert "'everything.zip' stays packed" in notes


def test_a_broken_archive_beside_the_notebook_costs_nothing_but_itself(handed_in):
    files, notes = opened(handed_in({"ada/hw.ipynb": b"{}", "ada/old.zip": b"PK\x03\x04cut"}))
    assert files == ["hw.ipynb", "old.zip"]
    assert "'old.zip' stays packed" in notes
    assert "broken" in notes


def test_the_folder_of_the_user_is_never_changed(handed_in, tmp_path):
    entries = {
        "ada/hw.ipynb": b"{}",
        "ada/w.zip": a_zip({"net.pt": b"w"}),
        "bob/c.zip": a_zip(WORK),
    }
    assert len(handed_in({**entries, "bob/r.pdf": b"x"}).submissions) == 2
    root = tmp_path / "hw1"
    found = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())
    assert found == ["ada/hw.ipynb", "ada/w.zip", "bob/c.zip", "bob/r.pdf"]


@pytest.mark.parametrize("suffix", ["7z", "rar", "zst"])
@pytest.mark.parametrize("beside", [{}, {"ada/report.pdf": b"%PDF"}], ids=["alone", "with a text"])
def test_what_we_do_not_read_is_refused_with_the_mend(handed_in, suffix, beside):
    one = refused(handed_in({f"ada/hw.{suffix}": b"7z\xbc\xaf'\x1c", **beside}))
    assert f"'hw.{suffix}'" in one.message
    assert f"archives of the kind '.{suffix}' are not read" in one.message
    assert "pack it as zip" in one.mend


def test_the_same_within_a_zip_and_beside_the_class(handed_in):
    found = handed_in({"ada.zip": a_zip({"hw.7z": b"7z"}), "bob.7z": b"7z", "eve/hw.py": b""})
    assert {one.name: "not read" in one.message for one in found.unreadable} == {
        "ada": True,
        "bob.7z": True,
    }
    assert [one.name for one in found.submissions] == ["eve"]


def test_beside_a_notebook_it_is_told(handed_in):
    _, notes = opened(handed_in({"ada/hw.ipynb": b"{}", "ada/more.rar": b"Rar!"}))
    assert "'more.rar' stays packed" in notes


def encrypted(data):
    data = bytearray(data)
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def test_an_encrypted_archive_inside_names_itself_and_the_mend(handed_in):
    one = refused(handed_in({"ada.zip": a_zip({"hw.zip": encrypted(a_zip({"hw.ipynb": b"{}"}))})}))
    assert "'hw.zip': the archive is encrypted" in one.message
    assert "password" in one.mend


SMALL = Limits(ratio_floor_bytes=1_000_000, total_bytes=4_000_000, files=50)
ZEROS = b"\0" * 900_000


def on_disk(folder):
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


BOMBS = {
    "one in another": {"ada.zip": a_zip({"a.zip": a_zip({"zeros.bin": b"\0" * 9_000_000})})},
    "many that are each small": {
        "ada.zip": a_zip({f"{n}.zip": a_zip({"z.bin": ZEROS}) for n in range(20)})
    },
    "many in a folder": {
        **{f"ada/{n}.zip": a_zip({"z.bin": ZEROS}) for n in range(20)},
    },
    "tar in a zip": {"ada.zip": a_zip({"a.tar.gz": a_tar({"z.bin": b"\0" * 9_000_000})})},
    "many files": {
        "ada.zip": a_zip({f"{n}.zip": a_zip({str(m): b"" for m in range(20)}) for n in range(9)})
    },
}


@pytest.mark.parametrize("entries", BOMBS.values(), ids=BOMBS)
def test_nested_bombs_count_together_and_leave_nothing(handed_in, tmp_path, entries):
    found = handed_in({**entries, "eve/hw.py": b"x = 1"}, limits=SMALL)
    assert [one.name for one in found.submissions] == ["eve"]
    (bomb,) = found.unreadable
    assert "more than" in bomb.message
    assert on_disk(tmp_path / "work") < SMALL.total_bytes


def test_a_bomb_beside_the_notebook_stays_packed(handed_in, tmp_path):
    bomb = a_zip({"zeros.bin": b"\0" * 9_000_000})
    files, notes = opened(handed_in({"ada/hw.ipynb": b"{}", "ada/data.zip": bomb}, limits=SMALL))
    assert files == ["data.zip", "hw.ipynb"]
    assert "stays packed: 'data.zip': the archive unpacks to more than" in notes
    assert on_disk(tmp_path / "work") < 1_000_000


def test_an_archive_that_holds_itself_ends(handed_in):
    data = a_zip(WORK)
    for _ in range(20):
        data = a_zip({"again.zip": data})
    files, notes = opened(handed_in({"ada.zip": data}))
    assert files == ["again.zip"] or files[0].endswith("again.zip")
    assert notes.count("was unpacked") < 12


def test_slips_and_links_of_an_inner_archive_stay_in(handed_in, tmp_path):
    link = tarfile.TarInfo("out")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(link)
        for name in ("out/evil.py", "../evil.py", "/evil.py", "hw.py"):
            info = tarfile.TarInfo(name)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"1"))
    files, notes = opened(handed_in({"ada.zip": a_zip({"hw.tar": out.getvalue()})}))
    assert files == ["hw.py", "out/evil.py"]
    assert "a link" in notes
    assert not (tmp_path / "evil.py").exists()


def test_a_directory_of_a_million_lines_is_not_held(tmp_path, intake):
    """`zipfile` makes an object of each line, before anything is counted."""
    line = b"PK\x01\x02" + b"\0" * 42
    count = 200_000
    end = b"PK\x05\x06" + b"\0" * 4 + b"\xff\xff\xff\xff"
    end += (len(line) * count).to_bytes(4, "little") + b"\0" * 4 + b"\0\0"
    file = tmp_path / "ada.zip"
    file.write_bytes(line * count + end)
    one = refused(intake(file, "hw1", one=True, limits=Limits(files=1000)))
    assert "list of files is longer" in one.message


def test_names_in_a_code_page_with_the_name_in_unicode_beside(tmp_path, intake):
    """As Info-ZIP writes it where the system's names are not UTF-8."""
    import struct
    import zlib

    raw, name = b"\x9abung.ipynb", "Übung.ipynb"
    field = struct.pack("<BL", 1, zlib.crc32(raw)) + name.encode()
    info = zipfile.ZipInfo("X" * len(raw))
    info.extra = struct.pack("<HH", 0x7075, len(field)) + field
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, b"{}")
    file = tmp_path / "ada.zip"
    file.write_bytes(out.getvalue().replace(b"X" * len(raw), raw))
    assert opened(intake(file, "hw1", one=True))[0] == [name]
    forged = file.read_bytes().replace(raw, b"\x9abung.ipynx")
    file.write_bytes(forged)  # the name beside is another's: not believed
    assert opened(intake(file, "hw1", one=True))[0] != [name]


def test_names_in_cp437(tmp_path, intake):
    file = tmp_path / "ada.zip"
    data = a_zip({"Xbung.ipynb": b"{}"}).replace(b"Xbung", b"\x9abung")
    file.write_bytes(data)
    assert opened(intake(file, "hw1", one=True))[0] == ["Übung.ipynb"]


@pytest.mark.parametrize("beside", ["ada", "Ada_1_assignsubmission_onlinetext_"])
def test_a_folder_a_thousand_deep_is_only_a_note(tmp_path, intake, beside):
    """Made step by step: its whole path is longer than a system call takes."""
    ada = tmp_path / "hw1" / beside.replace("onlinetext", "file")
    (tmp_path / "hw1" / beside).mkdir(parents=True)  # two folders of Moodle are put together
    ada.mkdir(exist_ok=True)
    (ada / "hw.ipynb").write_text("{}")
    (ada / "w.zip").write_bytes(a_zip({"net.pt": b"w"}))
    here = os.open(ada, os.O_RDONLY)

    def step(name):
        nonlocal here
        there = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there

    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        step("d")
    try:
        files, notes = opened(intake(tmp_path / "hw1", "hw1", one=False))
    finally:
        for _ in range(1500):
            step("..")
            os.rmdir("d", dir_fd=here)
        os.close(here)
    assert files == ["hw.ipynb", "w.zip", "w/net.pt"]
    assert "its path is too long" in notes
    assert max(len(path.parts) for path in (tmp_path / "work").rglob("*")) < 60  # can be removed
