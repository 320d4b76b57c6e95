"""Real rubrics with lines broken: problems with a place, or a rubric; never an exception."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from grader.checks import CHECKS
from grader.checks.own import own_of
from grader.pipeline import rubric_context
from grader.rubric.lint import lint
from grader.rubric.load import examine
from tests.fuzz.mutations import broken_bytes, broken_lines
from tests.fuzz.profile import fuzzed

RUBRICS = sorted((Path(__file__).parents[2] / "rubrics").glob("*/rubric.toml"))
TEXTS = {file.parent.name: file.read_text(encoding="utf-8") for file in RUBRICS}
SMALL = min(TEXTS.values(), key=len)


def problems_of(name, data):
    """What is wrong with the text as the rubric of an assignment, and the rubric."""
    checks = own_of(Path(__file__).parents[2] / "rubrics" / name).checks if name else CHECKS
    params = {known: entry.params for known, entry in checks.items()}
    context = rubric_context(checks)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "rubric.toml").write_bytes(data)
        loaded, problems = examine(folder, params, **context)
        lint(folder, params, **context)
    return loaded, problems


def judged(name, data):
    loaded, problems = problems_of(name, data)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert (loaded is None) == bool(errors)
    for problem in problems:
        assert problem.message
        assert "rubric.toml" in problem.where


def test_the_rubrics_are_there():
    assert len(RUBRICS) >= 5


@fuzzed
@given(
    st.sampled_from(sorted(TEXTS)).flatmap(lambda n: st.tuples(st.just(n), broken_lines(TEXTS[n])))
)
def test_rubrics_with_lines_broken(case):
    name, text = case
    judged(name, text.encode("utf-8", "surrogatepass"))


@fuzzed
@given(broken_bytes(SMALL.encode()))
def test_rubrics_with_bytes_broken(data):
    judged("", data)
