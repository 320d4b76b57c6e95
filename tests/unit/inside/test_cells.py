"""Cell magics that wrap Python are taken off without moving a line."""

import pytest

from grader.inside.execution.cells import mended, prepared


@pytest.mark.parametrize(
    ("text", "runs", "capture"),
    [
        ("x = 1", "x = 1", None),
        ("%%time\nx = 1", "\nx = 1", None),
        ("%%timeit -n 10\nx = 1", "\nx = 1", None),
        ("%%time x = 2\ny = 1", "x = 2\ny = 1", None),
        ("%%capture\nx = 1", "\nx = 1", ""),
        ("%%capture out --no-stderr\nx = 1", "\nx = 1", "out"),
        ("%%capture\n%%time\nx = 1", "\n\nx = 1", ""),
        ("\n%%time\nx = 1", "\n\nx = 1", None),
        ("\n\n%%writefile a.py\nx = 1", "%%writefile a.py\nx = 1", None),
        ("\n  x = 1\n  y = 2", "\nx = 1\ny = 2", None),
        ("%%writefile a.py\nx = 1", "%%writefile a.py\nx = 1", None),
    ],
)
def test_prepared(text, runs, capture):
    ready = prepared(text)
    assert (ready.text, ready.capture, ready.left_out) == (runs, capture, "")


def test_other_languages_are_left_out():
    assert prepared("%%bash\nrm -rf /").left_out == "%%bash"
    assert prepared("%%html\n<script>").text == ""


def test_bare_commands_become_magics():
    assert mended("x = 1\npip install torch", 2) == "x = 1\n%pip install torch"
    assert mended("x = 1\nwget http://x", 2) == "x = 1\n!wget http://x"
    assert mended("x = = 1", 1) is None
    assert mended("x", 7) is None
