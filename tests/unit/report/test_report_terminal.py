import io
import re

import pytest
from rich.console import Console

from grader.model.outcome import Outcome
from grader.report import Audience
from grader.report.github import LIMIT_BYTES, plain, summary
from grader.report.terminal import class_table, submission_summary
from tests.unit.report import klass
from tests.unit.report.test_report_pages import HOSTILE, hostile_card


def printed(renderable, width=200, **more):
    console = Console(file=io.StringIO(), width=width, **more)
    console.print(renderable)
    return console.file.getvalue()


def test_the_table_names_every_submission_and_what_needs_the_staff():
    text = printed(class_table(klass.klass(), klass.UNREADABLE))
    for name in klass.NAMES:
        assert name in text
    assert "our error 2.2/cnn_error in 2 submissions, 1 points open" in text
    assert "unreadable team-16.zip" in text


def test_the_summary_says_what_to_mend():
    text = printed(submission_summary(klass.one(4)))
    assert "Not reached  classify returns labels  0 / 0.5" in text
    assert "try: Take the argmax" in text
    assert "More criteria count" in text
    whole = printed(submission_summary(klass.one(4), Audience.STAFF))
    assert "More criteria count" not in whole


def test_the_table_says_what_its_marks_mean():
    text = printed(class_table(klass.klass()))
    assert "\u2713 passed  \u25d0 partly  \u2717 not reached  \u2298 blocked" in text
    assert "! our error" not in printed(class_table((klass.one(0),)))


def test_what_is_not_decided_shows_no_zero_and_what_has_no_points_says_so():
    waits = klass.result(Outcome.PENDING, 0, "A person reads this.")
    tasks = (
        klass.task("1", "Read", klass.criterion("read", "Read by a person", "1/2", "a.b", waits)),
        klass.task(
            "2",
            "Handed in",
            klass.criterion("in", "It is here", 0, "a.b", klass.result(Outcome.FAIL, 0, "No.")),
        ),
    )
    card = klass.scorecard("one", "", tasks)
    text = printed(submission_summary(card, Audience.STAFF))
    assert "1 Read  \u2013 / 0.5" in text
    assert "Read by a person  \u2013 / 0.5" in text
    assert "2 Handed in  no points" in text
    assert "It is here  no points" in text
    assert "\u2013 / 0.5" in summary((card,), audience=Audience.STAFF).replace("\\", "")


@pytest.mark.parametrize("text", [*HOSTILE, "[bold red]x[/]", "[link=http://x]y[/link]"])
def test_submissions_can_neither_style_nor_steer_the_terminal(text):
    card = hostile_card(text)
    for renderable in (
        class_table((card,), klass.UNREADABLE),
        submission_summary(card, Audience.STAFF),
    ):
        out = printed(renderable, force_terminal=True, color_system="standard")
        bare = re.sub(r"\x1b\[[0-9;]*m", "", out)
        assert "\x1b" not in bare
        assert "\u202e" not in bare
        if text.startswith("["):
            assert text[:9] in bare


@pytest.mark.parametrize("text", HOSTILE)
def test_a_job_summary_shows_hostile_text_as_text(text):
    out = summary((hostile_card(text),), audience=Audience.STAFF)
    assert "<script" not in out
    assert "<img" not in out
    assert "<svg" not in out
    rows = [line for line in out.splitlines() if line.startswith("|")]
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) in (6, 7)


def test_markdown_is_escaped_and_links_do_not_link():
    assert plain("a|b\n[x](http://y) @z `c` **d**") == (
        r"a\|b \[x\]\(http\:\/\/y\) \@z \`c\` \*\*d\*\*"
    )
    assert plain("<b>&") == r"&lt;b&gt;&amp;"


def test_a_huge_class_stays_within_what_github_accepts():
    one = klass.one(4)
    many = [one.model_copy(update={"submission": f"s{n:05}"}) for n in range(4000)]
    out = summary(many, audience=Audience.STAFF)
    assert len(out.encode()) <= LIMIT_BYTES + 200
    assert "more submissions: see the report" in out
    assert "s03999" in out
