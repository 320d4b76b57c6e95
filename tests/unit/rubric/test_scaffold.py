import tomllib

import pytest

from grader.checks import CHECKS
from grader.errors import ConfigurationError
from grader.rubric.lint import lint
from grader.rubric.scaffold import scaffold

PARAMS = {name: entry.params for name, entry in CHECKS.items()}
MANUAL = [name for name, entry in CHECKS.items() if entry.manual]


def needs(check, params, rubric):
    return CHECKS[check].needs(params, rubric)


def test_a_new_rubric_lints_clean(tmp_path):
    written = scaffold(tmp_path / "hw2", 'Backprop "by hand" \\ {more}\n\x07')
    assert all(file.is_file() for file in written)
    assert lint(tmp_path / "hw2", PARAMS, needs=needs, manual=MANUAL) == ()
    text = (tmp_path / "hw2" / "rubric.toml").read_text()
    assert tomllib.loads(text)["assignment"] == {
        "id": "hw2",
        "title": 'Backprop "by hand" \\ {more}',
        "team_size": {"min": 1, "max": 2},
    }


def test_its_commented_example_is_a_right_one(tmp_path):
    scaffold(tmp_path / "hw2")
    file = tmp_path / "hw2" / "rubric.toml"
    lines = []
    for line in file.read_text().splitlines():
        code = line.removeprefix("# ")
        commented = line.startswith("# ") and (code.startswith("[") or "=" in code or code == "]")
        commented = commented or line.startswith("#   {")
        lines.append(code if commented and "`" not in code else line)
    text = "\n".join(lines).replace("points = 1  ", "points = 3  ", 1)
    file.write_text(text + "\n")
    (warning,) = lint(
        tmp_path / "hw2", PARAMS, needs=needs, manual=MANUAL, names={"dataset": ["digits/test"]}
    )
    assert "no case of verify/ loses criterion 'q1/accuracy'" in warning.message


@pytest.mark.parametrize("name", ["hw 2", ".hidden", "ü", "x" * 65, 'a"b'])
def test_ids_that_cannot_be(tmp_path, name):
    with pytest.raises(ConfigurationError, match="cannot be an assignment's id"):
        scaffold(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    scaffold(tmp_path / "hw2")
    with pytest.raises(ConfigurationError, match="not empty"):
        scaffold(tmp_path / "hw2")
