"""All five questions: python main.py

Team Weft. The report is report.pdf; figures and tables go to results/.
"""

import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import ConcatDataset, DataLoader, Subset

from data import FM1, FM2, NAMES, make_half
from models import CNN, Autoencoder, DeepCNN, EncoderMLP
from training import evaluate, fit

OUT = Path("results")
FRACTIONS = [f / 100 for f in range(5, 101, 5)]


def plot_history(history, title, name):
    fig, axes = plt.subplots(1, 2, figsize=(8, 3))
    for ax, what in zip(axes, ("loss", "acc")):
        ax.plot(history[f"train {what}"], label="train")
        ax.plot(history[f"val {what}"], label="validation")
        ax.set_xlabel("epoch")
        ax.set_ylabel({"loss": "cross-entropy", "acc": "accuracy"}[what])
        ax.set_title(title)
        ax.legend()
    fig.tight_layout()
    fig.savefig(OUT / name, dpi=60)
    plt.close(fig)


def confusion(model, data, classes, name):
    _, _, predicted = evaluate(model, data)
    labels = data.tensors[1]
    matrix = np.zeros((5, 5), dtype=int)
    np.add.at(matrix, (labels.numpy(), predicted.numpy()), 1)
    print(matrix)
    fig, ax = plt.subplots(figsize=(4, 4))
    ax.imshow(matrix, cmap="Blues")
    for i in range(5):
        for j in range(5):
            ax.text(j, i, matrix[i, j], ha="center", va="center")
    ax.set_xticks(range(5), [NAMES[c] for c in classes], rotation=45)
    ax.set_yticks(range(5), [NAMES[c] for c in classes])
    ax.set_xlabel("predicted")
    ax.set_ylabel("true")
    ax.set_title("confusion matrix, test set")
    fig.tight_layout()
    fig.savefig(OUT / name, dpi=60)
    plt.close(fig)


def question_1(fm1):
    train, val, test = fm1
    torch.manual_seed(1)
    model = CNN((6, 12), (80, 5))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9)
    history = fit(model, train, val, optimizer, epochs=60)
    plot_history(history, "CNN on fm1", "q1_curves.png")
    for name, data in (("train", train), ("validation", val), ("test", test)):
        loss, accuracy, _ = evaluate(model, data)
        print(f"fm1 CNN {name} accuracy: {accuracy:.4f} (loss {loss:.4f})")
    confusion(model, test, FM1, "q1_confusion.png")
    torch.save(model.state_dict(), "fm1_cnn.pt")
    return model


