"""What a budgeted run was seen to do while it trained: optimizers, loaders, evaluations.

Part of the payload of `execute`. Written by the student's process: each fact that carries points
is checked against something outside it where that is possible.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.model.base import Number, Record
from grader.model.evidence import Place

__all__ = ["EvaluationSeen", "LoaderSeen", "OptimizerSeen", "Overlap", "StartSeen"]

Name = Field(default="", max_length=300)


class OptimizerSeen(Record):
    """An optimizer that stepped."""

    place: Place | None
    """Where it was made."""
    type: str = Field(max_length=100)
    """The class, such as `SGD`."""
    settings: dict[str, Number | bool | str] = {}
    """Of its first parameter group at its first step: `lr`, `momentum`, `weight_decay`, …"""
    last_lr: Number | None = None
    """At its last step."""
    scheduler: str = Name
    """The class of the schedule that holds it; empty without one."""
    scheduler_settings: dict[str, Number | bool | str] = {}
    steps: int
    parameters: int
    """Numbers that it trains."""
    frozen: int = 0
    """Numbers of the same net that do not require a gradient."""
    net: str = Name
    """The class of the net whose parameters it holds."""


Shapes = Field(default=(), max_length=50)


class StartSeen(Record):
    """A net when an optimizer first stepped on it: the shapes of its tensors, by their numbers.

    A constant tensor is left out: where it comes from cannot be told.
    """

    place: Place | None
    """Of that step."""
    net: str = Name
    """Its class; empty when only the optimizer's tensors are known."""
    fresh: tuple[tuple[int, ...], ...] = Shapes
    """Seen nowhere before."""
    trained: tuple[tuple[int, ...], ...] = Shapes
    """Those that training gave another net, or this one before new layers were put in."""
    own: tuple[tuple[int, ...], ...] = Shapes
    """The very tensors of a net that goes on training."""
    unclear: tuple[tuple[int, ...], ...] = Shapes
    """From a file that this run did not write, or loaded from where nobody saw."""
    sources: tuple[str, ...] = Field(default=(), max_length=10)
    """Classes of the nets, and names of the files."""


class LoaderSeen(Record):
    """A loader that was walked over, or an indexed dataset that was sliced by hand."""

    index: int
    """Of this loader in the run, from 0: overlaps speak of it."""
    place: Place | None
    """Where it was made."""
    dataset: str = Name
    """Its chain of classes, such as `Subset of CIFAR10`."""
    source: str = Name
    """The served split that its rows come from, such as `cifar10/train`; empty when unknown."""
    sources: tuple[str, ...] = Field(default=(), max_length=20)
    """Every served split that some of its rows come from: several where `source` is empty."""
    role: Literal["", "train", "val", "test"] = ""
    """What its names in the student's code say it is for."""
    use: Literal["train", "evaluate", "other"]
    """`train` when optimizers stepped during a pass; `evaluate` when nets were only asked."""
    length: int
    """Examples, nominally."""
    batch_size: int | None = None
    shuffled: bool | None = None
    passes: int = 0
    classes: dict[str, int] = Field(default={}, max_length=1000)
    """Label → count over all its rows where labels are cheap to read, else over what it yielded."""
    classes_whole: bool = True
    """Whether `classes`, and the labels' bounds, are over all its rows."""
    labels_known: bool = False
    """Whether the labels are the data's own: those of test splits are withheld in a box."""
    label_min: int | None = None
    label_max: int | None = None
    shape: tuple[int, ...] = ()
    """Of one input as yielded."""
    mean: tuple[Number, ...] = Field(default=(), max_length=16)
    """Of the yielded inputs, per channel."""
    std: tuple[Number, ...] = Field(default=(), max_length=16)
    lowest: Number | None = None
    """Of the numbers in the first yielded inputs."""
    highest: Number | None = None
    random_inputs: bool | None = None
    """Whether the same index gives another input when it is asked again."""
    altered: bool | None = None
    """Whether nets, or their first layers with weights, were given other numbers than it yielded;
    None where that was not seen."""
    transform: str = Field(default="", max_length=2000)
    """Those of its datasets, the inner one's first, as they print."""
    rows_known: bool = True
    """Whether its rows can be told from those of other loaders."""


class Overlap(Record):
    """Examples that two loaders share: by rows of the data, else by the content of their inputs."""

    first: int
    second: int
    shared: int
    by: Literal["rows", "content"]


class EvaluationSeen(Record):
    """A net that was asked without being trained, over a pass of a loader."""

    net: str = Name
    place: Place | None
    loader: int | None = None
    training_mode: bool
    """Whether layers that behave otherwise in training (dropout, batch norm) were in that mode."""
    sensitive: tuple[str, ...] = Field(default=(), max_length=20)
    """Those layers' types."""
    with_gradients: bool = False
    passes: int = 1
