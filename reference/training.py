"""The training loop that all reference solutions share, and what a run reports.

Only training data is shuffled and changed, the validation split selects the epoch whose weights
are kept, and the test split is looked at once, at the end.
"""

from __future__ import annotations

import copy
import functools
import sys
import time
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from reference.data import Data, Split, batches
from reference.records import Config, Epoch, Run, Task

if TYPE_CHECKING:
    from reference.optimizers import Optimization

__all__ = ["Config", "Epoch", "Run", "Task", "evaluate", "fit", "outputs_of", "run"]


def _forward(task: Task, config: Any, model: nn.Module, x: Tensor, *, bf16: bool) -> Tensor:
    """Inputs as loaded → outputs in float32 (or the net's own, wider type)."""
    inputs = task.prepare(x) if task.prepare else x
    if config.channels_last and inputs.ndim == 4:  # noqa: PLR2004  [N, C, H, W]
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    with torch.autocast(inputs.device.type, dtype=torch.bfloat16, enabled=bf16):
        if model.training or task.views is None:
            outputs: Tensor = model(inputs)
        else:
            outputs = torch.stack([model(view) for view in task.views(inputs, config)]).mean(dim=0)
    return outputs.float() if bf16 else outputs


@torch.no_grad()
def outputs_of(
    task: Task, config: Any, model: nn.Module, split: Split, *, bf16: bool = False
) -> Tensor:
    """A net's outputs in evaluation mode, for all of a split.

    Shapes: [N, …] → [N, K].
    """
    model.eval()
    walk = batches(split, config.eval_batch)
    return torch.cat([_forward(task, config, model, x, bf16=bf16) for x, _ in walk])


@torch.no_grad()
def evaluate(
    task: Task, config: Any, model: nn.Module, split: Split, *, bf16: bool = False
) -> tuple[float, float]:
    """Measure a net in evaluation mode.

    Returns:
        Share of wrong labels (0 where targets are no labels), and mean loss.
    """
    outputs = outputs_of(task, config, model, split, bf16=bf16)
    loss = task.loss(outputs, split.labels).double().mean().item()
    return _wrong(outputs, split.labels).double().mean().item(), loss


def _wrong(outputs: Tensor, targets: Tensor) -> Tensor:
    """Which examples are wrong: outputs [N, K], labels [N] → [N]. None where it does not apply."""
    if targets.ndim != 1:
        return torch.zeros(len(targets), dtype=torch.bool)
    return outputs.argmax(dim=1) != targets


def _train_epoch(
    task: Task,
    config: Any,
    model: nn.Module,
    data: Data,
    optimization: Optimization,
    generator: torch.Generator,
    averaged: AveragedModel | None,
) -> tuple[float, float]:
    """Walk over the training data once.

    Returns:
        Mean loss and share of wrong labels, as they were on the way.
    """
    smoothing = config.label_smoothing
    loss_of = functools.partial(task.loss, label_smoothing=smoothing) if smoothing else task.loss
    model.train()
    total = torch.zeros(2, dtype=torch.float64)
    for x, y in batches(data.train, config.batch_size, generator):
        inputs = task.augment(x, generator, config) if task.augment else x
        targets = y
        if task.mix is not None:
            inputs, targets = task.mix(inputs, y, generator, config)
        outputs = _forward(task, config, model, inputs, bf16=config.bf16)
        loss = loss_of(outputs, targets).mean()
        optimization.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimization.optimizer.step()
        optimization.after_step()
        if averaged is not None:
            averaged.update_parameters(model)
        wrong = _wrong(outputs.detach(), y).sum().item()
        total += torch.tensor([loss.item() * len(y), wrong], dtype=torch.float64)
    optimization.after_epoch()
    mean_loss, error = (total / len(data.train)).tolist()
    return mean_loss, error


def fit(
    task: Task, config: Any, model: nn.Module, data: Data, seed: int, *, quiet: bool = True
) -> tuple[list[Epoch], int]:
    """Train until validation stops improving; leave the best epoch's weights in the net.

    Returns:
        All epochs trained, and the number of the best, from 1.
    """
    generator = torch.Generator().manual_seed(seed)
    optimization = task.optimizer(model, config, -(-len(data.train) // config.batch_size))
    moving = get_ema_multi_avg_fn(config.average)  # type: ignore[no-untyped-call]
    averaged = (
        AveragedModel(model, multi_avg_fn=moving, use_buffers=True) if config.average else None
    )
    judged: nn.Module = averaged.module if averaged is not None else model
    best, best_epoch, best_state = float("inf"), 0, copy.deepcopy(judged.state_dict())
    epochs: list[Epoch] = []
    started = time.perf_counter()
    for number in range(1, config.max_epochs + 1):
        trained = _train_epoch(task, config, model, data, optimization, generator, averaged)
        val_error, val_loss = evaluate(task, config, judged, data.val, bf16=config.bf16)
        optimization.after_validation(val_error)
        epochs.append(Epoch(*trained, val_loss=val_loss, val_error=val_error))
        if not quiet:
            _progress(task.name, number, epochs[-1], time.perf_counter() - started)
        value = val_loss if config.select == "loss" else val_error
        if value < best:
            best, best_epoch = value, number
            best_state = copy.deepcopy(judged.state_dict())  # a reference would follow the training
        elif task.stop is None and config.patience and number - best_epoch > config.patience:
            break
        if task.stop is not None and task.stop(config, epochs):
            break
    model.load_state_dict(best_state)
    return epochs, best_epoch


def _progress(name: str, number: int, epoch: Epoch, seconds: float) -> None:
    """One line for an epoch, on the standard error."""
    print(
        f"{name} epoch {number}: train loss {epoch.train_loss:.4f}, error {epoch.train_error:.4f}; "
        f"validation loss {epoch.val_loss:.4f}, error {epoch.val_error:.4f}; {seconds:.0f} s",
        file=sys.stderr,
        flush=True,
    )


def run(
    task: Task, config: Any, seed: int, *, data: Data | None = None, model: nn.Module | None = None,
    quiet: bool = True,
) -> tuple[Run, nn.Module]:  # fmt: skip
    """Train with one seed and look at the test split once.

    Args:
        task: What to train.
        config: Its settings.
        seed: Of the initial weights and of what training draws.
        data: In place of what the task loads.
        model: In place of what the task builds: an initialisation.
        quiet: No line for each epoch.
    """
    data = (task.load(config) if data is None else data).to(config.device)
    torch.manual_seed(seed)
    model = (task.build(config) if model is None else model).to(config.device)
    if config.channels_last:
        model = model.to(memory_format=torch.channels_last)
    clock = time.process_time if config.device == "cpu" else time.perf_counter
    started = clock()
    epochs, best_epoch = fit(task, config, model, data, seed, quiet=quiet)
    seconds = clock() - started
    if config.half_weights:
        model.load_state_dict(
            {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
        )
    val_error, val_nll = evaluate(task, config, model, data.val)
    test_error, test_nll = evaluate(task, config, model, data.test)
    columns = {
        name: [round(getattr(epoch, name), 5) for epoch in epochs]
        for name in Epoch.__dataclass_fields__
    }
    result = Run(
        seed=seed,
        test_error=test_error,
        test_nll=test_nll,
        val_error=val_error,
        val_nll=val_nll,
        epochs=len(epochs),
        best_epoch=best_epoch,
        seconds=seconds,
        parameters=sum(p.numel() for p in model.parameters()),
        examples=data.sizes(),
        history=columns,
    )
    return result, model
