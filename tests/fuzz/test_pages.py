"""Every text of a scorecard hostile: our tags, our script, no foreign address."""

from enum import Enum

import nh3
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.model.base import Record
from grader.report import EXPORTERS, Audience
from grader.report.contents import prepare
from tests.fuzz.mutations import HOSTILE_TEXT
from tests.fuzz.profile import fuzzed
from tests.unit.report import klass
from tests.unit.report.pages_seen import Page

CARDS = (klass.one(0), klass.one(4), klass.one(7))
ACTIVE = ("script", "iframe", "object", "embed", "base", "form", "math", "template", "frame")
ADDRESSES = ("href", "src", "action", "formaction", "srcset", "poster", "xlink:href", "data")
IDENTIFIERS = {"id", "check"}
"""The rubric's, held to a pattern and to being unique when it is read."""
PROSE_TAGS = {"code", "br", "em", "strong"}
"""Made of a text's own marks."""
LOADING = {"link", "img", "script", "iframe", "video", "audio", "source", "use", "image"}


def hostile(value, draw):
    """The record with each text replaced, where its schema lets it be."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return draw(value)
    if isinstance(value, tuple):
        return tuple(hostile(item, draw) for item in value)
    if isinstance(value, dict):
        return {draw(key): hostile(item, draw) for key, item in value.items()}
    if not isinstance(value, Record):
        return value
    for name in type(value).model_fields:
        if name in IDENTIFIERS:
            continue
        new = hostile(getattr(value, name), draw)
        if new == getattr(value, name):
            continue
        fields = {known: getattr(value, known) for known in type(value).model_fields}
        try:
            value = type(value)(**{**fields, name: new})
        except ValidationError:
            continue
    return value


def rendered(cards, unreadable, audience):
    contents = prepare(
        cards, unreadable, pixels=klass.pixels, audience=audience, overview=Audience.STAFF
    )
    pages = {}
    for name in ("feedback", "index"):
        pages |= {path: data.decode() for path, data in EXPORTERS[name](contents)}
    return pages


def shape(page):
    """What of a page a browser obeys."""
    return {
        (tag, name, value)
        for tag, attributes in page.tags
        for name, value in attributes.items()
        if name in ADDRESSES or name in {"http-equiv", "content"}
    }


OURS = {
    path: Page(text)
    for audience in Audience
    for path, text in rendered(CARDS, klass.UNREADABLE, audience).items()
}
OUR_SCRIPTS = {"".join(page.raw["script"]) for page in OURS.values()}
OUR_STYLES = {"".join(page.raw["style"]) for page in OURS.values()}
OUR_TAGS = {tag for page in OURS.values() for tag, _ in page.tags}
OUR_ATTRIBUTES = {name for page in OURS.values() for _, a in page.tags for name in a}


def obeyed(text):
    """Elements and attributes as html5ever, a browser's parser, finds them."""
    found = set()

    def note(tag, name, value):
        found.add((tag, name, value))
        return value

    wanted = {"style", "onerror", "onload", "onclick", "onfocus", "onmouseover", "srcdoc"}
    wanted |= set(ADDRESSES)
    clean = nh3.clean(
        text.partition("</head>")[2].replace("<script", "<s-ours").replace("</script", "</s-ours"),
        tags=OUR_TAGS | set(ACTIVE) | {"s-ours"} - {"html", "head", "body"},
        clean_content_tags=set(),
        attributes={"*": wanted},
        attribute_filter=note,
        url_schemes={"http", "https", "javascript", "data", "vbscript", "file", "ftp", "mailto"},
        link_rel=None,
    )
    return found, clean


def harmless(path, text):
    page = Page(text)
    assert page.faults == [], path
    assert "".join(page.raw["script"]) in OUR_SCRIPTS
    assert "".join(page.raw["style"]) in OUR_STYLES
    assert {tag for tag, _ in page.tags} <= OUR_TAGS | PROSE_TAGS
    assert {name for _, a in page.tags for name in a} <= OUR_ATTRIBUTES
    for tag, name, value in shape(page):
        if name in ADDRESSES:
            assert address_is_ours(tag, value), (path, tag, name, value)
    found, clean = obeyed(text)
    for tag, name, value in found:
        assert name in ADDRESSES, (path, tag, name, value)
        assert address_is_ours(tag, value), (path, tag, name, value)
    for active in ACTIVE:
        assert f"<{active}" not in clean, (path, active)


def address_is_ours(tag, value):
    if value.startswith(("data:image/", "#")):
        return True
    plain = "".join(value.split()).lower()
    local = ":" not in plain.partition("/")[0] and not plain.startswith(("//", "/", "\\", ".."))
    local = local or value == "../index.html"
    return local and tag not in LOADING


@fuzzed
@given(st.data(), st.sampled_from(CARDS), st.sampled_from(sorted(Audience)))
def test_pages_of_hostile_texts(data, card, audience):
    texts = data.draw(st.lists(HOSTILE_TEXT, min_size=3, max_size=8))
    count = [0]

    def draw(value):
        count[0] += 1
        text = texts[count[0] % len(texts)]
        return text if count[0] % 3 else value + text

    bad = hostile(card, draw)
    unreadable = tuple(hostile(u, draw) for u in klass.UNREADABLE)
    assert count[0] > 100
    for path, text in rendered((bad,), unreadable, audience).items():
        harmless(path, text)
        assert ".." not in path
        assert not path.startswith("/")


def test_the_parser_sees_what_must_not_be_there():
    found, clean = obeyed("</head><p onclick=owned()><iframe src=x></iframe>")
    assert ("p", "onclick", "owned()") in found
    assert "<iframe" in clean
    assert not address_is_ours("a", "java\nscript:owned()")
    assert not address_is_ours("a", "https://evil.example")
