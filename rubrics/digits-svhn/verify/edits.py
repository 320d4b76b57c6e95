"""The mutants: each is the reference submission, wrong in one known way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """A submission with a known scorecard.

    Attributes:
        name: Its folder.
        description: What is wrong, in one sentence.
        outcomes: What differs from a perfect submission.
        edits: Texts in `solution.py` and what stands there instead.
        append: Cells after the last.
        trained: Whether it is run for real, or keeps the reference's weights and outputs.
        script: Handed in as a Python file instead of a notebook.
        part_3: Whether part 3 is handed in.
        then: Changes files of the submission.
    """

    name: str
    description: str
    outcomes: dict[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    append: str = ""
    trained: bool = False
    script: bool = False
    part_3: bool = True
    then: Callable[[Path], None] | None = None


def replace_in(name: str, pattern: str, new: str) -> Callable[[Path], None]:
    """Change a text file of the submission."""

    def change(folder: Path) -> None:
        import re

        file = folder / name
        text, places = re.subn(pattern, new, file.read_text())
        assert places == 1, f"{places} places of {name} match {pattern}"
        file.write_text(text)

    return change


def remove(*names: str) -> Callable[[Path], None]:
    """Take files out of the submission."""

    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink(missing_ok=True)

    return change


MLP = """nn.Linear(D, M),
            nn.ReLU(),
            nn.Linear(M, K),
            nn.LogSoftmax(dim=1),"""
CNN = """Reshape((1, 8, 8)),
            nn.Conv2d(1, num_kernels, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(num_kernels, 2 * num_kernels, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            Flatten(),
            nn.Linear(2 * num_kernels * 4, K),
            nn.LogSoftmax(dim=1),"""
DEEP_MLP = """nn.Linear(D, M),
            nn.BatchNorm1d(M),
            nn.ReLU(),
            nn.Linear(M, M),
            nn.BatchNorm1d(M),
            nn.ReLU(),
            nn.Linear(M, K),
            nn.LogSoftmax(dim=1),"""
MOVED = """
from scipy import ndimage


def moved(x):
    angle, shear = np.random.uniform(-0.2, 0.2), np.random.uniform(-0.15, 0.15)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle) + shear]])
    turn = turn * np.random.uniform(0.88, 1.12)
    centre = np.array([3.5, 3.5])
    offset = centre - turn @ centre + np.random.uniform(-0.8, 0.8, size=2)
    image = ndimage.affine_transform(
        x.reshape(8, 8), turn, offset, order=1, mode="grid-constant"
    )
    return image.reshape(64).astype(np.float32)


np.random.seed(0)
train_data = Digits(mode="train", transforms=moved)"""
LOSS = """        if reduction == "sum":
            return loss.sum()
        return loss.mean()"""
RATE = "requires_grad], lr=lr, weight_decay=wd"
EPOCHS = "        num_epochs=num_epochs,\n        model"
CURVES = """    plot_curve(name, nll_val, file_name="_nll_val_curve.pdf")
    plot_curve(
        name, error_val, file_name="_ca_val_curve.pdf", ylabel="classification error", color="r-"
    )
