"""`grade`: commands are imported when they are called, so that `--help` is quick."""

from __future__ import annotations

import difflib
import errno
import importlib
import sys
from pathlib import Path
from typing import Any

import click

from grader import __version__
from grader.errors import ConfigurationError, GraderError, HarnessError, SandboxError

__all__ = ["cli", "main"]

COMMANDS = {
    "run": "Grade a folder of submissions (the default: `grade SUBMISSIONS`).",
    "check": "Check your own work: visible criteria, your own machine, no isolation.",
    "regrade": "Score again from stored evidence, after a rubric change.",
    "report": "Write the reports again from the gradebook, running nothing.",
    "decide": "Enter what a person decided about a criterion.",
    "rubric": "Lint, verify or start a rubric; print its JSON Schema.",
    "data": "Where the datasets are; fetch and verify them.",
    "reference": "Reference solutions: list, train, baselines.",
    "doctor": "What this machine can do: sandbox, limits, GPU, datasets.",
}

USAGE_STATUS = 2
STAFF_STATUS = 1
INTERRUPTED_STATUS = 130

AGAIN = "then run the same command again: what was finished is kept"
MACHINE = {
    errno.ENOSPC: f"make room on the disk, {AGAIN}",
    errno.EDQUOT: f"make room in your quota, {AGAIN}",
    errno.EFBIG: f"raise the limit on file sizes (`ulimit -f`), {AGAIN}",
    errno.EROFS: f"choose a folder that can be written, with --out or in TMPDIR, {AGAIN}",
    errno.EACCES: f"mend the permissions, {AGAIN}",
    errno.EPERM: f"mend the permissions, {AGAIN}",
    errno.EMFILE: f"raise the limit on open files (`ulimit -n`) or use fewer --jobs, {AGAIN}",
    errno.ENFILE: f"end other programs, {AGAIN}",
    errno.EAGAIN: f"raise the limit on processes (`ulimit -u`) or use fewer --jobs, {AGAIN}",
    errno.ENOMEM: f"end other programs or use --jobs 1, {AGAIN}",
    errno.EIO: f"look after the disk (`dmesg`), {AGAIN}",
}
"""What the machine may refuse us, and what helps. Any other `OSError` is a bug of ours."""


class LazyGroup(click.Group):
    """Imports a command's module when it is used; what is no command is a path to grade."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            importlib.import_module(f"grader.cli.{cmd_name}"), cmd_name
        )
        return keep_lines(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.7)
            if near and not Path(args[0]).exists():
                raise click.UsageError(
                    f"'{args[0]}' is neither a command nor a file; did you mean '{near[0]}'?", ctx
                )
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"--help", "-h", "--version"}
        if args and args[0].startswith("-") and args[0] not in own:
            args = ["run", *args]  # options first: `grade --fresh submissions/`
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="grade")
def cli() -> None:
    r"""Grade deep-learning coursework: accuracy, parameters, weights, curves, answers.

    \b
    Examples:
      grade submissions/                               grade everything into reports/
      grade check my_homework.ipynb --assignment hw1   check your own work
      grade doctor                                     what this machine can do
    """


def keep_lines(command: click.Command) -> click.Command:
    r"""Let a raw docstring's `\b` mean to click what it says: do not wrap this paragraph."""
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    for inner in getattr(command, "commands", {}).values():
        keep_lines(inner)
    return command


keep_lines(cli)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 for the staff, 2 usage or configuration."""
    try:
        status: Any = cli.main(args=argv, prog_name="grade", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE_STATUS)
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "\nStopped. What was finished is kept; the same command goes on from there.", err=True
        )
        sys.exit(INTERRUPTED_STATUS)
    except (ConfigurationError, SandboxError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(USAGE_STATUS)
    except GraderError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(STAFF_STATUS)
    except MemoryError:
        said = HarnessError("this machine's memory is used up", mend=MACHINE[errno.ENOMEM])
        click.echo(f"error: {said}", err=True)
        sys.exit(STAFF_STATUS)
    except OSError as error:
        if error.errno not in MACHINE:
            raise
        told, where = error.strerror or str(error), str(error.filename or "")
        said = HarnessError(told, where=where, mend=MACHINE[error.errno])
        click.echo(f"error: {said}", err=True)
        sys.exit(STAFF_STATUS)
