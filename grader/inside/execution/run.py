"""One restart-and-run-all: its budget, what it printed and drew, and the record of each cell."""

from __future__ import annotations

import ast
import builtins
import os
import sys
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

from .. import shims
from .alarm import Alarm
from .axes import bounded
from .budget import Budget, OutputLimit, Stop, WallClock
from .compared import compares
from .errors import describe, hint_for, may_come_from_cut
from .figures import Figures
from .findings.losses import LossInputs
from .findings.of_figures import from_figures
from .findings.of_journal import from_journal
from .importer import SubmittedModules
from .journal.journal import Journal
from .meter import Meter
from .output import Piece, Recorder, reported
from .payload import fitting, whole
from .pictures import recognise
from .transform import LOOP, OWN_PREFIX, TICKS
from .workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..reply import Reply
    from ..session import Session

__all__ = ["CELLS", "Run"]

CELLS = 2000
FINDINGS = 200
OWN_NAMES = frozenset(
    """
    In Out _ __ ___ _i _ii _iii _ih _oh _dh _exit_code get_ipython exit quit open
    """.split()  # noqa: SIM905 - words read better than a column of strings
)


def flush() -> None:
    """Let what the code put in place of our recorder pass on what it holds."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


class Run:
    """Everything that a running cell touches.

    Args:
        session: Whose submission.
        params: The probe's: the budget and what is forbidden.
        entry: What is run.
    """

    def __init__(self, session: Session, params: dict[str, Any], entry: str) -> None:
        self.session = session
        self.entry = entry
        installed = shims.installed(session)
        self.uses = installed.uses
        self.places = installed.places
        self.workspace = Workspace(session.root, session.scratch)
        self.places.working_copy = str(self.workspace.folder)
        self.budget = Budget(int(params["optimizer_steps"]), float(params["cell_seconds"]))
        self.journal = Journal(self.budget, self.uses, installed.served)
        self.gallery_of = installed.served if params.get("gallery") else None
        self.loss_inputs = LossInputs(self.budget, self.uses)
        self.meter = Meter(self.budget, self.uses, int(params["batches_per_loader"]), self.journal)
        self.alarm = Alarm(self.budget, float(params["wall_seconds"]))
        self.recorder = Recorder(self.budget)
        self.figures = Figures(self.budget)
        self.cells: list[dict[str, Any]] = []
        self._pieces: list[Piece] = []
        self._ended_by = ""
        self._prepare(installed, params)

    def _prepare(self, installed: shims.Installed, params: dict[str, Any]) -> None:
        self.meter.install()
        self.journal.install()
        self.loss_inputs.install()
        if params.get("forbid"):
            from .forbid import forbid

            forbid(params["forbid"], self.uses, params.get("within", ()))
        installed.hooks.patch("matplotlib.figure", self.figures.patch_figure)
        installed.hooks.patch("matplotlib.pyplot", self.figures.patch_pyplot)
        setattr(builtins, LOOP, self.budget.loop)
        setattr(builtins, TICKS, self.budget.ticks)
        SubmittedModules(self.workspace).install()
        sys.stdout = sys.stderr = self.recorder
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - until the step ends
        here = self.workspace.copy_of(self.entry).parent
        os.chdir(here)
        sys.path.insert(0, str(here))
        if here != self.workspace.folder:
            sys.path.append(str(self.workspace.folder))

    @property
    def stopped(self) -> bool:
        """Whether nothing more is run."""
        return bool(self._ended_by)

    def cell(self, number: int, name: str, act: Callable[[], BaseException | None]) -> None:
        """Run one cell, or skip it when the run has ended.

        Args:
            number: Its number; 0 for a script.
            name: What it is compiled under.
            act: Runs it and returns what it raised.
        """
        record: dict[str, Any] = {"cell": number, "status": "skipped", "wall_seconds": 0.0}
        self._pieces.append(self.recorder.begin())
        self.cells.append(record)
        if self.stopped:
            return
        if self.alarm.over:
            self._ended_by = "wall_clock"
            return
        self.figures.cell = number or None
        began = monotonic()
        error = self._perform(act)
        record["wall_seconds"] = round(monotonic() - began, 3)
        record["status"] = "ok"
        if error is not None:
            self._failed(record, error, name)

    def _perform(self, act: Callable[[], BaseException | None]) -> BaseException | None:
        error: BaseException | None = None
        try:
            with self.alarm.student_code():
                try:
                    error = act()
                except BaseException as raised:
                    error = raised
                flush()
                if self.budget.stopping is None:
                    self.figures.end_cell()
        except BaseException as raised:  # the alarm, while figures were drawn
            error = error or raised
        stopping = self.budget.stopping
        if stopping is not None and not isinstance(error, Stop):
            error = stopping()  # the student's code swallowed it
        return error

    def _failed(self, record: dict[str, Any], error: BaseException, name: str) -> None:
        described = describe(error, self.session, name)
        place = described.pop("place")
        record.update(described, status="timeout" if isinstance(error, WallClock) else "error")
        ends: dict[type[BaseException], str] = {
            WallClock: "wall_clock",
            OutputLimit: "output_limit",
        }
        # A notebook goes on after an error: what later cells do without it is still worth seeing.
        goes_on = record["cell"] and record["error_kind"] != "exit"
        self._ended_by = ends.get(type(error), "" if goes_on else "error")
        hint = hint_for(error)
        if hint:
            self.session.remark(f"execute.{record['error_kind']}"[:80], hint, place)
        theirs = self._stored_error(record["cell"]) == type(error).__name__
        cut = self.budget.anything_cut and not theirs
        if cut and may_come_from_cut(error, self._assigned, self._saves):
            self.session.remark(
                "budget.cut",
                "training was ended early to keep within the time for grading, before this error;"
                " the error may come from that and says nothing against the code",
                self.session.place_of(name, record["line"] or 1),
            )

    def _stored_error(self, number: int) -> str:
        """Name of the error in which a cell ended when the student ran it, whole."""
        source = self.session.sources().source(self.entry)
        return next((c.error for c in source.cells if c.number == number), "") if source else ""

    def _reached(self) -> Iterator[ast.AST]:
        """What stands in cells that were run, and in imported modules."""
        reached = {record["cell"] for record in self.cells}
        for chunk in self.session.sources().chunks:
            entry = chunk.file == self.entry
            if chunk.tree is not None and not (entry and (chunk.cell or 0) not in reached):
                yield from ast.walk(chunk.tree)

    def _assigned(self, wanted: str) -> bool:
        """Whether a name is assigned anywhere in it."""
        return any(
            isinstance(node, ast.Name) and node.id == wanted and isinstance(node.ctx, ast.Store)
            for node in self._reached()
        )

    def _saves(self) -> bool:
        """Whether anything is saved in it."""
        calls = (node.func for node in self._reached() if isinstance(node, ast.Call))
        names = (getattr(call, "attr", getattr(call, "id", "")) for call in calls)
        return any("save" in name.lower() or name == "dump" for name in names)

    def report(self, reply: Reply) -> None:
        """Write the payload and the figures' pixels."""
        for record, text in zip(self.cells, reported(self._pieces), strict=True):
            record["output"] = text
        if self.budget.anything_cut:
            loops = sorted(self.budget.cuts)
            place = None
            if loops:
                name, line, _ = loops[0].rsplit(":", 2)
                place = self.session.place_of(name, int(line))
            self.session.remark(
                "budget.ended",
                "training was ended early, or loaders after some batches, to keep within the time"
                " for grading: what the run printed and drew shows that it learns, not how well",
                place,
            )
        figures: list[dict[str, Any]] = []
        for figure in self.figures.captured:
            if figure.pixels is not None:
                reply.array(f"figure_{len(figures)}", figure.pixels)
            figures.append(
                {
                    "cell": figure.cell,
                    "saved_as": figure.saved_as,
                    "axes": figure.axes,
                    "has_image": figure.pixels is not None,
                    "compares": self._compares(figure.cell),
                }
            )
        journal = self.journal.payload()
        for loader in journal["loaders"]:
            loader["batch_size"] = whole(loader["batch_size"])
        recognise(figures, self.journal, self.live(), self.gallery_of)
        failed = [c["cell"] for c in self.cells if c["status"] in {"error", "timeout"}]
        reply.payload = fitting(
            {
                "entry": self.entry[:300],
                "cells": self.cells[:CELLS],
                "finished": not self._ended_by,
                "ended_by": self._ended_by or "end",
                "first_error_cell": failed[0] if failed else None,
                "optimizer_steps": self.meter.optimizer_steps,
                "budget_ended_training": bool(self.budget.cuts),
                "clock_ended_training": self.budget.by_clock,
                "losses": self.meter.series(self.live()),
                "figures": bounded(figures),
                "stubbed_packages": sorted(self.uses.stubbed),
                **journal,
                "findings": self._findings(journal, figures),
            }
        )

    def _compares(self, cell: int | None) -> bool:
        """Whether a cell's pictures may be chosen by comparing."""
        chunks = self.session.sources().chunks
        try:
            return compares(chunks, self.entry, cell)
        except RecursionError:  # code of a depth that nobody writes
            return False

    def _findings(
        self, journal: dict[str, Any], figures: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Mistakes that the run showed, each once."""
        cut = self.budget.anything_cut
        found = [
            *self.loss_inputs.findings(),
            *from_journal(self.journal, journal),
            *from_figures(figures, self.entry[:400], cut),
        ]
        return list({(f["code"], str(f["place"])): f for f in found}.values())[:FINDINGS]

    def live(self) -> dict[str, Any]:
        """The student's names, after the run."""
        names = dict(vars(self.session.main))
        return {
            name: value
            for name, value in names.items()
            if type(name) is str and name not in OWN_NAMES and not name.startswith(OWN_PREFIX)
        }
