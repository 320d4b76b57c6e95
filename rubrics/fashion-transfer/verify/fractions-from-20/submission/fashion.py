"""Fashion-MNIST in two halves, all five questions: python fashion.py > log.txt"""

import copy
import csv

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import ConcatDataset, DataLoader, Subset, TensorDataset
from torchvision import datasets

FM1, FM2 = (0, 1, 4, 5, 8), (2, 3, 6, 7, 9)
FRACTIONS = (0.2, 0.3, 0.5, 0.6, 0.9, 1.0)


def half(classes):
    """25,000 to train, 5,000 to validate, 5,000 to test; labels 0 to 4."""
    parts = []
    for train in (True, False):
        data = datasets.FashionMNIST("./data", train=train, download=True)
        rows = torch.isin(data.targets, torch.tensor(classes))
        x = data.data[rows].unsqueeze(1) / 255
        y = torch.searchsorted(torch.tensor(classes), data.targets[rows])
        parts.append((x, y))
    (x, y), (x_test, y_test) = parts
    order = torch.argsort(y, stable=True).reshape(5, 6000)  # one row a class
    train, val = order[:, 1000:].flatten(), order[:, :1000].flatten()
    return TensorDataset(x[train], y[train]), TensorDataset(x[val], y[val]), TensorDataset(x_test, y_test)


class CNN(nn.Module):
    """Convolutions 5x5 with max pooling, then dense layers."""

    def __init__(self, convs=(6, 12), dense=(80, 5)):
        super().__init__()
        layers, n, size = [], 1, 28
        for width in convs:
            layers += [nn.Conv2d(n, width, 5), nn.ReLU(), nn.MaxPool2d(2)]
            n, size = width, (size - 4) // 2
        layers += [nn.Flatten()]
        n = n * size * size
        for width in dense:
            layers += [nn.Linear(n, width), nn.ReLU()]
            n = width
        self.body = nn.Sequential(*layers[:-2])
        self.last = layers[-2]

    def forward(self, x):
        return self.last(self.body(x))


