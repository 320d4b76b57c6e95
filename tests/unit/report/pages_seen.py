"""Read a page strictly: tags closed in order, ids unique, references met, headings in order."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "img", "input", "link", "br", "hr"}
REFERENCES = ("aria-labelledby", "for", "data-filter")


class Page(HTMLParser):
    """What a page holds, and what is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self.text: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]
        self._check()

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        if len(set(names)) != len(names):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-3:]}")
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(data)
        else:
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def _check(self):
        ids = [a["id"] for _, a in self.tags if "id" in a]
        self.faults += [f"id {i} twice" for i in set(ids) if ids.count(i) > 1]
        for tag, attributes in self.tags:
            wanted = [w for name in REFERENCES for w in attributes.get(name, "").split()]
            if attributes.get("href", "").startswith("#"):
                wanted.append(attributes["href"][1:])
            self.faults += [f"<{tag}> points to no id {w}" for w in wanted if w not in ids]
            self.faults += [f"<{tag}> has {n}" for n in attributes if n.startswith("on")]
            if "style" in attributes:
                self.faults.append(f"<{tag}> has an inline style, which the policy refuses")
            if tag == "th" and "scope" not in attributes:
                self.faults.append("<th> without a scope")
            if tag == "img" and not attributes.get("alt"):
                self.faults.append("<img> without a text")
        levels = [int(tag[1]) for tag, _ in self.tags if tag in {"h1", "h2", "h3", "h4"}]
        if levels.count(1) != 1 or levels[0] != 1:
            self.faults.append(f"one h1 first, not {levels}")
        self.faults += [f"h{b} follows h{a}" for a, b in pairwise(levels) if b > a + 1]
