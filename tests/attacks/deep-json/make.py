"""A notebook nested ten thousand deep, one of 30 MB in a single line, one that is a number."""

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    deep = '{"cells": ' + "[" * 10_000 + "]" * 10_000 + ', "nbformat": 4, "nbformat_minor": 5}'
    (folder / "a.ipynb").write_text(deep)
    (folder / "b.ipynb").write_text('{"cells": [], "x": "' + "y" * 30_000_000 + '"}')
    (folder / "c.ipynb").write_text("1e400")
    (folder / "grade.toml").write_text("a = " + "[" * 5000 + "]" * 5000 + "\n")
