"""A new rubric that lints clean, with comments that show how to go on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["scaffold"]

IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

TEMPLATE = """\
# How {id} is graded. `grade rubric lint FOLDER` checks this file, `grade rubric schema`
# describes every key.
schema = 1

[assignment]
id = "{id}"
title = "{title}"
team_size = {{ min = 1, max = 2 }}
# due = 2030-01-31T23:59:00+01:00

# What must be handed in. `{{student_ids}}` stands for the team's ids, joined by `_`.
[files.notebook]
pattern = "*.ipynb"
required = true
source = "Hand in one notebook."

# A role is something in the student's code that criteria speak about.
# [roles.classifier]
# kind = "module"
# names = ["Classifier"]            # the template's name first, then aliases
# weights = ["*.pt", "*.model"]     # most likely first
# input_shape = [1, 28, 28]         # of one example
# output_shape = [10]

[[task]]
id = "q1"
title = "A net that learns"
points = 1                          # the sum of its criteria, bonus aside

[[task.criterion]]
id = "explained"
title = "The choice of the net is explained"
points = 1
check = "manual.band"               # a person decides
source = "Explain your choice."     # the handout's sentence that this grades
[task.criterion.with]
question = "Are the layers and their sizes explained by the data's shape and the task?"
guidance = ["not at all", "named, not explained", "explained"]   # for 0, 1/2 and all points

# An automatic criterion. Every one quotes the handout and has a mutant in verify/ that loses it.
# [[task.criterion]]
# id = "accuracy"
# title = "Accuracy on the test set"
# points = 2
# check = "accuracy.at_least"
# source = "Reach 90% accuracy on the test set."
# [task.criterion.with]
# model = "classifier"
# dataset = "digits/test"
# bands = [
#   {{ at = 0.90, fraction = 1 }},
#   {{ at = 0.80, fraction = 0.5 }},
# ]
"""

EXPECT = """\
description = "the reference solution: everything automatic passes, the rest waits for a person"
"""

README = """\
Put the reference solution's files here. It must pass every automatic criterion. Copy the case, make
one thing wrong in the copy, and say so in its expect.toml:

    description = "the learning rate is 1000"
    [outcomes]
    "q1/accuracy" = "fail"
"""


def scaffold(folder: Path, title: str = "") -> tuple[Path, ...]:
    """Write a rubric folder that lints clean.

    Args:
        folder: `rubrics/<assignment>`; it must not hold a rubric yet.
        title: Of the assignment.

    Returns:
        The files written.

    Raises:
        ConfigurationError: The id cannot be used, or something is there already.
    """
    name = folder.name
    if IDENTIFIER.fullmatch(name) is None:
        message = f"'{name}' cannot be an assignment's id"
        mend = "use letters, digits, '.', '_' and '-', 64 at most"
        raise ConfigurationError(message, where=str(folder), mend=mend)
    if folder.exists() and any(folder.iterdir()):
        message = "the folder is there and not empty"
        raise ConfigurationError(message, where=str(folder), mend="choose another id")
    quoted = (title or name).replace("\\", "\\\\").replace('"', '\\"')
    texts = {
        "rubric.toml": TEMPLATE.format(id=name, title=_one_line(quoted)),
        "verify/reference/expect.toml": EXPECT,
        "verify/reference/submission/README.md": README,
    }
    written = []
    for relative, text in texts.items():
        file = folder / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return tuple(written)


def _one_line(text: str) -> str:
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
