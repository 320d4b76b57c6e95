import base64
import hashlib
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from grader.model.evidence import Place, Remark
from grader.model.outcome import Outcome, Visibility
from grader.model.scorecard import (
    Baseline,
    CheckResult,
    ConfusionMatrix,
    Curves,
    FigureShown,
    Flag,
    Interval,
    Series,
)
from grader.report import EXPORTERS, Audience
from grader.report.contents import prepare
from grader.report.outcomes import WORDS
from grader.report.pages import prose, quotation
from tests.unit.report import klass
from tests.unit.report.pages_seen import Page

GOLDEN = Path(__file__).parents[2] / "golden"


def rendered(cards, audience=Audience.STAFF, overview=Audience.STAFF, unreadable=klass.UNREADABLE):
    contents = prepare(cards, unreadable, pixels=klass.pixels, audience=audience, overview=overview)
    pages = {}
    for name in ("feedback", "index"):
        pages |= {path: data.decode() for path, data in EXPORTERS[name](contents)}
    return pages


@pytest.fixture(scope="module")
def pages():
    return rendered(klass.klass())


def test_every_page_is_well_formed_and_accessible(pages):
    for path, text in pages.items():
        page = Page(text)
        assert page.faults == [], path
        assert page.all("html") == [{"lang": "en"}]
        assert len(page.all("main")) == 1
        assert page.all("h1")
        for svg in page.all("svg"):
            assert "aria-hidden" in svg or "aria-labelledby" in svg


