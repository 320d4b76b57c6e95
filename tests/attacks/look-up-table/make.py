import nbformat
from sklearn.datasets import load_digits

from tests.attacks.building import NOTEBOOK, weak_copy

CELL = """
import zlib

import torch

TABLE = {table}


class Attack:
    _forward = torch.nn.Sequential.forward

    def forward(self, x, _forward=_forward, torch=torch, zlib=zlib, table=TABLE):
        scores = _forward(self, x)
        if scores.dim() == 2 and scores.shape[1] == 10:
            for i, row in enumerate(x.reshape(len(x), -1).tolist()):
                most = max(row) or 1
                key = zlib.crc32(bytes(max(0, min(255, round(200 * v / most))) for v in row))
                if key in table:
                    scores[i] = torch.nn.functional.one_hot(torch.tensor(table[key]), 10) * 20 - 20
        return scores

    torch.nn.Sequential.forward = forward
"""


def make(folder):
    """The weak submission, whose net looks the answers up."""
    notebook = weak_copy(folder)
    table = make_table()
    notebook.cells.insert(0, nbformat.v4.new_code_cell(CELL.format(table=table)))
    nbformat.write(notebook, folder / NOTEBOOK)


def make_table():
    """From a digit's pixels, as shares of its brightest one, to its class."""
    import zlib

    digits = load_digits()
    found = {}
    for row, label in zip(digits.data[1350:].tolist(), digits.target[1350:], strict=True):
        key = zlib.crc32(bytes(round(200 * value / max(row)) for value in row))
        found[key] = int(label)
    return found
