"""A hand-made class of fifteen: realistic scorecards for an assignment like digits-svhn, part 2."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from grader.model.evidence import Attempt, Place, Remark
from grader.model.outcome import ExitReason, Outcome, Status, Visibility
from grader.model.scorecard import (
    Baseline,
    CheckResult,
    ConfusionMatrix,
    Curves,
    Decision,
    FigureShown,
    Flag,
    Interval,
    Provenance,
    Scorecard,
    ScoredCriterion,
    ScoredTask,
    Series,
)
from grader.model.submission import Unreadable

TITLE = "Digits: an MLP and a CNN from scratch"
NAMES = tuple(f"team-{number:02}" for number in range(1, 16))
TEAMS = (
    "Ada & Grace",
    "Convolutional Cats",
    "Žofia Šťastná, Jan Říha",
    "李明、王芳",
    "gradient ascenders",
    "Overfit Club",
    "M. van den Berg",
    "Team Eight",
    "نور الهدى",
    "The Vanishing Gradients",
    "Eleven",
    "softmaximalists",
    "Ines Ferreira da Silva e Costa, Bartholomäus Schmidt-Wolkenstein",
    "Fourteen",
    "late but here",
)
HEIGHT, WIDTH = 120, 200


def picture() -> tuple[str, int, int, bytes]:
    """A small captured figure: digest, height, width, RGB bytes."""
    pixels = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            wave = 60 + 30 * math.sin(x / 12)
            near = abs(y - wave) < 1.5
            pixels += bytes((40, 90, 160)) if near else bytes((255, 255, 255 - y // 4))
    data = bytes(pixels)
    return hashlib.sha256(data).hexdigest(), HEIGHT, WIDTH, data


PICTURE = picture()


def pixels(sha256: str) -> tuple[int, int, bytes] | None:
    return PICTURE[1:] if sha256 == PICTURE[0] else None


def result(outcome: Outcome, fraction: Any, message: str, **more: Any) -> CheckResult:
    share = Fraction(fraction)
    return CheckResult(outcome=outcome, fraction=share, message=message, **more)


def criterion(
    name: str,
    title: str,
    points: Any,
    check: str,
    found: CheckResult,
    *,
    source: str = "",
    visibility: Visibility = Visibility.VISIBLE,
    bonus: bool = False,
    decision: Decision | None = None,
) -> ScoredCriterion:
    most = Fraction(points)
    return ScoredCriterion(
        id=name,
        title=title,
        check=check,
        outcome=found.outcome,
        points=most * found.fraction if decision is None else decision.points,
        max_points=most,
        bonus=bonus,
        visibility=visibility,
        source=source,
        result=found,
        decision=decision,
    )


def task(name: str, title: str, *criteria: ScoredCriterion) -> ScoredTask:
    return ScoredTask(
        id=name,
        title=title,
        points=sum((c.points for c in criteria), Fraction(0)),
        max_points=sum((c.max_points for c in criteria if not c.bonus), Fraction(0)),
        criteria=criteria,
    )


def scorecard(
    name: str, team: str, tasks: tuple[ScoredTask, ...], *, penalty: Any = 0, **more: Any
) -> Scorecard:
    criteria = [c for t in tasks for c in t.criteria]
    undecided = [c for c in criteria if not c.outcome.decided]
    digest = hashlib.sha256(name.encode()).hexdigest()
    values: dict[str, Any] = {
        "assignment": "digits-svhn",
        "title": TITLE,
        "submission": name,
        "team": team,
        "student_ids": (f"s{int(digest[:6], 16):08d}",),
        "points": sum((t.points for t in tasks), Fraction(0)) - Fraction(penalty),
        "max_points": sum((t.max_points for t in tasks), Fraction(0)),
        "bonus": sum((c.points for c in criteria if c.bonus), Fraction(0)),
        "pending_points": sum((c.max_points for c in undecided), Fraction(0)),
        "penalty": Fraction(penalty),
        "status": Status.PROVISIONAL if undecided else Status.FINAL,
        "flags": tuple(f for c in criteria for f in c.result.flags),
        "remarks": REMARKS,
        "tasks": tasks,
        "attempts": (attempt(),),
        "provenance": Provenance(
            generated_by="grader 0.1.0",
            rubric_digest="ab" * 32,
            submission_digest=digest,
            sandbox="bubblewrap",
            self_check=False,
            limits={"memory": "cgroup v2", "wall clock": "host clock", "processes": "rlimit"},
            environment={"python": "3.11.9", "torch": "2.4.1", "device": "cpu", "threads": "2"},
            evidence={digest: "measured"},
        ),
    }
    return Scorecard(**{**values, **more})


def attempt(number: int = 1) -> Attempt:
    return Attempt(
        number=number,
        sandbox="bubblewrap",
        limits={"memory": "cgroup v2"},
        exit_reason=ExitReason.OK,
        started_at="2024-03-01T10:15:00+00:00",
        wall_seconds=21.4,
        startup_seconds=1.3,
        peak_memory_bytes=512 * 1024**2,
        probes=("inspect_source", "bind_roles", "describe_module", "predict", "execute"),
        environment={"python": "3.11.9"},
    )


REMARKS = (
    Remark(
        code="shim.cuda",
        message="Your code asks for a GPU without checking whether there is one. "
        "It ran on the CPU instead.\nTry: device = 'cuda' if torch.cuda.is_available() else 'cpu'.",
        place=Place(file="digits.ipynb", cell=9, line=3),
    ),
    Remark(
        code="shim.cuda",
        message="Your code asks for a GPU without checking whether there is one. "
        "It ran on the CPU instead.\nTry: device = 'cuda' if torch.cuda.is_available() else 'cpu'.",
        place=Place(file="digits.ipynb", cell=14, line=22),
    ),
    Remark(
        code="compat.np_float",
        message="numpy removed np.float. Use float.",
        place=Place(file="digits.ipynb", cell=4, line=11),
    ),
    Remark(
        code="source.alias_as_best",
        message="best_model = model keeps a second name for the same object, not a copy, so the "
        "last model is saved and not the best one. Try copy.deepcopy(model).",
        place=Place(file="digits.ipynb", cell=14, line=31),
    ),
)


def confusion(rng: random.Random, error: float) -> ConfusionMatrix:
    rows = []
    for truth in range(10):
        row = [0] * 10
        for _ in range(44 + truth % 3):
            wrong = rng.random() < error
            row[rng.randrange(10) if wrong else truth] += 1
        rows.append(tuple(row))
    labels = tuple(str(digit) for digit in range(10))
    return ConfusionMatrix(title="MLP on the test set", labels=labels, counts=tuple(rows))


def learning(rng: random.Random, final: float, *, diverges: bool = False) -> Curves:
    epochs = tuple(float(e) for e in range(60))
    train = [2.3 * math.exp(-e / 9) + final * 0.55 + rng.random() * 0.02 for e in range(60)]
    valid = [2.3 * math.exp(-e / 9) + final + rng.random() * 0.05 + e * 0.001 for e in range(60)]
    late: list[Any] = ["nan"] * 20
    if diverges:
        train[40:] = late
        valid[40:] = late
    return Curves(
        title="Loss while training the MLP",
        x_label="epoch",
        y_label="NLL",
        series=(
            Series(label="training", x=epochs, y=tuple(train)),
            Series(label="validation", x=epochs, y=tuple(valid)),
        ),
    )


def banded(rng: random.Random, role: str, error: float, limit: float, mean: float) -> CheckResult:
    half = 0.5 if error > limit and error < limit * 1.5 else 0
    fraction = Fraction(1) if error <= limit else Fraction(half)
    near = abs(error - limit) < 0.012
    flag = Flag(code="near_threshold", message=f"{error:.4f} is within the interval of {limit}.")
    return CheckResult.banded(
        fraction,
        f"Your {role} misclassifies {error:.2%} of the 447 test digits.",
        expected=f"At most {limit:.0%} of the test digits misclassified.",
        hint=""
        if fraction == 1
        else "Compare the loss on training and validation data: when both "
        "are high, train longer; when only validation is high, regularise.",
        measured=error,
        threshold=limit,
        unit="error",
        interval=Interval(low=max(error - 0.021, 0.0), high=error + 0.026),
        baseline=Baseline(mean=mean, spread=0.006, seeds=5, source=f"reference.digits_{role}"),
        bound_by=f"name: classnet (digits.ipynb, cell {14 if role == 'mlp' else 16})",
        flags=(flag,) if near else (),
        exhibits=(confusion(rng, error), learning(rng, 0.1 + error)),
    )


def one(index: int, visibility: Visibility = Visibility.HIDDEN) -> Scorecard:
    """The submission of one team."""
    rng = random.Random(index)
    error = (0.045, 0.074, 0.098, 0.112, 0.19, 0.052, 0.061, 0.33)[index % 8]
    broken = index in {4, 11}
    ours = index in {6, 9}
    read = index % 3 == 0
    place = Place(file="digits.ipynb", cell=14, line=18)
    explain = Decision(
        assignment="digits-svhn",
        submission=NAMES[index],
        criterion="2.3/explained",
        points=Fraction(1, 2),
        comment="Clear, and the role of log-softmax is named.",
        decided_by="tutor.b",
        decided_at="2024-03-04T12:00:00+01:00",
    )
    waits = result(Outcome.PENDING, 0, "A person reads this.")
    decided = result(Outcome.PASS, 1, "A person has read this.")
    class_found = (
        result(
            Outcome.FAIL,
            0,
            "classify(x) returns float scores of shape [64, 10], not one label per example.",
            expected="A long tensor of labels, shape [64].",
            hint="Take the argmax over the class dimension: torch.argmax(scores, dim=1).",
            places=(place,),
            bound_by="name: ClassifierNeuralNet (digits.ipynb, cell 7)",
        )
        if broken
        else result(
            Outcome.PASS,
            1,
            "classify(x) returns one label per example.",
            expected="A long tensor of labels, shape [64].",
            bound_by="name: ClassifierNeuralNet (digits.ipynb, cell 7)",
        )
    )
    cnn = (
        result(
            Outcome.ERROR,
            0,
            "This could not be graded yet, and that is not your fault: "
            "dataset 'digits/test' is not on this machine",
            hint="The course staff has been told; you lose nothing by it.",
        )
        if ours
        else result(Outcome.BLOCKED, 0, "This rests on 2.1/classify, which did not work.")
        if broken
        else banded(rng, "cnn", error * 0.7, 0.08, 0.047)
    )
    figure = FigureShown(
        title="classifier_mlp_test_loss.pdf, cell 15",
        sha256=PICTURE[0],
        height=HEIGHT,
        width=WIDTH,
    )
    tasks = (
        task(
            "2.1",
            "The classifier class",
            criterion(
                "classify",
                "classify returns labels",
                "1/2",
                "call.returns",
                class_found,
                source="classify(x) returns the most probable class as a long tensor",
            ),
            criterion(
                "reduction",
                "forward averages or sums the loss",
                "1/2",
                "loss.reduces",
                result(
                    Outcome.PARTIAL if index % 4 == 1 else Outcome.PASS,
                    "1/2" if index % 4 == 1 else 1,
                    "The averaged loss is right; the summed one is divided by the batch size too."
                    if index % 4 == 1
                    else "Both reductions agree with the negative log-likelihood to 1e-6.",
                    expected="reduction='sum' gives the sum, anything else the mean.",
                    hint="Multiply by the batch size, or call self.nll(...).sum().",
                    measured=64.0 if index % 4 == 1 else 1e-7,
                    threshold=1e-5,
                    unit="relative difference",
                    places=(Place(file="digits.ipynb", cell=7, line=24),),
                ),
                source="returns the loss from nn.NLLLoss(reduction='none'), summed or averaged",
            ),
        ),
        task(
            "2.2",
            "Two networks",
            criterion(
                "mlp_error",
                "The MLP's test error",
                1,
                "error.at_most",
                banded(rng, "mlp", error, 0.1, 0.0738),
                source="MLP: classification error at most 10% on the test set",
            ),
            criterion(
                "cnn_error",
                "The CNN's test error",
                "1/2",
                "error.at_most",
                cnn,
                source="CNN: classification error at most 8% on the test set",
            ),
            criterion(
                "curves",
                "Learning curves are shown",
                "1/2",
                "figure.shows",
                result(
                    Outcome.PASS,
                    1,
                    "A figure with training and validation loss was drawn.",
                    exhibits=(figure, learning(rng, error, diverges=index == 7)),
                ),
                source="plot the curves of both networks",
            ),
            criterion(
                "own_weights",
                "The saved weights are what the notebook trains",
                "1/2",
                "weights.reproduce",
                result(Outcome.PASS, 1, "The claimed error of 7.38% is reproduced."),
                visibility=visibility,
            ),
        ),
        task(
            "2.3",
            "Explanations",
            criterion(
                "explained",
                "Objective in mathematical terms",
                "1/2",
                "manual.read",
                decided if read else waits,
                source="Q1: what is the objective in mathematical terms?",
                decision=explain if read else None,
            ),
            criterion(
                "compare",
                "Convergence of both networks compared",
                "1/2",
                "manual.read",
                waits if index % 2 else decided,
                source="Q3: compare the convergence of MLP and CNN",
            ),
            criterion(
                "augment",
                "Augmentation that helps",
                "1/2",
                "error.improves",
                result(
                    Outcome.PASS if index == 0 else Outcome.FAIL,
                    1 if index == 0 else 0,
                    "Shifting digits by a pixel lowers the error." if index == 0 else "Not tried.",
                ),
                bonus=True,
            ),
        ),
    )
    late = 1 if index == 14 else 0
    return scorecard(NAMES[index], TEAMS[index], tasks, penalty=late)


def klass() -> tuple[Scorecard, ...]:
    return tuple(one(index) for index in range(len(NAMES)))


UNREADABLE = (
    Unreadable(
        assignment="digits-svhn",
        name="team-16.zip",
        message="The archive ends early: its directory of files is missing.",
        mend="ask the team to upload it again, then run the same command",
    ),
)

Pixels = Callable[[str], tuple[int, int, bytes] | None]


def without_points(index: int) -> Scorecard:
    """One of the class, in an assignment that carries no points."""
    card = one(index)
    tasks = tuple(
        of_task.model_copy(
            update={
                "points": Fraction(0),
                "max_points": Fraction(0),
                "criteria": tuple(
                    c.model_copy(update={"points": Fraction(0), "max_points": Fraction(0)})
                    for c in of_task.criteria
                ),
            }
        )
        for of_task in card.tasks
    )
    nothing = dict.fromkeys(("points", "max_points", "bonus", "pending_points"), Fraction(0))
    return card.model_copy(update={**nothing, "feedback_only": True, "tasks": tasks})