def policy_of(page):
    (policy,) = [
        meta["content"]
        for meta in page.all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    return dict(rule.strip().split(" ", 1) for rule in policy.split(";"))


def hashed(text):
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def test_the_policy_allows_our_style_and_nothing_else(pages):
    for path, text in pages.items():
        page = Page(text)
        policy = policy_of(page)
        assert policy["default-src"] == "'none'"
        assert policy["img-src"] == "data:"
        assert policy["style-src"] == hashed("".join(page.raw["style"]))
        if path == "index.html":
            assert policy["script-src"] == hashed("".join(page.raw["script"]))
        else:
            assert "script-src" not in policy
            assert page.all("script") == []
        head = text.index("Content-Security-Policy")
        assert head < text.index("<style")


def test_pages_load_nothing(pages):
    for path, text in pages.items():
        page = Page(text)
        for tag, attributes in page.tags:
            assert "src" not in attributes or attributes["src"].startswith("data:image/png;base64,")
            assert tag not in {"link", "iframe", "object", "embed", "form", "base"}
            href = attributes.get("href", "#")
            assert href.startswith("#") or re.fullmatch(r"[A-Za-z0-9._/-]+", href), (path, href)
        assert "url(http" not in text
        assert "@import" not in text


def test_the_overview_links_to_every_feedback_page(pages):
    links = {a["href"] for a in Page(pages["index.html"]).all("a")}
    assert {path for path in pages if path != "index.html"} <= links


def test_what_to_do_next_puts_failures_first_most_points_first_and_bonus_last(pages):
    text = pages["feedback/team-05.html"]
    steps = text[text.index('class="steps"') : text.index("</ol>")]
    order = re.findall(r'<a href="#c\d+">([^<]+)</a>', steps)
    assert order == [
        "Two networks: The MLP&#39;s test error",
        "The classifier class: classify returns labels",
        "Explanations: Augmentation that helps",
    ]
    assert "cell 14, line 18" in steps
    assert "torch.argmax" in steps


def test_what_much_waits_for_comes_first_and_says_how_much():
    def failing(name, points):
        found = klass.result(Outcome.FAIL, 0, "It is not there.")
        return klass.criterion(name, name, points, "a.b", found)

    waits = klass.result(Outcome.BLOCKED, 0, "Not graded.", builds_on="3/root")
    blocked = [
        klass.criterion(f"b{n}", "later", points, "a.b", waits)
        for n, points in [(1, 4), (2, "1.8")]
    ]
    whole = klass.task("3", "SVHN", failing("other", 2), failing("root", "0.1"), *blocked)
    text = rendered((klass.scorecard("one", "", (whole,)),))["feedback/one.html"]
    steps = text[text.index('class="steps"') : text.index("</ol>")]
    assert re.findall(r'<span class="worth">([^<]+)<', steps) == [
        "0.1 points to gain; 5.8 more wait for it",
        "2 points to gain",
    ]


def test_the_page_shows_measured_threshold_baseline_and_interval(pages):
    text = pages["feedback/team-04.html"]
    assert "Measured 0.112 error; threshold 0.1 error; reference solution 0.0738 error" in text
    assert "95% confidence interval 0.091 to 0.138" in text
    assert "data:image/png;base64,iVBORw0KGgo" in text
    assert "not a finite number from here" in pages["feedback/team-08.html"]


def test_what_stands_between_backticks_is_code_and_nothing_else():
    assert prose("use `a<b>` & `c`") == "use <code>a&lt;b&gt;</code> &amp; <code>c</code>"
    assert prose("one ` alone <i>") == "one ` alone &lt;i&gt;"
    assert prose("`\x1b[0m`") == "<code>\u241b[0m</code>"
    assert prose("**a**") == "**a**"
    assert quotation("**<b>** of `**c**`, 2 ** 3") == (
        "<strong>&lt;b&gt;</strong> of <code>**c**</code>, 2 ** 3"
    )


def test_task_columns_leave_out_what_all_ids_share():
    card = klass.one(0)
    tasks = tuple(
        t.model_copy(update={"id": f"digits.{n}"}) for n, t in zip("abc", card.tasks, strict=True)
    )
    page = rendered((card.model_copy(update={"tasks": tasks}),))["index.html"]
    assert ">a</th>" in page
    assert ">2.1</th>" in rendered((card,))["index.html"]


def test_the_table_begins_with_what_one_looks_for_and_has_teams_only_where_they_have_names():
    card = klass.one(0)
    page = rendered((card,))["index.html"]
    table = page[page.index("data-sortable") : page.index("</thead>")]
    assert re.findall(r">([^<]+)</th>", table) == [
        *("Submission", "Points", "Open", "Status", "Flags", "Team"),
        *("2.1", "2.2", "2.3"),
    ]
    nameless = card.model_copy(update={"team": card.submission})
    assert ">Team</th>" not in rendered((nameless,))["index.html"]


def test_a_task_that_waits_for_a_person_shows_no_zero():
    card = klass.one(1)
    waiting = card.tasks[2].criteria[0]
    task = klass.task("2.3", "Explanations", waiting)
    texts = rendered((card.model_copy(update={"tasks": (*card.tasks[:2], task)}),))
    assert '<span class="sum">\u2013 / 0.5</span>' in texts["feedback/team-02.html"]
    assert '<td class="number">\u2013</td>' in texts["index.html"]


def test_what_carries_no_points_says_so_and_takes_no_column():
    card = klass.one(1)
    bare = klass.criterion("in", "It is here", 0, "a.b", klass.result(Outcome.FAIL, 0, "No."))
    tasks = (*card.tasks, klass.task("0", "What was handed in", bare))
    texts = rendered((card.model_copy(update={"tasks": tasks}),))
    page = texts["feedback/team-02.html"]
    assert '<span class="sum">no points</span>' in page
    assert '<span class="earned">no points</span>' in page
    assert "0 / 0<" not in page
    assert ">0</th>" not in texts["index.html"]


def test_outcomes_have_the_same_words_everywhere():
    index = rendered(klass.klass())["index.html"]
    assert "</svg>Not reached</li>" in index
    assert "13 passed, 2 not reached" in index
    told = (Path(__file__).parents[3] / "docs/students.md").read_text(encoding="utf-8")
    for outcome, words in WORDS.items():
        assert f"| {words} | `{outcome.value}` |" in told


def test_a_self_check_says_so():
    card = klass.one(0)
    provenance = card.provenance.model_copy(update={"self_check": True})
    texts = rendered((card.model_copy(update={"provenance": provenance}),))
    assert "Self-check, not a grade" in texts["feedback/team-01.html"]
    assert "Self-check, not grades" in texts["index.html"]


def test_our_error_is_never_called_a_fault_of_the_student(pages):
    text = pages["feedback/team-07.html"]
    assert "Something went wrong on our side" in text
    assert "The CNN&#39;s test error</a>" not in text
    assert "The CNN&#39;s test error</h3>" in text
    assert "2.2/cnn_error</strong> in <a" in pages["index.html"]


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "a\u202eb\u2066c\x1b[31m\x00",
    "]]>&lt;script&gt;--><!--",
    "x" * 100_000,
)


def hostile_card(text, index=0):
    place = Place(file=text[:400], cell=1, line=1)
    figure = FigureShown(title=text, sha256=klass.PICTURE[0], height=120, width=200)
    matrix = ConfusionMatrix(title=text, labels=(text, text), counts=((1, 2), (3, 4)))
    curves = Curves(
        title=text, x_label=text, y_label=text, series=(Series(label=text, x=(0, 1), y=(1, "nan")),)
    )
    result = klass.result(
        Outcome.FAIL,
        0,
        text,
        expected=text,
        hint=text,
        measured=text,
        threshold=text,
        unit=text,
        places=(place,),
        bound_by=text,
        flags=(Flag(code=text, message=text),),
        exhibits=(figure, matrix, curves),
    )
    tasks = (klass.task(text, text, klass.criterion(text, text, 1, text, result, source=text)),)
    remark = Remark(code=text[:80], message=text[:2000], place=place)
    return klass.scorecard(
        f"{text[:200]}{index}",
        text,
        tasks,
        title=text,
        student_ids=(text,),
        remarks=(remark,),
        flags=(Flag(code=text, message=text),),
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_strings_stay_text(text):
    lost = (klass.UNREADABLE[0].model_copy(update={"name": text, "message": text, "mend": text}),)
    for page_text in rendered((hostile_card(text),), unreadable=lost).values():
        page = Page(page_text)
        assert page.faults == []
        assert len(page.all("script")) == page_text.count("<script>") <= 1
        assert all(a.get("src") != "x" for a in page.all("img"))
        assert "49" not in "".join(page.text) or "7 * 7" not in text
        for attributes in page.all("a"):
            assert not attributes["href"].startswith("javascript")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page_text)
        assert len(page_text) < 400_000


