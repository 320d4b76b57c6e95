"""Submissions to build attacks on: an honest one, and one whose nets never learned anything."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import nbformat

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


def honest_copy(folder):
    """Copy the honest submission and return its notebook."""
    shutil.copytree(HONEST, folder, dirs_exist_ok=True)
    return nbformat.read(folder / NOTEBOOK, as_version=4)


def weak_copy(folder):
    """The honest submission, but its saved nets have random weights: what lies could gain by."""
    import torch

    notebook = honest_copy(folder)
    torch.manual_seed(1)
    shapes = {
        "mlp": {"0": (256, 64), "2": (10, 256)},
        "cnn": {"1": (32, 1, 3, 3), "4": (64, 32, 3, 3), "8": (10, 256)},
    }
    for net, layers in shapes.items():
        state = {}
        for name, shape in layers.items():
            state[f"classnet.{name}.weight"] = torch.randn(shape) / 8
            state[f"classnet.{name}.bias"] = torch.zeros(shape[0])
        torch.save(state, folder / f"classifier_{net}.model")
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
