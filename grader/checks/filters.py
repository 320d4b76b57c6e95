"""Family `filters`: pictures of a net's filters, and of their responses."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from grader.checks.base import Seen, check
from grader.checks.drawn import pictures, place_of_figure, regex_problem
from grader.checks.faults import waiting
from grader.checks.phrases import count, listed, share
from grader.checks.requests import execute, inspect_source
from grader.checks.runs import not_reached
from grader.model.base import Points, Record
from grader.model.measurements import Execution
from grader.model.scorecard import CheckResult

if TYPE_CHECKING:
    from grader.model.evidence import Place, ProbeRequest
    from grader.model.measurements import FigureSeen, ImageSeen
    from grader.model.rubric import Rubric

__all__ = ["FiltersShown"]

GRID_SIDE = 128
"""Of the largest picture that may be filters, or a grid of them: photographs are larger."""
ONE_FILTER = 11
"""Of the largest filter that nets have."""
SQUARES = frozenset({28, 32, 64, 96, 128})
"""Sides of datasets' pictures."""
RESPONSE_SIDE = 64
"""Of the smallest picture that is a response of a first layer wherever it is drawn."""
COLOURS = 3


class FiltersShown(Record):
    """Parameters of `filters.shown`."""

    at_least: int = Field(default=3, ge=1)
    """Pictures that are filters: slices of a net's weights."""
    layer: str = ""
    """Regular expression over the parameter's name; empty: any."""
    not_layer: str = ""
    """Regular expression over names of parameters that are surely of another layer or net; those
    that neither expression matches are shown to a person. Empty: none is."""
    layers: int = Field(default=1, ge=1)
    """Parameters of which filters are shown, at least; each earns its share."""
    responses: int = Field(default=0, ge=0)
    """Pictures of what filters make of an image, for half of the points: larger than filters, in
    one colour or beside the filters. 0: not asked for."""
    unrecognised_fraction: Points = Fraction(0)
    """Share when there are enough pictures of which too few are recognised; 0: a person looks."""

    @model_validator(mode="after")
    def _patterns_compile(self) -> FiltersShown:
        if problem := regex_problem((self.layer, self.not_layer)):
            raise ValueError(problem)
        return self


class _Pictures:
    """What a run drew that may be filters or responses."""

    def __init__(self, params: FiltersShown, run: Execution) -> None:
        self.found: dict[tuple[str, tuple[int, ...]], Place] = {}
        """Filters: parameter and position → where."""
        self.doubtful: dict[tuple[str, tuple[int, ...]], Place] = {}
        """Likewise filters that may be of the layer."""
        self.unclear = 0
        """Pictures that may be filters, and those that are."""
        self.responses = 0
        self.recognised: set[tuple[int, ...]] = set()
        self.unknown = Counter[tuple[int, ...]]()
        for figure, _, picture in pictures(run):
            self._sort(params, picture, place_of_figure(run, figure))
        for figure, _, picture in pictures(run):
            self.responses += self._responds(figure, picture, run)

    def _sort(self, params: FiltersShown, picture: ImageSeen, place: Place) -> None:
        small = max(picture.shape[:2], default=0) <= GRID_SIDE
        if picture.is_of == "unknown":
            self.unknown[picture.shape[:2]] += 1
            self.unclear += params.at_least if _may_be_a_grid(picture) else small
        elif picture.is_of == "parameter":
            key = (picture.name, picture.index)
            if re.search(params.layer, picture.name):
                self.found.setdefault(key, place)
                self.recognised.add(picture.shape[:2])
                self.unclear += 1
            elif not (params.not_layer and re.search(params.not_layer, picture.name)):
                self.doubtful.setdefault(key, place)
                self.unclear += 1

    def _responds(self, figure: FigureSeen, picture: ImageSeen, run: Execution) -> bool:
        if picture.is_of != "unknown":
            return False
        sides, channels = picture.shape[:2], (*picture.shape, 1, 1, 1)[2]
        if channels < COLOURS and min(sides, default=0) >= RESPONSE_SIDE:
            return True
        beside = figure.cell is not None and place_of_figure(run, figure) in self.found.values()
        largest = max((max(shape, default=0) for shape in self.recognised), default=0)
        return beside and min(sides, default=0) > largest