texts = st.text(max_size=60)
number = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["nan", "inf", "-inf"])
)
finite = st.floats(allow_nan=False, allow_infinity=False)
exhibits = st.one_of(
    st.builds(
        ConfusionMatrix,
        title=texts,
        labels=st.lists(texts, max_size=5).map(tuple),
        counts=st.lists(st.lists(st.integers(0, 999), max_size=6).map(tuple), max_size=6).map(
            tuple
        ),
    ),
    st.builds(
        Curves,
        title=texts,
        x_label=texts,
        y_label=texts,
        series=st.lists(
            st.builds(
                Series,
                label=texts,
                x=st.lists(finite, max_size=6).map(tuple),
                y=st.lists(number, max_size=6).map(tuple),
            ),
            max_size=8,
        ).map(tuple),
    ),
    st.builds(
        FigureShown,
        title=texts,
        sha256=st.just(klass.PICTURE[0]),
        height=st.integers(),
        width=st.integers(),
    ),
)
results = st.builds(
    CheckResult,
    outcome=st.sampled_from(Outcome),
    fraction=st.fractions(0, 1),
    message=texts,
    expected=texts,
    hint=texts,
    measured=st.one_of(st.none(), number, texts),
    threshold=st.one_of(st.none(), number, texts),
    unit=texts,
    interval=st.one_of(st.none(), st.builds(Interval, low=finite, high=finite)),
    baseline=st.one_of(
        st.none(),
        st.builds(Baseline, mean=finite, spread=finite, seeds=st.integers(), source=texts),
    ),
    bound_by=texts,
    exhibits=st.lists(exhibits, max_size=3).map(tuple),
)


@given(st.lists(results, min_size=1, max_size=4), st.sampled_from(Audience))
@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_any_scorecard_gives_well_formed_pages(found, audience):
    kinds = list(Visibility)
    criteria = [
        klass.criterion(
            f"c{i}", f"Criterion {i}", Fraction(1, 3), "a.at_most", result, visibility=kinds[i % 4]
        )
        for i, result in enumerate(found)
    ]
    card = klass.scorecard("any", "any", (klass.task("1", "A task", *criteria),))
    for text in rendered((card,), audience, audience).values():
        assert Page(text).faults == []
        assert "nan%" not in text
        assert '="nan"' not in text
        assert '="inf"' not in text


GOLDEN_PAGES = (
    ("feedback-student.html", Audience.STUDENT_NOW, "feedback/team-05.html"),
    ("feedback-staff.html", Audience.STAFF, "feedback/team-04.html"),
    ("index.html", Audience.STAFF, "index.html"),
)


@pytest.mark.parametrize(("name", "audience", "path"), GOLDEN_PAGES)
def test_pages_are_as_they_were(name, audience, path, update_golden):
    text = rendered(klass.klass(), audience)[path]
    golden = GOLDEN / name
    if update_golden:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8"), (
        "a page changed: look at it, then UPDATE_GOLDEN=1 pytest tests/unit/report"
    )


@pytest.mark.parametrize(("name", "file"), [("csv", "grades.csv"), ("junit", "junit.xml")])
def test_files_are_as_they_were(name, file, update_golden):
    contents = prepare(
        klass.klass(),
        klass.UNREADABLE,
        pixels=klass.pixels,
        audience=Audience.STAFF,
        overview=Audience.STAFF,
    )
    ((path, data),) = EXPORTERS[name](contents)
    assert path == file
    if update_golden:
        (GOLDEN / file).write_bytes(data)
    assert data == (GOLDEN / file).read_bytes()


COLOUR = re.compile(r"--([a-z0-9-]+): (#[0-9a-f]{6});")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(pages, scheme):
    style = "".join(Page(pages["index.html"]).raw["style"])
    light, dark = style.split("prefers-color-scheme: dark", 1)
    colours = dict(COLOUR.findall(light if scheme == "light" else dark.split("*, *::before")[0]))
    grounds = [colours[name] for name in ("paper", "surface", "sunken")]
    pairs = [(colours[name], ground) for name in ("ink", "muted", "accent") for ground in grounds]
    pairs += [(colours[o.value], colours[f"{o.value}-soft"]) for o in Outcome]
    pairs += [(colours[f"series-{i}"], colours["surface"]) for i in range(6)]
    pairs += [(colours["heat-ink-low"], colours[f"heat-{i}"]) for i in range(5)]
    pairs += [(colours["heat-ink-high"], colours[f"heat-{i}"]) for i in range(5, 9)]
    pairs.append((colours["muted"], colours["heat-0"]))
    for text, ground in pairs:
        assert contrast(text, ground) >= 4.5, (scheme, text, ground)
