"""Fashion-MNIST in two halves, relabelled 0..4, balanced."""

import torch
from torch.utils.data import TensorDataset
from torchvision import datasets

FM1 = (0, 1, 4, 5, 8)  # T-shirt/top, trouser, coat, sandal, bag
FM2 = (2, 3, 6, 7, 9)  # pullover, dress, shirt, sneaker, ankle boot
NAMES = datasets.FashionMNIST.classes


def _arrays(root, train):
    data = datasets.FashionMNIST(root, train=train, download=True)
    return data.data[:, None].float() / 255, data.targets


def _half(x, y, classes):
    """Rows of these classes with labels 0..4."""
    new = torch.full((10,), -1)
    new[list(classes)] = torch.arange(len(classes))
    keep = new[y] >= 0
    return x[keep], new[y[keep]]


def make_half(classes, root="./data", seed=0):
    """25,000 to train, 5,000 to validate (1,000 a class), 5,000 to test."""
    x, y = _half(*_arrays(root, True), classes)
    generator = torch.Generator().manual_seed(seed)
    train, val = [], []
    for k in range(len(classes)):
        rows = torch.nonzero(y == k)[:, 0]
        rows = rows[torch.randperm(len(rows), generator=generator)]
        val.append(rows[:1000])
        train.append(rows[1000:])
    train, val = torch.cat(train), torch.cat(val)
    test = TensorDataset(*_half(*_arrays(root, False), classes))
    return TensorDataset(x[train], y[train]), TensorDataset(x[val], y[val]), test
