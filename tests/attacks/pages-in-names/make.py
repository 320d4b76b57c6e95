"""Scripts as the names of the submission, its files, its classes, its figures and its team."""

import nbformat

from tests.attacks.building import HTML, NOTEBOOK, honest_copy


def make(folder):
    notebook = honest_copy(folder)
    source = f"""
import matplotlib.pyplot as plt
page = {HTML[0]!r}
plt.plot([1, 2], label=page); plt.title(page); plt.xlabel(page); plt.legend(); plt.show()
print(page)
class Net(Exception): pass
Net.__name__ = page
raise Net(page)
"""
    notebook.cells.append(nbformat.v4.new_code_cell(source))
    nbformat.write(notebook, folder / NOTEBOOK)
    (folder / "x<img src=x onerror=alert(1)>.txt").write_text("x")
    (folder / "grade.toml").write_text(
        'team = "<script>alert(1)</script>"\nstudents = ["<b>1</b>"]\n'
    )
