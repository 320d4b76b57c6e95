"""Part 3, SVHN in grey. python svhn.py"""
import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import SVHN

torch.manual_seed(33)
# colour does not tell a digit, so we leave it out
grey = transforms.Compose([transforms.Grayscale(), transforms.ToTensor(), transforms.Normalize((0.45,), (0.2,))])


class GreySVHN(torch.utils.data.Dataset):
    """SVHN as grey images, float [1, 32, 32]; the validation images are the last 10,000 of the training set."""

    def __init__(self, mode):
        full = SVHN("D:\\data\\svhn", split="test" if mode == "test" else "train", download=True, transform=grey)
        n = len(full)
        rows = {"train": range(n - 10000), "val": range(n - 10000, n), "test": range(n)}[mode]
        self.subset = Subset(full, rows)

    def __len__(self):
        return len(self.subset)

    def __getitem__(self, i):
        return self.subset[i]


class SVHNClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(32)
        self.conv3 = nn.Conv2d(32, 48, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(48)
        self.fc = nn.Linear(48 * 16, 10)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.bn1(self.conv1(x))), 2)
        x = F.max_pool2d(F.leaky_relu(self.bn2(self.conv2(x))), 2)
        x = F.max_pool2d(F.leaky_relu(self.bn3(self.conv3(x))), 2)
        return F.log_softmax(self.fc(x.flatten(1)), dim=1)


def error(model, loader):
    model.eval()
    wrong, n = 0, 0
    with torch.no_grad():
        for x, y in loader:
            wrong += (model(x).argmax(1) != y).sum().item()
            n += len(y)
    return wrong / n


def main():
    train_loader = DataLoader(GreySVHN("train"), batch_size=64, shuffle=True)
    val_loader = DataLoader(GreySVHN("val"), batch_size=500)
    test_loader = DataLoader(GreySVHN("test"), batch_size=500)
    model = SVHNClassifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    best, curve = 1.0, []
    for epoch in range(2):
        model.train()
        for x, y in train_loader:
            loss = F.nll_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        curve.append(error(model, val_loader))
        print("SVHN epoch", epoch, "validation error", curve[-1])
        if curve[-1] < best:
            best = curve[-1]
            torch.save(model.state_dict(), "svhn_grey.pt")
    model.load_state_dict(torch.load("svhn_grey.pt"))
    print("SVHN test error", error(model, test_loader))
    plt.figure(figsize=(4, 3))
    plt.plot(curve, "o-")
    plt.title("SVHN, grey")
    plt.xlabel("epoch")
    plt.ylabel("validation error")
    plt.savefig("svhn_curve.png", dpi=60)


if __name__ == "__main__":
    main()
