"""The payloads of the built-in probes: what each one measures, with units and bounds.

Everything here was written by a process that ran student code. Strings are text to be escaped,
numbers are claims of that process; what a check may rest on is said in the check.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.model.base import Number, Record
from grader.model.documents import Finding
from grader.model.evidence import Place
from grader.model.journal import EvaluationSeen, LoaderSeen, OptimizerSeen, Overlap, StartSeen

__all__ = [
    "ApiUse",
    "ApiUses",
    "Axes",
    "Binding",
    "Bindings",
    "CallResult",
    "CellRun",
    "Claim",
    "Claims",
    "Execution",
    "FigureSeen",
    "ImageSeen",
    "Layer",
    "LineSeen",
    "LiteralsSeen",
    "ModuleFacts",
    "Operation",
    "Predictions",
    "SavedTensor",
    "SettingSeen",
    "SettingsWritten",
    "SourceFacts",
    "SourceFile",
    "Steps",
    "Timing",
]

Text = Field(max_length=2000)
Name = Field(max_length=300)
Many = Field(max_length=2000)


class SourceFile(Record):
    """One notebook or script, parsed."""

    path: str = Name
    kind: Literal["notebook", "script"]
    cells: int = 0
    """Code cells; 0 for a script."""
    parse_error: str = Field(default="", max_length=1000)
    place: Place | None = None
    """Of the parse error."""


class LiteralsSeen(Record):
    """Numbers that stand in the source of one cell or script."""

    place: Place
    """Of the largest literal."""
    numbers: int = Field(ge=0)
    """Written out, or that its blobs of text and bytes have room for, as float32."""
    size_bytes: int = Field(ge=0)
    """Of the cell or script."""


class SourceFacts(Record):
    """Probe `inspect_source`: what the submission's source is, without running it."""

    files: tuple[SourceFile, ...] = Many
    entry: str = ""
    """The notebook or script that is run: path, empty when there is none."""
    imports: tuple[str, ...] = Many
    """Top-level packages imported anywhere."""
    frameworks: tuple[str, ...] = Many
    """Of `torch`, `tensorflow`, `keras`, `jax`, those imported."""
    definitions: int = 0
    """Functions and classes found."""
    placeholders: tuple[Place, ...] = Many
    """Template cells that still say PLEASE FILL IN and hold no code of their own."""
    literals: tuple[LiteralsSeen, ...] = Field(default=(), max_length=2000)
    """The cells and scripts that hold the most numbers, the largest first."""


class ApiUse(Record):
    """One use of a forbidden name."""

    name: str = Name
    """As the rubric spells it."""
    place: Place
    how: Literal["static", "dynamic"]
    text: str = Field(default="", max_length=500)
    """The source line."""
    constants: dict[str, float] = Field(default={}, max_length=64)
    """Names and the like in that text, and the one number that each stands for."""


class ApiUses(Record):
    """Probe `scan_apis`: where forbidden names are used, through aliases too."""

    uses: tuple[ApiUse, ...] = Many
    unclear: tuple[ApiUse, ...] = Field(default=(), max_length=10_000)
    """Lines that may use one: the text does not settle it, so a person looks."""
    searched: tuple[str, ...] = Many
    """The names searched for."""
    looked_into: tuple[str, ...] = Field(default=(), max_length=2000)
    """Functions and classes in which they were searched for; none where it was everywhere."""


class SettingSeen(Record):
    """A value that the code gives a name."""

    name: str = Field(max_length=100)
    """As the student writes it: `EPOCHS`."""
    value: float | str | None
    """A number or a text, such as the name of a function; None where the text does not tell."""
    sure: bool
    """False where it may be another value when the code runs."""
    how: Literal["assigned", "argument", "parameter", "key", "option", "loop", "import"]
    place: Place
    text: str = Field(default="", max_length=500)
    """The source line."""


class SettingsWritten(Record):
    """Probe `find_settings`: what the code gives to names, by its text alone."""

    values: tuple[SettingSeen, ...] = Many
    incomplete: str = Field(default="", max_length=500)
    """Why there may be more; empty: all of the code was searched."""


class Claim(Record):
    """A number that the student states."""

    name: str = Name
    value: Number
    place: Place
    text: str = Field(default="", max_length=500)
    """The line that states it."""
    page: int | None = None
    """Of a PDF, from 1."""

    @property
    def where(self) -> str:
        """`hw.ipynb, cell 3, line 2`, or `report.pdf, page 4`."""
        return str(self.place) if self.page is None else f"{self.place}, page {self.page}"


class Claims(Record):
    """Probe `find_claims`: stored outputs and files, read and never run."""

    claims: tuple[Claim, ...] = Many


