"""The command line itself: help, start-up, documented commands."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib

import click
import pytest

from grader.cli.main import COMMANDS, cli
from grader.pipeline import load_rubric
from tests.e2e.conftest import ROOT, call

DOCS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
HEAVY = {"torch", "pandas", "numpy", "sqlalchemy", "jinja2", "matplotlib", "IPython", "sklearn"}


def blocks(language):
    for path in DOCS:
        for indent, found, text in BLOCK.findall(path.read_text()):
            if found == language:
                yield path.name, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_has_an_example(command):
    result = call(*([command] if command else []), "--help", out=None)
    assert result.status == 0
    assert "Example" in result.text
    assert "grade " in result.text


def test_start_up_imports_nothing_heavy():
    code = "import sys, grader.cli.main as m; m.cli.main(['--help'], standalone_mode=False);"
    code += "print('HEAVY', sorted(set(sys.modules) & set(sys.argv[1:])))"
    done = subprocess.run(
        [sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True
    )
    assert "HEAVY []" in done.stdout


def test_the_host_never_imports_torch():
    code = "import sys, grader.pipeline, grader.report, grader.cli.check, grader.cli.rubric;"
    code += "print('torch' in sys.modules, 'sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def commands_in_docs():
    for name, text in blocks("console"):
        for line in text.splitlines():
            if line.startswith("$ grade"):
                yield pytest.param(line.removeprefix("$ "), id=f"{name}: {line[2:60]}")
    workflow = (ROOT / "docs/ci/grade.yml").read_text()
    for line in re.findall(r"run: \.venv/bin/(grade .*)", workflow):
        yield pytest.param(line, id=f"grade.yml: {line[:60]}")


@pytest.mark.parametrize("line", list(commands_in_docs()))
def test_documented_commands_are_understood(line, monkeypatch, tmp_path):
    import shlex

    monkeypatch.chdir(tmp_path)
    words = shlex.split(line)[1:]
    for word in words:
        if word.endswith("/"):
            (tmp_path / word).mkdir(parents=True, exist_ok=True)
        elif word.endswith((".zip", ".ipynb", ".csv")):
            (tmp_path / word).write_text("")
    context = cli.make_context("grade", words)
    while isinstance(context.command, click.Group):
        name, command, rest = context.command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        context = command.make_context(name, list(rest), parent=context)
    assert context.params is not None


def test_documented_decisions_are_about_real_criteria():
    texts = [text for _, text in blocks("console")]
    texts += [call("decide", "--help", out=None).text]
    named = {n for text in texts for n in re.findall(r"grade decide \S+ (\S+/\S+)", text)}
    rubrics = (load_rubric(file.parent) for file in (ROOT / "rubrics").glob("*/rubric.toml"))
    known = {name for loaded in rubrics for name in loaded.rubric.criteria()}
    assert named
    assert named <= known


def test_the_workflow_brings_the_data_that_its_grading_needs():
    workflow = (ROOT / "docs/ci/grade.yml").read_text()
    assert 0 < workflow.index("grade data fetch") < workflow.index("grade submissions/")


@pytest.mark.parametrize("text", [t for _, t in blocks("toml")])
def test_documented_toml_parses(text):
    assert tomllib.loads(text)


def test_documented_targets_and_modules_exist():
    texts = [text for language in ("console", "sh") for _, text in blocks(language)]
    texts.append((ROOT / "docs/ci/grade.yml").read_text())
    makefile = (ROOT / "Makefile").read_text()
    targets = {target for text in texts for target in re.findall(r"(?:\$|run:) make (\w+)", text)}
    modules = {module for text in texts for module in re.findall(r"python -m ([\w.]+)", text)}
    assert {"setup", "grade", "test"} <= targets
    assert not [target for target in targets if f"\n{target}:" not in makefile]
    assert not [module for module in modules if importlib.util.find_spec(module) is None]
