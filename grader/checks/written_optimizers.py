"""Optimizers and schedules as the text of a submission makes them, read from lines of code."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.checks.requests import scan_apis
from grader.model.base import Number
from grader.model.measurements import ApiUses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.checks.base import Seen
    from grader.model.evidence import Place, ProbeRequest

__all__ = ["GROUPS", "STEPPED", "UNKNOWN", "WRITTEN", "Found", "scan", "set_by_hand", "written"]

Setting = float | bool | str

OPTIMIZERS = tuple(
    """
    SGD Adam AdamW Adamax NAdam RAdam Adagrad Adadelta RMSprop Rprop ASGD LBFGS SparseAdam
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
SCHEDULES = "torch.optim.lr_scheduler"

DEFAULTS: dict[str, dict[str, Setting]] = {
    "SGD": {"lr": 1e-3, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False},
    "Adam": {"lr": 1e-3, "weight_decay": 0.0},
    "AdamW": {"lr": 1e-3, "weight_decay": 1e-2},
    "Adamax": {"lr": 2e-3, "weight_decay": 0.0},
    "RMSprop": {"lr": 1e-2, "weight_decay": 0.0, "momentum": 0.0},
    "Adagrad": {"lr": 1e-2, "weight_decay": 0.0},
}
"""What torch takes where the call does not say. Source: the documentation of torch.optim 2.4."""

ADAM = "params lr betas eps weight_decay"
ORDER = {
    name: tuple(order.split())
    for name, order in {
        "SGD": "params lr momentum dampening weight_decay nesterov",
        "Adam": f"{ADAM} amsgrad",
        "AdamW": f"{ADAM} amsgrad",
        "Adamax": ADAM,
        "NAdam": f"{ADAM} momentum_decay",
        "RAdam": ADAM,
        "Adagrad": "params lr lr_decay weight_decay initial_accumulator_value eps",
        "Adadelta": "params lr rho eps weight_decay",
        "RMSprop": "params lr alpha eps weight_decay momentum centered",
        "Rprop": "params lr etas step_sizes",
        "ASGD": "params lr lambd alpha t0 weight_decay",
        "StepLR": "params step_size gamma",
        "MultiStepLR": "params milestones gamma",
        "ExponentialLR": "params gamma",
        "ReduceLROnPlateau": "params mode factor patience threshold threshold_mode cooldown min_lr",
        "CosineAnnealingLR": "params T_max eta_min",
        "OneCycleLR": "params max_lr total_steps",
        "LambdaLR": "params lr_lambda",
    }.items()
}
"""Names of what is given by position. Source: the documentation of torch.optim 2.4."""

GROUPS = "torch.optim.Optimizer.param_groups"
BY_HAND = re.compile(
    r"^\s*for\b.+\bin\b.*\bparam_groups\b|\bparam_groups\b[^=!<>]*\]\s*[-+*/]*=(?!=)"
)
"""A line that goes over an optimizer's groups, or sets a value in one."""

UNKNOWN = "?"
"""A setting that the text does not give as a number."""


@dataclass(frozen=True)
class Found:
    """One optimizer, as it stepped or as the text makes it."""

    type: str
    settings: Mapping[str, Number | bool | str]
    schedule: str
    schedule_settings: Mapping[str, Number | bool | str]
    place: Place | None
    how: str


STEPPED, WRITTEN = "as it stepped in the run", "as your code makes it"


def set_by_hand(seen: Seen) -> bool:
    """Whether the text sets something in an optimizer's groups, as a schedule by hand does."""
    _, uses = seen.measured(scan(), ApiUses)
    return any(one.name == GROUPS and BY_HAND.search(one.text) for one in uses.uses)


def scan() -> ProbeRequest:
    """Lines that make optimizers and schedules, or go over an optimizer's groups."""
    return scan_apis((*(f"torch.optim.{name}" for name in OPTIMIZERS), SCHEDULES, GROUPS))


def written(seen: Seen) -> list[Found]:
    """Optimizers as the text makes them, with the one schedule that it makes."""
    _, uses = seen.measured(scan(), ApiUses)
    made: list[Found] = []
    schedule, schedule_settings = "", dict[str, Number | bool | str]()
    for use in uses.uses:
        if re.match(r"\s*(?:from|import)\b", use.text):
            continue
        if use.name == GROUPS:
            continue
        if use.name == SCHEDULES:
            for kind, settings in _calls(use.text, None, use.constants):
                schedule, schedule_settings = kind, settings
            continue
        kind = use.name.rpartition(".")[2]
        for _, settings in _calls(use.text, kind, use.constants):
            whole = {**DEFAULTS.get(kind, {}), **settings}
            made.append(Found(kind, whole, "", {}, use.place, WRITTEN))
    return [replace(one, schedule=schedule, schedule_settings=schedule_settings) for one in made]


def _calls(
    text: str, kind: str | None, constants: Mapping[str, float]
) -> list[tuple[str, dict[str, Number | bool | str]]]:
    """Calls in a line of code: the class and its settings; what is no constant is unknown."""
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [] if kind is None else [(kind, {"lr": UNKNOWN})]
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        if not name or (name != kind if kind else not name[0].isupper()):
            continue
        named = {word.arg: _literal(word.value, constants) for word in node.keywords if word.arg}
        order = ORDER.get(name, ("params", "lr"))
        given = zip(order, node.args, strict=False)
        placed = {key: _literal(value, constants) for key, value in given}
        placed.pop("params", None)
        found.append((str(name), {**placed, **named}))
    return found


def _literal(node: ast.expr, constants: Mapping[str, float]) -> Number | bool | str:
    try:
        value = constants.get(ast.unparse(node)[:80])
        value = ast.literal_eval(node) if value is None else value
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return UNKNOWN
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return UNKNOWN