class Binding(Record):
    """How a role was bound to student code."""

    role: str = Name
    how: Literal["explicit", "name", "weights", "structure", "alive", "unbound"]
    definition: str = Field(default="", max_length=300)
    """What it was bound to, such as `classnet = nn.Sequential(…)`."""
    place: Place | None = None
    weights: str = Field(default="", max_length=400)
    """The weight file's path."""
    why: str = Field(default="", max_length=1000)
    """Why this one; when unbound, what was looked for and what was there instead."""


class Bindings(Record):
    """Probe `bind_roles`."""

    bindings: tuple[Binding, ...] = Many


class Predictions(Record):
    """Probe `predict`. Array `scores`: float32 [N, K], one row per input in the order given.

    Where some inputs were asked once more: `nudged_rows`, int64 [m], which ones; `noisy` and
    `moved`, float32 [m, K], their scores after noise was added and after a move by one pixel.
    """

    binding: Binding
    preprocessing: str = Field(default="", max_length=500)
    """What the inputs went through: the student's own dataset class, or nothing."""
    output_is: Literal["log_probabilities", "probabilities", "logits"]
    """By what the rows sum to. Recomputed outside."""
    classify: Literal["agrees", "differs", "absent"] = "absent"
    """Whether the student's own `classify` gives the rows' largest entries."""
    weights_matter: bool = True
    """Whether the scores changed when the weights were changed."""
    rows_independent: bool = True
    """Whether each row's scores stayed when the batch's other rows changed."""


class Layer(Record):
    """A leaf module."""

    path: str = Name
    type: str = Name
    """The class's name, such as `Conv2d`."""
    torch: bool
    """Whether the class is torch's own."""
    parameters: int = 0
    """Numbers in its own parameters."""
    settings: dict[str, str] = {}
    """Such as `in_features: 64`."""
    output_shape: tuple[int, ...] | None = None
    """When traced, without the batch dimension."""


class SavedTensor(Record):
    """A tensor in the weight file."""

    name: str = Name
    shape: tuple[int, ...]
    dtype: str = Name
    finite: bool
    role: Literal["parameter", "buffer", "unknown"] = "unknown"
    sha256: str = Field(default="", max_length=64)
    """Of its numbers, little-endian: equal tensors in two files have equal digests."""
    same_as: str = Field(default="", max_length=300)
    """The earlier tensor that this one is: one memory in the file, or one parameter of the net."""


class SavedFile(Record):
    """What one file holds."""

    path: str = Name
    tensors: tuple[SavedTensor, ...] = Many
    kind: str = Name
    """`state_dict`, `checkpoint`, `module`, `tensors`; where it holds none, the kind of fault."""
    problem: str = Field(default="", max_length=1000)
    """Why it holds none."""


class SavedFiles(Record):
    """Probe `read_tensors`: files with numbers, read without the student's classes."""

    files: tuple[SavedFile, ...] = Field(max_length=20)


class Operation(Record):
    """One step of a traced forward pass, in the order of running.

    A leaf module, or a function of `torch.nn.functional`.
    """

    type: str = Name
    """The layer's name, also for its functional form: `MaxPool2d` for `F.max_pool2d`."""
    path: str = Name
    """Of the module; empty for a function."""
    settings: dict[str, str] = {}
    """Such as `kernel_size: (3, 3)`."""
    output_shape: tuple[int, ...] = ()
    """Without the batch dimension."""


class ModuleFacts(Record):
    """Probe `describe_module`: what a net is and what its weight file holds."""

    binding: Binding
    class_name: str = Name
    layers: tuple[Layer, ...] = Many
    parameters: int
    """Numbers in distinct parameters of the live module, as the student's process counts them."""
    trainable: int
    buffers: int
    saved: tuple[SavedTensor, ...] = Many
    """Read from the weight file before the student's class was rebuilt around them."""
    saved_from: Literal["state_dict", "checkpoint", "module", "tensors", "none"] = "none"
    missing_keys: tuple[str, ...] = Many
    unexpected_keys: tuple[str, ...] = Many
    output_shape: tuple[int, ...] | None = None
    """For one example, without the batch dimension."""
    operations: tuple[Operation, ...] = Field(default=(), max_length=2000)
    """Of one forward pass on a random input; empty when it could not be traced."""
    file_keys: tuple[str, ...] = Field(default=(), max_length=2000)
    """Top-level keys of the weight file, and `optimizer.state` where an optimizer's is in it."""
    beside: dict[str, tuple[str, ...]] = Field(default={}, max_length=20)
    """The same of the role's other weight files that fit the net exactly."""
    row_sums: tuple[Number, ...] = Field(default=(), max_length=64)
    """Sum over classes of exp(output) for a few random inputs: 1 for log-probabilities."""


