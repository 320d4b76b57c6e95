from __future__ import annotations

import ast

import pytest

from grader.inside.definitions.cheap import Cheap

GIVEN = """
import math, os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision import transforms as T
from torch.utils.data import DataLoader, Dataset
import pandas as pd

class Net(nn.Module):
    def __init__(self, path):
        self.w = torch.load(path)

class Deep(Net):
    pass

class Digits(Dataset):
    def __init__(self):
        pass

class Config:
    def __init__(self, lr):
        self.lr = lr

class Reader:
    def __init__(self):
        self.text = open("x").read()

def build(width):
    layers = []
    for _ in range(3):
        layers.append(nn.Linear(width, width))
    return nn.Sequential(*layers)

def train(net):
    for epoch in range(10):
        loss = net(1)
        loss.backward()

def wrapper():
    return train(build(3))

def endless():
    while True:
        pass
"""


@pytest.fixture
def cheap():
    return Cheap([ast.parse(GIVEN)])


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "x = [i * 2 for i in range(10)]",
        "x = nn.Sequential(nn.Linear(64, 10), nn.ReLU())",
        "device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')",
        "t = T.Compose([T.ToTensor(), T.Normalize((0.5,), (0.5,))])",
        "net = Net('x').to(device)",
        "net = Deep('x')",
        "c = Config(lr=0.1)",
        "net = build(3)",
        "x = np.zeros((3, 4)) + math.sqrt(2)",
        "f = lambda x: x + 1",
        "layers.append(nn.ReLU())",
        "for w in (1, 2):\n    layers.append(build(w))",
        "x: int = 3",
        "x += 1",
    ],
)
def test_definitions_are_cheap(cheap, source):
    assert cheap.statement(ast.parse(source).body[0])


@pytest.mark.parametrize(
    "source",
    [
        "train(net)",
        "x = train(net)",
        "x = wrapper()",
        "x = endless()",
        "d = Digits()",
        "r = Reader()",
        "data = pd.read_csv('x.csv')",
        "text = open('x').read()",
        "loader = DataLoader(data)",
        "loss.backward()",
        "x = loss.backward()",
        "os.system('rm x')",
        "data = torch.load('x')",
        "data = torchvision.datasets.MNIST('.', download=True)",
        "for x, y in loader:\n    optimizer.step()",
        "print('x')",
        "x = input()",
        "x = unknown_function()",
        "del x",
    ],
)
def test_work_is_not_cheap(cheap, source):
    assert not cheap.statement(ast.parse(source).body[0])


def test_classes_of_nets_are_known_by_their_bases(cheap):
    assert cheap.is_module("Net")
    assert cheap.is_module("Deep")
    assert not cheap.is_module("Config")
    assert not cheap.is_module("nobody")
