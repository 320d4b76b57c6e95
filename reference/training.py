"""The training loop that all reference solutions share, and what a run reports.

Only training data is shuffled, the validation loss selects the epoch whose weights are kept, and
the test split is looked at once, at the end.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reference.data import Data, Split, batches

__all__ = ["Config", "Run", "Task", "adamax", "evaluate", "fit", "nll", "run"]

Augment = Callable[[Tensor, torch.Generator], Tensor]
Schedule = torch.optim.lr_scheduler.LRScheduler


@dataclass(frozen=True, kw_only=True)
class Config:
    """What every training has. Defaults are the handout's.

    Source: "Adamax lr 1e-3, weight decay 1e-5, at most 1000 epochs, patience 20 on validation NLL";
    batches of 64 (template).
    """

    lr: float = 1e-3
    weight_decay: float = 1e-5
    batch_size: int = 64
    max_epochs: int = 1000
    patience: int = 20
    device: str = "cpu"


def adamax(model: nn.Module, config: Any) -> tuple[torch.optim.Optimizer, Schedule | None]:
    """The handout's optimizer, at a constant learning rate."""
    parameters = model.parameters()
    return torch.optim.Adamax(parameters, lr=config.lr, weight_decay=config.weight_decay), None


@dataclass(frozen=True)
class Task:
    """A reference solution.

    Attributes:
        name: The module's name in this package.
        config: The frozen class of its settings.
        tiny: Settings with which it runs in seconds, to show that it works.
        build: Settings → net from inputs to log-probabilities.
        load: Device → data.
        optimizer: Net and settings → optimizer and, if any, a schedule stepped once an epoch.
        augment: Training inputs and generator → changed inputs. Never used on validation or test.
    """

    name: str
    config: type[Any]
    tiny: dict[str, Any]
    build: Callable[[Any], nn.Module]
    load: Callable[[str], Data]
    optimizer: Callable[[nn.Module, Any], tuple[torch.optim.Optimizer, Schedule | None]] = adamax
    augment: Augment | None = None


@dataclass(frozen=True)
class Run:
    """What one seed came to."""

    seed: int
    test_error: float
    """Share of wrong labels, 0 to 1."""
    test_nll: float
    """Nats per example."""
    val_error: float
    val_nll: float
    epochs: int
    best_epoch: int
    """From 1."""
    seconds: float
    parameters: int


def nll(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Negative log-likelihood of each example, in nats.

    Shapes: log_probabilities [N, K], labels [N] → [N].
    """
    return -log_probabilities.gather(1, labels[:, None]).squeeze(1)  # [N, 1] → [N]


@torch.no_grad()
def evaluate(model: nn.Module, split: Split) -> tuple[float, float]:
    """Measure a net in evaluation mode.

    Returns:
        Share of wrong labels, and mean negative log-likelihood in nats.
    """
    model.eval()
    log_probabilities = model(split.inputs)
    wrong = (log_probabilities.argmax(dim=1) != split.labels).double().mean()
    return wrong.item(), nll(log_probabilities, split.labels).double().mean().item()


def fit(task: Task, config: Any, model: nn.Module, data: Data, seed: int) -> tuple[int, int]:
    """Train until validation stops improving; leave the best epoch's weights in the net.

    Returns:
        Epochs trained, and the best of them, from 1.
    """
    generator = torch.Generator().manual_seed(seed)
    optimizer, schedule = task.optimizer(model, config)
    best_loss, best_epoch, best_state = float("inf"), 0, copy.deepcopy(model.state_dict())
    epoch = 0
    for epoch in range(1, config.max_epochs + 1):
        model.train()
        for x, y in batches(data.train, config.batch_size, generator):
            inputs = task.augment(x, generator) if task.augment else x
            loss = nll(model(inputs), y).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if schedule is not None:
            schedule.step()
        _, val_loss = evaluate(model, data.val)
        if val_loss < best_loss:
            best_loss, best_epoch = val_loss, epoch
            best_state = copy.deepcopy(model.state_dict())  # a reference would follow the training
        elif epoch - best_epoch > config.patience:
            break
    model.load_state_dict(best_state)
    return epoch, best_epoch


def run(task: Task, config: Any, seed: int) -> tuple[Run, nn.Module]:
    """Train with one seed and look at the test split once."""
    data = task.load(config.device)
    torch.manual_seed(seed)
    model = task.build(config).to(config.device)
    started = time.perf_counter()
    epochs, best_epoch = fit(task, config, model, data, seed)
    seconds = time.perf_counter() - started
    val_error, val_nll = evaluate(model, data.val)
    test_error, test_nll = evaluate(model, data.test)
    result = Run(
        seed=seed,
        test_error=test_error,
        test_nll=test_nll,
        val_error=val_error,
        val_nll=val_nll,
        epochs=epochs,
        best_epoch=best_epoch,
        seconds=seconds,
        parameters=sum(p.numel() for p in model.parameters()),
    )
    return result, model
