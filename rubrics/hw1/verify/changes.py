"""What mutants change in the files of the reference submission: names, PDF, weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

Change = Callable[[Path], None]
IDS = "100000001_100000002"



def remove(*names: str) -> Change:
    """Take files out of the submission."""

    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def rename(old: str, new: str) -> Change:
    """Give every file whose name begins with `old` a name that begins with `new`."""

    def change(folder: Path) -> None:
        for file in sorted(folder.glob(f"{old}*")):
            file.rename(folder / file.name.replace(old, new, 1))

    return change


def alone(folder: Path) -> None:
    """Hand in for one student, the files named after that one."""
    rename(f"HW1_{IDS}", "HW1_100000001")(folder)
    (folder / "grade.toml").write_text('students = ["100000001"]\n')


def other_pdf(folder: Path) -> None:
    """Print a notebook that has the first cells only."""
    from printing import to_pdf

    file = folder / f"HW1_{IDS}.ipynb"
    book = json.loads(file.read_text())
    book["cells"] = book["cells"][:12]
    to_pdf(json.dumps(book), folder / f"HW1_{IDS}.pdf")


def biases(folder: Path) -> None:
    """Take the weights out of the pickle."""
    import pickle

    file = folder / f"HW1_{IDS}.pkl"
    whole = pickle.loads(file.read_bytes())
    file.write_bytes(pickle.dumps({name: whole[name] for name in ("b1", "b2")}))


def tensors(change: Callable[[dict], None]) -> Change:
    """Change the CNN's saved tensors."""

    def apply(folder: Path) -> None:
        import torch

        file = folder / f"grocery_cnn_{IDS}.pt"
        state = torch.load(file)
        change(state)
        torch.save(state, file)

    return apply


def add_bottleneck(state: dict) -> None:
    """A last block that adds nothing to its input: the same scores with more parameters."""
    import torch

    generator = torch.Generator().manual_seed(0)
    shapes = {"0": (32, 96, 1, 1), "2": (32, 32, 3, 3), "4": (96, 32, 1, 1)}
    last = {k: state.pop(k) for k in [k for k in state if k.startswith("features.16.")]}
    for place, shape in shapes.items():
        new, outputs = f"features.16.f.{place}", shape[0]
        state[f"{new}.0.weight"] = 0.05 * torch.randn(shape, generator=generator)
        state[f"{new}.1.weight"] = torch.full((outputs,), 0.0 if place == "4" else 1.0)
        state[f"{new}.1.bias"] = torch.zeros(outputs)
        state[f"{new}.1.running_mean"] = torch.zeros(outputs)
        state[f"{new}.1.running_var"] = torch.ones(outputs)
        state[f"{new}.1.num_batches_tracked"] = torch.tensor(1)
    state.update({k.replace("features.16.", "features.17."): v for k, v in last.items()})


def dense(state: dict) -> None:
    """The weights of a net of dense layers."""
    import torch

    generator = torch.Generator().manual_seed(0)
    state.clear()
    for name, shape in (("features.2", (96, 48)), ("fc", (43, 96))):
        state[f"{name}.weight"] = torch.randn(shape, generator=generator) / shape[1] ** 0.5
        state[f"{name}.bias"] = torch.zeros(shape[0])


def shake(amount: float) -> Callable[[dict], None]:
    """Add noise to the weights of the last layer, so that the net errs more often."""

    def change(state: dict) -> None:
        import torch

        generator = torch.Generator().manual_seed(0)
        weight = state["fc.weight"].float()
        noise = torch.randn(weight.shape, generator=generator) * weight.std() * amount
        state["fc.weight"] = (weight + noise).to(state["fc.weight"].dtype)

    return change
