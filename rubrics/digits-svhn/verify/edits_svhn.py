"""The mutants of part 3: each is the reference submission, wrong in one known way."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from edits import Case, remove, replace_in

from grader.datasets import DATASETS, data_root

MODEL, TEXT = "classifier_svhn.model", "classifier_svhn_test_loss.txt"
CURVE = """plot_curve("classifier_svhn", svhn_errors, file_name="_ca_val_curve.pdf", ylabel="classification error", color="r-")
"""
READ = """        mat = loadmat("test_32x32.mat" if mode == "test" else "train_32x32.mat")
        self.data = mat["X"].transpose(3, 2, 0, 1)
        self.targets = mat["y"].flatten().astype(np.int64) % 10
        n_val = len(self.data) // 10 + 1
"""
DIGITS = """        digits = load_digits()
        self.data = np.kron(digits.images, np.ones((1, 4, 4)))[:, None].repeat(3, axis=1) * 16
        self.targets = digits.target
        n_val = len(self.data) // 10 + 1
        if mode == "test":
            self.data, self.targets = self.data[1350:], self.targets[1350:]
        else:
            self.data, self.targets = self.data[:1350], self.targets[:1350]
"""


EXTRA = """        if mode == "train":
            extra = loadmat("extra_32x32.mat")
            self.data = np.concatenate([self.data, extra["X"].transpose(3, 2, 0, 1)])
            self.targets = np.concatenate([self.targets, extra["y"].flatten().astype(np.int64) % 10])
