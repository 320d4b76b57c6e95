"""What the reference solutions reached, stored beside them.

python -m reference.baseline
python -m reference.baseline --format json
python -m reference.baseline --refresh rubrics/digits-svhn/baselines.json
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from reference.training import Run

__all__ = ["FOLDER", "main", "read", "refresh", "store", "weights_file"]

FOLDER = Path(__file__).parent
UNITS = {"test_error": "share of wrong labels, 0 to 1", "test_nll": "nats per example"}


def weights_file(name: str) -> Path:
    """Where the weights of a task's first seed are stored: a state dict."""
    return FOLDER / "weights" / f"{name}.pt"


def read(name: str) -> dict[str, Any]:
    """The stored baseline of a task.

    Raises:
        FileNotFoundError: None is stored; the message says how to make it.
    """
    path = FOLDER / "baselines" / f"{name}.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"no baseline of {name}; make it: python -m reference.{name} --seeds 0 1 2 --save"
        )
    stored: dict[str, Any] = json.loads(path.read_text())
    return stored


def store(
    name: str, config: Mapping[str, Any], runs: Sequence[Run], weights: Mapping[str, Tensor]
) -> Path:
    """Store what a task's seeds came to and the first seed's weights.

    Returns:
        The baseline's file.
    """
    import torch

    torch.save(dict(weights), weights_file(name))
    stored = {
        "task": name,
        "title": TASKS[name],
        "source": f"reference.{name}",
        "seeds": [run.seed for run in runs],
        "metrics": {
            metric: {"unit": unit, **_spread([getattr(run, metric) for run in runs])}
            for metric, unit in UNITS.items()
        },
        "parameters": runs[0].parameters,
        "seconds": _spread([round(run.seconds, 2) for run in runs]),
        "epochs": [run.epochs for run in runs],
        "device": config["device"],
        "torch": torch.__version__.split("+")[0],
        "config": dict(config),
        "runs": [dataclasses.asdict(run) for run in runs],
    }
    path = FOLDER / "baselines" / f"{name}.json"
    path.write_text(json.dumps(stored, indent=2) + "\n")
    return path


def _spread(values: list[float]) -> dict[str, Any]:
    """Mean and sample standard deviation."""
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"mean": statistics.mean(values), "spread": spread, "values": values}


def refresh(path: Path) -> None:
    """Bring a rubric's `baselines.json` up to date.

    Each entry's `source`, such as `reference.digits_mlp test_error`, names task and metric.
    """
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text())
    for entry in entries.values():
        module, metric = entry["source"].split()
        stored = read(module.removeprefix("reference."))
        values = stored["metrics"][metric]
        entry.update(mean=values["mean"], spread=values["spread"], seeds=len(stored["seeds"]))
    path.write_text(json.dumps(entries, indent=2) + "\n")


def table(baselines: Sequence[Mapping[str, Any]]) -> str:
    """All baselines as text: mean ± standard deviation over the seeds."""
    head = ("task", "test error", "test NLL (nats)", "parameters", "seconds", "seeds", "device")
    rows = [head]
    for stored in baselines:
        error, loss = (stored["metrics"][metric] for metric in UNITS)
        rows.append(
            (
                stored["task"],
                f"{error['mean']:.4f} ± {error['spread']:.4f}",
                f"{loss['mean']:.4f} ± {loss['spread']:.4f}",
                f"{stored['parameters']:,}",
                f"{stored['seconds']['mean']:.1f}",
                str(len(stored["seeds"])),
                stored["device"],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(text.rstrip() for text in lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Print all baselines, or refresh a rubric's.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m reference.baseline", description=__doc__)
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--refresh", type=Path, metavar="FILE", help="a rubric's baselines.json")
    options = parser.parse_args(argv)
    if options.refresh:
        refresh(options.refresh)
        return 0
    baselines = [read(name) for name in TASKS]
    print(json.dumps(baselines, indent=2) if options.format == "json" else table(baselines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