def _may_be_a_grid(picture: ImageSeen) -> bool:
    """Whether a picture may hold many filters, as `make_grid` puts them together."""
    high, wide = (*picture.shape, 0, 0)[:2]
    grid = ONE_FILTER < max(high, wide) <= GRID_SIDE
    return grid and (high != wide or high not in SQUARES)


def _needs(_params: FiltersShown, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    return (execute(rubric), inspect_source())


@check("filters.shown", FiltersShown, needs=_needs)
def filters_shown(params: FiltersShown, seen: Seen) -> CheckResult:
    """Your figures show the filters of your net."""
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    drawn = _Pictures(params, run)
    found = drawn.found
    names = list(dict.fromkeys(name for name, _ in found))
    of = f" of {count(params.layers, 'layer')}" if params.layers > 1 else ""
    answers = f", and {count(params.responses, 'response')}" if params.responses else ""
    more: dict[str, Any] = {
        "expected": f"At least {count(params.at_least, 'filter')}{of}{answers}, drawn.",
        "measured": float(len(found)),
        "threshold": float(params.at_least),
        "unit": "filters",
        "places": tuple(dict.fromkeys(found.values()))[:20],
    }
    answered = drawn.responses >= params.responses
    enough = len(found) >= params.at_least
    responses = f" and {count(drawn.responses, 'response')}" if params.responses else ""
    if enough and len(names) >= params.layers and answered:
        told = f"{count(len(found), 'filter')} of {listed(names, most=4)}{responses}"
        return CheckResult.banded(Fraction(1), f"Your run shows {told}.", **more)
    if stopped := not_reached(evidence, run, "the figure of the filters", seen.source()):
        return stopped
    if not enough and drawn.unclear >= params.at_least:
        return _unrecognised(params, drawn, more)
    seen_layers = f" of {count(len(names), 'layer')}" if params.layers > 1 else ""
    asked = f"at least {count(params.at_least, 'filter')}{of}{answers}"
    told = f"Your run shows {count(len(found), 'filter')}{seen_layers}{responses}; {asked} "
    told += "were asked for."
    alike = sum(drawn.unknown[shape] for shape in drawn.recognised)
    lacking = params.layers - len(names)
    if lacking > 0 and alike * params.layers >= lacking * params.at_least:
        others = f"{count(alike, 'other picture')} of the size of a filter"
        return waiting(f"{told} It draws {others} too: a person will look.", **more)
    fraction = min(Fraction(len(names), params.layers), Fraction(1)) if enough else Fraction(0)
    if params.responses:
        fraction = (fraction + answered) / 2
    if fraction:
        told += f" This earns {share(fraction)}."
    hint = "Draw slices of a convolution's weight with imshow, one picture a filter."
    return CheckResult.banded(fraction, told, hint=hint, **more)


def _unrecognised(params: FiltersShown, drawn: _Pictures, more: dict[str, Any]) -> CheckResult:
    """Enough pictures, of which too few are surely the filters."""
    told = f"{count(drawn.unclear, 'picture')} drawn that may be filters, "
    told += f"{len(drawn.found)} recognised"
    if drawn.doubtful:
        told += f", and some are of {listed(sorted({name for name, _ in drawn.doubtful}), most=4)}"
    if not params.unrecognised_fraction:
        return waiting(f"Your run has {told}. A person will look.", **more)
    earns = share(params.unrecognised_fraction)
    return CheckResult.banded(
        params.unrecognised_fraction, f"Your run has {told}. This earns {earns}.", **more
    )
