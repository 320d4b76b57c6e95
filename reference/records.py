"""What a reference solution consists of, and what a run of it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reference.losses import nll
from reference.optimizers import Optimization, adamax

if TYPE_CHECKING:
    from pathlib import Path

    from reference.data import Data

__all__ = ["Config", "Epoch", "Run", "Task"]

Augment = Callable[[Tensor, torch.Generator, Any], Tensor]
Mix = Callable[[Tensor, Tensor, torch.Generator, Any], tuple[Tensor, Tensor]]
Loss = Callable[..., Tensor]


@dataclass(frozen=True, kw_only=True)
class Config:
    """What every training has. Defaults are those of `digits-svhn`.

    Source: "Adamax lr 1e-3, weight decay 1e-5, at most 1000 epochs, patience 20 on validation NLL";
    batches of 64 (template).
    """

    lr: float = 1e-3
    weight_decay: float = 1e-5
    batch_size: int = 64
    max_epochs: int = 1000
    patience: int = 20
    """Epochs without a better validation that end the training; 0: never."""
    select: str = "loss"
    """What validation selects by: `loss` or `error`."""
    label_smoothing: float = 0.0
    """In the training loss only; the task's loss must take it."""
    average: float = 0.0
    """Decay of the weights' moving average in a step; what is validated and kept. 0: none."""
    bf16: bool = False
    """Train and validate in bfloat16 where that is safe. The final figures are in float32."""
    channels_last: bool = False
    half_weights: bool = False
    """Round the kept weights to float16 before they are measured, so that their file is small."""
    eval_batch: int = 1000
    device: str = "cpu"


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to. Training is measured while it goes on, on changed inputs."""

    train_loss: float
    train_error: float
    val_loss: float
    val_error: float


@dataclass(frozen=True)
class Task:
    """A reference solution.

    Attributes:
        name: The module's name in this package.
        config: The frozen class of its settings.
        tiny: Settings with which it runs in seconds, to show that it works.
        build: Settings → net from prepared inputs to outputs.
        load: Settings → data on the CPU.
        optimizer: Net, settings and batches in an epoch → optimizer and, if any, a schedule.
        loss: Outputs and targets → a loss for each example, in nats for a classifier.
        augment: Training inputs, generator and settings → changed inputs. Never used on
            validation or test. Runs before `prepare`.
        mix: Changed inputs and labels, generator and settings → inputs that each show two examples,
            and a probability for each class. The loss must take such targets.
        prepare: Inputs as loaded → what the net takes, such as uint8 → normalised float.
        views: Prepared inputs and settings → the versions whose outputs are averaged in evaluation.
        stop: Settings and all epochs so far → stop? By default `patience` decides.
        experiment: Several trainings in place of one; what `run` does by default.
        draw: A run, its settings, its net and a folder → the figures written there.
        units: Of what `Run.figures` holds.
    """

    name: str
    config: type[Any]
    tiny: dict[str, Any]
    build: Callable[[Any], nn.Module]
    load: Callable[[Any], Data]
    optimizer: Callable[[nn.Module, Any, int], Optimization] = adamax
    loss: Loss = nll
    augment: Augment | None = None
    mix: Mix | None = None
    prepare: Callable[[Tensor], Tensor] | None = None
    views: Callable[[Tensor, Any], list[Tensor]] | None = None
    stop: Callable[[Any, list[Epoch]], bool] | None = None
    experiment: Callable[[Task, Any, int], tuple[Run, nn.Module]] | None = None
    draw: Callable[[Run, Any, nn.Module, Path], list[Path]] | None = None
    units: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What one seed came to."""

    seed: int
    test_error: float
    """Share of wrong labels, 0 to 1."""
    test_nll: float
    """The task's loss: nats per example for a classifier."""
    val_error: float
    val_nll: float
    epochs: int
    best_epoch: int
    """From 1."""
    seconds: float
    """Of training. On a CPU, of the processor: what else the machine does changes nothing."""
    parameters: int
    examples: dict[str, int] = field(default_factory=dict)
    """Of each split."""
    history: dict[str, list[float]] = field(default_factory=dict)
    """A column for each figure of `Epoch`."""
    figures: dict[str, float] = field(default_factory=dict)
    """What else was measured, with units in the task."""
    table: list[dict[str, Any]] = field(default_factory=list)
    """Where a task asks for several trainings: a row for each."""
