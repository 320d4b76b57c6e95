"""Mechanisms that limit boxes, each forced, whatever this machine would choose."""

import pytest

from grader.sandbox.limits import MECHANISMS

NAMES = {kind.memory: kind for kind in MECHANISMS}


def forced(name):
    """A mechanism by its name, or a skip that says what this machine lacks."""
    mechanism = NAMES[name].probe()
    if mechanism is None:
        pytest.skip(f"{name} {NAMES[name].needs}")
    return mechanism
