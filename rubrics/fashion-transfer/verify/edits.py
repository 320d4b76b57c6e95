"""The mutants: each is the reference submission, wrong in one known way."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from grader.datasets import DATASETS, data_root  # noqa: E402

Then = Callable[[Path], None]
State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Case:
    """A submission with a known scorecard.

    Attributes:
        name: Its folder.
        description: What is wrong, in one sentence.
        outcomes: What differs from a perfect submission.
        edits: Texts in the script and what stands there instead.
        then: Changes files of the submission.
    """

    name: str
    description: str
    outcomes: dict[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    then: Then | None = None


def weights(name: str, change: Callable[[State], None]) -> Then:
    """Change the tensors of a weight file."""

    def then(folder: Path) -> None:
        saved = torch.load(folder / name)
        change(saved)
        torch.save(saved, folder / name)

    return then


def claim(half: str, value: str) -> Then:
    """State another test accuracy, in the log and in the report."""

    def change(folder: Path) -> None:
        for name in ("log.txt", "report.md"):
            text = (folder / name).read_text()
            old = rf"({half}: [^\n]*?test accuracy )[\d.]+\d"
            text, places = re.subn(old, rf"\g<1>{value}", text)
            assert places == 1, f"{places} places of {name} state it"
            (folder / name).write_text(text)

    return change


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


def confusion(folder: Path, name: str, half: str) -> np.ndarray:
    """Counts of test images by true class and by the class that a saved CNN chooses."""
    space: dict[str, object] = {"__name__": "submission"}
    exec((folder / "fashion.py").read_text(), space)  # noqa: S102 - this folder's own script
    net = space["CNN"]()  # type: ignore[operator]
    net.load_state_dict(torch.load(folder / name))
    net.eval()
    split = DATASETS[half].load("test", data_root())
    x = torch.from_numpy(split.inputs.copy()).unsqueeze(1).float() / 255
    with torch.no_grad():
        chosen = net(x).argmax(1).numpy()
    counts = np.zeros((5, 5), int)
    np.add.at(counts, (split.labels, chosen), 1)
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
        if name != "transfer.pt":
            claim(half, f"{accuracy:.4f}")(folder)
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


LABELS = """            if start == "transfer":
                model.load_state_dict(source.state_dict())
                for parameter in model.parameters():
                    parameter.requires_grad = False
"""
CURVES = """        ax.plot(history["train " + what], label="train " + what)
        ax.plot(history["val " + what], label="validation " + what)
        ax.set_xlabel("epoch")
        ax.set_ylabel(what)
        ax.legend()
"""
PRETRAINED = """            if start == "pre-trained":
                encoder.load_state_dict(auto.encoder.state_dict())
