"""The probe requests that checks ask for. Equal requests from two checks are measured once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import JsonValue

from grader.errors import RubricError
from grader.model.evidence import ProbeRequest

if TYPE_CHECKING:
    from grader.model.rubric import Rubric

__all__ = [
    "Source",
    "bind_roles",
    "call_function",
    "compare_pdf",
    "describe_module",
    "execute",
    "find_claims",
    "find_mistakes",
    "find_settings",
    "inspect_source",
    "predict",
    "read_documents",
    "read_tensors",
    "scan_apis",
    "time_module",
    "train_by_hand",
]

Source = Literal["saved", "live", "any"]
"""Saved weights in the student's own class; the object alive after a budgeted run; saved, and where
no saved weights can be bound, live."""


def role_params(rubric: Rubric, name: str) -> dict[str, JsonValue]:
    """A role as a probe gets it.

    Raises:
        RubricError: The rubric has no such role.
    """
    if name not in rubric.roles:
        message = f"there is no role '{name}'"
        raise RubricError(
            message, mend=f"declare [roles.{name}], or use one of {sorted(rubric.roles)}"
        )
    return {"name": name, **rubric.roles[name].model_dump(mode="json")}


def inspect_source() -> ProbeRequest:
    """What the submission's source is, without running it. Payload: SourceFacts."""
    return ProbeRequest(probe="inspect_source")


def bind_roles(rubric: Rubric) -> ProbeRequest:
    """How every role is bound. Payload: Bindings."""
    roles: list[JsonValue] = [role_params(rubric, name) for name in sorted(rubric.roles)]
    return ProbeRequest(probe="bind_roles", params={"roles": roles})


def predict(rubric: Rubric, role: str, dataset: str, source: Source = "saved") -> ProbeRequest:
    """Class scores of a net on a dataset's inputs. Payload: Predictions; array `scores`.

    A role of kind `dataset` whose `source_data` is the dataset's family is the preprocessing.
    """
    preprocess = [
        role_params(rubric, name)
        for name, entry in sorted(rubric.roles.items())
        if entry.kind == "dataset"
    ]
    params: dict[str, JsonValue] = {
        "role": role_params(rubric, role),
        "dataset": dataset,
        "source": source,
        "preprocess": list[JsonValue](preprocess),
    }
    return ProbeRequest(probe="predict", params=params)


def describe_module(rubric: Rubric, role: str, source: Source = "saved") -> ProbeRequest:
    """Layers, shapes, parameters and saved tensors of a net. Payload: ModuleFacts."""
    params: dict[str, JsonValue] = {"role": role_params(rubric, role), "source": source}
    return ProbeRequest(probe="describe_module", params=params)


def call_function(
    rubric: Rubric, role: str, method: str, construct: JsonValue, calls: list[JsonValue]
) -> ProbeRequest:
    """Call a student's function, or a method of a freshly made object, on given inputs.

    Payload: CallResult; arrays `result_<i>`: float64.

    Args:
        rubric: Where the role is declared.
        role: Of kind `function` or `class`.
        method: Name of the method; empty for the function itself.
        construct: Arguments of the class as value specs (see `inside/values.py`).
        calls: One entry a call: `{"args": [spec, …], "kwargs": {name: spec}}`.
    """
    params: dict[str, JsonValue] = {
        "role": role_params(rubric, role),
        "method": method,
        "construct": construct,
        "calls": list[JsonValue](calls),
    }
    return ProbeRequest(probe="call_function", params=params)


def scan_apis(
    names: tuple[str, ...],
    within: tuple[str, ...] = (),
    having: tuple[str, ...] = (),
    allowed: tuple[str, ...] = (),
) -> ProbeRequest:
    """Where names are used. Payload: ApiUses.

    Args:
        names: Full names; a module's stands for all that is in it.
        within: Functions and classes to look into.
        having: Methods: classes that define all of them are looked into, too. Without both,
            everything is.
        allowed: Names below the others that are not meant.
    """
    params: dict[str, JsonValue] = {
        "names": list(names),
        "within": list(within),
        "having": list(having),
        "allowed": list(allowed),
    }
    return ProbeRequest(probe="scan_apis", params=params)


