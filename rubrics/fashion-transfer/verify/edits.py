"""The mutants: each is the reference submission, wrong in one known way."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from changes import (
    Then,
    accuracy_is_loss,
    autoencoder_blurred,
    claim,
    columns,
    confusion,
    epochs_instead,
    filters_more,
    print_matrix,
    rows_of_table,
    transfer_thawed,
    weakened,
    weights,
    wider,
    without_matrix,
    without_report,
    without_validation,
)


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
        name="no-report",
        description="There is no report.",
        outcomes={"handed-in/report": "fail"},
        then=without_report,
    ),
    Case(
        name="small-validation",
        description="3,000 images for validation instead of 5,000.",
        outcomes={"q1/sizes": "partial"},
        edits=(
            (
                "train, val = order[:, 1000:].flatten(), order[:, :1000].flatten()",
                "train, val = order[:, 600:].flatten(), order[:, :600].flatten()",
            ),
        ),
    ),
    Case(
        name="unbalanced",
        description="Validation has 2,000 images of the first class and 750 of each other.",
        outcomes={"q1/balanced": "fail"},
        edits=(
            (
                "    train, val = order[:, 1000:].flatten(), order[:, :1000].flatten()\n",
                "    val = torch.cat([order[0, :2000], order[1:, :750].flatten()])\n"
                "    train = torch.cat([order[0, 2000:], order[1:, 750:].flatten()])\n",
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
        outcomes={"q1/labels": "fail", "q1/balanced": "blocked"},
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
        name="losses-alone",
        description="Losses are drawn, accuracies are not.",
        outcomes={"q1/plots": "partial"},
        edits=(('    for ax, what in zip(axes, ("loss", "acc")):\n        ax.plot(history["train', '    for ax, what in zip(axes, ("loss",)):\n        ax.plot(history["train'),),
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
        name="epochs-for-variants",
        description="The table holds 30 epochs of one run instead of ten variants.",
        outcomes={"q2/variants": "fail", "q2/table": "fail", "q2/columns-differ": "blocked"},
        then=epochs_instead,
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
        name="eight-filters-q3",
        description="Eight filters in the first convolution of question 3 instead of six.",
        outcomes={"q3/architecture": "fail"},
        edits=(
            ("nn.Conv2d(1, 6, 5, padding=2)", "nn.Conv2d(1, 8, 5, padding=2)"),
            ("nn.Conv2d(6, 12, 5, padding=2)", "nn.Conv2d(8, 12, 5, padding=2)"),
        ),
    ),
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
        then=autoencoder_blurred,
    ),
    Case(
        name="autoencoder-claims-too-much",
        description="The stated error of the autoencoder is not that of the saved one.",
        outcomes={"q4/claim": "fail"},
        then=claim("mse", "0.0142"),
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
        then=transfer_thawed,
    ),
    Case(
        name="transfer-claims-too-much",
        description="The stated test accuracy of the transferred net is not that of the saved one.",
        outcomes={"q5/transfer-claim": "fail"},
        then=claim("transfer", "0.9864"),
    ),
    Case(
        name="fractions-from-20",
        description="Curves of questions 4 and 5 begin at 20% of the data.",
        outcomes={"q4/fractions": "partial", "q5/fractions": "partial"},
        edits=(("FRACTIONS = (0.05, 0.1, 0.3,", "FRACTIONS = (0.2, 0.3, 0.5,"),),
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
