"""A notebook that is none is told to the staff."""

import pytest

from grader.checks.requests import inspect_source
from grader.model.evidence import EvidenceSet
from grader.model.measurements import SourceFacts, SourceFile
from grader.pipeline.unread import unread_notebooks
from tests.made_up import measured, not_there


def notebook(**more):
    return SourceFile(path="hw.ipynb", kind="notebook", **more)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (notebook(parse_error="the notebook is not valid JSON"), True),
        (notebook(parse_error="invalid syntax", cells=3), False),
        (notebook(cells=3), False),
        (SourceFile(path="hw.py", kind="script", parse_error="invalid syntax"), False),
    ],
)
def test_only_notebooks_without_any_cell_are_flagged(file, told):
    source = SourceFacts(files=(file,), imports=(), frameworks=(), placeholders=())
    facts = measured(inspect_source(), source)
    flags = unread_notebooks(EvidenceSet.of(facts))
    assert bool(flags) == told
    if told:
        assert flags[0].code == "notebook_unreadable"
        assert flags[0].message == "'hw.ipynb' cannot be read: the notebook is not valid JSON"


def test_what_was_not_looked_at_is_not_flagged():
    assert unread_notebooks(EvidenceSet()) == ()
    assert unread_notebooks(EvidenceSet.of(not_there(inspect_source()))) == ()