VARIANTS = [  # convolutions, dense, optimizer, learning rate, weight decay
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
    train, val, test = fm1
    head = ["conv", "dense", "optimizer", "lr", "weight decay"]
    head += [f"{split} {what}" for what in ("loss", "accuracy") for split in ("train", "val", "test")]
    rows = []
    for convs, dense, kind, lr, decay in VARIANTS:
        torch.manual_seed(2)
        model = CNN(convs, dense)
        optimizer = getattr(torch.optim, kind)(model.parameters(), lr=lr, weight_decay=decay)
        fit(model, train, val, optimizer, epochs=4, window=4, verbose=False)
        got = [evaluate(model, data)[:2] for data in (train, val, test)]
        row = [len(convs), len(dense), kind, lr, decay, *(g[0] for g in got), *(g[1] for g in got)]
        rows.append(row)
        print(" | ".join(f"{v:.4f}" if isinstance(v, float) else str(v) for v in row), flush=True)
    with open(OUT / "q2_variants.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows([f"{v:.4f}" if isinstance(v, float) else v for v in row] for row in rows)
    best = min(rows, key=lambda row: row[6])
    print("lowest validation loss:", best[:5], f"{best[6]:.4f}")


def question_3(fm1):
    train, val, test = fm1
    torch.manual_seed(3)
    model = DeepCNN()
    fit(model, train, val, torch.optim.Adam(model.parameters(), lr=0.002), epochs=4, window=4)
    print(f"deep CNN test accuracy: {evaluate(model, test)[1]:.4f}")
    for layer in ("conv1", "conv2", "conv3", "conv4"):
        kernels = getattr(model, layer).weight.detach()
        n = kernels.shape[0]
        fig, axes = plt.subplots(2, n // 2, figsize=(n / 2, 2.2))
        for i, ax in enumerate(axes.flat):
            ax.imshow(kernels[i, 0], cmap="gray")
            ax.axis("off")
        fig.suptitle(f"filters of {layer} (first input channel)", fontsize=8)
        fig.savefig(OUT / f"q3_filters_{layer}.png", dpi=60)
        plt.close(fig)
    x, y = test.tensors
    for k in range(5):
        image = x[y == k][:1]
        with torch.no_grad():
            maps = model.maps(image)
        fig, axes = plt.subplots(5, 6, figsize=(6, 5))
        for ax in axes.flat:
            ax.axis("off")
        axes[0, 0].imshow(image[0, 0], cmap="gray")
        for row, m in zip(axes[1:], maps):
            for j in range(6):
                row[j].imshow(m[0, j], cmap="gray")
        fig.suptitle(f"feature maps: {NAMES[FM1[k]]}", fontsize=8)
        fig.savefig(OUT / f"q3_maps_{k}.png", dpi=50)
        plt.close(fig)
    torch.save(model.state_dict(), "fm1_deep_cnn.pt")


def share(data, fraction, seed):
    """The first rows of a shuffled training set."""
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    return Subset(data, order[: int(fraction * len(data))].tolist())


def plot_fractions(lines, ylabel, title, name):
    fig, ax = plt.subplots(figsize=(6, 3.5))
    for label, values in lines.items():
        ax.plot([100 * f for f in FRACTIONS], values, marker="o", label=label)
    ax.set_xlabel("share of the training data (%)")
    ax.set_ylabel(ylabel)
    ax.set_title(title)
    ax.legend()
    fig.tight_layout()
    fig.savefig(OUT / name, dpi=60)
    plt.close(fig)


def question_4(fm1, fm2):
    train, val, test = fm1
    torch.manual_seed(4)
    auto = Autoencoder()
    optimizer = torch.optim.Adam(auto.parameters(), lr=1e-3)
    unlabelled = ConcatDataset([*fm2, train])
    for epoch in range(5):
        total = 0.0
        for x, _ in DataLoader(unlabelled, batch_size=100, shuffle=True):
            loss = F.mse_loss(auto(x), x.flatten(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        print(f"autoencoder epoch {epoch}: MSE {total / len(unlabelled):.4f}", flush=True)
    with torch.no_grad():
        x = test.tensors[0]
        print(f"autoencoder test MSE: {F.mse_loss(auto(x), x.flatten(1)).item():.4f}")
    torch.save(auto.state_dict(), "autoencoder.pt")

    lines = {"random": [], "pre-trained": []}
    for fraction in FRACTIONS:
        part = share(train, fraction, 4)
        for start in lines:
            torch.manual_seed(5)
            model = EncoderMLP()
            if start == "pre-trained":
                model.encoder.load_state_dict(auto.encoder.state_dict())
            fit(model, part, val, torch.optim.Adam(model.parameters(), lr=1e-3), epochs=2, window=5, verbose=False)
            lines[start].append(evaluate(model, test)[1])
        print(f"{fraction:.0%}: random {lines['random'][-1]:.4f}, pre-trained {lines['pre-trained'][-1]:.4f}", flush=True)
    plot_fractions(lines, "test accuracy", "MLP on fm1: random or encoder", "q4_fractions.png")


def question_5(fm1, fm2):
    train2, val2, test2 = fm2
    torch.manual_seed(6)
    source = CNN((6, 12), (80, 40, 5))
    optimizer = torch.optim.AdamW(source.parameters(), lr=0.005, weight_decay=0.05)
    history = fit(source, train2, val2, optimizer, epochs=7, window=5)
    plot_history(history, "CNN on fm2", "q5_fm2_curves.png")
    print(f"fm2 CNN test accuracy: {evaluate(source, test2)[1]:.4f}")
    confusion(source, test2, FM2, "q5_fm2_confusion.png")
    torch.save(source.state_dict(), "fm2_cnn.pt")

    train, val, test = fm1
    lines = {"random initialisation": [], "transfer": []}
    for fraction in FRACTIONS:
        part = share(train, fraction, 6)
        for start in lines:
            torch.manual_seed(7)
            model = CNN((6, 12), (80, 40, 5))
            if start == "transfer":
                model.load_state_dict(source.state_dict())
                for p in model.parameters():
                    p.requires_grad = False
                model.classifier[-1] = torch.nn.Linear(40, 5)  # new, and the only one that learns
            trained = [p for p in model.parameters() if p.requires_grad]
            fit(model, part, val, torch.optim.AdamW(trained, lr=0.005, weight_decay=0.05), epochs=2, window=5, verbose=False)
            lines[start].append(evaluate(model, val)[0])
            if fraction == 0.9:
                print(f"90%: {start} test accuracy {evaluate(model, test)[1]:.4f}")
                if start == "transfer":
                    torch.save(model.state_dict(), "transfer.pt")
        print(f"{fraction:.0%}: val loss random {lines['random initialisation'][-1]:.4f}, transfer {lines['transfer'][-1]:.4f}", flush=True)
    plot_fractions(lines, "validation loss", "fm1 from random weights or from fm2", "q5_fractions.png")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    fm1, fm2 = make_half(FM1), make_half(FM2)
    for name, half in (("fm1", fm1), ("fm2", fm2)):
        print(name, [len(part) for part in half], [torch.bincount(part.tensors[1]).tolist() for part in half])
    question_1(fm1)
    question_2(fm1)
    question_3(fm1)
    question_4(fm1, fm2)
    question_5(fm1, fm2)
