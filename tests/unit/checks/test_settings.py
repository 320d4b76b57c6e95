"""Family `settings`: right, another value, and what the text does not tell."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from pydantic import ValidationError

from grader.checks.requests import find_settings, inspect_source, read_documents
from grader.checks.settings import Written
from grader.model.documents import Documents, Text
from grader.model.evidence import Place
from grader.model.measurements import SettingSeen, SettingsWritten, SourceFacts, SourceFile
from grader.model.outcome import Outcome
from tests.made_up import NOTEBOOK, a_seen, judged, measured

EPOCHS = {"what": "the number of epochs", "names": ["epochs?"], "value": 16}
SEED = {"what": "the seed", "names": [".*seed.*"], "value": 42}
FUNCTION = {
    "what": "the activation",
    "names": ["activation.*"],
    "value": "sigmoid",
    "instead": ["tanh", "relu"],
}
PATIENCE = {"what": "the patience", "names": ["patience"], "value": {"at_most": 20}}


def value(name, found, cell=3, *, sure=True):
    return SettingSeen(
        name=name,
        value=found,
        sure=sure,
        how="assigned",
        place=Place(file=NOTEBOOK, cell=cell, line=2),
        text=f"{name} = {found}",
    )


def result(settings, *values, incomplete="", more=(), **params):
    names = tuple(dict.fromkeys(name for one in settings for name in one["names"]))
    written = SettingsWritten(values=values, incomplete=incomplete)
    seen = a_seen(measured(find_settings(names), written), *more)
    return judged("settings.written", {"settings": settings, **params}, seen)


def test_what_was_asked_passes_and_is_quoted():
    found = result([EPOCHS, SEED], value("EPOCHS", 16.0), value("manual_seed", 42.0))
    assert found.outcome is Outcome.PASS
    assert "the number of epochs 16 (`EPOCHS = 16.0`, hw.ipynb, cell 3, line 2)" in found.message
    assert found.expected == "The number of epochs 16 and the seed 42."


def test_one_value_that_fits_is_enough():
    found = result([EPOCHS], value("EPOCHS", 16.0), value("epoch", 20.0), value("epochs", None))
    assert found.outcome is Outcome.PASS


def test_another_value_fails_and_is_named():
    found = result([EPOCHS], value("EPOCHS", 20.0), value("epoch", 10.0))
    assert found.outcome is Outcome.FAIL
    assert found.message == (
        "The number of epochs is 20 and 10 (`EPOCHS = 20.0`, hw.ipynb, cell 3, line 2), where 16 "
        "was asked."
    )
    assert found.places == (Place(file=NOTEBOOK, cell=3, line=2),)


def test_each_setting_that_is_not_wrong_earns_its_share():
    values = value("EPOCHS", 20.0), value("SEED", 42.0)
    settings = [EPOCHS, SEED, PATIENCE]
    found = result(settings, *values)
    assert found.outcome is Outcome.PARTIAL
    assert found.fraction == Fraction(2, 3)
    assert "Not told by the text: the patience." in found.message
    assert "As asked: the seed 42" in found.message
    assert result(settings, *values, partial=False).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((), "was not found under a name of its own in your code"),
        ((value("batch", 16.0),), "was not found under a name of its own"),
        ((value("epoch", 0.0),), "was not found under a name of its own"),
        ((value("epochs", 20.0), value("epoch", None)), "could not be read from the text"),
        ((value("epochs", 20.0, sure=False),), "could not be read from the text"),
        ((value("epochs", "None"),), "could not be read from the text"),
    ],
)
def test_what_the_text_does_not_tell_waits(values, reason):
    found = result([EPOCHS], *values)
    assert found.outcome is Outcome.PENDING
    assert reason in found.message


def test_code_that_was_not_read_to_its_end_is_not_held_against_anyone():
    found = result([EPOCHS], value("epochs", 20.0), incomplete="cell 3 is no Python")
    assert found.outcome is Outcome.PENDING
    assert "(cell 3 is no Python)" in found.message
    right = result([EPOCHS], value("epochs", 16.0), incomplete="cell 3 is no Python")
    assert right.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("found", "sure", "outcome"),
    [
        ("sigmoid", True, Outcome.PASS),
        ("Sigmoid", False, Outcome.PASS),
        ("ReLU", True, Outcome.FAIL),
        ("relu", False, Outcome.PENDING),
        ("my_function", True, Outcome.PENDING),
        (3.0, True, Outcome.PENDING),
    ],
)
def test_functions_by_their_names(found, sure, outcome):
    assert result([FUNCTION], value("activation", found, sure=sure)).outcome is outcome


def test_without_known_alternatives_any_other_text_is_wrong():
    anything = {**FUNCTION, "instead": []}
    assert result([anything], value("activation", "my_function")).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("found", "outcome"),
    [(20.0, Outcome.PASS), ("20", Outcome.PASS), (21.0, Outcome.FAIL), ("21", Outcome.FAIL)],
)
def test_ranges_and_numbers_as_texts(found, outcome):
    told = result([PATIENCE], value("patience", found))
    assert told.outcome is outcome
    assert told.expected == "The patience at most 20."


def test_a_counters_start_is_no_patience():
    assert result([PATIENCE], value("patience", 0.0)).outcome is Outcome.PENDING
    none = {**PATIENCE, "value": 0}
    assert result([none], value("patience", 0.0)).outcome is Outcome.PASS


class TestUnder:
    TEXTS = Documents(
        texts=(
            Text(kind="markdown", place=Place(file=NOTEBOOK, cell=2), text="## Q2"),
            Text(kind="markdown", place=Place(file=NOTEBOOK, cell=6), text="## Q3"),
        )
    )

    def judge(self, *values, texts=TEXTS, **params):
        documents = measured(read_documents(), texts)
        return result([EPOCHS], *values, more=(documents,), **{"under": "Q2", **params})

    def test_a_value_of_another_part_is_not_held_against_this_one(self):
        found = self.judge(value("epochs", 20.0, cell=8))
        assert found.outcome is Outcome.PENDING
        assert "other parts of your code alone" in found.message

    def test_a_wrong_value_below_the_heading_fails(self):
        found = self.judge(value("epochs", 20.0, cell=8), value("epochs", 10.0, cell=3))
        assert found.outcome is Outcome.FAIL
        assert "is 10 (" in found.message

    def test_a_right_value_anywhere_passes(self):
        found = self.judge(value("epochs", 16.0, cell=1), value("epochs", 10.0, cell=3))
        assert found.outcome is Outcome.PASS

    def test_a_part_goes_on_until_another_begins(self):
        value_after = value("epochs", 10.0, cell=8)
        assert self.judge(value_after, until="Q4").outcome is Outcome.FAIL
        assert self.judge(value_after, until="Q[34]").outcome is Outcome.PENDING

    def test_what_is_below_another_heading_is_never_wrong(self):
        other = {"under": "", "apart_from": "Q3"}
        assert self.judge(value("epochs", 10.0, cell=8), **other).outcome is Outcome.PENDING
        assert self.judge(value("epochs", 10.0, cell=3), **other).outcome is Outcome.FAIL
        none = self.judge(value("epochs", 10.0, cell=8), texts=Documents(), **other)
        assert none.outcome is Outcome.FAIL

    def test_without_the_heading_nothing_is_wrong(self):
        found = self.judge(value("epochs", 10.0), texts=Documents())
        assert found.outcome is Outcome.PENDING


def source(*files, placeholders=()):
    facts = SourceFacts(
        files=files, imports=(), frameworks=(), placeholders=placeholders, definitions=0
    )
    return measured(inspect_source(), facts)


def test_no_code_at_all_fails():
    found = result([EPOCHS], more=(source(),))
    assert found.outcome is Outcome.FAIL
    assert "No code was found" in found.message


def test_a_blank_template_is_told():
    file = SourceFile(path=NOTEBOOK, kind="notebook")
    blank = source(file, placeholders=(Place(file=NOTEBOOK, cell=4),))
    found = result([EPOCHS], more=(blank,))
    assert found.outcome is Outcome.FAIL
    assert "PLEASE FILL IN (hw.ipynb, cell 4)" in found.message
    assert result([EPOCHS], value("epochs", 16.0), more=(blank,)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "params",
    [
        {"settings": []},
        {"settings": [{**EPOCHS, "names": []}]},
        {"settings": [{**EPOCHS, "names": ["("]}]},
        {"settings": [{**EPOCHS, "instead": ["x"]}]},
        {"settings": [EPOCHS], "under": "("},
        {"settings": [EPOCHS], "until": "Q3"},
        {"settings": [EPOCHS], "under": "Q2", "apart_from": "Q3"},
        {"settings": [{**EPOCHS, "value": {}}]},
    ],
)
def test_what_cannot_be_meant_is_refused(params):
    with pytest.raises(ValidationError):
        Written.model_validate_json(json.dumps(params))


def test_what_can_be_meant_is_not():
    params = {"settings": [EPOCHS, FUNCTION, PATIENCE], "under": "Q2", "until": "Q3"}
    assert Written.model_validate_json(json.dumps(params)).partial
