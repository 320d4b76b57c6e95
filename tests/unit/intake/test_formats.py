"""What every intake format must keep. A new format adds a maker here and passes."""

import tarfile
import zipfile

import pytest

from grader.errors import IntakeError
from grader.intake import DEFAULT_LIMITS, FORMATS
from grader.intake.formats import format_of
from grader.intake.notes import Notes


def a_folder(place):
    (place / "ada").mkdir()
    (place / "ada" / "hw.ipynb").write_text("{}")
    return place / "ada"


def a_file(place):
    (place / "ada.ipynb").write_text("{}")
    return place / "ada.ipynb"


def a_zip(place):
    with zipfile.ZipFile(place / "ada.zip", "w") as archive:
        archive.writestr("hw.ipynb", "{}")
    return place / "ada.zip"


def a_tar(place):
    (place / "hw.ipynb").write_text("{}")
    with tarfile.open(place / "ada.tar.gz", "w:gz") as archive:
        archive.add(place / "hw.ipynb", "hw.ipynb")
    return place / "ada.tar.gz"


MAKERS = {"folder": a_folder, "file": a_file, "zip": a_zip, "tar": a_tar}
each = pytest.mark.parametrize("name", sorted(MAKERS))


def test_every_format_is_tested():
    assert set(FORMATS) == set(MAKERS)


@each
def test_a_path_has_exactly_its_format(tmp_path, name):
    path = MAKERS[name](tmp_path)
    assert [n for n, entry in FORMATS.items() if entry.accepts(path)] == [name]
    assert format_of(path) is FORMATS[name]
    assert FORMATS[name].name == name
    assert FORMATS[name].stem(path) == "ada"


@each
def test_opening_gives_a_folder_with_the_files_and_leaves_the_path_alone(tmp_path, name):
    path = MAKERS[name](tmp_path)
    before = path.read_bytes() if path.is_file() else None
    root = FORMATS[name].open(path, tmp_path / "work", DEFAULT_LIMITS, Notes())
    assert [p.suffix for p in root.iterdir()] == [".ipynb"]
    assert all(p.is_file() and not p.is_symlink() for p in root.iterdir())
    assert before is None or path.read_bytes() == before


@each
def test_a_link_has_no_format(tmp_path, name):
    link = tmp_path / f"link{''.join(MAKERS[name](tmp_path).suffixes)}"
    link.symlink_to(tmp_path / "ada")
    assert format_of(link) is None


@pytest.mark.parametrize("name", ["file", "zip", "tar"])
def test_what_cannot_be_read_is_an_intake_error(tmp_path, name, monkeypatch):
    path = MAKERS[name](tmp_path)

    def refuse(*_args, **_more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.copyfile", refuse)
    monkeypatch.setattr("zipfile.ZipFile.__init__", refuse)
    monkeypatch.setattr("tarfile.open", refuse)
    with pytest.raises(IntakeError) as caught:
        FORMATS[name].open(path, tmp_path / "work", DEFAULT_LIMITS, Notes())
    assert "permissions" in caught.value.mend


def test_an_archive_that_lost_its_suffix_is_known_by_its_bytes(tmp_path):
    path = a_zip(tmp_path).rename(tmp_path / "ada")
    assert format_of(path) is FORMATS["zip"]
    assert FORMATS["zip"].stem(path) == "ada"


def test_weights_are_zips_inside_but_not_submissions(tmp_path):
    path = a_zip(tmp_path).rename(tmp_path / "net.pt")
    assert format_of(path) is None
