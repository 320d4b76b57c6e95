"""Submissions to build attacks on: an honest one, and one whose nets never learned anything."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import nbformat
import numpy as np

ATTACKS = Path(__file__).parent
HONEST = ATTACKS.parents[1] / "submissions" / "digits-svhn" / "314159265_271828182"
NOTEBOOK = "assignment_3_314159265_271828182.ipynb"

HTML = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "<svg xmlns='http://www.w3.org/2000/svg' onload=\"alert(1)\"><script>1</script></svg>",
    "<iframe src='javascript:parent.document.title=1'></iframe><object data='data:,x'></object>",
    "<style>*{display:none}</style><link rel=stylesheet href='http://127.0.0.1/x'><base href=//x>",
    '"><a href=\'javascript:alert(1)\'>x</a> [x](javascript:alert(1)) ![x](x"onerror="alert(1))',
)
"""What a browser would run, load or obey."""

PUBLISHED = (64, 32, 3, 3)
"""Shape of the filters of a net that everybody can download, as the suite's course has it."""


def published():
    """Those filters: in a course's `expected.py` only their digest stands."""
    return np.random.default_rng(7).normal(0, 0.06, PUBLISHED).astype("<f4")


def honest_copy(folder):
    """Copy the honest submission and return its notebook."""
    shutil.copytree(HONEST, folder, dirs_exist_ok=True)
    return nbformat.read(folder / NOTEBOOK, as_version=4)


def weak_copy(folder):
    """The honest submission, but its saved nets have random weights: what lies could gain by."""
    import torch

    from grader.inside.binding.tensor_files import read_saved

    notebook = honest_copy(folder)
    torch.manual_seed(1)
    for file in sorted(folder.glob("classifier_*.model")):
        state = {}
        for entry in read_saved(file, file.name).entries:
            random = torch.randn(entry.tensor.shape) / 8
            state[entry.name] = random if random.ndim > 1 else torch.zeros_like(random)
        torch.save(state, file)
    return notebook


def build(case: Path, place: Path) -> Path:
    """Make one attack's submission below a folder of submissions, and say where it lies.

    `submission/` is copied; `cell.py` becomes the first cell of the weak submission; `make.py`
    makes what no repository can hold.
    """
    target = place
    if (case / "submission").is_dir():
        shutil.copytree(case / "submission", target, symlinks=True)
    elif (case / "cell.py").is_file():
        notebook = weak_copy(target)
        notebook.cells.insert(0, nbformat.v4.new_code_cell((case / "cell.py").read_text()))
        nbformat.write(notebook, target / NOTEBOOK)
    else:
        module = load(case / "make.py")
        if getattr(module, "ZIPPED", False):
            target = place.with_suffix(".zip")
            module.make(target)
        else:
            target.mkdir()
            module.make(target)
    return target


def load(file: Path):
    """Import one attack's `make.py`."""
    spec = importlib.util.spec_from_file_location(f"attack_{file.parent.name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
