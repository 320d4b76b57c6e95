'''Checks: evidence → check result, one family per file.

To add a check, write one file and import it below:

1. A frozen `Params` record (base class `Record`) with a docstring under each field. Bad values
   raise `ValueError` in a validator, so that a rubric author reads the reason with file and line.
2. `needs(params, rubric)`: the probe requests that it looks at (see `requests.py`). Deterministic:
   collect asks before the box runs, the check asks again when it judges. Ask for `inspect_source()`
   too, so that a blank template or another framework is told as such.
3. The judge, registered under `family.predicate`:

       @check("params.at_most", AtMost, needs=_needs)
       def at_most(params: AtMost, seen: Seen) -> CheckResult:
           """Your model stays within the number of parameters allowed."""

   The first line of the docstring is what a student reads.

A judge is pure: no clock, no randomness, no files, no torch. `seen.measured(request, Payload)`
gives evidence and payload, or ends the judge with the right result: the student's fault fails or
blocks, ours is an `error`. `seen.labels(dataset)` likewise. Write comparisons so that NaN never
passes. Anything that the judge raises is our fault: an `error`, never a zero.

`tests/unit/checks/test_conformance.py` holds every registered check to this.
'''

from __future__ import annotations

from grader.checks import (
    accuracy,
    api,
    architecture,
    autoencoder,
    backprop,
    claim,
    confusion,
    curve,
    curves,
    document,
    epochs,
    figure,
    files,
    filters,
    function,
    gallery,
    histogram,
    loss,
    manual,
    maps,
    module,
    notebook,
    optimizer,
    params,
    preprocessing,
    pretrained,
    saved,
    seed,
    settings,
    speed,
    split,
    table,
    training,
    transfer,
    weights,
)
from grader.checks.base import CHECKS, Check, GroundTruth, Seen, check

__all__ = [
    "CHECKS",
    "Check",
    "GroundTruth",
    "Seen",
    "accuracy",
    "api",
    "architecture",
    "autoencoder",
    "backprop",
    "check",
    "claim",
    "confusion",
    "curve",
    "curves",
    "document",
    "epochs",
    "figure",
    "files",
    "filters",
    "function",
    "gallery",
    "histogram",
    "loss",
    "manual",
    "maps",
    "module",
    "notebook",
    "optimizer",
    "params",
    "preprocessing",
    "pretrained",
    "saved",
    "seed",
    "settings",
    "speed",
    "split",
    "table",
    "training",
    "transfer",
    "weights",
]
