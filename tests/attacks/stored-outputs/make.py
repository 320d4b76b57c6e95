"""Scripts, frames and pictures of pages among the stored outputs, and 60 MB of text."""

import nbformat

from tests.attacks.building import HTML, NOTEBOOK, honest_copy


def make(folder):
    notebook = honest_copy(folder)
    cell = nbformat.v4.new_code_cell("print('x')")
    cell.outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": page, "image/svg+xml": page})
        for page in HTML
    ]
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text="y" * 60_000_000))
    notebook.cells.append(cell)
    notebook.cells.append(nbformat.v4.new_markdown_cell("\n".join(HTML)))
    nbformat.write(notebook, folder / NOTEBOOK)
