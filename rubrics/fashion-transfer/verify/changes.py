"""What mutants change in the files of the reference submission: weights, tables, what is stated."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from grader.datasets import DATASETS, data_root  # noqa: E402

Then = Callable[[Path], None]
State = dict[str, torch.Tensor]


def weights(name: str, change: Callable[[State], None]) -> Then:
    """Change the tensors of a weight file."""

    def then(folder: Path) -> None:
        saved = torch.load(folder / name)
        change(saved)
        torch.save(saved, folder / name)

    return then


STATED = {
    "fm1": (r"fm1: [^\n]*?test accuracy ",) * 2,
    "fm2": (r"fm2: [^\n]*?test accuracy ",) * 2,
    "transfer": (r"transfer: test accuracy ", r"transfer has a test accuracy of "),
    "mse": (r"test MSE ", r"mean squared error on the test images of fm1 is "),
}
"""What stands before a number in the log and in the report."""


def claim(what: str, value: str) -> Then:
    """State another number, in the log and in the report."""

    def change(folder: Path) -> None:
        for name, before in zip(("log.txt", "report.md"), STATED[what], strict=True):
            text = (folder / name).read_text()
            text, places = re.subn(rf"({before})[\d.]+\d", rf"\g<1>{value}", text)
            assert places == 1, f"{places} places of {name} state it"
            (folder / name).write_text(text)

    return change


def transfer_thawed(folder: Path) -> None:
    """A first layer that was trained on, and the accuracy that it gives."""
    weights("transfer.pt", thawed)(folder)
    counts = confusion(folder, "transfer.pt", "fm1")
    claim("transfer", f"{counts.trace() / counts.sum():.4f}")(folder)


def autoencoder_blurred(folder: Path) -> None:
    """An autoencoder that hardly looks at its inputs, and the error that it gives."""
    weights("autoencoder.pt", blurred)(folder)
    net = saved_net(folder, "autoencoder.pt", "Autoencoder")
    x = pictures("fm1")[0]
    with torch.no_grad():
        error = torch.nn.functional.mse_loss(net(x), x.flatten(1)).item()
    claim("mse", f"{error:.4f}")(folder)


MATRIX = r"\[\[(?:[^\]]*\]\n?)*\]\n"
"""A printed array."""


def print_matrix(counts: np.ndarray) -> Then:
    """Another confusion matrix in the log."""

    def then(folder: Path) -> None:
        log = folder / "log.txt"
        text, places = re.subn(MATRIX, f"{counts}\n", log.read_text())
        assert places == 1, f"{places} arrays in the log"
        log.write_text(text)

    return then


def without_matrix(folder: Path) -> None:
    """No array in the log."""
    log = folder / "log.txt"
    log.write_text(re.sub(MATRIX, "", log.read_text()))


def without_report(folder: Path) -> None:
    """Code, tables and weights alone."""
    (folder / "report.md").unlink()


def saved_net(folder: Path, name: str, kind: str) -> torch.nn.Module:
    """A saved net in the script's own class."""
    space: dict[str, object] = {"__name__": "submission"}
    exec((folder / "fashion.py").read_text(), space)  # noqa: S102 - this folder's own script
    net: torch.nn.Module = space[kind]()  # type: ignore[operator]
    net.load_state_dict(torch.load(folder / name))
    return net.eval()


def pictures(half: str) -> tuple[torch.Tensor, np.ndarray]:
    """The test images of a half from 0 to 1, and their classes."""
    split = DATASETS[half].load("test", data_root())
    return torch.from_numpy(split.inputs.copy()).unsqueeze(1).float() / 255, split.labels


def confusion(folder: Path, name: str, half: str) -> np.ndarray:
    """Counts of test images by true class and by the class that a saved CNN chooses."""
    x, labels = pictures(half)
    with torch.no_grad():
        chosen = saved_net(folder, name, "CNN")(x).argmax(1).numpy()
    counts = np.zeros((5, 5), int)
    np.add.at(counts, (labels, chosen), 1)
    return counts


def weakened(name: str, half: str, low: float, high: float) -> Then:
    """Shake the last layer until the test accuracy lies between two values, and state that."""

    def then(folder: Path) -> None:
        kept = torch.load(folder / name)
        last = kept["last.weight"]
        noise = torch.randn(last.shape, generator=torch.Generator().manual_seed(0))
        for step in range(1, 200):
            torch.save({**kept, "last.weight": last + noise * last.std() * step / 20}, folder / name)
            counts = confusion(folder, name, half)
            accuracy = counts.trace() / counts.sum()
            if low <= accuracy < high:
                break
        else:
            sys.exit(f"{name}: no accuracy between {low} and {high}")
        claim("transfer" if name == "transfer.pt" else half, f"{accuracy:.4f}")(folder)
        if name == "fm1_cnn.pt":
            print_matrix(counts)(folder)

    return then


def blurred(state: State) -> None:
    """An autoencoder whose last layer hardly looks at its inputs."""
    state["decoder.6.weight"] = state["decoder.6.weight"] * 0.3


def wider(state: State) -> None:
    """24 units in the middle layers, of which eight are 32's copy and eight add nothing."""
    for before, after in (("encoder.4", "encoder.6"), ("decoder.0", "decoder.2")):
        state[f"{before}.weight"] = torch.cat([state[f"{before}.weight"], state[f"{before}.weight"][:8]])
        state[f"{before}.bias"] = torch.cat([state[f"{before}.bias"], state[f"{before}.bias"][:8]])
        zeros = torch.zeros(len(state[f"{after}.weight"]), 8)
        state[f"{after}.weight"] = torch.cat([state[f"{after}.weight"], zeros], dim=1)


def filters_more(state: State) -> None:
    """Eight first filters, of which two are not used."""
    state["body.0.weight"] = torch.cat([state["body.0.weight"], state["body.0.weight"][:2]])
    state["body.0.bias"] = torch.cat([state["body.0.bias"], state["body.0.bias"][:2]])
    zeros = torch.zeros(12, 2, 5, 5)
    state["body.3.weight"] = torch.cat([state["body.3.weight"], zeros], dim=1)


def rows_of_table(keep: int) -> Then:
    """Keep the first variants only."""

    def then(folder: Path) -> None:
        file = folder / "variants.csv"
        rows = list(csv.reader(file.open()))
        with file.open("w", newline="") as out:
            csv.writer(out).writerows(rows[: 1 + keep])

    return then


def epochs_instead(folder: Path) -> None:
    """Thirty epochs of one run, with all the columns of results."""
    file = folder / "variants.csv"
    header, *rows = csv.reader(file.open())
    first, last = ([float(cell) for cell in row[5:]] for row in (rows[0], rows[-1]))
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["epoch", *header[5:]])
        for n in range(30):
            between = (a + (b - a) * n / 29 for a, b in zip(first, last, strict=True))
            writer.writerow([n + 1, *(round(value, 4) for value in between)])


def columns(change: Callable[[dict[str, str]], None]) -> Then:
    """Change each row of the table."""

    def then(folder: Path) -> None:
        file = folder / "variants.csv"
        rows = list(csv.DictReader(file.open()))
        for row in rows:
            change(row)
        with file.open("w", newline="") as out:
            writer = csv.DictWriter(out, rows[0])
            writer.writeheader()
            writer.writerows(rows)

    return then


def accuracy_is_loss(row: dict[str, str]) -> None:
    row["val acc"] = row["val loss"]


def without_validation(row: dict[str, str]) -> None:
    del row["val loss"]


def thawed(state: State) -> None:
    """A first layer that was trained on."""
    state["body.0.weight"] = state["body.0.weight"] * 1.001
