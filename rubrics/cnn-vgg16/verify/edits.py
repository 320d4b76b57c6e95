"""The mutants: each is the reference submission, wrong in one known way."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """A submission with a known scorecard.

    Attributes:
        name: Its folder.
        description: What is wrong, in one sentence.
        outcomes: What differs from a perfect submission.
        edits: Texts in `solution.py` and what stands there instead.
        append: Cells after the last.
        printed: Patterns in the stored outputs and what stands there instead.
        left_out: Tasks that are not looked at.
    """

    name: str
    description: str
    outcomes: dict[str, str] = field(default_factory=dict)
    edits: tuple[tuple[str, str], ...] = ()
    append: str = ""
    printed: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()


POOLING = "layers.append(nn.MaxPool2d(kernel_size=2, stride=2))"
CURVES = """    ax.plot([a for a, _ in history], label="train accuracy")
    ax.plot([b for _, b in history], label="test accuracy")
"""
CASES = (
    Case(name="reference", description="Everything automatic passes."),
    Case(
        name="not-marked",
        description="Two questions are not marked, and left out; all others are looked at.",
        edits=(
            ("### X 3. Why do we crop", "### 3. Why do we crop"),
            ("### X 5.* As fast as possible", "### 5.* As fast as possible"),
        ),
        left_out=("theory.3", "implementation.5"),
    ),
    Case(
        name="last-cell-raises",
        description="A last cell uses a name that is defined nowhere.",
        outcomes={"notebook/runs": "partial"},
        append="\n# %%\nprint(final_table)\n",
    ),
    Case(
        name="average-pooling",
        description="Averages are pooled instead of maxima.",
        outcomes={"implementation.1/layers": "partial"},
        edits=((POOLING, POOLING.replace("Max", "Avg")),),
    ),
    Case(
        name="prelu",
        description="PReLU adds a parameter to each activation.",
        outcomes={"implementation.1/parameters": "fail", "implementation.1/official": "blocked"},
        edits=(("padding=1), nn.ReLU(inplace=True)]", "padding=1), nn.PReLU()]"),),
    ),
    Case(
        name="other-names",
        description="The layers have other names than the official ones, so that official weights do not load.",
        outcomes={"implementation.1/official": "fail"},
        edits=(
            ("self.features = nn.Sequential(*layers)", "self.convolutions = nn.Sequential(*layers)"),
            ("self.avgpool(self.features(x))", "self.avgpool(self.convolutions(x))"),
        ),
    ),
    Case(
        name="dropout-quarter",
        description="Dropout is 0.25.",
        outcomes={"implementation.1/dropout": "fail"},
        edits=(("classes=1000, dropout=0.5", "classes=1000, dropout=0.25"),),
    ),
    Case(
        name="larger-rate",
        description="The learning rate is ten times the paper's.",
        outcomes={"implementation.2/settings": "partial"},
        edits=(("def paper(net, lr=0.01)", "def paper(net, lr=0.1)"),),
    ),
    Case(
        name="no-gap",
        description="Training and test accuracy stay together.",
        outcomes={"implementation.3/gap": "fail"},
        printed=((r"(epoch \d+: train accuracy )\d\.\d+(, test accuracy )\d\.\d+", r"\g<1>0.420\g<2>0.405"),),
    ),
    Case(
        name="one-setting",
        description="One setting is tried.",
        outcomes={"implementation.4/results": "fail"},
        edits=(("for batch_size in (16, 64):", "for batch_size in (16,):"),),
        printed=((r"batch size 64: [^\n]*\n", ""),),
    ),
    Case(
        name="not-fast",
        description="The fast network is slower than the given one.",
        outcomes={"implementation.5/ratio": "fail"},
        edits=(
            (
                "nn.Conv2d(3, 16, 8, stride=8), nn.ReLU(),",
                "nn.Conv2d(3, 64, 7, padding=3), nn.ReLU(), nn.Conv2d(64, 16, 7, padding=3), nn.ReLU(),",
            ),
        ),
    ),
    Case(
        name="no-gallery",
        description="Wrongly classified images are counted and not shown.",
        outcomes={"implementation.6/gallery": "fail"},
        edits=(("    ax.imshow(pictures[i * step][0])\n", ""),),
    ),
    Case(
        name="gallery-of-right-ones",
        description="The images shown are those that the network classifies rightly.",
        outcomes={"implementation.6/gallery": "fail"},
        edits=(("if guesses[i] != test[i][1]]", "if guesses[i] == test[i][1]]"), ("wrong[::7]", "wrong")),
    ),
    Case(
        name="no-curves",
        description="Accuracies are printed and not drawn.",
        outcomes={"training/curves": "fail"},
        edits=((CURVES, "    print(history)\n"), ("    ax.legend()\n", "")),
    ),
    Case(
        name="not-saved",
        description="No model is saved by the notebook.",
        outcomes={"training/saved": "fail"},
        edits=(('torch.save(net.state_dict(), "vgg16s.pt")', "print(net)"),),
    ),
)
