"""What a rubric says, and what is said about a wrong one: the line and the mend."""

import sys
from datetime import datetime
from fractions import Fraction

import pytest

from grader.errors import RubricError
from grader.model.outcome import Visibility
from grader.rubric.load import examine, load


def line_of(folder, text):
    lines = (folder / "rubric.toml").read_text().splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def test_a_good_rubric(write, params):
    loaded = load(write(), params)
    rubric = loaded.rubric
    assert rubric.assignment.due == datetime.fromisoformat("2024-02-28T23:59:00+02:00")
    assert rubric.max_points == 3
    assert [c.points for c in rubric.criteria().values()] == [Fraction(5, 2), Fraction(1, 2), 1]
    assert rubric.criteria()["q1/more"].visibility is Visibility.HIDDEN
    assert rubric.budget.wall_seconds == 12.5
    assert rubric.criteria()["q1/accuracy"].with_["model"] == "classifier"


def test_parameters_are_validated_and_exact(write, params):
    loaded = load(write(), params)
    bands = loaded.params["q1/accuracy"].bands
    assert [(b.at, b.fraction) for b in bands] == [
        (Fraction(13, 20), 1),
        (Fraction(1, 10), Fraction(1, 3)),
    ]
    assert set(loaded.params) == {"q1/accuracy", "q1/why", "q1/more"}


CASES = [
    # what is changed, the text on the line that must be named, message, mend
    ('id = "accuracy"', 'idd = "accuracy"', "idd", "unknown key 'idd'", "'id'"),
    ("[assignment]", "[assinment]", "assinment", "unknown key 'assinment'", "'assignment'"),
    ("wall_seconds", "wall_second", "wall_second", "unknown key", "'wall_seconds'"),
    ("max = 2", "maxx = 2", "team_size", "unknown key 'maxx'", "'max'"),
    ("names = [", "nmes = [", "nmes", "unknown key 'nmes'", "'names'"),
    ("model = ", "modle = ", "modle", "unknown key 'modle'", "'model'"),
    ("{ at = 0.1,", "{ att = 0.1,", "att = 0.1", "unknown key 'att'", "'at'"),
    ("schema = 1", "schema = 2", "schema", "schema", ""),
    ("schema = 1", "schema_version = 1", "schema_version", "unknown key", "'schema'"),
    ("[task.criterion.with]", "[task.criterion.with_]", "with_]", "unknown key 'with_'", "'with'"),
    (
        'check = "accuracy.at_least"',
        'check = "acuracy.at_least"',
        "acuracy",
        "unknown check 'acuracy.at_least'",
        "did you mean 'accuracy.at_least'?",
    ),
    ("points = 3\n", "points = 4\n", "points = 4", "criteria give 2.5 + 0.5 = 3", "points = 3"),
    ("points = 2.5", "points = 2", "points = 3", "3 points, but its criteria give", "points = 2.5"),
    ("points = 3\n", "points = nan\n", "nan", "task.points is not a finite number", "finite"),
    ("limit", "limit", "", "", ""),
    ("due = 2024-02-28T23:59:00+02:00", 'due = "28.2.2024"', "due", "28.2.2024", "without quotes"),
    ("wall_seconds = 12.5", "wall_seconds = inf", "inf", "not a finite number", "finite"),
    ("wall_seconds = 12.5", "wall_seconds = 0", "wall_seconds", "greater than 0, found 0", ""),
    ("wall_seconds = 12.5", 'wall_seconds = "12"', "wall_seconds", 'found "12"', ""),
    ("at = 0.65", "at = -inf", "-inf", "not a finite number", "finite"),
    ("at = 0.65", "at = true", "at = true", "true or false", ""),
    ("at = 0.65", 'at = "x"', 'at = "x"', "finite number is expected", ""),
    ("at = 0.65", "at = 0.123456789012345678901", "0.1234", "would not stay exact", '"1/3"'),
    ("bands = [", "bonds = [", "bonds", "unknown key 'bonds'", "'bands'"),
    ('model = "classifier"\n', "", "task.criterion.with", "model is missing", "add `model"),
    (
        'source = "explain it well"\n',
        "",
        "[[task.criterion]]",
        "task.criterion.source is missing",
        "add `source",
    ),
    ('"explain it well"', '"  "', 'source = "  "', "source is empty", "quote the sentence"),
    ('["q1/accuracy"]', '["q1/acuracy"]', "requires", "unknown criterion", "'q1/accuracy'"),
    ('["q1/accuracy"]', '["q1/why"]', "requires", "requires itself", "circle"),
    ('id = "why"', 'id = "accuracy"', 'id = "accuracy"', "two criteria 'accuracy'", "rename"),
    ('visibility = "hidden"', 'visibility = "secret"', "secret", "expected 'visible'", ""),
    ('kind = "module"', 'kind = "net"', "kind", "expected 'module'", ""),
    ("min = 1", "min = 3", "team_size", "at least 3 and at most 2", "swap"),
    ("+02:00", "", "[assignment]", "time zone", ""),
    ('"HW1_', '"../HW1_', "pattern", "does not stay inside", "relative"),
    ('"HW1_', '"/HW1_', "pattern", "does not stay inside", "relative"),
    ("bonus = true", 'bonus = "yes"', "bonus", "bool", ""),
    ('id = "hw1"', 'id = "../hw1"', "id =", "pattern", ""),
    (
        'dataset = "digits/test"',
        'dataset = "digit/test"',
        "dataset",
        "unknown dataset",
        "'digits/t",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "message", "mend"), [c for c in CASES if c[2]])
