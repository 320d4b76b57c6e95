"""Probe `execute`: restart-and-run-all of the entry under a budget. Payload: Execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..reply import Reply, StudentFault

if TYPE_CHECKING:
    from ..session import Session

__all__ = ["execute"]


def execute(session: Session, params: dict[str, Any], reply: Reply) -> None:
    """Run the notebook or script, and keep what is alive afterwards.

    Raises:
        StudentFault: There is nothing to run, or it cannot be read.
    """
    from ..execution.run import Run

    sources = session.sources()
    source = sources.source(sources.entry)
    if source is None:
        raise StudentFault(
            "nothing_to_run",
            "no notebook and no script was found",
            hint="hand in the .ipynb or .py file itself",
        )
    if source.error or not source.chunks:
        raise StudentFault(
            "unreadable",
            source.error or "the notebook holds no code",
            place={"file": source.path, "cell": None, "line": None},
            hint="open it in Jupyter, save it again and hand that in",
        )
    run = Run(session, params, source.path)
    try:
        if source.kind == "notebook":
            from ..execution.notebook import run_notebook

            run_notebook(run, source)
        else:
            from ..execution.script import run_script

            run_script(run, source)
    finally:
        session.live = run.live()
    run.report(reply)
