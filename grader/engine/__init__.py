"""Where boxes run. One engine per file."""

from __future__ import annotations

from grader.engine.local import LocalPool

__all__ = ["LocalPool"]