def test_one_mistake_is_one_error_with_its_line_and_mend(
    write, params, old, new, line, message, mend
):
    folder = write((old, new))
    loaded, problems = examine(folder, params, names={"dataset": ["digits/test", "digits/val"]})
    assert loaded is None
    (problem,) = problems
    assert message in problem.message
    assert mend in problem.mend
    named = int(problem.where.rsplit(":", 1)[1])
    assert line in (folder / "rubric.toml").read_text().splitlines()[named - 1]
    with pytest.raises(RubricError) as caught:
        load(folder, params, names={"dataset": ["digits/test", "digits/val"]})
    assert caught.value.where == problem.where


def test_an_unknown_role_is_found_where_it_is_named(write, params, needs):
    folder = write(('model = "classifier"', 'model = "clasifier"'))
    _, (problem,) = examine(folder, params, needs=needs)
    assert problem.where.endswith(f":{line_of(folder, 'clasifier')}")
    assert "no role 'clasifier'" in problem.message
    assert "'classifier'" in problem.mend


def test_roles_that_exist_are_no_problem(write, params, needs):
    assert examine(write(), params, needs=needs)[1] == ()


def test_all_mistakes_are_reported_together_in_the_order_of_the_file(write, params):
    folder = write(
        ('id = "accuracy"', 'idd = "accuracy"'),
        ("points = 3\n", "points = 7\n"),
        ('check = "manual.band"', 'check = "manual.bond"'),
        ("max = 2", "max = -2"),
    )
    with pytest.raises(RubricError) as caught:
        load(folder, params)
    text = str(caught.value)
    found = [text.index(t) for t in ("team_size", "7 points", "'idd'", "manual.bond")]
    assert found == sorted(found)
    assert text.count("rubric.toml:") >= 4
    assert caught.value.where == str(folder / "rubric.toml")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("schema = 1\n[assignment\n", "not valid TOML", 2),
        ("schema = 1\nschema = 2\n", "not valid TOML", 2),
        ("schema = 1\nx = \n", "not valid TOML", 2),
        ("schema = 1\nx = [1,\n\n", "not valid TOML", 4),
    ],
)
def test_broken_toml_is_named_with_its_line(write, params, text, message, line):
    folder = write(text=text)
    _, (problem,) = examine(folder, params)
    assert message in problem.message
    assert problem.where == f"{folder / 'rubric.toml'}:{line}"


def test_a_file_that_is_not_text(write, params):
    folder = write()
    (folder / "rubric.toml").write_bytes(b"schema = 1\n# \xff\n")
    _, (problem,) = examine(folder, params)
    assert "UTF-8" in problem.message
    assert problem.where.endswith(":2")


def test_a_missing_file_says_how_to_begin(tmp_path, params):
    with pytest.raises(RubricError) as caught:
        load(tmp_path / "hw9", params)
    assert caught.value.mend == "grade rubric new hw9"


