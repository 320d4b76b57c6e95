"""Drawn pictures are recognised as rows of known data or as filters, whatever their scale."""

from types import SimpleNamespace

import numpy as np
import pytest

from grader.inside.execution.journal.rows import Part
from grader.inside.execution.pictures import recognise


@pytest.fixture
def journal():
    """Two splits of random pictures, as if loaders had walked over them."""
    rng = np.random.default_rng(0)

    def loader(source, count):
        array = rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
        return SimpleNamespace(parts=[Part(None, None, (), source, array, None, positional=True)])

    return SimpleNamespace(loaders=[loader("cifar10/train", 3000), loader("cifar10/test", 500)])


def pictures(journal, *drawn, names=None):
    entries = [
        {"shape": list(d.shape), "name": "", "_pixels": np.asarray(d, dtype=np.float32)}
        for d in drawn
    ]
    recognise([{"axes": [{"pictures": entries}]}], journal, names or {})
    return entries


def test_rows_of_data_however_they_are_scaled(journal):
    train, test = (known.parts[0].array for known in journal.loaders)
    scaled = test[7] / 255.0
    normalised = (scaled - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.25]
    clipped = np.clip(normalised, 0, 1)
    found = pictures(journal, train[2900], scaled, normalised, clipped)
    assert [(p["name"], p["index"]) for p in found] == [
        ("cifar10/train", [2900]),
        ("cifar10/test", [7]),
        ("cifar10/test", [7]),
        ("cifar10/test", [7]),
    ]
    assert {p["is_of"] for p in found} == {"dataset"}


def test_other_pictures_stay_unknown(journal):
    rng = np.random.default_rng(1)
    other = rng.random((16, 16, 3))
    mixed = sum(known.parts[0].array[5] / 255.0 for known in journal.loaders)
    found = pictures(journal, other, mixed, np.zeros((16, 16, 3)), rng.random((8, 8)))
    assert all(set(p) == {"shape", "name"} and not p["name"] for p in found)


def test_filters_of_a_net_that_is_alive(execute):
    ran = execute(
        """
import matplotlib.pyplot as plt
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5), torch.nn.ReLU(), torch.nn.Conv2d(4, 6, 3))
fig, axes = plt.subplots(1, 4)
with torch.no_grad():
    first = net[0].weight[2].permute(1, 2, 0)
    axes[0].imshow((first - first.min()) / (first.max() - first.min()))
    axes[1].imshow(net[2].weight[5, 1], cmap="gray")
    axes[2].matshow(net[0].weight[3, 2])
    axes[3].imshow(torch.rand(5, 5))
plt.show()
"""
    )
    assert not ran.errors
    found = [p for axes in ran.execution.figures[0].axes for p in axes.pictures]
    assert [(p.is_of, p.name, p.index) for p in found] == [
        ("parameter", "0.weight", (2,)),
        ("parameter", "2.weight", (5, 1)),
        ("parameter", "0.weight", (3, 2)),
        ("unknown", "", ()),
    ]
    assert found[0].shape == (5, 5, 3)
    assert len(found[1].values) == 9


def test_filters_of_a_net_that_lives_in_a_function_only(execute):
    ran = execute(
        """
import matplotlib.pyplot as plt
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 3, 5)

class Broken(torch.nn.Module):
    def __getattr__(self, name):
        raise RuntimeError("no attribute is here")

def draw():
    net, other = Net(), Broken()
    fig, axes = plt.subplots(1, 2)
    axes[0].imshow(net.conv.weight[1, 0].detach())
    axes[1].imshow(torch.rand(5, 5))
    fig.savefig("filters.png")
    plt.close(fig)

draw()
"""
    )
    assert not ran.errors
    found = [p for axes in ran.execution.figures[0].axes for p in axes.pictures]
    assert [(p.is_of, p.name) for p in found] == [("parameter", "conv.weight"), ("unknown", "")]
