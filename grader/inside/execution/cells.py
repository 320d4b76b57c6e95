"""What a notebook cell is apart from Python: cell magics, and bare commands. Pure text.

Cell magics that only wrap Python are taken off, and their line left empty, so that the cell runs as
itself under its own name with true line numbers.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass

from ..source.magics import BARE_COMMAND

__all__ = ["Prepared", "mended", "prepared", "statement", "words_of"]

WRAPPING = frozenset(
    """
    time timeit capture prun memit mprun python python3 pypy heat wandb
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
OPTIONS = re.compile(r"^(?:-[a-zA-Z]+\s*\d*(?:\s+|$))+")
OTHER_LANGUAGES = frozenset(
    """
    bash sh script html HTML javascript js latex markdown svg SVG perl ruby cython R sql shell
    bigquery system sx ! cmd
    """.split()  # noqa: SIM905 - words read better than a column of strings
)


@dataclass(frozen=True)
class Prepared:
    """A cell as it is to be run.

    Attributes:
        text: For IPython.
        capture: `%%capture`: None without, else the name that gets what was printed.
        left_out: The cell magic whose cell is not run, being in another language.
    """

    text: str
    capture: str | None = None
    left_out: str = ""


def prepared(text: str) -> Prepared:
    """Take off cell magics that wrap Python."""
    lines = text.split("\n")
    capture: str | None = None
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if not line.startswith("%%"):
            break
        words = line[2:].split()
        name = words[0] if words else ""
        if name in OTHER_LANGUAGES or line.startswith("%%!"):
            return Prepared("", capture, f"%%{name}")
        if name not in WRAPPING:
            break
        if name == "capture":
            names = [word for word in words[1:] if not word.startswith("-")]
            capture = names[0] if names else ""
        timed = name in {"time", "timeit"}
        lines[index] = statement(line[2:].strip()[len(name) :]) if timed else ""
    return Prepared(_as_ipython_takes_it("\n".join(lines)), capture)


def _as_ipython_takes_it(text: str) -> str:
    """IPython looks at the first line only: for a cell magic, and for the indent of the whole."""
    begins = text.lstrip("\n")
    if begins.startswith("%%"):
        return begins
    return textwrap.dedent(text) if begins[:1] in {" ", "\t"} else text


def statement(rest: str) -> str:
    """What stands beside `%%time` or `%timeit`, without their options: it runs too."""
    return OPTIONS.sub("", rest.strip())


def mended(text: str, line: int) -> str | None:
    """The cell with a bare command at a line made a magic; None when there is none.

    IPython understands `pip install x` only where it is the whole cell.
    """
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        return None
    bare = lines[line - 1].strip()
    if not BARE_COMMAND.match(bare):
        return None
    indent = lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
    sign = (
        "%" if bare.split()[0] in {"cd", "pip", "conda", "matplotlib", "load_ext", "run"} else "!"
    )
    lines[line - 1] = f"{indent}{sign}{bare}"
    return "\n".join(lines)


def words_of(command: str) -> list[str]:
    """A shell line's words, as far as they can be told."""
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()