"""


def epochs_of(name: str, number: int) -> tuple[str, str]:
    """Train one of the nets for too short."""
    text = f'        num_epochs={number} if name == "{name}" else num_epochs,\n        model'
    return EPOCHS, text


def curves_unless(name: str) -> tuple[str, str]:
    """Draw the curves of the other net only."""
    indented = "".join(f"    {line}\n" for line in CURVES.rstrip("\n").split("\n"))
    return CURVES, f'    if name != "{name}":\n{indented}'


CLASSIFIER = (
    Case(
        name="no-notebook",
        description="The work is handed in as a script; the notebook is missing.",
        outcomes={"digits.classifier/notebook": "fail"},
        script=True,
    ),
    Case(
        name="last-cell-raises",
        description="A last cell uses a name that is defined nowhere.",
        outcomes={"digits.classifier/runs": "partial"},
        append="\n# %%\nprint(final_table)\n",
    ),
    Case(
        name="two-cells-raise",
        description="Two cells after the training use names that are defined nowhere.",
        outcomes={"digits.classifier/runs": "fail"},
        append="\n# %%\nprint(final_table)\n\n# %%\nprint(final_figure)\n",
    ),
    Case(
        name="classify-least-probable",
        description="classify takes the smallest log-probability instead of the largest.",
        outcomes={"digits.classifier/classify": "fail"},
        edits=(("torch.argmax(log_probs, dim=1)", "torch.argmin(log_probs, dim=1)"),),
    ),
    Case(
        name="classify-float",
        description="classify gives the right classes as floats instead of long.",
        outcomes={"digits.classifier/classify": "fail"},
        edits=(("return y_pred.long()", "return y_pred.float()"),),
    ),
    Case(
        name="loss-always-summed",
        description="forward sums the loss whatever the reduction.",
        outcomes={
            "digits.classifier/loss-mean": "fail",
            "digits.classifier/nll": "blocked",
            "digits.classifier/explained": "blocked",
        },
        edits=((LOSS, "        return loss.sum()"),),
    ),
    Case(
        name="loss-always-averaged",
        description="forward averages the loss whatever the reduction.",
        outcomes={"digits.classifier/loss-sum": "fail"},
        edits=((LOSS, "        return loss.mean()"),),
    ),
    Case(
        name="cross-entropy",
        description="The loss is nn.CrossEntropyLoss on log-softmax: the same numbers, a softmax too many.",
        outcomes={"digits.classifier/nll": "fail"},
        edits=(
            ('self.nll = nn.NLLLoss(reduction="none")', 'self.nll = nn.CrossEntropyLoss(reduction="none")'),
        ),
    ),
)

MLP_CASES = (
    Case(
        name="mlp-convolves",
        description="The net called MLP begins with a convolution.",
        outcomes={"digits.mlp/layers": "fail"},
        edits=(
            (
                MLP,
                """Reshape((1, 8, 8)),
            nn.Conv2d(1, 8, kernel_size=3, padding=1),
            nn.ReLU(),
            Flatten(),
            nn.Linear(8 * D, 64),
            nn.ReLU(),
            nn.Linear(64, K),
            nn.LogSoftmax(dim=1),""",
            ),
        ),
        trained=True,
    ),
    Case(
        name="mlp-too-wide",
        description="The MLP has two hidden layers of 300 units instead of M=256.",
        outcomes={"digits.mlp/size": "fail"},
        edits=(
            (
                MLP,
                """nn.Linear(D, 300),
            nn.ReLU(),
            nn.Linear(300, 300),
            nn.ReLU(),
            nn.Linear(300, K),
            nn.LogSoftmax(dim=1),""",
            ),
        ),
        trained=True,
    ),
    Case(
        name="mlp-softmax",
        description="The MLP ends in Softmax where LogSoftmax was asked for.",
        outcomes={"digits.mlp/log-softmax": "fail", "digits.mlp/nll": "blocked"},
        edits=((MLP, MLP.replace("LogSoftmax", "Softmax")),),
        trained=True,
    ),
    Case(
        name="mlp-weights-of-another-net",
        description="The MLP's state dict holds a layer that the MLP in the notebook does not have.",
        outcomes={"digits.mlp/weights": "fail"},
        append="""
# %%
# A state dict is enough to hand in.
state = torch.load("classifier_mlp.model", weights_only=False).state_dict()
state["classnet.4.weight"] = torch.eye(K)
state["classnet.4.bias"] = torch.zeros(K)
torch.save(state, "classifier_mlp.pt")
""",
        trained=True,
        then=remove("classifier_mlp.model"),
    ),
    Case(
        name="mlp-weights-missing",
        description="The MLP's weights are not handed in, so its error and its claims cannot be measured.",
        outcomes={
            "digits.mlp/weights": "fail",
            "digits.mlp/error": "fail",
            "digits.mlp/claim": "fail",
            "digits.mlp/nll": "fail",
        },
        then=remove("classifier_mlp.model"),
    ),
    Case(
        name="mlp-linear",
        description="The MLP has no hidden layer, and errs a little too often.",
        outcomes={"digits.mlp/error": "partial"},
        edits=((MLP, "nn.Linear(D, K),\n            nn.LogSoftmax(dim=1),"),),
        trained=True,
    ),
    Case(
        name="mlp-two-epochs",
        description="The MLP is trained for two epochs only.",
        outcomes={"digits.mlp/error": "fail"},
        edits=(epochs_of("classifier_mlp", 2),),
        trained=True,
    ),
    Case(
        name="mlp-claims-too-much",
        description="The text file of the MLP states a smaller test error than the saved model has.",
        outcomes={"digits.mlp/claim": "fail"},
        then=replace_in("classifier_mlp_test_loss.txt", r"CE: \S+", "CE: 0.0313199105145"),
    ),
    Case(
        name="mlp-claims-another-nll",
        description="The text file of the MLP states a smaller test NLL than the saved model has.",
        outcomes={"digits.mlp/nll": "fail"},
        then=replace_in("classifier_mlp_test_loss.txt", r"NLL: \S+", "NLL: 0.0813209114613"),
    ),
    Case(
        name="other-patience",
        description="Training waits for 50 epochs without improvement instead of 20.",
        outcomes={"digits.mlp/settings": "partial"},
        edits=(("max_patience = 20\n", "max_patience = 50\n"),),
    ),
    Case(
        name="mlp-other-rate",
        description="The MLP's learning rate is 1e-2; the CNN's is the given one.",
        outcomes={"digits.mlp/optimizer": "partial"},
        edits=((RATE, RATE.replace("lr=lr", 'lr=1e-2 if name == "classifier_mlp" else lr')),),
    ),
    Case(
        name="mlp-no-curve",
        description="Only the CNN's curves are drawn.",
        outcomes={"digits.mlp/curve": "fail"},
        edits=(curves_unless("classifier_mlp"),),
        then=remove("classifier_mlp_nll_val_curve.pdf", "classifier_mlp_ca_val_curve.pdf"),
    ),
)

CNN_CASES = (
    Case(
        name="cnn-without-convolution",
        description="The net called CNN is an MLP with batch norm, trained on moved images until it is as good.",
        outcomes={
            "digits.cnn/layers": "fail",
            "digits.cnn/log-softmax": "blocked",
            "digits.cnn/weights": "blocked",
            "digits.cnn/error": "blocked",
            "digits.cnn/learns": "blocked",
            "digits.cnn/claim": "blocked",
            "digits.cnn/curve": "blocked",
            "digits.cnn/nll": "blocked",
            "digits.cnn/kernels": "blocked",
            "digits.cnn/optimizer": "blocked",
        },
        edits=(
            (CNN, DEEP_MLP),
            ('train_data = Digits(mode="train")', MOVED),
        ),
        trained=True,
    ),
    Case(
        name="cnn-weights-nan",
        description="The CNN's state dict holds a tensor of NaN that nothing uses.",
        outcomes={"digits.cnn/weights": "fail"},
        edits=(
            (
                "    model = ClassifierNeuralNet(classnet)\n",
                """    model = ClassifierNeuralNet(classnet)
    if name == "classifier_cnn":
        # the mean of the pixels; not used in the end
        model.register_buffer("pixel_mean", torch.zeros(8) / torch.zeros(8))
