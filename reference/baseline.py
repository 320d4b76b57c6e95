"""What the reference solutions reached, stored beside them.

python -m reference.baseline
python -m reference.baseline --format json
python -m reference.baseline --refresh rubrics/digits-svhn/baselines.json
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from reference.records import Run, Task

__all__ = ["FOLDER", "main", "read", "refresh", "store", "weights_file", "write"]

FOLDER = Path(__file__).parent
UNITS = {"test_error": "share of wrong labels, 0 to 1", "test_nll": "nats per example"}
SHARE_RIGHT = "share of right labels, 0 to 1"
MAX_WEIGHTS_BYTES = 1_000_000  # larger ones are not kept in the repository


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
    task: Task, config: Any, result: Run, weights: Mapping[str, Tensor], *, add: bool = False
) -> Path:
    """Store what a seed came to, and the weights of the first one.

    Args:
        task: What was trained.
        config: Its settings.
        result: The seed's run.
        weights: State dict; kept where its file is below `MAX_WEIGHTS_BYTES`.
        add: Keep the runs of other seeds that were stored with the same settings.

    Returns:
        The baseline's file.

    Raises:
        ValueError: The stored runs have other settings.
    """
    settings = json.loads(json.dumps(dataclasses.asdict(config)))  # tuples as they are read again
    runs = [entry for entry in _stored_runs(task.name, settings) if entry["seed"] != result.seed]
    runs = (runs if add else []) + [dataclasses.asdict(result)]
    if runs[0]["seed"] == result.seed:
        _store_weights(task.name, weights, half=settings["half_weights"])
    return write(
        task.name,
        metrics=_metrics(task, runs),
        config=settings,
        runs=runs,
        parameters=result.parameters,
    )


def write(
    name: str,
    *,
    metrics: Mapping[str, Mapping[str, Any]],
    config: Mapping[str, Any],
    runs: Sequence[Mapping[str, Any]],
    parameters: int,
) -> Path:
    """Write a baseline.

    Args:
        name: The task's.
        metrics: Name → unit and the values of all seeds; mean and spread are added.
        config: Settings, with the device.
        runs: One entry for each seed, with `seed` and `seconds`.
        parameters: Of the net.
    """
    import torch

    stored = {
        "task": name,
        "title": TASKS[name],
        "source": f"reference.{name}",
        "seeds": [entry["seed"] for entry in runs],
        "metrics": {
            metric: {"unit": entry["unit"], **_spread(list(entry["values"]))}
            for metric, entry in metrics.items()
        },
        "parameters": parameters,
        "seconds": _spread([round(entry["seconds"], 2) for entry in runs]),
        "epochs": [entry.get("epochs", 0) for entry in runs],
        "device": config["device"],
        "torch": torch.__version__.split("+")[0],
        "config": dict(config),
        "runs": list(runs),
    }
    path = FOLDER / "baselines" / f"{name}.json"
    path.write_text(_on_one_line(json.dumps(stored, indent=2)) + "\n")
    return path


def _stored_runs(name: str, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The stored runs with these settings."""
    path = FOLDER / "baselines" / f"{name}.json"
    if not path.is_file():
        return []
    stored = read(name)
    return list(stored["runs"]) if stored["config"] == settings else []


def _store_weights(name: str, weights: Mapping[str, Tensor], *, half: bool) -> None:
    """Keep the weights if their file is small; else leave none that belong to another run."""
    import torch

    path = weights_file(name)
    kept = {
        key: value.half() if half and value.is_floating_point() else value.contiguous()
        for key, value in weights.items()
    }
    torch.save(kept, path)
    if path.stat().st_size > MAX_WEIGHTS_BYTES:
        path.unlink()


def _metrics(task: Task, runs: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every figure of the runs, by name, with its unit."""
    found = {
        metric: {"unit": unit, "values": [entry[metric] for entry in runs]}
        for metric, unit in UNITS.items()
    }
    for name in runs[0]["figures"]:
        values = [entry["figures"][name] for entry in runs]
        found[name] = {"unit": task.units.get(name, SHARE_RIGHT), "values": values}
    return found


def _on_one_line(text: str) -> str:
    """Lists of numbers on one line: a history of a hundred epochs stays readable."""
    return re.sub(r"\[[\s\d.,eE+-]*\]", lambda found: " ".join(found[0].split()), text)


def _spread(values: list[float]) -> dict[str, Any]:
    """Mean and sample standard deviation."""
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return {"mean": statistics.mean(values), "spread": spread, "values": values}


def refresh(path: Path) -> None:
    """Bring a rubric's `baselines.json` up to date.

    Each entry's `source`, such as `reference.digits_mlp test_error`, names task and metric;
    `test_accuracy` is what its error leaves, `parameters` a count.
    """
    entries: dict[str, dict[str, Any]] = json.loads(path.read_text())
    for entry in entries.values():
        module, metric = entry["source"].split()
        stored = read(module.removeprefix("reference."))
        entry.update(_mean_and_spread(stored, metric), seeds=len(stored["seeds"]))
    path.write_text(json.dumps(entries, indent=2) + "\n")


def _mean_and_spread(stored: Mapping[str, Any], metric: str) -> dict[str, float]:
    """A stored figure, or one that follows from it."""
    if metric == "parameters":
        return {"mean": stored["parameters"], "spread": 0.0}
    if metric == "test_accuracy":
        error = stored["metrics"]["test_error"]
        return {"mean": 1 - error["mean"], "spread": error["spread"]}
    values = stored["metrics"][metric]
    return {"mean": values["mean"], "spread": values["spread"]}


def table(baselines: Sequence[Mapping[str, Any]]) -> str:
    """All baselines as text: mean ± standard deviation over the seeds."""
    head = ("task", "metric", "mean ± spread", "parameters", "seconds", "seeds", "device")
    rows = [head]
    for stored in baselines:
        about = (
            f"{stored['parameters']:,}",
            f"{stored['seconds']['mean']:.1f}",
            str(len(stored["seeds"])),
            stored["device"],
        )
        name = stored["task"]
        for metric, values in stored["metrics"].items():
            rows.append((name, metric, f"{values['mean']:.4f} ± {values['spread']:.4f}", *about))
            name, about = "", ("", "", "", "")
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
    baselines = [read(name) for name in TASKS if (FOLDER / "baselines" / f"{name}.json").is_file()]
    print(json.dumps(baselines, indent=2) if options.format == "json" else table(baselines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
