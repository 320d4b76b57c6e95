"""docs/checks.md lists every check in the words of its docstring."""

import re
from pathlib import Path

from grader.checks import CHECKS

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"


def test_the_page_of_checks_agrees_with_the_code():
    rows = re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert dict(rows) == {name: entry.summary for name, entry in CHECKS.items()}
