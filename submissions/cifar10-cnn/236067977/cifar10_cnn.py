"""Image classification with CNNs, CIFAR-10.

Elena Ricci, 236067977

    python cifar10_cnn.py            everything: figures, both trainings, checkpoints
    python cifar10_cnn.py --epochs 1 a quick look
"""

import argparse
import copy
import random

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

SEED = 42
BATCH_SIZE = 32
EVERY = 250  # print and record every so many steps
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def set_seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


# ------------------------------------------------------------------ 1.1 data

to_tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize(MEAN, STD)])
augment = transforms.Compose(
    [
        transforms.RandomHorizontalFlip(),
        transforms.RandomCrop(32, padding=4),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, STD),
    ]
)


def look_at_data(root):
    """One image per class, histograms, type of an element (1.1)."""
    train = datasets.CIFAR10(root, train=True, download=True)
    test = datasets.CIFAR10(root, train=False, download=True)
    print(f"train: {len(train)} images, test: {len(test)} images")

    image, label = train[0]
    print("an element is", type(image), type(label))
    tensor = to_tensor(image)
    print("after the transform:", tensor.shape, tensor.dtype)

    fig, axes = plt.subplots(2, 5, figsize=(6, 2.8))
    targets = np.array(train.targets)
    for k, ax in enumerate(axes.flat):
        first = int(np.flatnonzero(targets == k)[0])
        ax.imshow(train.data[first])
        ax.set_title(CLASSES[k], fontsize=8)
        ax.axis("off")
    fig.tight_layout()
    fig.savefig("classes.png", dpi=60)

    fig, axes = plt.subplots(1, 2, figsize=(7, 2.6))
    for ax, data, name in zip(axes, (train, test), ("train", "test")):
        counts = np.bincount(data.targets, minlength=10)
        ax.bar(range(10), counts)
        ax.set_xticks(range(10), CLASSES, rotation=90, fontsize=7)
        ax.set_title(f"{name} set, {counts.sum()} images")
        ax.set_ylabel("images")
    fig.tight_layout()
    fig.savefig("histogram.png", dpi=60)


def make_loaders(root, train_transform):
    """80 % of the training set to train, 20 % to validate; only the former is augmented."""
    augmented = datasets.CIFAR10(root, train=True, download=True, transform=train_transform)
    plain = datasets.CIFAR10(root, train=True, download=True, transform=to_tensor)
    test = datasets.CIFAR10(root, train=False, download=True, transform=to_tensor)

    order = np.random.RandomState(SEED).permutation(len(augmented))
    n_val = len(order) // 5
    train_set = Subset(augmented, order[n_val:].tolist())
    val_set = Subset(plain, order[:n_val].tolist())

    train_loader = DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=256, shuffle=False)
    test_loader = DataLoader(test, batch_size=256, shuffle=False)
    return train_loader, val_loader, test_loader


# ------------------------------------------------------------------ 1.2 model


class FirstCNN(nn.Module):
    """Three 3x3 convolutions with max pooling, two fully connected layers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(32 * 4 * 4, 56)
        self.fc2 = nn.Linear(56, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))  # 16 x 16 x 16
        x = self.pool(F.relu(self.conv2(x)))  # 32 x 8 x 8
        x = self.pool(F.relu(self.conv3(x)))  # 32 x 4 x 4
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


class BetterCNN(FirstCNN):
    """The same net with dropout; it goes on from the first model's weights."""

    def __init__(self, dropout=0.1):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = self.pool(F.relu(self.conv3(x)))
        x = self.dropout(x.flatten(1))
        x = F.relu(self.fc1(x))
        return self.fc2(x)


# ------------------------------------------------------------------ 1.3 training


@torch.no_grad()
def evaluate(model, loader):
    """Mean cross-entropy and accuracy."""
    was_training = model.training
    model.eval()
    loss, correct, n = 0.0, 0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        correct += (logits.argmax(1) == y).sum().item()
        n += len(y)
    model.train(was_training)
    return loss / n, correct / n


