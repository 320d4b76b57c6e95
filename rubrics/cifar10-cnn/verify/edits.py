"""The mutants: each is the reference submission, wrong in one known way."""

from __future__ import annotations

from dataclasses import dataclass, field

from changes import (
    FIRST,
    SECOND,
    Then,
    as_convolutions,
    as_dense,
    bare,
    claim,
    copied,
    eleventh,
    folded,
    in_log,
    remove,
    rename,
    rising,
    weakened,
    weights,
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


SHOW = "        ax.imshow(train.data[np.flatnonzero(labels == k)[0]])\n"
BARS = "        ax.bar(range(10), np.bincount(data.targets, minlength=10))\n"
DRAWN = """        ax.plot(history["step"], history["train " + what], label="train " + what)
        ax.plot(history["step"], history["val " + what], label="validation " + what)
        ax.set_xlabel("step")
        ax.set_ylabel(what)
        ax.legend()
"""
FORWARD = """        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = self.pool(F.relu(self.conv3(x)))
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Second(First):
    def __init__(self):
        super().__init__()
"""
ALONE = """class Second(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 24, 3, padding=1)
        self.conv3 = nn.Conv2d(24, 24, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(24 * 16, 32)
        self.fc2 = nn.Linear(32, 10)
"""
"""The second model without the first as its base."""
FIRST_LAYERS = """class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 24, 3, padding=1)
        self.conv3 = nn.Conv2d(24, 24, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(24 * 16, 32)
        self.fc2 = nn.Linear(32, 10)
"""
UNFOLDED = """class Patches(nn.Linear):
    def forward(self, x):
        patches = F.unfold(x, 3, padding=1).transpose(1, 2)
        return super().forward(patches).transpose(1, 2).reshape(len(x), -1, *x.shape[2:])


class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = Patches(16 * 9, 24)
        self.conv3 = Patches(24 * 9, 24)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(24 * 16, 32)
        self.fc2 = nn.Linear(32, 10)
"""
ALL_CONVOLUTIONS = FIRST_LAYERS.replace("nn.Linear(24 * 16, 32)", "nn.Conv2d(24, 32, 4)").replace(
    "nn.Linear(32, 10)", "nn.Conv2d(32, 10, 1)"
)
FLAT = "        return self.fc2(F.relu(self.fc1(x.flatten(1))))\n"
ELEVEN = FIRST_LAYERS.replace("nn.Linear(32, 10)", "nn.Linear(32, 11)")
APART = FORWARD.replace("class Second(First):\n    def __init__(self):\n        super().__init__()\n", ALONE)
PRINTS = '''print(f"step {step}: train loss {np.mean(losses):.4f}, val loss {loss_val:.4f}, "
                      f"train acc {np.mean(rights):.4f}, val acc {acc_val:.4f}")'''
ADAM = "torch.optim.Adam(model.parameters(), lr=lr)"
SAVED = 'torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)'

DATA_CASES = (
    Case(
        name="no-report",
        description="There is no report.",
        outcomes={"handed-in/report": "fail"},
        then=remove("report.md"),
    ),
    Case(
        name="misnamed",
        description="The first checkpoint has another name.",
        outcomes={"handed-in/named": "partial"},
        then=rename(FIRST, "first.pt"),
    ),
    Case(
        name="no-images",
        description="No image is shown.",
        outcomes={"1.1/images": "fail"},
        edits=((SHOW, ""),),
    ),
    Case(
        name="no-histogram",
        description="The classes are not counted.",
        outcomes={"1.1/histogram": "fail"},
        edits=((BARS, ""),),
    ),
    Case(
        name="histogram-of-train",
        description="The classes are counted for the training images alone.",
        outcomes={"1.1/histogram": "partial"},
        edits=(('zip(axes, (train, test), ("train", "test")):', 'zip(axes, (train,), ("train",)):'),),
    ),
    Case(
        name="bars-of-accuracy",
        description="The bars show an accuracy for each class, and count no images.",
        outcomes={"1.1/histogram": "fail"},
        edits=(
            (BARS, "        ax.bar(range(10), np.linspace(0.5, 0.9, 10))\n"),
            ("images in each class: {name}", "accuracy in each class: {name}"),
        ),
    ),
    Case(
        name="not-normalised",
        description="Inputs are between 0 and 1, not normalised.",
        outcomes={"1.1/normalised": "fail"},
        edits=(
            (
                "transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])",
                "transforms.ToTensor()",
            ),
        ),
        then=folded,
    ),
    Case(
        name="split-of-a-tenth",
        description="A tenth of the training images is for validation instead of a fifth.",
        outcomes={"1.1/split": "fail"},
        edits=(("order[10000:]", "order[5000:]"), ("order[:10000]", "order[:5000]")),
    ),
    Case(
        name="validation-is-test",
        description="The test images are used for validation.",
        outcomes={"1.1/from-training": "fail", "1.1/split": "blocked"},
        edits=(
            (
                "validation = datasets.CIFAR10(ROOT, train=True, download=True, transform=plain)",
                "validation = datasets.CIFAR10(ROOT, train=False, download=True, transform=plain)",
            ),
            ("Subset(validation, order[:10000])", "validation"),
        ),
    ),
)

MODEL_CASES = (
    Case(
        name="one-convolution",
        description="One convolution; the others are matrices over patches, with the same numbers.",
        outcomes={"1.2/convolutions": "fail", "1.2/layers": "blocked"},
        edits=((FIRST_LAYERS, UNFOLDED), (FORWARD, APART)),
        then=weights(FIRST, as_dense),
    ),
    Case(
        name="no-dense-layer",
        description="The fully connected layers are convolutions of the same numbers.",
        outcomes={"1.2/layers": "fail"},
        edits=(
            (FIRST_LAYERS, ALL_CONVOLUTIONS),
            (FORWARD, APART.replace("self.fc1(x.flatten(1))))", "self.fc1(x))).flatten(1)")),
        ),
        then=weights(FIRST, as_convolutions),
    ),
    Case(
        name="eleven-classes",
        description="The first model has eleven outputs.",
        outcomes={
            "1.2/classes": "fail",
            "1.3/accuracy": "blocked",
            "1.3/claim": "blocked",
            "1.3/beats": "blocked",
        },
        edits=((FIRST_LAYERS, ELEVEN), (FORWARD, APART)),
        then=weights(FIRST, eleventh),
    ),
)

TRAINING_CASES = (
    Case(
        name="loss-rises",
        description="The training loss in the log rises.",
        outcomes={"1.3/prints": "fail"},
        then=in_log(r"step (\d+): train loss [\d.]+", rising),
    ),
    Case(
        name="validation-not-printed",
        description="Loss and accuracy of the training are printed, those of validation are not.",
        outcomes={"1.3/records": "fail"},
        edits=(
            (PRINTS, 'print(f"step {step}: train loss {np.mean(losses):.4f}, train acc {np.mean(rights):.4f}")'),
        ),
        then=in_log(r", val (?:loss|acc) [\d.]+", ""),
    ),
    Case(
        name="five-epochs",
        description="The first model is trained for five epochs.",
        outcomes={"1.3/epochs": "fail"},
        edits=(("EPOCHS_1, EPOCHS_2 = 10, 6", "EPOCHS_1, EPOCHS_2 = 5, 6"),),
    ),
    Case(
        name="sgd",
        description="SGD with 0.05 instead of Adam with 1e-3.",
        outcomes={"1.3/optimizer": "partial"},
        edits=(
            (ADAM, "torch.optim.SGD(model.parameters(), lr=0.05)"),
            (ADAM.replace("lr=lr", "lr=1e-3"), "torch.optim.SGD(model.parameters(), lr=0.05)"),
        ),
    ),
    Case(
        name="weak-first",
        description="The first model classifies about 57% of the test images rightly.",
        outcomes={"1.3/accuracy": "partial"},
        then=weakened(FIRST, 0.54, 0.58),
    ),
    Case(
        name="bad-first",
        description="The first model classifies about 40% of the test images rightly.",
        outcomes={"1.3/accuracy": "fail"},
        then=weakened(FIRST, 0.36, 0.44),
    ),
    Case(
        name="first-claims-too-much",
        description="The stated test accuracy of the first model is not that of its weights.",
        outcomes={"1.3/claim": "fail"},
        then=claim("first", "74.85"),
    ),
    Case(
        name="first-bare",
        description="The first checkpoint is a bare state dict, without the optimizer's state.",
        outcomes={"1.3/checkpoint": "partial"},
        then=bare(FIRST),
    ),
    Case(
        name="no-labels",
        description="The curves have no labels and no legend.",
        outcomes={"1.3/plots": "partial"},
        edits=((DRAWN, "".join(DRAWN.splitlines(keepends=True)[:2])),),
    ),
    Case(
        name="no-curves",
        description="No curve is drawn.",
        outcomes={"1.3/plots": "fail"},
        edits=((DRAWN, "        ax.set_xlabel(what)\n"),),
    ),
    Case(
        name="losses-alone",
        description="Losses are drawn, accuracies are not.",
        outcomes={"1.3/plots": "partial"},
        edits=(('in zip(axes, ("loss", "acc")):', 'in zip(axes, ("loss",)):'),),
    ),
    Case(
        name="curves-of-one-model",
        description="The curves of the first model are drawn, those of the second are not.",
        outcomes={"1.3/plots": "partial"},
        edits=(('    plot(history, "second")\n', ""),),
    ),
    Case(
        name="first-twice",
        description="Both checkpoints hold the first model.",
        outcomes={
            "1.3/second": "fail",
            "1.3/beats": "blocked",
            "1.3/second-checkpoint": "blocked",
            "1.3/second-claim": "blocked",
        },
        then=copied(FIRST, SECOND),
    ),
    Case(
        name="second-is-worse",
        description="The second model is worse than the first.",
        outcomes={"1.3/beats": "fail"},
        then=weakened(SECOND, 0.5, 0.56),
    ),
    Case(
        name="second-bare",
        description="The second checkpoint is a bare state dict.",
        outcomes={"1.3/second-checkpoint": "partial"},
        then=bare(SECOND),
    ),
    Case(
        name="second-claims-too-much",
        description="The stated test accuracy of the second model is not that of its weights.",
        outcomes={"1.3/second-claim": "fail"},
        then=claim("second", "83.11"),
    ),
    Case(
        name="three-seeds",
        description="Three seeds instead of ten.",
        outcomes={"1.4/seeds": "partial"},
        edits=(("for seed in range(10):", "for seed in range(3):"),),
        then=in_log(r"seed [3-9]: [^\n]*\n", ""),
    ),
)

CASES = (
    Case(name="reference", description="Complete: everything automatic passes, the bonus too."),
    *DATA_CASES,
    *MODEL_CASES,
    *TRAINING_CASES,
)
