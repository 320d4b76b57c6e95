"""Pieces of evidence that tests of several checks are made of."""

from __future__ import annotations

from typing import Any

from grader.checks.requests import (
    execute,
    find_claims,
    read_documents,
)
from grader.model.documents import Documents, Table
from grader.model.evidence import Evidence, Place
from grader.model.journal import LoaderSeen
from grader.model.measurements import (
    Axes,
    CellRun,
    Claim,
    Claims,
    Execution,
    FigureSeen,
    ImageSeen,
    LineSeen,
)
from tests.made_up import (
    a_rubric,
    measured,
)

PLACE = Place(file="hw.ipynb", cell=3)


def a_run(**changes: Any) -> Execution:
    given: dict[str, Any] = {
        "entry": "hw.ipynb",
        "cells": (),
        "finished": True,
        "ended_by": "end",
        "optimizer_steps": 5,
        "budget_ended_training": False,
        "losses": (),
        "figures": (),
        "stubbed_packages": (),
    }
    return Execution(**{**given, **changes})


STOPPED = CellRun(cell=2, status="error", wall_seconds=1, error="no", error_kind="KeyError")


def run(**changes: Any) -> Evidence:
    return measured(execute(a_rubric()), a_run(**changes))


def claims(
    pattern: str, *values: Any, name: str = "curve", files: tuple[str, ...] = ()
) -> Evidence:
    found = tuple(Claim(name=name, value=value, place=PLACE) for value in values)
    return measured(find_claims(name, (pattern,), files), Claims(claims=found))


def drawn(*values: Any, label: str = "train", title: str = "loss") -> FigureSeen:
    line = LineSeen(label=label, x=tuple(float(i) for i in range(len(values))), y=values)
    axes = Axes(title=title, x_label="epoch", y_label="", legend=(label,), lines=(line,))
    return FigureSeen(cell=4, axes=(axes,))


def table(columns: tuple[str, ...], *rows: tuple[Any, ...]) -> Table:
    return Table(place=PLACE, columns=columns, rows=rows)


def documents(*tables: Table) -> Evidence:
    return measured(read_documents(), Documents(tables=tables))


def picture(**changes: Any) -> ImageSeen:
    return ImageSeen(**{"shape": (5, 5), "name": "", **changes})


def pictured(*images: ImageSeen) -> FigureSeen:
    axes = Axes(
        title="", x_label="", y_label="", legend=(), lines=(), images=len(images), pictures=images
    )
    return FigureSeen(cell=4, axes=(axes,))


def loader(index: int, use: str, length: int, source: str = "", **changes: Any) -> LoaderSeen:
    given: dict[str, Any] = {"index": index, "place": PLACE, "use": use, "length": length}
    return LoaderSeen(**{**given, "source": source, **changes})