def test_byte_order_marks_and_windows_lines_are_no_problem(write, params):
    folder = write()
    text = (folder / "rubric.toml").read_text()
    (folder / "rubric.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert examine(folder, params)[1] == ()


def test_the_digest_is_of_what_the_rubric_says(write, params):
    plain = load(write(), params).digest
    assert load(write(("schema = 1", "# a comment\nschema   = 1")), params).digest == plain
    assert load(write(("at = 0.65", "at = 0.66")), params).digest != plain
    with_code = load(write(expected="def f(x): return x"), params).digest
    assert with_code != plain
    assert load(write(expected="def f(x): return 2 * x"), params).digest != with_code


def test_expected_functions_are_loaded_at_the_first_look(write, params):
    folder = write(
        expected="""
        import dataclasses
        from math import sqrt

        @dataclasses.dataclass
        class _Pair:
            x: int

        SEED = 1

        def twice(x):
            return _Pair(2 * x).x

        def _hidden(x):
            return x
        """
    )
    before = set(sys.modules)
    loaded = load(folder, params)
    assert set(sys.modules) == before
    assert loaded.expected["twice"](4) == 8
    assert list(loaded.expected) == ["twice"]
    assert "sqrt" not in loaded.expected
    (module,) = set(sys.modules) - before
    assert module.startswith("grader_rubric_expected_")


def test_two_rubrics_may_have_functions_of_one_name(write, params, tmp_path):
    first = load(write(expected="def f(): return 1"), params)
    assert first.expected["f"]() == 1
    (tmp_path / "hw1").rename(tmp_path / "other")
    second = load(write(expected="def f(): return 2"), params)
    assert (first.expected["f"](), second.expected["f"]()) == (1, 2)


@pytest.mark.parametrize(
    ("code", "line", "message"),
    [
        ("x = 1\ny = (\n", 2, "SyntaxError"),
        ("x = 1\n\nimport nothing_of_this_name\n", 3, "ModuleNotFoundError"),
        ("def f():\n    1 / 0\n\nf()\n", 2, "ZeroDivisionError"),
    ],
)
def test_broken_expected_code_is_named_with_its_line(write, params, code, line, message):
    folder = write()
    (folder / "expected.py").write_text(code)
    loaded = load(folder, params)
    with pytest.raises(RubricError, match=message) as caught:
        len(loaded.expected)
    assert caught.value.where == f"{folder / 'expected.py'}:{line}"


BASELINE = '{"mean": 0.95, "spread": 0.01, "seeds": 3, "source": "reference.digits_mlp"}'


def test_baselines(write, params):
    loaded = load(write(baselines=f'{{"q1/accuracy": {BASELINE}}}'), params)
    assert loaded.baselines["q1/accuracy"].mean == 0.95
    assert load(write(baselines="{}"), params).baselines == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "not a table"),
        (f'{{"q1/acuracy": {BASELINE}}}', "unknown criterion 'q1/acuracy'"),
        ('{"q1/accuracy": 0.95}', "not a table with mean"),
        ('{"q1/accuracy": {"mean": 0.9}}', "spread is missing"),
        (f'{{"q1/accuracy": {BASELINE.replace("0.95", "NaN")}}}', "mean"),
    ],
)
def test_wrong_baselines(write, params, text, message):
    folder = write(baselines=text)
    with pytest.raises(RubricError, match=message) as caught:
        load(folder, params)
    assert "baselines.json" in str(caught.value)


class TestFeedbackOnly:
    """Where nothing is graded, nothing may carry points."""

    ON = (
        "team_size = { min = 1, max = 2 }",
        "team_size = { min = 1, max = 2 }\nfeedback_only = true",
    )
    FREE = (
        ("points = 3\n", "points = 0\n"),
        ("points = 2.5\n", "points = 0\n"),
        ('points = "1/2"\n', "points = 0\n"),
        ("points = 1\n", "points = 0\n"),
    )

    def test_points_are_refused_each_with_its_line(self, write, params):
        folder = write(self.ON)
        _, problems = examine(folder, params)
        told = [str(problem) for problem in problems]
        assert len(told) == 4
        assert all("in a feedback-only assignment" in one for one in told)
        assert f":{line_of(folder, 'points = 2.5')}" in "".join(told)

    def test_without_points_it_loads(self, write, params):
        loaded = load(write(self.ON, *self.FREE), params)
        assert loaded.rubric.assignment.feedback_only
        assert loaded.rubric.max_points == 0


def test_a_mark_must_be_a_regular_expression(write, params):
    folder = write(('title = "Train"', 'title = "Train"\nmarked = "X ("'))
    _, problems = examine(folder, params)
    assert "marked is not a regular expression" in str(problems[0])


class TestOwnFiles:
    """`checks.py` and the probes beside it are part of what a scorecard rests on."""

    def test_they_are_in_the_digest(self, write, params):
        folder = write()
        before = load(folder, params).digest
        (folder / "checks.py").write_text("PROBES = {}\n")
        with_checks = load(folder, params).digest
        (folder / "probes").mkdir()
        (folder / "probes" / "count.py").write_text("")
        assert len({before, with_checks, load(folder, params).digest}) == 3
