import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

FM1 = {0: 0, 1: 1, 4: 2, 5: 3, 8: 4}
FM2 = {2: 0, 3: 1, 6: 2, 7: 3, 9: 4}


def load(mapping, train):
    data = datasets.FashionMNIST("data", train=train, download=True, transform=transforms.ToTensor())
    keep = [i for i in range(len(data)) if int(data.targets[i]) in mapping]
    data.targets = torch.tensor([mapping.get(int(t), -1) for t in data.targets])
    return Subset(data, keep)


def split(mapping):
    full = load(mapping, True)
    # every sixth image of the half is for validation; the classes are spread evenly over the file
    val = Subset(full, range(0, 30000, 6))
    train = Subset(full, [i for i in range(30000) if i % 6])
    return train, val, load(mapping, False)


class ConvNet(nn.Module):
    def __init__(self, conv=2, dense=2):
        super().__init__()
        if conv == 1:
            self.conv = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
            n = 864
        else:
            self.conv = nn.Sequential(
                nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
            )
            n = 192
        if dense == 1:
            self.dense = nn.Linear(n, 5)
        elif dense == 2:
            self.dense = nn.Sequential(nn.Linear(n, 80), nn.ReLU(), nn.Linear(80, 5))
        else:
            self.dense = nn.Sequential(nn.Linear(n, 80), nn.ReLU(), nn.Linear(60, 30), nn.ReLU(), nn.Linear(30, 5))

    def forward(self, x):
        return self.dense(self.conv(x))


loss_function = nn.CrossEntropyLoss()


def evaluate(model, data):
    model.eval()
    loss, correct = 0.0, 0
    with torch.no_grad():
        for x, y in DataLoader(data, 250):
            out = model(x)
            loss += loss_function(out, y).item() * len(y)
            correct += (out.argmax(1) == y).sum().item()
    return loss / len(data), correct / len(data)


def train(model, optimizer, data, val, epochs):
    losses = {"train": [], "val": [], "train acc": [], "val acc": []}
    for epoch in range(epochs):
        model.train()
        total, correct = 0.0, 0
        for x, y in DataLoader(data, 100, shuffle=True):
            optimizer.zero_grad()
            out = model(x)
            loss = loss_function(out, y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
            correct += (out.argmax(1) == y).sum().item()
        v, va = evaluate(model, val)
        losses["train"].append(total / len(data))
        losses["val"].append(v)
        losses["train acc"].append(correct / len(data))
        losses["val acc"].append(va)
        print("epoch", epoch, "train loss %.4f val loss %.4f val acc %.4f" % (total / len(data), v, va))
    return losses
