"""The line of every key, in texts that are written with a known line for each."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.rubric.locate import Places

TEXT = '''\
# comment [not.a.table]
schema = 1
"quoted key" = "a # not a comment"
dotted.inner."last one" = 3

[assignment]
id = "hw1"
team_size = { min = 1, max = 2 }
text = """
fake = 1
[fake]
"""
raw = \'\'\'
'[[task]]' \'\'\'

[[task]]
id = "a"

[[task.criterion]]
id = "a1"
[task.criterion.with]
bands = [
  # the best band
  { at = 0.65, fraction = 1.0 },
  # the other
  { at = 0.55, fraction = 0.5 },
]

[[task.criterion]]
id = "a2"   # after the value
requires = ["x", 'y',
  "z"]

[[task]]
id = "b"
[task.criterion2.with]
due = 2024-02-28 23:59:00+02:00
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("schema",), 2),
        (("quoted key",), 3),
        (("dotted", "inner", "last one"), 4),
        (("assignment",), 6),
        (("assignment", "id"), 7),
        (("assignment", "team_size", "max"), 8),
        (("assignment", "text"), 9),
        (("assignment", "raw"), 13),
        (("task",), 16),
        (("task", 0), 16),
        (("task", 0, "id"), 17),
        (("task", 0, "criterion", 0), 19),
        (("task", 0, "criterion", 0, "with"), 21),
        (("task", 0, "criterion", 0, "with", "bands", 0), 24),
        (("task", 0, "criterion", 0, "with", "bands", 1, "fraction"), 26),
        (("task", 0, "criterion", 1), 29),
        (("task", 0, "criterion", 1, "requires", 2), 32),
        (("task", 1, "id"), 35),
        (("task", 1, "criterion2", "with", "due"), 37),
        (("assignment", "missing"), 6),
        (("task", 1, "missing", "deeper"), 34),
        (("nowhere",), 1),
    ],
)
def test_each_kind_of_key_has_its_line(path, line):
    tomllib.loads(TEXT)
    assert Places(TEXT).line(path) == line


def test_a_table_named_after_its_child_has_its_own_line():
    places = Places("[a.b]\nx = 1\n[a]\ny = 2\n")
    assert places.line(("a",)) == 3
    assert places.line(("a", "b")) == 1


def test_quotes_at_the_end_of_a_long_string_belong_to_it():
    text = 'a = """he said "hi"""""\nb = \'\'\'\'quoted\'\'\'\'\'\nc = """\\""""\nd = 1\n'
    tomllib.loads(text)
    assert Places(text).line(("d",)) == 4


def test_escaped_keys_are_the_keys_tomllib_gives():
    text = '"a\\u00e9\\U0001F600\\t" = 1\n\n"b" = 2\n'
    (key, _) = tomllib.loads(text)
    places = Places("\n" + text)
    assert places.line((key,)) == 2
    assert places.line(("b",)) == 4


keys = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=5) | st.text(
    max_size=4
)
scalars = (
    st.integers(-99, 99)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.dates()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
tables = st.recursive(
    st.dictionaries(keys, values, max_size=3),
    lambda inner: st.dictionaries(
        keys,
        st.tuples(st.sampled_from(["table", "array"]), st.lists(inner, max_size=2)),
        max_size=3,
    ),
    max_leaves=6,
)


def quoted(text):
    out = []
    for char in text:
        if char in '"\\' or ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF:
            out.append(f"\\u{ord(char):04x}")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


class Writer:
    """Writes TOML and remembers the line on which it put each key."""

    def __init__(self, blank_lines):
        self.lines = []
        self.known = {}
        self.blanks = blank_lines

    def row(self, text):
        for _ in range(self.blanks):
            self.lines.append("# [x] y = 1")
        self.lines.append(text)
        return len(self.lines)

    def value(self, value):
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str):
            return quoted(value)
        if isinstance(value, list):
            return "[" + ", ".join(self.value(entry) for entry in value) + "]"
        if isinstance(value, dict):
            pairs = (f"{quoted(key)} = {self.value(entry)}" for key, entry in value.items())
            return "{ " + ", ".join(pairs) + " }"
        return str(value).replace("e", "e") if not isinstance(value, float) else f"{value:.5e}"

    def remember(self, path, value, line):
        self.known[path] = line
        if isinstance(value, list):
            for i, entry in enumerate(value):
                self.remember((*path, i), entry, line)
        elif isinstance(value, dict):
            for key, entry in value.items():
                self.remember((*path, key), entry, line)

    def table(self, data, header, path):
        nested = {}
        for key, value in data.items():
            if isinstance(value, tuple):
                nested[key] = value
            else:
                line = self.row(f"{quoted(key)} = {self.value(value)}")
                self.remember((*path, key), value, line)
        for key, (kind, bodies) in nested.items():
            name = ".".join([*header, quoted(key)])
            if kind == "table":
                line = self.row(f"[{name}]")
                self.known[(*path, key)] = line
                self.table(bodies[0] if bodies else {}, [*header, quoted(key)], (*path, key))
                continue
            for i, body in enumerate(bodies):
                line = self.row(f"[[{name}]]")
                self.known.setdefault((*path, key), line)
                self.known[(*path, key, i)] = line
                self.table(body, [*header, quoted(key)], (*path, key, i))


@given(tables, st.integers(0, 2))
def test_any_written_text_is_located(data, blank_lines):
    writer = Writer(blank_lines)
    writer.table(data, [], ())
    text = "\n".join(writer.lines) + "\n"
    tomllib.loads(text)
    places = Places(text)
    assert {path: places.line(path) for path in writer.known} == writer.known
