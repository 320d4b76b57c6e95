"""Files of the course, beside submissions that came without them."""

import pytest

from grader.collect.given import Given
from grader.errors import RubricError


@pytest.fixture
def rubric(tmp_path):
    for path, text in (
        ("given/utils.py", "SIZE = 224"),
        ("given/birds/robin.jpg", "a robin"),
        ("given/__pycache__/utils.pyc", "compiled"),
        ("given/.hidden", "nothing"),
        ("rubric.toml", "schema = 1"),
    ):
        file = tmp_path / "rubric" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "rubric"


def laid(given, tmp_path, *handed_in):
    box = tmp_path / "box"
    for path in handed_in:
        (box / path).parent.mkdir(parents=True, exist_ok=True)
        (box / path).write_text("the student's")
    box.mkdir(exist_ok=True)
    given.lay(box, handed_in)
    return {p.relative_to(box).as_posix(): p.read_text() for p in box.rglob("*") if p.is_file()}


def test_what_is_missing_is_laid_down(rubric, tmp_path):
    found = laid(Given.of(rubric, "given"), tmp_path, "hw.ipynb")
    assert found == {
        "hw.ipynb": "the student's",
        "utils.py": "SIZE = 224",
        "birds/robin.jpg": "a robin",
    }
    folder = tmp_path / "box" / "birds"
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "robin.jpg").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("own", ["utils.py", "src/Utils.py"])
def test_what_was_handed_in_stays(rubric, tmp_path, own):
    found = laid(Given.of(rubric, "given"), tmp_path, own)
    assert found == {own: "the student's", "birds/robin.jpg": "a robin"}


def test_evidence_depends_on_names_and_contents(rubric):
    first = Given.of(rubric, "given").context()
    assert first == Given.of(rubric, "given").context()
    assert set(first) == {"given"}
    (rubric / "given/utils.py").write_text("SIZE = 32")
    second = Given.of(rubric, "given").context()
    (rubric / "given/utils.py").rename(rubric / "given/tools.py")
    assert len({str(c) for c in (first, second, Given.of(rubric, "given").context())}) == 3


def test_without_a_folder_nothing_changes(rubric, tmp_path):
    assert Given.of(rubric, "").context() == {}
    assert laid(Given.of(rubric, ""), tmp_path) == {}


@pytest.mark.parametrize("name", ["givne", "../elsewhere", "rubric.toml"])
def test_a_folder_that_is_not_there_is_the_rubrics_mistake(rubric, name):
    (rubric.parent / "elsewhere").mkdir()
    with pytest.raises(RubricError, match=r"\[data\] given"):
        Given.of(rubric, name)