def train(model, optimizer, train_loader, val_loader, epochs, schedule=None):
    """Train; every EVERY steps print and record losses and accuracies. Returns the history."""
    history = {"step": [], "train_loss": [], "val_loss": [], "train_acc": [], "val_acc": []}
    best_acc, best_state = 0.0, None
    step, loss_sum, correct, seen = 0, 0.0, 0, 0
    for epoch in range(epochs):
        model.train()
        for x, y in train_loader:
            x, y = x.to(device), y.to(device)
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if schedule is not None:
                schedule.step()

            step += 1
            loss_sum += loss.item() * len(y)
            correct += (logits.argmax(1) == y).sum().item()
            seen += len(y)
            if step % EVERY == 0:
                val_loss, val_acc = evaluate(model, val_loader)
                history["step"].append(step)
                history["train_loss"].append(loss_sum / seen)
                history["train_acc"].append(correct / seen)
                history["val_loss"].append(val_loss)
                history["val_acc"].append(val_acc)
                print(
                    f"epoch {epoch + 1} step {step}: train loss {loss_sum / seen:.4f} acc {correct / seen:.4f}"
                    f" | val loss {val_loss:.4f} acc {val_acc:.4f}",
                    flush=True,
                )
                loss_sum, correct, seen = 0.0, 0, 0
                if val_acc > best_acc:
                    best_acc, best_state = val_acc, copy.deepcopy(model.state_dict())
    if best_state is not None:
        model.load_state_dict(best_state)
    return history


def save_checkpoint(model, optimizer, path):
    torch.save({"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}, path)


def plot_history(history, title, path):
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 2.8))
    left.plot(history["step"], history["train_loss"], label="train")
    left.plot(history["step"], history["val_loss"], label="validation")
    left.set_xlabel("step")
    left.set_ylabel("cross-entropy loss")
    left.set_title(title + ": loss")
    left.legend()
    right.plot(history["step"], history["train_acc"], label="train")
    right.plot(history["step"], history["val_acc"], label="validation")
    right.set_xlabel("step")
    right.set_ylabel("accuracy")
    right.set_title(title + ": accuracy")
    right.legend()
    fig.tight_layout()
    fig.savefig(path, dpi=60)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default="./data")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--epochs2", type=int, default=1)  # of fine-tuning
    args = parser.parse_args()

    look_at_data(args.root)

    # the first model
    set_seed(SEED)
    train_loader, val_loader, test_loader = make_loaders(args.root, to_tensor)
    print(f"{len(train_loader.dataset)} to train, {len(val_loader.dataset)} to validate")
    model_1 = FirstCNN().to(device)
    print("first model:", sum(p.numel() for p in model_1.parameters()), "parameters")
    optimizer_1 = torch.optim.Adam(model_1.parameters(), lr=1e-3)
    history = train(model_1, optimizer_1, train_loader, val_loader, args.epochs)
    _, accuracy = evaluate(model_1, test_loader)
    print(f"Test accuracy of the first model: {100 * accuracy:.2f}%")
    save_checkpoint(model_1, optimizer_1, "Elena_Ricci_1.pt")
    plot_history(history, "first model", "curves_1.png")

    # the improved model: fine-tuned with augmentation, dropout, weight decay and a falling learning rate
    set_seed(SEED)
    train_loader, val_loader, test_loader = make_loaders(args.root, augment)
    model_2 = BetterCNN().to(device)
    model_2.load_state_dict(model_1.state_dict())
    print("second model:", sum(p.numel() for p in model_2.parameters()), "parameters")
    optimizer_2 = torch.optim.Adam(model_2.parameters(), lr=6e-4, weight_decay=1e-5)
    steps = args.epochs2 * len(train_loader)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer_2, steps)
    history = train(model_2, optimizer_2, train_loader, val_loader, args.epochs2, schedule)
    _, accuracy = evaluate(model_2, test_loader)
    print(f"Test accuracy of the second model: {100 * accuracy:.2f}%")
    save_checkpoint(model_2, optimizer_2, "Elena_Ricci_2.pt")
    plot_history(history, "second model", "curves_2.png")


if __name__ == "__main__":
    main()
