"""IPython without terminal, kernel or history: runs cells as a notebook does, in `__main__`."""

from __future__ import annotations

import io
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from .cells import mended, prepared, statement, words_of
from .transform import transform

if TYPE_CHECKING:
    import ast
    from types import ModuleType

    from ..shims.uses import Uses

__all__ = ["CellShell", "make_shell"]

FILE_TOOLS = frozenset(
    """
    mkdir cp mv ls cat head tail wc echo pwd unzip tar touch du find
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
"""Shell commands that only touch files: they are run. All others need a network or a system."""
TOOL_SECONDS = 20
NOTHING_TO_DO = frozenset(
    """
    matplotlib load_ext reload_ext unload_ext autoreload pip conda mamba uv config pdb debug
    tensorboard tensorflow_version colors xmode gui aimport notebook connect_info
    qtconsole watermark logstart logstop wandb reset_selective env_set system sx sc
    alias_magic automagic precision
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
MENDS = 50


class CellCompiler(CachingCompiler):
    """Compiles under the cell's own name."""

    cell_name = "<cell>"

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        """The name that tracebacks show."""
        del raw_code, transformed_code, number
        return self.cell_name


class PlainDisplay(DisplayHook):
    """Shows a cell's last value without a prompt."""

    def write_output_prompt(self) -> None:
        """No prompt."""


class Wrap:
    """IPython's last step before a cell runs: its loops are wrapped."""

    def __init__(self, shell: CellShell) -> None:
        self._shell = shell

    def visit(self, tree: ast.Module) -> ast.Module:
        """As a node transformer."""
        try:
            return transform(tree, self._shell.names.cell_name)
        except RecursionError:
            return tree  # nested too deeply to be walked; IPython would drop us for good


class CellShell(InteractiveShell):
    """Runs one cell at a time and says what it raised."""

    displayhook_class = PlainDisplay
    compiler_class = CellCompiler
    uses: Uses
    runner: Any = None
    """What `%run` asks to run another file."""

    @property
    def untyped(self) -> Any:
        """IPython's methods have no types."""
        return self

    @property
    def names(self) -> CellCompiler:
        """The compiler, which knows the cell's name."""
        compiler = self.compile
        assert isinstance(compiler, CellCompiler)
        return compiler

    def init_virtualenv(self) -> None:
        """The environment is ours."""

    def showtraceback(self, *_args: Any, **_kwargs: Any) -> None:
        """Errors are reported by cell."""

    def showsyntaxerror(self, *_args: Any, **_kwargs: Any) -> None:
        """Errors are reported by cell."""

    def enable_matplotlib(self, gui: Any = None) -> tuple[Any, Any]:
        """Figures are captured whatever the backend."""
        return gui, "agg"

    def ask_exit(self) -> None:
        """`exit` ends a notebook's kernel."""
        raise SystemExit

    def run(self, text: str, name: str) -> BaseException | None:
        """Run a cell.

        Args:
            text: The cell as the student wrote it.
            name: What it is compiled under.

        Returns:
            What it raised.
        """
        ready = prepared(text)
        if ready.left_out:
            message = f"a {ready.left_out} cell was not run: only Python is"
            self.uses.note_at("magic.left_out", message, name, 1)
            return None
        if not ready.text.strip():
            return None
        outer, self.names.cell_name = self.names.cell_name, name
        try:
            with builtin_capture(self, ready.capture):
                result = self.untyped.run_cell(self._parsable(ready.text), store_history=False)
        finally:
            self.names.cell_name = outer
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error

    def _parsable(self, text: str) -> str:
        """Bare commands amid Python made magics."""
        for _ in range(MENDS):
            try:
                compile(
                    self.untyped.transform_cell(text),
                    "<cell>",
                    "exec",
                    0x400 | 0x2000,
                    dont_inherit=True,
                )
            except SyntaxError as error:
                better = mended(text, error.lineno or 0)
                if better is None or better == text:
                    return text
                text = better
            except Exception:
                return text
            else:
                return text
        return text

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a magic; what makes no sense here, or is unknown, is left out with a remark."""
        if magic_name == "run" and self.runner is not None:
            return self.runner.run_magic(line)
        if magic_name in {"time", "timeit"}:
            return self._timed(line)
        if magic_name == "pip" or magic_name in NOTHING_TO_DO:
            if magic_name in {"pip", "conda", "mamba", "uv"}:
                self._not_installed(line)
            return None
        if self.untyped.find_line_magic(magic_name) is None:
            self.uses.note("magic.unknown", f"%{magic_name} is not known here and was left out")
            return None
        return super().run_line_magic(magic_name, line, _stack_depth + 1)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run a cell magic; the cell below an unknown one is left out."""
        if self.untyped.find_cell_magic(magic_name) is None:
            self.uses.note(
                "magic.unknown", f"%%{magic_name} is not known here; its cell was left out"
            )
            return None
        return super().run_cell_magic(magic_name, line, cell)  # type: ignore[no-untyped-call]

    def _timed(self, line: str) -> Any:
        """Once: how long it takes here says nothing."""
        code = statement(line)
        return self.untyped.ex(self.untyped.transform_cell(code)) if code.strip() else None

    def _not_installed(self, line: str) -> None:
        self.uses.note(
            "shim.install",
            f"nothing is installed while grading: '{line.strip()[:200]}' was left out",
        )

    def system(self, cmd: str) -> None:
        """`!command`."""
        print(self._shell_line(cmd), end="")

    system_piped = system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:  # noqa: FBT001,FBT002
        """`x = !command`."""
        del depth
        from IPython.utils.text import LSString, SList

        text = self._shell_line(cmd)
        return SList(text.splitlines()) if split else LSString(text)

    def _shell_line(self, cmd: str) -> str:
        command = self.untyped.var_expand(cmd, depth=3)
        words = words_of(command)
        first = words[0] if words else ""
        if self.uses.fetch is not None and self.uses.fetch(command):
            return ""
        if first.startswith("python") and len(words) > 1 and words[1].endswith(".py"):
            if self.runner is not None:
                self.runner.run_magic(" ".join(words[1:]))
            return ""
        if first in FILE_TOOLS:
            try:
                done = subprocess.run(  # noqa: S602 - the student's own command, in their box
                    command,
                    shell=True,
                    capture_output=True,
                    stdin=subprocess.DEVNULL,
                    timeout=TOOL_SECONDS,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired):
                return ""
            return (done.stdout + done.stderr)[:100_000].decode("utf-8", "replace")
        if first in {"pip", "pip3", "conda", "apt", "apt-get", "uv"} or "pip install" in command:
            self._not_installed(command)
        else:
            self.uses.note(
                "shim.shell", f"'!{command[:200]}' was left out: there is no network and no system"
            )
        return ""


class builtin_capture:  # noqa: N801 - used like contextlib's
    """`%%capture`: what a cell prints goes into a name, or nowhere.

    Args:
        shell: Whose namespace.
        name: The name; empty for nowhere; None when nothing is captured.
    """

    def __init__(self, shell: CellShell, name: str | None) -> None:
        self._shell = shell
        self._name = name

    def __enter__(self) -> None:
        if self._name is not None:
            import sys

            self._saved = sys.stdout, sys.stderr
            self._out, self._err = Bounded(), Bounded()
            sys.stdout, sys.stderr = self._out, self._err

    def __exit__(self, *_exc: object) -> None:
        if self._name is None:
            return
        import sys

        from IPython.utils.capture import CapturedIO

        sys.stdout, sys.stderr = self._saved
        if self._name:
            self._shell.user_ns[self._name] = CapturedIO(self._out, self._err)


class Bounded(io.StringIO):
    """Keeps the first part of what is written."""

    LIMIT = 1_000_000

    def write(self, text: str, /) -> int:
        """Keep it while there is room."""
        if self.tell() < self.LIMIT:
            super().write(text[: self.LIMIT])
        return len(text)


def make_shell(main: ModuleType, uses: Uses) -> CellShell:
    """Make the one shell of this process, with `__main__` as the student's namespace."""
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.HistoryManager.hist_file = ":memory:"
    settings.InteractiveShell.cache_size = 0
    settings.InteractiveShell.colors = "nocolor"
    settings.InteractiveShell.autoindent = False
    settings.InteractiveShell.automagic = True
    folder = tempfile.mkdtemp(prefix="ipython")
    CellShell.clear_instance()
    shell = CellShell.instance(config=settings, ipython_dir=folder, user_module=main)
    shell.uses = uses
    cleaning = shell.input_transformer_manager.cleanup_transforms
    cleaning[:] = [
        step for step in cleaning if getattr(step, "__name__", "") != "leading_empty_lines"
    ]
    shell.untyped.ast_transformers.append(Wrap(shell))
    shell.user_ns.pop("open", None)
    if shell.display_formatter is not None:
        shell.display_formatter.active_types = ["text/plain"]
    return shell
