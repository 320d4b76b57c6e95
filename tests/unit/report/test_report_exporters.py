import csv
import io
import json
import re
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from grader.errors import ConfigurationError, UnknownNameError
from grader.model.outcome import Outcome
from grader.report import EXPORTERS, Audience, write_reports
from grader.report.contents import prepare
from grader.report.grades_csv import COLUMNS
from grader.report.schema import GradesFile, schema_file, schema_text
from tests.unit.report import klass


def contents(cards=None, **more):
    settings = {
        "pixels": klass.pixels,
        "audience": Audience.STUDENT_NOW,
        "overview": Audience.STAFF,
    }
    cards = klass.klass() if cards is None else cards
    return prepare(cards, klass.UNREADABLE, **{**settings, **more})


def only(name, **more):
    ((_, data),) = EXPORTERS[name](contents(**more))
    return data


@pytest.mark.parametrize("name", EXPORTERS)
class TestConformance:
    """What every exporter promises."""

    def test_it_writes_bytes_under_safe_relative_paths(self, name):
        files = list(EXPORTERS[name](contents()))
        assert files
        for path, data in files:
            assert isinstance(data, bytes)
            assert data
            assert re.fullmatch(
                r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)?[A-Za-z0-9_][A-Za-z0-9._-]*", path
            )
        assert len({path.casefold() for path, _ in files}) == len(files)

    def test_equal_inputs_in_any_order_give_equal_bytes(self, name):
        forwards = list(EXPORTERS[name](contents()))
        backwards = list(EXPORTERS[name](contents(klass.klass()[::-1])))
        assert forwards == backwards

    def test_it_copes_with_nothing(self, name):
        empty = prepare(
            (), (), pixels=klass.pixels, audience=Audience.STAFF, overview=Audience.STAFF
        )
        for _, data in EXPORTERS[name](empty):
            assert data

    def test_it_is_text_without_controls(self, name):
        for _, data in EXPORTERS[name](contents()):
            assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", data.decode())


def test_no_two_exporters_write_the_same_file():
    paths = [path for name in EXPORTERS for path, _ in EXPORTERS[name](contents())]
    assert len(set(paths)) == len(paths)