class CallResult(Record):
    """Probe `call_function`. Arrays `result_<i>`: float64, in the order of the calls."""

    binding: Binding
    calls: int
    dtypes: tuple[str, ...] = Many
    """Of each result, before conversion."""
    shapes: tuple[tuple[int, ...], ...] = Many


class CellRun(Record):
    """One cell (or, for a script, the whole file) of a restart-and-run-all."""

    cell: int
    status: Literal["ok", "error", "skipped", "timeout"]
    wall_seconds: float
    error: str = Field(default="", max_length=4000)
    error_kind: str = Field(default="", max_length=200)
    line: int | None = None
    output: str = Field(default="", max_length=20000)
    """What it printed, shortened in the middle."""


class LineSeen(Record):
    """A line drawn on axes."""

    label: str = Name
    x: tuple[Number, ...] = Field(max_length=2000)
    y: tuple[Number, ...] = Field(max_length=2000)


class ImageSeen(Record):
    """A picture drawn on axes, and what it was recognised as."""

    shape: tuple[int, ...]
    is_of: Literal["unknown", "dataset", "parameter"] = "unknown"
    name: str = Name
    """The served split (`cifar10/test`) or the parameter (`features.0.weight`)."""
    index: tuple[int, ...] = ()
    """The row of the split, or where in the parameter."""
    values: tuple[Number, ...] = Field(default=(), max_length=1024)
    """All its numbers, row by row, when there are at most 1024."""


class Axes(Record):
    """One set of axes of a figure."""

    title: str = Name
    x_label: str = Name
    y_label: str = Name
    legend: tuple[str, ...] = Field(max_length=100)
    lines: tuple[LineSeen, ...] = Field(max_length=50)
    images: int = 0
    bars: int = 0
    points: int = 0
    """Scattered."""
    pictures: tuple[ImageSeen, ...] = Field(default=(), max_length=200)
    """What `imshow` and `matshow` drew."""


class FigureSeen(Record):
    """A figure shown, saved, or left open. Array `figure_<i>`: uint8 [height, width, 3]."""

    cell: int | None
    saved_as: str = Field(default="", max_length=400)
    axes: tuple[Axes, ...] = Field(max_length=100)
    has_image: bool = True
    """False when over the budget of captured pixels."""
    compares: bool = False
    """Whether its cell's code, or what made the names in it, compares: `guess != label`."""


class LossSeries(Record):
    """Scalars on which `backward()` was called, one series per optimizer or loss place."""

    place: Place | None
    values: tuple[Number, ...] = Field(max_length=5000)
    by_clock: bool = False
    """Whether time, and not the number of its steps, ended the loop."""
    nets: tuple[str, ...] = Field(default=(), max_length=20)
    """Nets alive after the run that it trained, as bindings call them; empty when unknown."""


class Execution(Record):
    """Probe `execute`: a restart-and-run-all under a budget."""

    entry: str = Name
    cells: tuple[CellRun, ...] = Many
    finished: bool
    """Whether the last cell was reached."""
    ended_by: Literal["end", "error", "wall_clock", "output_limit"]
    first_error_cell: int | None = None
    optimizer_steps: int
    budget_ended_training: bool
    """Whether a training loop was told to end early."""
    clock_ended_training: bool = False
    """Whether that was for the time, and not for the number of its steps."""
    losses: tuple[LossSeries, ...] = Field(max_length=50)
    figures: tuple[FigureSeen, ...] = Field(max_length=64)
    stubbed_packages: tuple[str, ...] = Many
    optimizers: tuple[OptimizerSeen, ...] = Field(default=(), max_length=200)
    starts: tuple[StartSeen, ...] = Field(default=(), max_length=200)
    loaders: tuple[LoaderSeen, ...] = Field(default=(), max_length=200)
    overlaps: tuple[Overlap, ...] = Field(default=(), max_length=2000)
    """Of loaders whose rows are known; pairs that share nothing are left out."""
    evaluations: tuple[EvaluationSeen, ...] = Field(default=(), max_length=200)
    findings: tuple[Finding, ...] = Field(default=(), max_length=200)
    """Mistakes that the run showed."""


class Steps(Record):
    """Probe `train_by_hand`: one update of a net that computes its own gradients.

    Arrays, float64: `output_<i>` what `forward` gave, `<parameter>_<i>` each parameter afterwards,
    for the i-th way of calling it; `gradient_<parameter>_<i>` where gradients were only made.
    """

    binding: Binding
    ways: tuple[str, ...] = Many
    """What was tried: `one-hot labels`, `integer labels`, …; a way that raised is left out."""
    errors: tuple[str, ...] = Many
    """Of the ways that raised."""


class Timing(Record):
    """Probe `time_module`: so many passes were made. The host's clock measures; no time is here."""

    binding: Binding
    passes: int
    """Made: all that were asked for, or those that fitted into the seconds."""
    batch: int