"""

Q1 = (
    Case(
        name="small-validation",
        description="3,000 images for validation instead of 5,000.",
        outcomes={"q1/sizes": "fail"},
        edits=(
            (
                "train, val = order[:, 1000:].flatten(), order[:, :1000].flatten()",
                "train, val = order[:, 600:].flatten(), order[:, :600].flatten()",
            ),
        ),
    ),
    Case(
        name="overlap",
        description="1,000 images are in training and in validation.",
        outcomes={"q1/disjoint": "fail"},
        edits=(("order[:, :1000].flatten()", "order[:, 200:1200].flatten()"),),
    ),
    Case(
        name="overlap-in-named-loaders",
        description="1,000 images are in training and in validation, whose loaders have names.",
        outcomes={"q1/disjoint": "fail"},
        edits=(
            ("order[:, :1000].flatten()", "order[:, 200:1200].flatten()"),
            (
                "        for x, y in DataLoader(train, batch_size=100, shuffle=True):\n",
                "        train_loader = DataLoader(train, batch_size=100, shuffle=True)\n"
                "        for x, y in train_loader:\n",
            ),
            (
                "        for x, y in DataLoader(data, batch_size=500):\n",
                "        val_loader = DataLoader(data, batch_size=500)\n"
                "        for x, y in val_loader:\n",
            ),
        ),
    ),
    Case(
        name="labels-merged",
        description="The last two classes of each half have one label.",
        outcomes={"q1/labels": "fail"},
        edits=(
            (
                "y = torch.searchsorted(torch.tensor(classes), data.targets[rows])",
                "y = torch.searchsorted(torch.tensor(classes), data.targets[rows]).clamp(max=3)",
            ),
            ("model.maps(x[y == k][:1])", "model.maps(x[y == min(k, 3)][:1])"),
        ),
    ),
    Case(
        name="eight-filters",
        description="Eight filters in the first convolution of question 1 instead of six.",
        outcomes={"q1/architecture": "fail"},
        edits=(("    model = CNN()\n    history", "    model = CNN((8, 12))\n    history"),),
        then=weights("fm1_cnn.pt", filters_more),
    ),
    Case(
        name="adam",
        description="Adam with .001 in question 1.",
        outcomes={"q1/optimizer": "partial"},
        edits=(("torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)", "torch.optim.Adam(model.parameters(), lr=0.001)"),),
    ),
    Case(
        name="no-curves",
        description="Losses and accuracies are not drawn.",
        outcomes={"q1/plots": "fail"},
        edits=((CURVES, "        ax.set_xlabel(what)\n"),),
    ),
    Case(
        name="weak-fm1",
        description="The CNN classifies about 96% of fm1 rightly.",
        outcomes={"q1/accuracy": "partial"},
        then=weakened("fm1_cnn.pt", "fm1", 0.953, 0.967),
    ),
    Case(
        name="fm1-claims-too-much",
        description="The stated test accuracy on fm1 is not that of the saved model.",
        outcomes={"q1/claim": "fail"},
        then=claim("fm1", "0.9935"),
    ),
    Case(
        name="no-confusion-matrix",
        description="There is no confusion matrix.",
        outcomes={"q1/confusion": "fail"},
        edits=(("    confusion(model, fm1[2])\n", ""),),
        then=without_matrix,
    ),
    Case(
        name="matrix-of-another-net",
        description="The printed confusion matrix is not that of the saved model.",
        outcomes={"q1/confusion": "fail"},
        then=print_matrix(np.eye(5, dtype=int) * 950 + 10),
    ),
)

Q2 = (
    Case(
        name="six-variants",
        description="Six variants instead of ten.",
        outcomes={"q2/variants": "partial"},
        edits=(("in VARIANTS:", "in VARIANTS[:6]:"),),
        then=rows_of_table(6),
    ),
    Case(
        name="no-validation-loss",
        description="The table has no validation loss.",
        outcomes={"q2/table": "partial"},
        then=columns(without_validation),
    ),
    Case(
        name="accuracy-is-loss",
        description="The column of the validation accuracy holds the validation loss.",
        outcomes={"q2/columns-differ": "fail"},
        then=columns(accuracy_is_loss),
    ),
)

Q3 = (
    Case(
        name="two-layers-of-filters",
        description="Filters of two of the four convolutions are drawn.",
        outcomes={"q3/filters": "partial"},
        edits=(('for name in ("conv1", "conv2", "conv3", "conv4"):', 'for name in ("conv1", "conv2"):'),),
    ),
    Case(
        name="maps-of-one-class",
        description="Feature maps of one class only.",
        outcomes={"q3/maps": "fail"},
        edits=(("    for k in range(5):\n        with", "    for k in range(1):\n        with"),),
    ),
)

Q4 = (
    Case(
        name="wide-autoencoder",
        description="40 units where the autoencoder was to have 32.",
        outcomes={
            "q4/architecture": "fail",
            "q4/initialised": "blocked",
            "q4/fractions": "blocked",
            "q4/discussed": "blocked",
        },
        edits=(
            ("nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)", "nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 10)"),
            ("nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 64)", "nn.Linear(10, 40), nn.ReLU(), nn.Linear(40, 64)"),
        ),
        then=weights("autoencoder.pt", wider),
    ),
    Case(
        name="bad-autoencoder",
        description="The autoencoder's images are far from the originals.",
        outcomes={"q4/error": "fail"},
        then=weights("autoencoder.pt", blurred),
    ),
    Case(
        name="encoder-not-used",
        description="The MLP called pre-trained is initialised at random too.",
        outcomes={"q4/initialised": "fail"},
        edits=((PRETRAINED, ""),),
    ),
    Case(
        name="no-fractions-q4",
        description="Accuracy against the fraction of the data is not drawn.",
        outcomes={"q4/fractions": "fail"},
        edits=(('    against_fractions(lines, "test accuracy", "q4_fractions")\n', ""),),
    ),
)

Q5 = (
    Case(
        name="weak-fm2",
        description="The CNN classifies about 87% of fm2 rightly.",
        outcomes={"q5/fm2": "partial"},
        then=weakened("fm2_cnn.pt", "fm2", 0.855, 0.89),
    ),
    Case(
        name="fm2-claims-too-much",
        description="The stated test accuracy on fm2 is not that of the saved model.",
        outcomes={"q5/claim": "fail"},
        then=claim("fm2", "0.9520"),
    ),
    Case(
        name="not-frozen",
        description="The first convolution of the transferred net was trained on.",
        outcomes={"q5/frozen": "fail"},
        edits=((LABELS, LABELS.rsplit("                for parameter", 1)[0]),),
        then=weights("transfer.pt", thawed),
    ),
    Case(
        name="weak-transfer",
        description="The transferred net classifies about 83% of fm1 rightly.",
        outcomes={"q5/transfer": "partial"},
        then=weakened("transfer.pt", "fm1", 0.81, 0.86),
    ),
    Case(
        name="no-fractions-q5",
        description="Validation loss against the fraction of the data is not drawn.",
        outcomes={"q5/fractions": "fail"},
        edits=(('    against_fractions(lines, "validation loss", "q5_fractions")\n', ""),),
    ),
)

CASES = (
    Case(name="reference", description="Complete: everything automatic passes."),
    *Q1,
    *Q2,
    *Q3,
    *Q4,
    *Q5,
)
