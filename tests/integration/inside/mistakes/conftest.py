"""Finds mistakes in code given as a script, as cells of a notebook, or as several files."""

import json
import textwrap

import pytest

from grader.inside.mistakes import find
from grader.inside.source.sources import read_sources
from grader.model.documents import Findings

HEAD = """
import copy
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import matplotlib.pyplot as plt
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split
from torchvision import datasets, transforms
"""


def stored(lines):
    """Lines that begin with `#> ` stand for a cell's stored output."""
    text = "".join(f"{line}\n" for line in lines)
    return [{"output_type": "stream", "name": "stdout", "text": text}] if lines else []


@pytest.fixture
def mistakes(tmp_path):
    """The findings, after the host's records admitted them."""

    def look(*cells, **files):
        root = tmp_path / "submission"
        root.mkdir(exist_ok=True)
        wanted = {name.replace("__", "."): text for name, text in files.items()}
        if len(cells) == 1 and "#> " not in cells[0]:
            wanted["main.py"] = HEAD + textwrap.dedent(cells[0])
        elif cells:
            entries = [
                {
                    "cell_type": "code",
                    "source": "\n".join(line for line in lines if not line.startswith("#> ")),
                    "metadata": {},
                    "outputs": stored([line[3:] for line in lines if line.startswith("#> ")]),
                    "execution_count": None,
                }
                for lines in (textwrap.dedent(text).split("\n") for text in (HEAD, *cells))
            ]
            made = {"cells": entries, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
            wanted["hw.ipynb"] = json.dumps(made)
        for name, text in wanted.items():
            (root / name).write_text(text)
        sources = read_sources(root)
        assert all(chunk.tree is not None for chunk in sources.chunks), "the case does not parse"
        found, broken = find(sources)
        assert not broken
        return Findings.model_validate_json(json.dumps({"findings": found})).findings

    return look
