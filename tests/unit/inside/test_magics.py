from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.inside.source.magics import parse_code


def test_plain_python_is_kept_as_it_is():
    text = "x = 1\nprint(x % 2)\n"
    assert parse_code(text).python == text


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "!pip install torch",
        "!wget 'http://x/y' -O z",
        "pip install torchsummary",
        "pip install -q a b==1.0",
        "cd drive/MyDrive",
        "cd ..",
        "ls -la data/",
        "?nn.Linear",
        "nn.Linear?",
        "nn.Linear??",
        "%run other.ipynb",
        '!echo "it\'s"',
        "%cd /content/drive/My Drive/x",
        "git clone https://example.org/x",
    ],
)
def test_ipython_lines_become_nothing_and_line_numbers_stay(line):
    parsed = parse_code(f"import torch\n{line}\ndef f():\n    return 1\n")
    assert parsed.tree is not None
    assert [type(n).__name__ for n in parsed.tree.body] == ["Import", "Pass", "FunctionDef"]
    assert parsed.tree.body[2].lineno == 3


def test_a_shell_line_that_goes_on_is_one_line():
    parsed = parse_code("!pip install a \\\n  b \\\n  c\nx = 1\n")
    assert parsed.tree is not None
    assert parsed.tree.body[-1].lineno == 4


def test_lines_in_strings_are_no_magics():
    text = 's = """\n%matplotlib inline\n!ls\n"""\n%time y = 2\n'
    parsed = parse_code(text)
    assert parsed.tree is not None
    assert ast.literal_eval(parsed.tree.body[0].value) == "\n%matplotlib inline\n!ls\n"
    assert ast.unparse(parsed.tree.body[1]) == "y = 2"


def test_indented_magics_keep_their_block():
    parsed = parse_code("if True:\n    !mkdir x\n    %time f()\nelse:\n    %cd y\n")
    assert parsed.tree is not None
    assert ast.unparse(parsed.tree.body[0]) == "if True:\n    pass\n    f()\nelse:\n    pass"


def test_assigned_shell_output_is_none():
    assert parse_code("files = !ls\n").python.startswith("files = None")


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("%%time\nx = 1", ["Assign"]),
        ("\n%%capture out\nx = 1", ["Assign"]),
        ("%%bash\nfor f in *; do echo $f; done", []),
        ("%%html\n<b>x</b>", []),
        ("%%writefile nets.py\nclass A:\n    pass", ["ClassDef"]),
        ("%%writefile notes.txt\nclass war", []),
    ],
)
def test_cell_magics(cell, names):
    parsed = parse_code(cell)
    assert parsed.tree is not None
    assert [type(n).__name__ for n in parsed.tree.body] == names


def test_a_cell_indented_as_a_whole():
    assert parse_code("    x = 1\n    y = 2\n").tree is not None


def test_a_script_has_no_magics():
    assert parse_code("%matplotlib inline\n", notebook=False).tree is None


def test_what_does_not_parse_says_where():
    parsed = parse_code("x = 1\ndef f(:\n    pass\n")
    assert parsed.tree is None
    assert parsed.line == 2
    assert parsed.error.startswith("SyntaxError")


@pytest.mark.parametrize("text", ["x = 1\0", "(" * 5000 + ")" * 5000, "\ud800 = 1", "-" * 100_000])
def test_texts_made_to_break_a_parser_are_errors(text):
    assert parse_code(text).tree is None


@given(st.text(max_size=200))
def test_any_text_is_answered(text):
    parsed = parse_code(text)
    assert (parsed.tree is None) == bool(parsed.error)


@given(st.lists(st.sampled_from(["%m x", "!ls", "x = 1", "  y", "def f():", "'''", "\\"])))
def test_mended_text_has_as_many_lines(lines):
    text = "\n".join(lines)
    parsed = parse_code(text)
    if parsed.tree is not None:
        assert parsed.python.count("\n") == text.count("\n")