""",
            ),
        ),
        trained=True,
    ),
    Case(
        name="cnn-logits",
        description="The CNN ends without LogSoftmax; forward applies it afterwards, so the loss is still right.",
        outcomes={"digits.cnn/log-softmax": "fail", "digits.cnn/nll": "blocked"},
        edits=(
            (CNN, CNN.replace("\n            nn.LogSoftmax(dim=1),", "")),
            (
                "loss = self.nll(self.classnet(x), y.long())",
                "loss = self.nll(torch.log_softmax(self.classnet(x), dim=1), y.long())",
            ),
        ),
        trained=True,
    ),
    Case(
        name="cnn-six-kernels",
        description="The CNN begins with six kernels instead of 32 and errs a little too often.",
        outcomes={"digits.cnn/error": "partial", "digits.cnn/kernels": "fail"},
        edits=((CNN, CNN.replace("num_kernels", "6")),),
        trained=True,
    ),
    Case(
        name="cnn-two-epochs",
        description="The CNN is trained for two epochs only.",
        outcomes={"digits.cnn/error": "fail"},
        edits=(epochs_of("classifier_cnn", 2),),
        trained=True,
    ),
    Case(
        name="cnn-never-steps",
        description="The notebook's training loop never calls optimizer.step(), so it cannot have made the saved weights.",
        outcomes={"digits.cnn/learns": "fail"},
        edits=(("            optimizer.step()\n", ""),),
    ),
    Case(
        name="cnn-claims-too-much",
        description="The text file of the CNN states a smaller test error than the saved model has.",
        outcomes={"digits.cnn/claim": "fail"},
        then=replace_in("classifier_cnn_test_loss.txt", r"CE: \S+", "CE: 0.0111856823266"),
    ),
    Case(
        name="cnn-claims-another-nll",
        description="The text file of the CNN states a smaller test NLL than the saved model has.",
        outcomes={"digits.cnn/nll": "fail"},
        then=replace_in("classifier_cnn_test_loss.txt", r"NLL: \S+", "NLL: 0.0413209114613"),
    ),
    Case(
        name="cnn-forty-kernels",
        description="The CNN has forty kernels where 32 were given.",
        outcomes={"digits.cnn/kernels": "fail"},
        edits=((CNN, CNN.replace("num_kernels", "40")),),
        trained=True,
    ),
    Case(
        name="cnn-no-decay",
        description="The CNN is trained without weight decay; the MLP with the given one.",
        outcomes={"digits.cnn/optimizer": "partial"},
        edits=(
            (RATE, RATE.replace("weight_decay=wd", 'weight_decay=wd if name == "classifier_mlp" else 0')),
        ),
    ),
    Case(
        name="cnn-no-curve",
        description="Only the MLP's curves are drawn.",
        outcomes={"digits.cnn/curve": "fail"},
        edits=(curves_unless("classifier_cnn"),),
        then=remove("classifier_cnn_nll_val_curve.pdf", "classifier_cnn_ca_val_curve.pdf"),
    ),
)

CASES = (
    Case(
        name="reference",
        description="The template, completed well: everything automatic passes.",
        trained=True,
    ),
    *CLASSIFIER,
    *MLP_CASES,
    *CNN_CASES,
)
