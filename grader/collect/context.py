"""What evidence depends on beyond the submission and the request."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.collect.inputs import Inputs
    from grader.collect.serving import Serving
    from grader.model.rubric import Budget

__all__ = ["evidence_context"]

INSIDE = Path(__file__).parents[1] / "inside"
PACKAGES = ("torch", "numpy", "ipython", "matplotlib")


def evidence_context(
    sandbox: str, budget: Budget, datasets: tuple[str, ...], inputs: Inputs, serving: Serving
) -> dict[str, str]:
    """Describe what would make the same measurement come out otherwise.

    Args:
        sandbox: The backend: what ran without isolation never serves an official grade.
        budget: Its limits.
        datasets: Splits whose inputs are used.
        inputs: Where they lie.
        serving: What student code finds when it runs.
    """
    code = hashlib.sha256()
    for path in sorted(INSIDE.rglob("*.py")):
        code.update(path.relative_to(INSIDE).as_posix().encode() + b"\0" + path.read_bytes())
    return {
        "inside": code.hexdigest(),
        "sandbox": sandbox,
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        **{name: _data_version(name, inputs) for name in datasets},
        **serving.context(),
        "limits": f"{budget.memory_bytes} {budget.processes} {budget.disk_bytes} "
        f"{budget.output_bytes} {budget.probe_seconds}",
    }


def _data_version(reference: str, inputs: Inputs) -> str:
    return inputs.datasets[reference.partition("/")[0]].version(inputs.root)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"
