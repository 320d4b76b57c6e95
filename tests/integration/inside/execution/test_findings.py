"""Mistakes that a run shows; the closest right code shows none."""

# ruff: noqa: E501 - lines of students are as long as they are

import pytest

HEAD = """
import matplotlib.pyplot as plt
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split

torch.manual_seed(0)
x = torch.randn(300, 1, 8, 8)
y = torch.arange(300) % 4
data = TensorDataset(x, y)

def train(net, loader, epochs=2):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.train()
    for epoch in range(epochs):
        for xb, yb in loader:
            optimizer.zero_grad()
            F.cross_entropy(net(xb), yb).backward()
            optimizer.step()

def accuracy(net, loader):
    right = 0
    with torch.no_grad():
        for xb, yb in loader:
            right += (net(xb).argmax(1) == yb).sum().item()
    return right / len(loader.dataset)

class Noisy(Dataset):
    def __len__(self):
        return 300
    def __getitem__(self, i):
        return x[i] + torch.randn(1, 8, 8), y[i]

def make(*last):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 4), *last)
"""

WRONG = {
    "softmax_before_cross_entropy": """
train(make(nn.Softmax(dim=1)), DataLoader(data, 50))
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = make()
    def forward(self, x):
        return self.body(x).softmax(-1).view(-1, 4)
train(Own(), DataLoader(data, 50))
""",
    "sigmoid_before_cross_entropy": "train(make(nn.Sigmoid()), DataLoader(data, 50))",
    "dropout_on_logits": "train(make(nn.Dropout(0.3)), DataLoader(data, 50))",
    "nll_without_logarithm": """
net = make(nn.Softmax(dim=1))
for xb, yb in DataLoader(data, 50):
    nn.NLLLoss()(net(xb), yb).backward()
""",
    "validation_in_training": """
train_loader = DataLoader(data, 50, shuffle=True)
loaders = {"val": DataLoader(Subset(data, range(200, 300)), 50)}
net = make()
train(net, train_loader)
net.eval()
print(accuracy(net, loaders["val"]))
""",
    "test_in_training": """
train_loader = DataLoader(data, 50, shuffle=True)
test_loader = DataLoader(TensorDataset(x[:100].clone(), y[:100]), 50)
net = make()
train(net, train_loader)
print(accuracy(net, test_loader))
""",
    "no_eval_mode": """
net = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Linear(16, 4))
test_loader = DataLoader(TensorDataset(x + 100, y), 50)
train(net, DataLoader(data, 50))
print(accuracy(net, test_loader))
""",
    "augmented_evaluation": """
net = make()
train_set, val_set = random_split(Noisy(), [200, 100])
val_loader = DataLoader(val_set, 50)
train(net, DataLoader(train_set, 50))
print(accuracy(net, val_loader))
""",
    "svhn_is_digits": """
svhn_train_loader = DataLoader(data, 50)
train(make(), svhn_train_loader)
""",
    "not_finite_inputs": """
x[3, 0, 0, 0] = float("nan")
for xb, yb in DataLoader(data, 50):
    pass
""",
    "truncated_data": """
x[100:] = 0
for xb, yb in DataLoader(data, 50, shuffle=True):
    pass
""",
    "last_list_under_every_label": """
losses = [3.0, 2.0, 1.5, 1.2, 1.1, 1.05, 1.0]
for lr in (0.01, 0.1):
    plt.plot(losses, label=f"lr {lr}")
plt.legend()
plt.show()
""",
}

RIGHT = """
from torch.utils.data import ConcatDataset
net = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Dropout(0.2), nn.Linear(16, 4))
train_set, val_set = random_split(data, [200, 100])
train_loader, val_loader = DataLoader(train_set, 50, shuffle=True), DataLoader(val_set, 50)
test_loader = DataLoader(TensorDataset(x + 100, y), 50)
curves = {}
for name in ("a", "b"):
    train(net, train_loader)
    net.eval()
    curves[name] = [accuracy(net, val_loader) + i for i in range(7)] if name == "a" else range(7)
print(accuracy(net, test_loader), accuracy(net, train_loader))
for name, values in curves.items():
    plt.plot(values, label=name)
plt.axhline(0.5, label="chance")
plt.axhline(0.5, label="guess")
plt.show()
x[0] = 0
final_net = make()
train(final_net, DataLoader(ConcatDataset([train_set, val_set]), 50))
print(accuracy(final_net, test_loader))
train(make(), DataLoader(Noisy(), 50))
train(make(nn.LogSoftmax(dim=1)), train_loader)
scaled = make()
for xb, yb in train_loader:
    F.cross_entropy(scaled(xb) * 0.5, yb).backward()
    nn.NLLLoss()(F.log_softmax(scaled(xb), dim=1), yb).backward()
auto = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.Sigmoid())
for xb, _ in train_loader:
    F.mse_loss(auto(xb), xb.flatten(1)).backward()
"""


@pytest.mark.parametrize("code", WRONG)
def test_the_run_shows_the_mistake(execute, code):
    ran = execute(HEAD, WRONG[code])
    assert not ran.errors
    mine = [found for found in ran.execution.findings if found.code == code]
    assert mine, [found.code for found in ran.execution.findings]
    assert {found.code for found in ran.execution.findings} == {code}
    assert all(found.how == "dynamic" and found.seen and found.mend for found in mine)
    assert mine[0].place.cell in {1, 2}


def test_right_code_shows_none(execute):
    ran = execute(HEAD, RIGHT)
    assert not ran.errors
    assert [f"{found.code}: {found.seen}" for found in ran.execution.findings] == []


ON_THE_SPOT = """
def measure(net, rows):
    net.eval()
    return accuracy(net, DataLoader(rows, 50))

def fit(train_part, val_part, fraction=1):
    net = make()
    few = Subset(train_part, range(int(fraction * len(train_part))))
    train(net, DataLoader(few, 50, shuffle=True))
    return measure(net, val_part), measure(net, train_part)
"""


def test_loaders_made_on_the_spot_are_known_by_what_their_data_are_called(execute):
    wrong = "fit(Subset(data, range(200)), Subset(data, range(150, 300)))"
    ran = execute(HEAD, ON_THE_SPOT, wrong)
    assert not ran.errors
    (found,) = ran.execution.findings
    assert found.code == "validation_in_training"
    assert "50 of the 150 validation examples" in found.seen


@pytest.mark.parametrize("fraction", [1, 0.5])
def test_training_data_measured_again_is_no_mistake(execute, fraction):
    right = f"fit(Subset(data, range(200)), Subset(data, range(200, 300)), {fraction})"
    ran = execute(HEAD, ON_THE_SPOT, right)
    assert not ran.errors
    assert [found.code for found in ran.execution.findings] == []