def test_the_csv_has_a_row_for_each_submission_and_for_what_could_not_be_read():
    rows = list(csv.DictReader(io.StringIO(only("csv").decode(), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row["submission"] for row in rows] == [*klass.NAMES, "team-16.zip"]
    first = rows[0]
    assert first["assignment"] == "digits-svhn"
    assert (first["points"], first["max_points"], first["bonus"]) == ("5", "4.5", "0.5")
    assert first["status"] == "final"
    assert first["feedback"] == "feedback/team-01.html"
    assert rows[14]["penalty"] == "1"
    assert rows[15]["points"] == ""
    assert rows[15]["flags"] == "unreadable"
    assert rows[2]["flags"] == "near_threshold"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"])
def test_no_cell_starts_a_formula(start):
    hostile = f"{start}HYPERLINK(1)"
    card = klass.one(0).model_copy(
        update={"team": hostile, "submission": hostile, "student_ids": (hostile,)}
    )
    rows = list(csv.reader(io.StringIO(only("csv", cards=(card,)).decode(), newline="")))
    for cell in rows[1]:
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
    assert rows[1][2].startswith("'")


class TestFeedbackOnly:
    """An assignment without points: nothing speaks of any."""

    def card(self):
        return klass.without_points(2)

    def test_csv(self):
        text = only("csv", cards=(self.card(),)).decode()
        row = next(iter(csv.DictReader(io.StringIO(text, newline=""))))
        assert row["points"] == "feedback only"
        assert [row[key] for key in ("max_points", "bonus", "pending_points", "penalty")] == [
            ""
        ] * 4
        assert row["flags"].split(";")[0] == "feedback_only"

    def test_json(self):
        grades = json.loads(only("json", cards=(self.card(),)))
        schema = json.loads(schema_file().read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator(schema).validate(grades)
        one = grades["submissions"][0]
        assert one["flags"][0]["code"] == "feedback_only"
        assert (one["points"], one["max_points"]) == (0, 0)

    def test_junit(self):
        assert 'value="feedback only"' in only("junit", cards=(self.card(),)).decode()

    def test_pages_show_outcomes_and_no_points(self):
        pages = {}
        for name in EXPORTERS:
            pages |= dict(EXPORTERS[name](contents(cards=(self.card(),))))
        page = next(data for path, data in pages.items() if path.startswith("feedback/")).decode()
        assert "Feedback only" in page
        assert "points to gain" not in page
        assert 'class="earned"' not in page
        assert "Not reached" in page or "Partly" in page
        overview = pages["index.html"].decode()
        assert "feedback only" in overview
        assert "Median" not in overview


def test_a_negative_total_stays_a_number():
    card = klass.one(0).model_copy(update={"points": klass.Fraction(-1, 2)})
    rows = list(csv.DictReader(io.StringIO(only("csv", cards=(card,)).decode(), newline="")))
    assert float(rows[0]["points"]) == -0.5


def test_the_shipped_schema_is_the_models_schema(update_golden):
    if update_golden:
        schema_file().write_text(schema_text(), encoding="utf-8")
    assert schema_file().read_text(encoding="utf-8") == schema_text(), (
        "grades.json changed its shape: python -m grader.report.schema"
    )


def test_the_json_validates_and_holds_what_the_design_says():
    schema = json.loads(schema_file().read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    grades = json.loads(only("json"))
    jsonschema.Draft202012Validator(schema).validate(grades)
    assert grades["schema"] == 1
    assert grades["assignment"] == "digits-svhn"
    assert [s["submission"] for s in grades["submissions"]] == list(klass.NAMES)
    first = grades["submissions"][0]
    assert first["points"] == 5
    error = first["tasks"][1]["criteria"][0]
    assert error["measured"] == 0.045
    assert error["threshold"] == 0.1
    assert error["baseline"] == 0.0738
    assert error["unit"] == "error"
    assert error["bound_by"].startswith("name: classnet")
    assert first["attempts"][0]["started_at"] == "2024-03-01T10:15:00+00:00"
    assert grades["unreadable"][0]["name"] == "team-16.zip"


def test_the_schema_refuses_what_the_grader_would_not_write():
    schema = json.loads(schema_file().read_text(encoding="utf-8"))
    grades = json.loads(only("json"))
    grades["submissions"][0]["points"] = "5"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(grades, schema)
    grades["submissions"][0]["points"] = 5
    grades["submissions"][0]["extra"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(grades, schema)


def test_the_json_can_be_read_back():
    assert GradesFile.model_validate_json(only("json"), strict=False).schema_version == 1


def test_a_diverged_measurement_is_named():
    card = klass.scorecard(
        "x",
        "",
        (klass.task("1", "t", klass.criterion("c", "", 1, "a.at_most", diverged())),),
    )
    grades = json.loads(only("json", cards=(card,)))
    assert grades["submissions"][0]["tasks"][0]["criteria"][0]["measured"] == "nan"


def diverged():
    return klass.result(Outcome.FAIL, 0, "The loss is not finite.", measured="nan", threshold=1.0)


def test_several_assignments_share_no_page_and_each_submission_names_its_own():
    one = klass.one(0)
    other = one.model_copy(update={"assignment": "hw1"})
    both = contents((one, other))
    assert len(set(both.pages.values())) == 2
    ((_, data),) = EXPORTERS["json"](both)
    grades = json.loads(data)
    assert grades["assignment"] is None
    assert [s["assignment"] for s in grades["submissions"]] == ["digits-svhn", "hw1"]


def test_junit_maps_outcomes_and_counts_them():
    root = ET.fromstring(only("junit"))
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == [*klass.NAMES, "team-16.zip"]
    fifth = {case.get("name"): case for case in suites["team-05"].iter("testcase")}
    assert fifth["classify: classify returns labels"].find("failure").get("type") == "fail"
    assert fifth["cnn_error: The CNN's test error"].find("skipped").get("type") == "blocked"
    assert fifth["explained: Objective in mathematical terms"].find("skipped") is not None
    seventh = {case.get("name"): case for case in suites["team-07"].iter("testcase")}
    assert seventh["cnn_error: The CNN's test error"].find("error") is not None
    second = {case.get("name"): case for case in suites["team-02"].iter("testcase")}
    partial = second["reduction: forward averages or sums the loss"]
    assert "divided by the batch size" in partial.find("failure").get("message")
    points = {p.get("name"): p.get("value") for p in partial.iter("property")}
    assert points == {"outcome": "partial", "points": "0.25", "max_points": "0.5"}
    for counted in [root, *root]:
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(counted.get(name)) == len(list(counted.iter(tag)))
        assert int(counted.get("tests")) == len(list(counted.iter("testcase")))


def test_writing_replaces_whole_files_and_leaves_no_litter(tmp_path):
    for _ in range(2):
        paths = write_reports(
            tmp_path, klass.klass()[:2], klass.UNREADABLE, audience=Audience.STAFF
        )
    found = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {
        "index.html",
        "grades.csv",
        "grades.json",
        "junit.xml",
        "feedback/team-01.html",
        "feedback/team-02.html",
    }
    assert paths.index == tmp_path / "index.html"
    page = paths.pages["digits-svhn", "team-01"]
    assert page == tmp_path / "feedback" / "team-01.html"
    assert set(paths.files) == {tmp_path / name for name in found}


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    write_reports(tmp_path, klass.klass()[:1], audience=Audience.STAFF, formats=["csv"])
    before = (tmp_path / "grades.csv").read_bytes()

    def full(_self, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.report.write.Path.replace", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        write_reports(tmp_path, klass.klass(), audience=Audience.STAFF, formats=["csv"])
    assert (tmp_path / "grades.csv").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["grades.csv"]


def test_an_unknown_format_is_named_before_anything_is_written(tmp_path):
    with pytest.raises(UnknownNameError, match="csw"):
        write_reports(tmp_path, (), audience=Audience.STAFF, formats=["csv", "csw"])
    assert list(tmp_path.iterdir()) == []
