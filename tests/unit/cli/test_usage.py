"""What is called wrongly is answered with what was meant, and leaves nothing behind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from grader.cli.main import COMMANDS, cli
from grader.errors import ConfigurationError
from grader.gradebook import Gradebook
from grader.model.outcome import Outcome
from grader.pipeline import Options
from tests.unit.report import klass

ROOT = Path(__file__).parents[3]
WHEN = "2026-01-01T00:00:00+00:00"


def grade(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)), standalone_mode=False)


@pytest.fixture
def out(tmp_path):
    """An output folder with one scorecard of three criteria."""
    folder = tmp_path / "out"
    folder.mkdir()
    parts = {"q1": ("objective", "answer"), "q2": ("error",)}
    tasks = tuple(
        klass.task(task, task, *(_criterion(name) for name in names))
        for task, names in parts.items()
    )
    card = klass.scorecard("314159265", "the team", tasks)
    with Gradebook(Options(out=folder).gradebook_url) as book:
        book.save(card, WHEN)
    return folder


def _criterion(name):
    return klass.criterion(name, name, 1, "a.check", klass.result(Outcome.PASS, 1, "It is right."))


@pytest.mark.parametrize(
    ("submission", "criterion", "message", "mend"),
    [
        ("31415926", "q1/answer", "no submission is called '31415926'", "'314159265'"),
        ("314159265", "q1/anser", "no criterion 'q1/anser'", "did you mean 'q1/answer'?"),
        ("314159265", "q2/zzzz", "no criterion 'q2/zzzz'", "known: q2/error"),
        ("314159265", "zz", "no criterion 'zz'", "its tasks: q1, q2"),
    ],
)
def test_decide_names_what_was_meant(out, submission, criterion, message, mend):
    error = grade("decide", submission, criterion, "1", "--out", out).exception
    assert isinstance(error, ConfigurationError)
    assert message in error.message
    assert mend in error.mend


@pytest.mark.parametrize("command", [["decide", "ada", "q1/answer", "1"], ["report"]])
def test_where_nothing_was_graded_nothing_is_made(tmp_path, command):
    error = grade(*command, "--out", tmp_path).exception
    assert isinstance(error, ConfigurationError)
    assert "there is no gradebook" in error.message
    assert not list(tmp_path.iterdir())


def test_a_report_about_nothing_is_refused(out):
    error = grade("report", "--out", out, "--assignment", "other").exception
    assert isinstance(error, ConfigurationError)
    assert "nothing of 'other' was graded here" in error.message


@pytest.mark.parametrize("command", [["run", "."], ["check", "."], ["regrade"]])
def test_a_misspelt_assignment_is_answered_with_the_nearest(tmp_path, command):
    options = ("--assignment", "digit-svhn", "--rubrics", ROOT / "rubrics", "--out", tmp_path)
    error = grade(*command, *options).exception
    assert isinstance(error, ConfigurationError)
    assert "did you mean 'digits-svhn'" in error.mend


def test_a_misspelt_command_is_no_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = grade("chekc", "hw.ipynb").exception
    assert isinstance(error, click.UsageError)
    assert "did you mean 'check'?" in error.message
    (tmp_path / "chekc").mkdir()
    assert "did you mean" not in str(grade("chekc").exception)


@pytest.mark.parametrize("text", ["-5", "-1%", "200%", "much"])
def test_limits_that_mean_nothing_are_refused(text):
    error = grade("run", ROOT / "submissions", f"--fail-under={text}").exception
    assert isinstance(error, click.BadParameter)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0%", (Fraction(0), True)), ("100%", (Fraction(1), True)), ("200", (Fraction(200), False))],
)
def test_limits_are_points_or_shares(text, value):
    from grader.cli.options import points_type

    assert points_type.convert(text, None, None) == value


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name):
    def options(command):
        for inner in getattr(command, "commands", {}).values():
            yield from options(inner)
        yield from ((command.name, p) for p in command.params if isinstance(p, click.Option))

    command = cli.get_command(click.Context(cli), name)
    assert not [
        f"{where} {option.opts[0]}" for where, option in options(command) if not option.help
    ]