def read_tensors(files: tuple[str, ...]) -> ProbeRequest:
    """What files hold that these globs name, the likeliest first. Payload: SavedFiles."""
    return ProbeRequest(probe="read_tensors", params={"files": list(files)})


def find_claims(name: str, patterns: tuple[str, ...], files: tuple[str, ...]) -> ProbeRequest:
    """A number stated in stored outputs, markdown or text files. Payload: Claims.

    Args:
        name: What the number is.
        patterns: Regular expressions with one group `value`.
        files: Globs of text files; stored outputs of notebooks are always read.
    """
    params: dict[str, JsonValue] = {
        "name": name,
        "patterns": list(patterns),
        "files": list(files),
    }
    return ProbeRequest(probe="find_claims", params=params)


def read_documents() -> ProbeRequest:
    """Stored outputs, tables and reports, read and never run. Payload: Documents."""
    return ProbeRequest(probe="read_documents")


def compare_pdf(pattern: str) -> ProbeRequest:
    """Whether the PDF is an export of the notebook. Payload: PdfMatch.

    Args:
        pattern: Glob of the PDF.
    """
    return ProbeRequest(probe="compare_pdf", params={"pattern": pattern})


def find_mistakes() -> ProbeRequest:
    """What the source shows without running it. Payload: Findings. Asked of every submission."""
    return ProbeRequest(probe="find_mistakes")


def find_settings(names: tuple[str, ...]) -> ProbeRequest:
    """The values that the code gives to names. Payload: SettingsWritten.

    Args:
        names: Regular expressions, each for a whole name in either case.
    """
    return ProbeRequest(probe="find_settings", params={"names": list(names)})


def train_by_hand(rubric: Rubric, role: str, setup: dict[str, JsonValue]) -> ProbeRequest:
    """One update of a net that computes its own gradients. Payload: Steps; arrays as it says.

    Args:
        rubric: Where the role, of kind `class`, is declared.
        role: The class.
        setup: `construct` (argument specs as for `call_function`), `set` (attribute → spec),
            `x`, `labels` (integers) and `classes` (K, for one-hot labels).
    """
    params: dict[str, JsonValue] = {"role": role_params(rubric, role), **setup}
    return ProbeRequest(probe="train_by_hand", params=params)


def time_module(
    rubric: Rubric,
    role: str,
    *,
    passes: int,
    least: int,
    seconds: float,
    batch: int,
    training: bool,
    given: str = "",
) -> ProbeRequest:
    """Make so many passes, timed by the host. Payload: Timing.

    Args:
        rubric: Where the role is declared.
        role: The net; its `input_shape` gives the inputs.
        passes: Forward passes, or training steps: at most.
        least: How many are made however long they take.
        seconds: After which no further one is begun.
        batch: Examples in each.
        training: Whether to go backward and step.
        given: Source of the net to compare with, a function `build()`; empty for the student's.
    """
    params: dict[str, JsonValue] = {
        "role": role_params(rubric, role),
        "passes": passes,
        "least": least,
        "seconds": seconds,
        "batch": batch,
        "training": training,
        "given": given,
    }
    return ProbeRequest(probe="time_module", params=params)


def execute(
    rubric: Rubric, forbid: tuple[str, ...] = (), run: int = 1, within: tuple[str, ...] = ()
) -> ProbeRequest:
    """Restart-and-run-all under the rubric's budget. Payload: Execution; arrays `figure_<i>`.

    Args:
        rubric: Holds the budget.
        forbid: Names that raise when they are called.
        run: 2 for the same once more, to see whether its numbers are the same.
        within: Functions and classes in which they raise, with what these call; empty: anywhere.
    """
    budget = rubric.budget
    params: dict[str, JsonValue] = {
        "wall_seconds": budget.wall_seconds,
        "cell_seconds": budget.cell_seconds,
        "optimizer_steps": budget.optimizer_steps,
        "batches_per_loader": budget.batches_per_loader,
        "forbid": list(forbid),
    }
    if run > 1:
        params["run"] = run
    if within:
        params["within"] = list(within)
    if any(one.check.startswith("gallery.") for one in rubric.criteria().values()):
        params["gallery"] = True  # drawn pictures are looked for in all the data: it takes seconds
    return ProbeRequest(probe="execute", params=params)
