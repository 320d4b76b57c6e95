"""Bring datasets here, when a person asks for it: torchvision and git do it, beside us."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from grader.errors import DatasetMissingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["git", "refuse_over", "torchvision"]

CODE = """
import json, sys
import torchvision
name, root, calls = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
for arguments in calls:
    getattr(torchvision.datasets, name)(root, download=True, **arguments)
"""
HOURS = 3600.0
TAIL = 300
"""Characters of an error that a message quotes."""


def torchvision(name: str, class_name: str, root: Path, calls: Iterable[Mapping[str, Any]]) -> None:
    """Let torchvision download and check a dataset, in a process of its own.

    Args:
        name: Of the dataset.
        class_name: In `torchvision.datasets`.
        root: Where it goes.
        calls: Keyword arguments of each construction.

    Raises:
        DatasetMissingError: It could not be had, with the reason.
    """
    arguments = [class_name, str(root), json.dumps(list(calls))]
    _run(name, root, [sys.executable, "-c", CODE, *arguments])


def git(name: str, url: str, root: Path) -> None:
    """Clone a dataset's repository, its last state only.

    Raises:
        DatasetMissingError: It could not be had, with what to do by hand.
    """
    folder = url.rsplit("/", 1)[-1].removesuffix(".git")
    by_hand = f"clone {url} to {root / folder} on a machine with network"
    if shutil.which("git") is None:
        message = "git is not installed"
        raise DatasetMissingError(message, where=f"dataset {name}", mend=by_hand)
    words = ["git", "clone", "--depth", "1", url, str(root / folder)]
    _run(name, root, words, by_hand)


def _run(name: str, root: Path, words: list[str], by_hand: str = "") -> None:
    mend = by_hand or f"look at the network, or copy the official files below {root} by hand"
    try:
        root.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            words, check=False, timeout=HOURS, stderr=subprocess.PIPE, text=True, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"could not be fetched: {error}"
        raise DatasetMissingError(message, where=f"dataset {name}", mend=mend) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason was given"])[-1][-TAIL:]
        message = f"could not be fetched: {last}"
        raise DatasetMissingError(message, where=f"dataset {name}", mend=mend)


def refuse_over(name: str, folder: Path) -> NoReturn:
    """A part is here already, and is never overwritten unasked.

    Raises:
        DatasetMissingError: Always.
    """
    message = f"a part of it is at {folder}, where the whole would go"
    mend = f"move {folder} away, or name another folder with --data, and fetch again"
    raise DatasetMissingError(message, where=f"dataset {name}", mend=mend)
