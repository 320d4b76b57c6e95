"""The frame of all pages: templates, styles, and what a page may do (nothing)."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from grader.report.numbers import number_text, percent_text
from grader.report.points import as_text, task_share
from grader.report.text import one_line, shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Uids", "policy", "render"]

BOLD = re.compile(r"\*\*(\S(?:[^*]*\S)?)\*\*")


class Uids:
    """Names for elements, the same in every run."""

    def __init__(self) -> None:
        self._made = 0

    def __call__(self) -> str:
        """The next one."""
        self._made += 1
        return f"g{self._made}"


def policy(style: str, script: str = "") -> str:
    """The page's content security policy: its own style and script by their hashes, no more."""
    rules = ["default-src 'none'", f"style-src {_hash(style)}", "img-src data:"]
    if script:
        rules.append(f"script-src {_hash(script)}")
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def render(template: str, *, script: bool = False, **values: Any) -> bytes:
    """Fill a template. Every text goes through `shown` and is escaped."""
    style = _source("style.css")
    code = _source("index.js") if script else ""
    page = _environment().get_template(template)
    text = page.render(
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(code),  # noqa: S704 - a file of ours
        policy=policy(style, code),
        **values,
    )
    return text.encode()


def prose(text: str, plain: Callable[[str], Markup] = escape) -> Markup:
    """Text with what stands between backticks set as code. Everything is escaped first.

    Args:
        text: Of a student or of ours.
        plain: Escapes what stands between the code.
    """
    parts = shown(text).split("`")
    if len(parts) % 2 == 0:
        return plain("`".join(parts))
    safe = [Markup("<code>{}</code>").format(p) if n % 2 else plain(p) for n, p in enumerate(parts)]
    return Markup("").join(safe)


def quotation(text: str) -> Markup:
    """A sentence of a handout, whose Markdown may have code and words in bold."""
    return prose(text, _with_bold)


def _with_bold(text: str) -> Markup:
    parts = BOLD.split(text)
    safe = [
        Markup("<strong>{}</strong>").format(p) if n % 2 else escape(p) for n, p in enumerate(parts)
    ]
    return Markup("").join(safe)


@cache
def _source(name: str) -> str:
    return (files("grader.report") / "templates" / name).read_text(encoding="utf-8").strip()


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("grader.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        points=as_text,
        task_share=task_share,
        number=number_text,
        percent=percent_text,
        line=one_line,
        prose=prose,
        quotation=quotation,
    )
    return environment


def _shown(value: Any) -> Any:
    if isinstance(value, Markup | jinja2.Undefined):
        return value
    return shown(str(value))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
