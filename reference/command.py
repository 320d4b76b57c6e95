"""The command line of every reference solution.

python -m reference.digits_cnn --tiny
python -m reference.digits_cnn --set lr=0.002 --seeds 0 1 2 --save
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import torch

from reference.baseline import store
from reference.tasks import TASKS
from reference.training import Run, Task, run

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["command", "with_settings"]


def with_settings(config: Any, settings: Sequence[str]) -> Any:
    """Change settings of a frozen configuration.

    Args:
        config: What to start from.
        settings: Such as `lr=0.002`; a value has the type of the one it replaces.

    Raises:
        ValueError: No such setting, or the value does not fit.
    """
    changes: dict[str, Any] = {}
    known = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in known:
            raise ValueError(f"there is no setting '{name}'; known: {', '.join(sorted(known))}")
        kind = type(known[name])
        try:
            changes[name] = text if kind is str else kind(ast.literal_eval(text))
        except (ValueError, SyntaxError, TypeError):
            raise ValueError(f"{name}={text!r} is not of type {kind.__name__}") from None
    return dataclasses.replace(config, **changes)


def command(task: Task, argv: Sequence[str] | None = None) -> int:
    """Train a reference solution and print what each seed came to.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m reference.{task.name}", description=TASKS[task.name]
    )
    parser.add_argument("--tiny", action="store_true", help="a few small epochs: does it run?")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--save", action="store_true", help="store the baseline and the weights")
    options = parser.parse_args(argv)
    if options.tiny and options.save:
        parser.error("--save stores a baseline, which a --tiny run is not")
    start = task.config(**task.tiny) if options.tiny else task.config()
    try:
        config = with_settings(start, options.settings)
    except ValueError as error:
        parser.error(str(error))
    torch.set_num_threads(1)  # fastest for batches this small, and the same sums everywhere
    runs = []
    weights = None
    for seed in options.seeds:
        result, model = run(task, config, seed)
        weights = weights or model.state_dict()
        runs.append(result)
        print(line(result), flush=True)
    if options.save and weights is not None:
        print(f"stored {store(task.name, dataclasses.asdict(config), runs, weights)}")
    return 0


def line(result: Run) -> str:
    """One run in one line, with units."""
    return (
        f"seed {result.seed}: test error {result.test_error:.4f}, "
        f"test NLL {result.test_nll:.4f} nats, validation error {result.val_error:.4f}, "
        f"best epoch {result.best_epoch} of {result.epochs}, "
        f"{result.parameters:,} parameters, {result.seconds:.1f} s"
    )


if __name__ == "__main__":
    sys.exit("Run one of: " + ", ".join(f"python -m reference.{name}" for name in TASKS))