class DeepCNN(nn.Module):
    """Question 3: 6, 12, 16 and 24 filters, padding 2."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 12, 5, padding=2)
        self.conv3 = nn.Conv2d(12, 16, 5, padding=2)
        self.conv4 = nn.Conv2d(16, 24, 5, padding=2)
        self.dense1 = nn.Linear(24 * 9, 80)
        self.dense2 = nn.Linear(80, 5)

    def maps(self, x):
        out = [F.relu(self.conv1(x))]
        out.append(F.relu(self.conv2(F.max_pool2d(out[-1], 2))))
        out.append(F.relu(self.conv3(F.max_pool2d(out[-1], 2))))
        out.append(F.relu(self.conv4(F.max_pool2d(out[-1], 2))))
        return out

    def forward(self, x):
        return self.dense2(F.relu(self.dense1(self.maps(x)[-1].flatten(1))))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)
        )
        self.decoder = nn.Sequential(
            nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid()
        )

    def forward(self, x):
        return self.decoder(self.encoder(x.flatten(1)))


def evaluate(model, data):
    model.eval()
    loss, right, found = 0.0, 0, []
    with torch.no_grad():
        for x, y in DataLoader(data, batch_size=500):
            out = model(x)
            loss += F.cross_entropy(out, y, reduction="sum").item()
            right += (out.argmax(1) == y).sum().item()
            found.append(out.argmax(1))
    model.train()
    return loss / len(data), right / len(data), torch.cat(found)


def fit(model, optimizer, train, val, epochs):
    """Losses and accuracies of each epoch; the best weights on validation are kept."""
    history = {"train loss": [], "val loss": [], "train acc": [], "val acc": []}
    best, kept = float("inf"), None
    for _ in range(epochs):
        losses, rights = [], []
        for x, y in DataLoader(train, batch_size=100, shuffle=True):
            out = model(x)
            loss = F.cross_entropy(out, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            rights.append((out.argmax(1) == y).float().mean().item())
        loss_val, acc_val, _ = evaluate(model, val)
        for key, value in zip(history, (np.mean(losses), loss_val, np.mean(rights), acc_val)):
            history[key].append(value)
        if loss_val < best:
            best, kept = loss_val, copy.deepcopy(model.state_dict())
        last = history["val loss"]
        if len(last) >= 40 and np.mean(last[-20:]) >= np.mean(last[-40:-20]):
            break
    model.load_state_dict(kept)
    return history


def curves(history, name):
    figure, axes = plt.subplots(1, 2)
    for ax, what in zip(axes, ("loss", "acc")):
        ax.plot(history["train " + what], label="train " + what)
        ax.plot(history["val " + what], label="validation " + what)
        ax.set_xlabel("epoch")
        ax.set_ylabel(what)
        ax.legend()
    figure.savefig(name + ".png")
    plt.close(figure)


def confusion(model, data):
    matrix = np.zeros((5, 5), int)
    np.add.at(matrix, (data.tensors[1].numpy(), evaluate(model, data)[2].numpy()), 1)
    print(matrix)
    figure, ax = plt.subplots()
    ax.imshow(matrix)
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    ax.set_title("confusion matrix")
    figure.savefig("confusion.png")
    plt.close(figure)


def question_1(fm1):
    model = CNN()
    history = fit(model, torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9), fm1[0], fm1[1], 9)
    curves(history, "q1_curves")
    print(f"fm1: train accuracy {evaluate(model, fm1[0])[1]:.4f}, validation accuracy {evaluate(model, fm1[1])[1]:.4f}, "
          f"test accuracy {evaluate(model, fm1[2])[1]:.4f}")
    confusion(model, fm1[2])
    torch.save(model.state_dict(), "fm1_cnn.pt")


VARIANTS = [
    ((6,), (5,), "SGD", 0.05, 0.0),
    ((6,), (80, 5), "SGD", 0.05, 0.0),
    ((6,), (80, 5), "Adam", 0.005, 0.0),
    ((6,), (80, 40, 5), "Adam", 0.001, 0.0),
    ((6, 12), (5,), "Adam", 0.005, 0.0),
    ((6, 12), (80, 5), "SGD", 0.05, 0.0),
    ((6, 12), (80, 5), "Adam", 0.001, 0.0),
    ((6, 12), (80, 5), "AdamW", 0.005, 0.05),
    ((6, 12), (80, 40, 5), "Adam", 0.005, 0.0001),
    ((6, 12), (80, 40, 5), "AdamW", 0.001, 0.05),
]


def question_2(fm1):
    rows = []
    for convs, dense, kind, lr, decay in VARIANTS:
        model = CNN(convs, dense)
        fit(model, getattr(torch.optim, kind)(model.parameters(), lr=lr, weight_decay=decay), fm1[0], fm1[1], 1)
        (tl, ta, _), (vl, va, _), (sl, sa, _) = (evaluate(model, part) for part in fm1)
        rows.append([len(convs), len(dense), kind, lr, decay, *(round(v, 4) for v in (tl, vl, sl, ta, va, sa))])
    head = ["conv", "dense", "optimizer", "lr", "weight decay", "train loss", "val loss", "test loss", "train acc", "val acc", "test acc"]
    with open("variants.csv", "w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    best = min(rows, key=lambda row: row[6])
    print("lowest validation loss", best)


def question_3(fm1):
    model = DeepCNN()
    fit(model, torch.optim.Adam(model.parameters(), lr=0.002), fm1[0], fm1[1], 1)
    for name in ("conv1", "conv2", "conv3", "conv4"):
        figure, axes = plt.subplots(1, 6)
        for k, ax in enumerate(axes):
            ax.imshow(getattr(model, name).weight[k, 0].detach().numpy(), cmap="gray")
        figure.suptitle(f"filters of {name}")
        figure.savefig(f"filters_{name}.png")
        plt.close(figure)
    x, y = fm1[2].tensors
    for k in range(5):
        with torch.no_grad():
            maps = model.maps(x[y == k][:1])
        figure, axes = plt.subplots(4, 6)
        for row, layer in zip(axes, maps):
            for j, ax in enumerate(row):
                ax.imshow(layer[0, j].numpy(), cmap="gray")
        figure.suptitle(f"feature maps of class {k}")
        figure.savefig(f"maps_{k}.png")
        plt.close(figure)


def share(data, fraction):
    rows = np.random.RandomState(0).permutation(len(data))
    return Subset(data, rows[: int(fraction * len(data))])


def against_fractions(lines, ylabel, name):
    figure, ax = plt.subplots()
    for label, values in lines.items():
        ax.plot([100 * f for f in FRACTIONS], values, label=label)
    ax.set_xlabel("share of the training data in %")
    ax.set_ylabel(ylabel)
    ax.legend()
    figure.savefig(name + ".png")
    plt.close(figure)


def question_4(fm1, fm2):
    auto = Autoencoder()
    optimizer = torch.optim.Adam(auto.parameters(), lr=1e-3)
    everything = ConcatDataset([*fm2, fm1[0]])
    for epoch in range(2):
        for x, _ in DataLoader(everything, batch_size=100, shuffle=True):
            loss = F.mse_loss(auto(x), x.flatten(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"autoencoder epoch {epoch}: MSE {loss.item():.4f}")
    x = fm1[2].tensors[0]
    with torch.no_grad():
        print(f"autoencoder on fm1: test MSE {F.mse_loss(auto(x), x.flatten(1)).item():.4f}")
    torch.save(auto.state_dict(), "autoencoder.pt")
    lines = {"random": [], "pre-trained": []}
    for fraction in FRACTIONS:
        for start in lines:
            encoder = Autoencoder().encoder
            if start == "pre-trained":
                encoder.load_state_dict(auto.encoder.state_dict())
            model = nn.Sequential(nn.Flatten(), encoder, nn.Linear(10, 5))
            fit(model, torch.optim.Adam(model.parameters(), lr=1e-3), share(fm1[0], fraction), fm1[1], 1)
            lines[start].append(evaluate(model, fm1[2])[1])
    print(lines)
    against_fractions(lines, "test accuracy", "q4_fractions")


def question_5(fm1, fm2):
    source = CNN()
    fit(source, torch.optim.AdamW(source.parameters(), lr=0.002, weight_decay=0.05), fm2[0], fm2[1], 9)
    print(f"fm2: test accuracy {evaluate(source, fm2[2])[1]:.4f}")
    torch.save(source.state_dict(), "fm2_cnn.pt")
    lines = {"random initialisation": [], "transfer": []}
    for fraction in FRACTIONS:
        for start in lines:
            model = CNN()
            if start == "transfer":
                model.load_state_dict(source.state_dict())
                for parameter in model.parameters():
                    parameter.requires_grad = False
                model.last = nn.Linear(80, 5)
            trained = [p for p in model.parameters() if p.requires_grad]
            fit(model, torch.optim.AdamW(trained, lr=0.005, weight_decay=0.05), share(fm1[0], fraction), fm1[1], 3)
            lines[start].append(evaluate(model, fm1[1])[0])
            if fraction == 0.9:
                print(f"90% of fm1, {start}: test accuracy {evaluate(model, fm1[2])[1]:.4f}")
                if start == "transfer":
                    torch.save(model.state_dict(), "transfer.pt")
    print(lines)
    against_fractions(lines, "validation loss", "q5_fractions")


if __name__ == "__main__":
    torch.manual_seed(0)
    fm1, fm2 = half(FM1), half(FM2)
    question_1(fm1)
    question_2(fm1)
    question_3(fm1)
    question_4(fm1, fm2)
    question_5(fm1, fm2)
