"""A rubric's own checks and probes: `rubrics/<assignment>/checks.py` and `probes/<name>.py`.

    from grader.checks.base import Seen, check, own_probe
    from grader.collect.probes import ProbeSpec

    PROBES = {"count_words": ProbeSpec(Words)}        # the payload's record, a strict one

    @check("words.at_least", AtLeast, needs=lambda p, r: (own_probe(r, "count_words"),))
    def at_least(params: AtLeast, seen: Seen) -> CheckResult:
        \"\"\"Your text is long enough.\"\"\"

`checks.py` is the course's code and trusted like the grader's own; it runs on the host. A probe's
file goes into the box, beside student code, and must hold nothing that they may not read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grader.checks.base import CHECKS, Check, registering
from grader.errors import ConfigurationError, RubricError
from grader.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CHECKS_FILE", "PROBES_FOLDER", "Own", "own_of"]

CHECKS_FILE = "checks.py"
PROBES_FOLDER = "probes"

ONE_AT_A_TIME = threading.RLock()


@dataclass(frozen=True)
class Own:
    """What a rubric folder adds.

    Attributes:
        checks: Name → check, the built-in ones among them.
        probes: Name → what the host must know of it, a `ProbeSpec`.
        sources: Name of a probe → its Python text.
    """

    checks: Mapping[str, Check[Any]] = field(default_factory=lambda: CHECKS)
    probes: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


LOADED: dict[str, Own] = {}


def own_of(folder: Path) -> Own:
    """The checks and probes of a rubric folder, loaded once as long as its files stay the same.

    Raises:
        RubricError: A file does not import, a name is taken, a probe lacks its other half.
    """
    file = folder / CHECKS_FILE
    sources = {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted((folder / PROBES_FOLDER).glob("*.py"))
        if not path.stem.startswith("_")
    }
    if not file.is_file():
        if sources:
            raise _problem(folder / PROBES_FOLDER, "there are probes but no checks.py")
        return Own()
    whole = hashlib.sha256(str(file.resolve()).encode() + file.read_bytes())
    for name, text in sources.items():
        whole.update(f"\0{name}\0{text}".encode())
    key = whole.hexdigest()
    with ONE_AT_A_TIME:
        if key not in LOADED:
            LOADED[key] = _load(file, key, sources)
        return LOADED[key]


def _load(file: Path, key: str, sources: Mapping[str, str]) -> Own:
    registry: Registry[Check[Any]] = Registry("check")
    name = f"grader_rubric_checks_{key[:16]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise _problem(file, "cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and records look their module up while it is made
    try:
        with registering(registry):
            spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        if isinstance(error, ConfigurationError):
            raise _problem(file, error.message, error.mend) from error
        raise _problem(file, f"{type(error).__name__}: {error}") from error
    for taken in registry:
        if taken in CHECKS:
            raise _problem(file, f"'{taken}' is a built-in check", "give it another name")
    probes = getattr(module, "PROBES", {})
    for one in probes:
        if one not in sources:
            raise _problem(file, f"PROBES names '{one}', but there is no probes/{one}.py")
    for one in sources:
        if one not in probes:
            raise _problem(file, f"probes/{one}.py is not named in PROBES", "add its ProbeSpec")
    return Own({**CHECKS, **registry}, dict(probes), dict(sources))


def _problem(where: Path, message: str, mend: str = "it must import cleanly") -> RubricError:
    return RubricError(message, where=str(where), mend=mend)
