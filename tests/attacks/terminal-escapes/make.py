"""Colours, titles and cursor movements for the terminal of whoever grades."""

import nbformat

from tests.attacks.building import NOTEBOOK, honest_copy


def make(folder):
    notebook = honest_copy(folder)
    text = "\x1b]0;owned\x07\x1b[2J\x1b[31mfail\x1b[0m\x9b31m\u202egrade\r\b\b100%"
    source = f"print({text!r})\nraise ValueError({text!r})"
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, folder / NOTEBOOK)
    (folder / "grade.toml").write_text('team = "\\u001b[31mred\\u001b[0m"\n')
