"""The command line of every reference solution.

python -m reference.digits_cnn --tiny
python -m reference.digits_cnn --set lr=0.002 --seeds 0 1 2 --save
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from reference.baseline import read, store, weights_file
from reference.data import DataMissingError
from reference.records import Run
from reference.tasks import TASKS
from reference.training import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from reference.records import Task

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
    parser = _parser(task.name)
    options = parser.parse_args(argv)
    if options.tiny and options.save:
        parser.error("--save stores a baseline, which a --tiny run is not")
    if options.data is not None:
        os.environ["GRADE_DATA"] = str(options.data)
    start = task.config(**task.tiny) if options.tiny else task.config()
    try:
        config = with_settings(start, options.settings)
    except ValueError as error:
        parser.error(str(error))
    torch.set_num_threads(options.threads)
    if options.stored and (options.figures is None or task.draw is None):
        parser.error("--stored draws figures: it needs --figures, and a task that has some")
    try:
        if options.stored:
            _draw(task, *_stored(task), options.figures)
        else:
            _train(task, config, options)
    except DataMissingError as error:
        print(f"{task.name}: {error}", file=sys.stderr)
        return 2
    return 0


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m reference.{name}", description=TASKS[name])
    parser.add_argument("--tiny", action="store_true", help="a few small epochs: does it run?")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--save", action="store_true", help="store the baseline and the weights")
    parser.add_argument(
        "--add", action="store_true", help="with --save: keep the stored seeds of the same settings"
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="datasets (GRADE_DATA)")
    parser.add_argument("--figures", type=Path, metavar="FOLDER", help="draw the task's figures")
    parser.add_argument(
        "--stored", action="store_true", help="draw from the stored weights, training nothing"
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each epoch")
    parser.add_argument(
        "--threads",
        type=int,
        default=1,  # fastest for small batches, and the same sums everywhere
        help="cores that torch uses",
    )
    return parser


def _train(task: Task, config: Any, options: argparse.Namespace) -> None:
    """Train each seed; store after each, so that nothing finished is lost."""
    add = options.add
    for seed in options.seeds:
        if task.experiment is not None:
            result, model = task.experiment(task, config, seed)
        else:
            result, model = run(task, config, seed, quiet=options.quiet)
        print(line(result), flush=True)
        for row in result.table:
            print("  " + ", ".join(f"{key} {_short(value)}" for key, value in row.items()))
        if options.save:
            print(f"stored {store(task, config, result, model.state_dict(), add=add)}", flush=True)
            add = True
        if options.figures is not None and task.draw is not None and seed == options.seeds[0]:
            _draw(task, result, config, model, options.figures)


def _draw(task: Task, result: Run, config: Any, model: nn.Module, folder: Path) -> None:
    """Draw a task's figures."""
    assert task.draw is not None
    folder.mkdir(parents=True, exist_ok=True)
    for file in task.draw(result, config, model, folder):
        print(f"drew {file}")


def _stored(task: Task) -> tuple[Run, Any, nn.Module]:
    """The stored baseline's first run, its settings, and the net with its weights."""
    baseline = read(task.name)
    config = task.config(**baseline["config"])
    model = task.build(config)
    model.load_state_dict(torch.load(weights_file(task.name), weights_only=True))
    return Run(**baseline["runs"][0]), config, model


def line(result: Run) -> str:
    """One run in one line, with units."""
    further = "".join(f", {name} {value:.4f}" for name, value in result.figures.items())
    return (
        f"seed {result.seed}: test error {result.test_error:.4f}, "
        f"test NLL {result.test_nll:.4f} nats, validation error {result.val_error:.4f}, "
        f"best epoch {result.best_epoch} of {result.epochs}, "
        f"{result.parameters:,} parameters, {result.seconds:.1f} s{further}"
    )


def _short(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit("Run one of: " + ", ".join(f"python -m reference.{name}" for name in TASKS))
