"""Optimizers with their schedules, made from a reference's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch.optim import lr_scheduler

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "Optimization",
    "adam",
    "adamax",
    "adamw",
    "adamw_cosine",
    "one_cycle_adamw",
    "one_cycle_sgd",
    "sgd",
]


@dataclass(frozen=True)
class Optimization:
    """An optimizer and how its learning rate moves."""

    optimizer: torch.optim.Optimizer
    schedule: lr_scheduler.LRScheduler | None = None
    every: Literal["epoch", "step"] = "epoch"
    plateau: lr_scheduler.ReduceLROnPlateau | None = None
    """Watches the share of wrong labels on the validation split."""

    def after_step(self) -> None:
        """A batch was trained on."""
        if self.schedule is not None and self.every == "step":
            self.schedule.step()

    def after_epoch(self) -> None:
        """All batches were trained on."""
        if self.schedule is not None and self.every == "epoch":
            self.schedule.step()

    def after_validation(self, error: float) -> None:
        """An epoch was validated."""
        if self.plateau is not None:
            self.plateau.step(error)


def adamax(model: nn.Module, config: Any, _steps: int) -> Optimization:
    """Adamax at a constant learning rate."""
    return Optimization(
        torch.optim.Adamax(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    )


def adam(model: nn.Module, config: Any, _steps: int) -> Optimization:
    """Adam at a constant learning rate; weight decay, if any, is added to the gradient."""
    return Optimization(
        torch.optim.Adam(
            _trained(model), lr=config.lr, weight_decay=config.weight_decay, fused=True
        )
    )


def sgd(model: nn.Module, config: Any, _steps: int) -> Optimization:
    """Plain gradient descent at a constant learning rate."""
    return Optimization(
        torch.optim.SGD(_trained(model), lr=config.lr, weight_decay=config.weight_decay)
    )


def adamw(model: nn.Module, config: Any, _steps: int) -> Optimization:
    """AdamW at a constant learning rate."""
    return Optimization(
        torch.optim.AdamW(
            _trained(model), lr=config.lr, weight_decay=config.weight_decay, fused=True
        )
    )


def adamw_cosine(model: nn.Module, config: Any, _steps: int) -> Optimization:
    """AdamW whose learning rate falls to zero along a cosine, epoch by epoch."""
    optimizer = torch.optim.AdamW(_trained(model), lr=config.lr, weight_decay=config.weight_decay)
    return Optimization(optimizer, lr_scheduler.CosineAnnealingLR(optimizer, config.max_epochs))


def one_cycle_adamw(model: nn.Module, config: Any, steps: int) -> Optimization:
    """AdamW whose learning rate rises to `lr` and falls to zero, step by step (`warm_up`)."""
    optimizer = torch.optim.AdamW(_trained(model), lr=config.lr, weight_decay=config.weight_decay)
    return _one_cycle(optimizer, config, steps)


def one_cycle_sgd(model: nn.Module, config: Any, steps: int) -> Optimization:
    """SGD with Nesterov's momentum under one cycle (`momentum`, `warm_up`).

    Weight decay is on the weights of convolutions and dense layers only, not on biases and norms.
    """
    parameters = list(_trained(model))
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=True)
    return _one_cycle(optimizer, config, steps)


def _one_cycle(optimizer: torch.optim.Optimizer, config: Any, steps: int) -> Optimization:
    """Linear up for the share `warm_up` of all steps, then linear down to zero."""
    total = steps * config.max_epochs
    top = max(1.0, config.warm_up * total)

    def factor(step: int) -> float:
        down = max(0.0, (total - step) / max(1.0, total - top))
        return float(min((step + 1) / top, down, 1.0))

    return Optimization(optimizer, lr_scheduler.LambdaLR(optimizer, factor), every="step")


def _trained(model: nn.Module) -> list[nn.Parameter]:
    """What is not frozen."""
    return [p for p in model.parameters() if p.requires_grad]
