"""The end of a run on the terminal: table, report, exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from grader.checks.phrases import count
from grader.cli.results import below, needs_staff, publish, say_where, summarise_for_github
from grader.report import Audience
from grader.report.terminal import class_table

if TYPE_CHECKING:
    from fractions import Fraction

    from grader.pipeline import Lacking, Options, Run

__all__ = ["conclude", "console", "say_lacking"]


def console() -> Console:
    """Standard output: styled on a terminal, plain and wide when piped."""
    terminal = Console(highlight=False)
    if not terminal.is_terminal:
        terminal = Console(highlight=False, width=160, no_color=True)
    return terminal


def conclude(
    terminal: Console, run: Run, options: Options, fail_under: tuple[Fraction, bool] | None
) -> int:
    """Print the class table, write the reports, and give the exit status."""
    cards = run.scorecards
    paths = publish(options.out, cards, run.unreadable, Audience.STUDENT_NOW)
    terminal.print(class_table(cards, run.unreadable))
    reused = sum(g.reused for g in run.graded)
    boxes = count(run.boxes, "box", "boxes")
    terminal.print(
        f"{len(cards)} graded in {run.wall_seconds:.1f} s: {boxes} opened, "
        f"{reused} unchanged and not run again" + (" (--fresh runs them)." if reused else ".")
    )
    for lack in run.lacking:
        say_lacking(terminal, lack)
    for note in run.notes:
        terminal.print(f"Passed over: {note}", markup=False)
    staff = needs_staff(cards, run.unreadable)
    if staff:
        terminal.print(
            f"[bold]For the staff[/bold], not a zero: {escape(', '.join(staff))}; see the report."
        )
    failing = below(cards, fail_under)
    if failing:
        names = ", ".join(card.submission for card in failing)
        terminal.print(f"[bold]Below --fail-under:[/bold] {escape(names)}")
    say_where(terminal, paths)
    summarise_for_github(cards, run.unreadable)
    return 1 if staff or failing else 0


def say_lacking(terminal: Console, lack: Lacking) -> None:
    """One message an assignment: what is not here, what that touches, how to get it."""
    whose = count(len(lack.submissions), "submission")
    outcome = "graded as far as it goes, the rest stays open"
    if lack.skipped or lack.reduced:
        outcome = "not taken up" if lack.skipped else "the tasks that need it were left out"
    if lack.reading:
        what = "taken up" if lack.read_skipped else "run"
        outcome += f"; {len(lack.reading)} not {what}, because the code reads it"
    terminal.print(
        f"[bold]No data for {escape(lack.assignment)}[/bold] ({whose}, {outcome}):",
        soft_wrap=True,
    )
    if lack.fetch:
        words = " ".join(lack.fetch)
        text = f"  grade data fetch {words}, or name the folder that holds them with --data"
        terminal.print(text, soft_wrap=True, markup=False)
    for name, why in lack.datasets.items():
        if name not in lack.fetch:
            terminal.print(f"  {why}", soft_wrap=True, markup=False)
