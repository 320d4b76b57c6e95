"""What mutants change in the files of the reference submission: weights, logs, what is stated."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from grader.datasets import DATASETS, data_root  # noqa: E402

FIRST, SECOND = "Ada_Noether_1.pt", "Ada_Noether_2.pt"
Then = Callable[[Path], None]



def remove(*names: str) -> Then:
    """Take files out of the submission."""

    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def rename(old: str, new: str) -> Then:
    """Give a file another name."""
    return lambda folder: (folder / old).rename(folder / new) and None


def in_log(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Then:
    """Change the log; at least one place must fit."""

    def change(folder: Path) -> None:
        file = folder / "log.txt"
        text, places = re.subn(pattern, new, file.read_text())
        assert places, f"no place of log.txt matches {pattern}"
        file.write_text(text)

    return change


def claim(model: str, value: str) -> Then:
    """State another test accuracy, in the log and in the report."""

    def change(folder: Path) -> None:
        for name in ("log.txt", "report.md"):
            file = folder / name
            old = rf"({model} model: test accuracy )[\d.]+%"
            text, places = re.subn(old, rf"\g<1>{value}%", file.read_text())
            assert places == 1, f"{places} places of {name} state it"
            file.write_text(text)

    return change


def rising(match: re.Match[str]) -> str:
    """A training loss that rises with the step."""
    return f"step {match[1]}: train loss {1.5 + int(match[1]) / 10000:.4f}"


def weights(name: str, change: Callable[[dict[str, torch.Tensor]], None]) -> Then:
    """Change the tensors of a checkpoint, and nothing else in it."""

    def then(folder: Path) -> None:
        saved = torch.load(folder / name)
        change(saved["model"])
        torch.save(saved, folder / name)

    return then


def bare(name: str) -> Then:
    """Keep the model's state alone."""
    return lambda folder: torch.save(torch.load(folder / name)["model"], folder / name)


def copied(source: str, target: str) -> Then:
    """Hand in one checkpoint twice."""
    return lambda folder: (folder / target).write_bytes((folder / source).read_bytes()) and None


def nets(folder: Path) -> dict[str, torch.nn.Module]:
    """Both nets of a submission with their saved weights, by checkpoint."""
    space: dict[str, object] = {"__name__": "submission"}
    exec((folder / "cifar10.py").read_text(), space)  # noqa: S102 - this folder's own script
    made = {FIRST: space["First"](), SECOND: space["Second"]()}  # type: ignore[operator]
    for name, net in made.items():
        net.load_state_dict(torch.load(folder / name)["model"])
        net.eval()
    return made


def measured(net: torch.nn.Module, *, normalised: bool = True) -> float:
    """Share of the test images that a net classifies rightly."""
    split = DATASETS["cifar10"].load("test", data_root())
    x = torch.from_numpy(split.inputs.copy()).permute(0, 3, 1, 2).float() / 255
    if normalised:
        mean = torch.tensor((0.4914, 0.4822, 0.4465)).view(3, 1, 1)
        std = torch.tensor((0.2470, 0.2435, 0.2616)).view(3, 1, 1)
        x = (x - mean) / std
    with torch.no_grad():
        return (net(x).argmax(1) == torch.from_numpy(split.labels)).double().mean().item()


def weakened(name: str, low: float, high: float) -> Then:
    """Shake the last layer until the test accuracy lies between two values, and state that."""

    def then(folder: Path) -> None:
        net = nets(folder)[name]
        kept = net.fc2.weight.detach().clone()
        noise = torch.randn(kept.shape, generator=torch.Generator().manual_seed(0))
        for step in range(1, 400):
            net.fc2.weight.data = kept + noise * kept.std() * step / 50
            accuracy = measured(net)
            if low <= accuracy < high:
                break
        else:
            sys.exit(f"{name}: no accuracy between {low} and {high}")
        weights(name, lambda state: state.update(net.state_dict()))(folder)
        claim("first" if name == FIRST else "second", f"{100 * accuracy:.2f}")(folder)

    return then


def trained_on(folder: Path, name: str, steps: int = 600) -> None:
    """Train a checkpoint's net a little more, on images that are not normalised."""
    torch.manual_seed(0)
    net = nets(folder)[name].train()
    split = DATASETS["cifar10"].load("train", data_root())
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-4)
    for step in range(steps):
        rows = torch.randint(len(split.labels), (64,), generator=torch.Generator().manual_seed(step))
        x = torch.from_numpy(split.inputs[rows.numpy()]).permute(0, 3, 1, 2).float() / 255
        loss = torch.nn.functional.cross_entropy(net(x), torch.from_numpy(split.labels[rows.numpy()]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights(name, lambda state: state.update(net.state_dict()))(folder)


def folded(folder: Path) -> None:
    """Move the normalisation from the transform into the first convolution of both models."""
    mean, std = torch.tensor((0.4914, 0.4822, 0.4465)), torch.tensor((0.2470, 0.2435, 0.2616))
    for name, model in ((FIRST, "first"), (SECOND, "second")):

        def fold(state: dict[str, torch.Tensor]) -> None:
            scaled = state["conv1.weight"] / std.view(1, 3, 1, 1)
            state["conv1.bias"] = state["conv1.bias"] - (scaled * mean.view(1, 3, 1, 1)).sum((1, 2, 3))
            state["conv1.weight"] = scaled

        weights(name, fold)(folder)
        trained_on(folder, name)  # at the border, zeros are now black instead of the mean
        accuracy = measured(nets(folder)[name], normalised=False)
        claim(model, f"{100 * accuracy:.2f}")(folder)


def as_dense(state: dict[str, torch.Tensor]) -> None:
    """Convolutions 2 and 3 as matrices over unfolded patches."""
    for name in ("conv2", "conv3"):
        state[f"{name}.weight"] = state[f"{name}.weight"].flatten(1)


def as_convolutions(state: dict[str, torch.Tensor]) -> None:
    """Fully connected layers as convolutions of the same numbers."""
    state["fc1.weight"] = state["fc1.weight"].view(32, 24, 4, 4)
    state["fc2.weight"] = state["fc2.weight"].view(10, 32, 1, 1)


def eleventh(state: dict[str, torch.Tensor]) -> None:
    """An output that never wins."""
    state["fc2.weight"] = torch.cat([state["fc2.weight"], torch.zeros(1, 32)])
    state["fc2.bias"] = torch.cat([state["fc2.bias"], torch.tensor([-100.0])])
