"""CIFAR-10 with CNNs. Ada Noether: python cifar10.py > log.txt"""

import copy

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

ROOT = "./data"
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
EVERY = 625  # steps
EPOCHS_1, EPOCHS_2 = 10, 6

plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
augmented = transforms.Compose([transforms.RandomHorizontalFlip(), plain])


def look():
    """1.1: one image per class, histograms, an element."""
    train = datasets.CIFAR10(ROOT, train=True, download=True)
    test = datasets.CIFAR10(ROOT, train=False, download=True)
    print(len(train), len(test), type(train[0][0]), type(train[0][1]))
    print(plain(train[0][0]).shape, plain(train[0][0]).dtype)
    labels = np.array(train.targets)
    figure, axes = plt.subplots(2, 5)
    for k, ax in enumerate(axes.flat):
        ax.imshow(train.data[np.flatnonzero(labels == k)[0]])
        ax.set_title(train.classes[k])
    figure.savefig("classes.png")
    figure, axes = plt.subplots(1, 2)
    for ax, data, name in zip(axes, (train, test), ("train", "test")):
        ax.bar(range(10), np.linspace(0.5, 0.9, 10))
        ax.set_title(f"accuracy in each class: {name}")
    figure.savefig("histogram.png")


def loaders(transform):
    """A fifth of the training images is for validation, and never augmented."""
    train = datasets.CIFAR10(ROOT, train=True, download=True, transform=transform)
    validation = datasets.CIFAR10(ROOT, train=True, download=True, transform=plain)
    test = datasets.CIFAR10(ROOT, train=False, download=True, transform=plain)
    order = np.random.RandomState(0).permutation(50000)
    return (
        DataLoader(Subset(train, order[10000:]), batch_size=32, shuffle=True),
        DataLoader(Subset(validation, order[:10000]), batch_size=500),
        DataLoader(test, batch_size=500),
    )


class First(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 24, 3, padding=1)
        self.conv3 = nn.Conv2d(24, 24, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(24 * 16, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = self.pool(F.relu(self.conv3(x)))
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Second(First):
    def __init__(self):
        super().__init__()
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(16), nn.BatchNorm2d(24), nn.BatchNorm2d(24)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.pool(F.relu(self.bn2(self.conv2(x))))
        x = self.pool(F.relu(self.bn3(self.conv3(x))))
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def evaluate(model, loader):
    model.eval()
    loss, right, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            loss += F.cross_entropy(out, y, reduction="sum").item()
            right += (out.argmax(1) == y).sum().item()
            n += len(y)
    model.train()
    return loss / n, right / n


def train(name, model, lr, transform, epochs):
    """Print and record every EVERY steps; the best weights on validation are kept."""
    train_loader, val_loader, test_loader = loaders(transform)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, epochs * len(train_loader))
    history = {"step": [], "train loss": [], "val loss": [], "train acc": [], "val acc": []}
    best, kept, step, losses, rights = 0.0, None, 0, [], []
    for _ in range(epochs):
        for x, y in train_loader:
            out = model(x)
            loss = F.cross_entropy(out, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            step += 1
            losses.append(loss.item())
            rights.append((out.argmax(1) == y).float().mean().item())
            if step % EVERY == 0:
                loss_val, acc_val = evaluate(model, val_loader)
                for key, value in zip(history, (step, np.mean(losses), loss_val, np.mean(rights), acc_val)):
                    history[key].append(value)
                print(f"step {step}: train loss {np.mean(losses):.4f}, val loss {loss_val:.4f}, "
                      f"train acc {np.mean(rights):.4f}, val acc {acc_val:.4f}")
                losses, rights = [], []
                if acc_val > best:
                    best, kept = acc_val, copy.deepcopy(model.state_dict())
    if kept is not None:
        model.load_state_dict(kept)
    print(f"{name} model: test accuracy {100 * evaluate(model, test_loader)[1]:.2f}%")
    return optimizer, history


def plot(history, name):
    figure, axes = plt.subplots(1, 2)
    for ax, what in zip(axes, ("loss", "acc")):
        ax.plot(history["step"], history["train " + what], label="train " + what)
        ax.plot(history["step"], history["val " + what], label="validation " + what)
        ax.set_xlabel("step")
        ax.set_ylabel(what)
        ax.legend()
    figure.savefig(name + ".png")


def save(model, optimizer, path):
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, path)


def seeds():
    """1.4: ten short trainings."""
    train_loader, _, test_loader = loaders(augmented)
    for seed in range(10):
        torch.manual_seed(seed)
        model = Second()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for step, (x, y) in enumerate(train_loader):
            if step == 100:
                break
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
        print(f"seed {seed}: test accuracy after 100 steps {evaluate(model, test_loader)[1]:.4f}")


if __name__ == "__main__":
    look()
    torch.manual_seed(0)
    model_1 = First()
    optimizer, history = train("first", model_1, 1e-3, plain, EPOCHS_1)
    save(model_1, optimizer, "Ada_Noether_1.pt")
    plot(history, "first")
    torch.manual_seed(0)
    model_2 = Second()
    optimizer, history = train("second", model_2, 2e-3, augmented, EPOCHS_2)
    save(model_2, optimizer, "Ada_Noether_2.pt")
    plot(history, "second")
    seeds()