"""


class Net(torch.nn.Sequential):
    """The reference's net for SVHN, without its template classes."""

    def __init__(self) -> None:
        layers: list[torch.nn.Module] = []
        for n_in, n_out in ((3, 16), (16, 32), (32, 48)):
            layers += [torch.nn.Conv2d(n_in, n_out, 3, padding=1), torch.nn.BatchNorm2d(n_out)]
            layers += [torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
        super().__init__(*layers, torch.nn.Flatten(), torch.nn.Linear(768, 10))


def measured(state: dict[str, torch.Tensor]) -> tuple[float, float]:
    """NLL and share of errors of the net with these tensors on the SVHN test images."""
    net = Net()
    net.load_state_dict({key.removeprefix("classnet."): value for key, value in state.items()})
    net.eval()
    split = DATASETS["svhn"].load("test", data_root())
    x = torch.from_numpy(split.inputs.copy()).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(split.labels)
    with torch.no_grad():
        found = torch.cat([net(part) for part in x.split(500)])
    nll = torch.nn.functional.cross_entropy(found.double(), labels).item()
    return nll, (found.argmax(1) != labels).double().mean().item()


def tensors(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a saved model, whose classes stand in the notebook."""
    import __main__

    for name in ("ClassifierNeuralNet", "Flatten"):
        setattr(__main__, name, type(name, (torch.nn.Module,), {}))
    return torch.load(file, weights_only=False).state_dict()  # type: ignore[no-any-return]


def weakened(low: float, high: float):  # noqa: ANN201 - a change of files
    """Shake the last layer until the test error lies between two values, and state that."""

    def then(folder: Path) -> None:
        state = tensors(folder / MODEL)
        last = state["classnet.13.weight"].clone()
        noise = torch.randn(last.shape, generator=torch.Generator().manual_seed(0))
        for step in range(1, 200):
            state["classnet.13.weight"] = last + noise * last.std() * step / 20
            nll, error = measured(state)
            if low <= error < high:
                break
        (folder / MODEL).unlink()
        torch.save(state, folder / "classifier_svhn.pt")
        say(folder, "NLL", f"{nll}")
        say(folder, "CE", f"{error}")

    return then


def say(folder: Path, what: str, value: str) -> None:
    """State another test NLL or error, in the text file and in the notebook's output."""
    old = re.search(rf"{what}: (\S+)", (folder / TEXT).read_text())
    assert old is not None
    for name in (TEXT, "assignment.ipynb"):
        text = (folder / name).read_text()
        assert text.count(old[1]) == 1, f"{name} states it {text.count(old[1])} times"
        (folder / name).write_text(text.replace(old[1], value))


def another_net(folder: Path) -> None:
    """A state dict with a layer that the net in the notebook does not have."""
    state = tensors(folder / MODEL)
    state["classnet.15.weight"], state["classnet.15.bias"] = torch.eye(10), torch.zeros(10)
    (folder / MODEL).unlink()
    torch.save(state, folder / "classifier_svhn.pt")


NOTHING = {
    "svhn.1/handed-in": "fail",
    **dict.fromkeys(
        (
            "svhn.1/svhn",
            "svhn.1/validation",
            "svhn.1/apart",
            "svhn.2/weights",
            "svhn.2/error",
            "svhn.2/claim",
            "svhn.2/nll",
            "svhn.3/component",
            "svhn.4/explanation",
            "svhn.5/curve",
            "svhn.5/analysis",
        ),
        "blocked",
    ),
}

CASES = (
    Case(
        name="svhn-not-handed-in",
        description="Part 2 alone: nothing was handed in for part 3.",
        outcomes=NOTHING,
        part_3=False,
        then=remove(MODEL, TEXT, "classifier_svhn_ca_val_curve.pdf"),
    ),
    Case(
        name="svhn-wraps-digits",
        description="The class called SVHN holds the digits of part 2, enlarged.",
        outcomes={
            "svhn.1/svhn": "fail",
            "svhn.1/validation": "blocked",
            "svhn.1/apart": "blocked",
            "svhn.5/curve": "blocked",
        },
        edits=((READ, DIGITS),),
    ),
    Case(
        name="svhn-extra",
        description="The extra examples are read for training.",
        outcomes={
            "svhn.1/svhn": "fail",
            "svhn.1/validation": "blocked",
            "svhn.1/apart": "blocked",
            "svhn.5/curve": "blocked",
        },
        edits=((READ, READ + EXTRA),),
    ),
    Case(
        name="svhn-small-validation",
        description="A twentieth of the training images is for validation.",
        outcomes={"svhn.1/validation": "fail"},
        edits=(("n_val = len(self.data) // 10 + 1", "n_val = len(self.data) // 20"),),
    ),
    Case(
        name="svhn-validation-in-training",
        description="The last 23,257 training images are for validation, and are left in training.",
        outcomes={"svhn.1/apart": "fail"},
        edits=(
            ("n_val = len(self.data) // 10 + 1", "n_val = 23257"),
            ("self.data, self.targets = self.data[:-n_val], self.targets[:-n_val]", "pass"),
        ),
    ),
    Case(
        name="svhn-weights-of-another-net",
        description="The state dict holds a layer that the net in the notebook does not have.",
        outcomes={"svhn.2/weights": "fail"},
        then=another_net,
    ),
    Case(
        name="svhn-errs-often",
        description="The net errs in about 12% of the test images.",
        outcomes={"svhn.2/error": "partial"},
        then=weakened(0.11, 0.14),
    ),
    Case(
        name="svhn-errs-too-often",
        description="The net errs in about a fifth of the test images.",
        outcomes={"svhn.2/error": "fail"},
        then=weakened(0.18, 0.25),
    ),
    Case(
        name="svhn-claims-too-much",
        description="The text file states a smaller test error than the saved model has.",
        outcomes={"svhn.2/claim": "fail"},
        then=replace_in(TEXT, r"CE: \S+", "CE: 0.0312"),
    ),
    Case(
        name="svhn-claims-another-nll",
        description="The text file states a smaller test NLL than the saved model has.",
        outcomes={"svhn.2/nll": "fail"},
        then=replace_in(TEXT, r"NLL: \S+", "NLL: 0.1012"),
    ),
    Case(
        name="svhn-no-curve",
        description="No learning curve is drawn for SVHN.",
        outcomes={"svhn.5/curve": "fail"},
        edits=((CURVE, ""),),
        then=remove("classifier_svhn_ca_val_curve.pdf"),
    ),
)
