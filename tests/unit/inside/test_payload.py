"""A run's report fits the channel, whatever was drawn."""

from grader.inside.execution.payload import BYTES, fitting
from grader.inside.protocol import encoded


def payload(text):
    axes = {"title": text, "x_label": text, "y_label": text, "legend": [text] * 100, "lines": []}
    return {
        "cells": [{"cell": 1, "output": text, "error": ""}],
        "losses": [],
        "figures": [{"axes": [dict(axes) for _ in range(5)]} for _ in range(64)],
    }


def test_hostile_labels_are_left_out():
    fitted = fitting(payload("\U0001f600" * 300))
    assert len(encoded(fitted)) <= BYTES
    assert len(fitted["figures"]) == 64


def test_an_ordinary_report_stays_as_it_is():
    ordinary = payload("x")
    ordinary["figures"] = ordinary["figures"][:3]
    assert fitting(payload("x") | {"figures": ordinary["figures"]}) == ordinary
