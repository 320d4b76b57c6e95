"""Handed out with the notebook: data, the small network, and what every notebook needs."""

import matplotlib.pyplot as plt
import torch
import torchvision
from torch import nn
from torch.utils.data import random_split

CLASSES = 10


def get_dataset(name, validation_size, transform):
    """Train, validation and test set of `cifar10`, `mnist` or `imagenet` (Imagenette, ten classes).

    validation_size images are taken out of the training images.
    """
    if name == "cifar10":
        train = torchvision.datasets.CIFAR10("data", train=True, download=True, transform=transform)
        test = torchvision.datasets.CIFAR10("data", train=False, download=True, transform=transform)
    elif name == "mnist":
        train = torchvision.datasets.MNIST("data", train=True, download=True, transform=transform)
        test = torchvision.datasets.MNIST("data", train=False, download=True, transform=transform)
    elif name == "imagenet":
        train = torchvision.datasets.Imagenette("data", "train", size="160px", transform=transform)
        test = torchvision.datasets.Imagenette("data", "val", size="160px", transform=transform)
    else:
        raise ValueError(f"unknown dataset {name!r}")
    generator = torch.Generator().manual_seed(0)
    lengths = [len(train) - validation_size, validation_size]
    train, validation = random_split(train, lengths, generator=generator)
    return train, validation, test


class VGG16S(nn.Module):
    """The small network: the idea of VGG with four convolutions, for images of any size."""

    def __init__(self, num_classes=CLASSES, dropout=0.0):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 48, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(48, 48, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(48 * 16, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, num_classes)
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def get_vgg_weights(model):
    """Load the official weights of VGG16 into a model with 1000 classes and the official names."""
    model.load_state_dict(torchvision.models.vgg16(weights="IMAGENET1K_V1").state_dict())
    return model


def accuracy(model, loader, device="cpu"):
    """Share of rightly classified images."""
    model.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x.to(device)).argmax(1).cpu() == y).sum().item()
            total += len(y)
    return right / total


def plot_accuracy(train, test, title=""):
    """Curves of train and test accuracy over the epochs."""
    plt.figure(figsize=(5, 3))
    plt.plot(range(1, len(train) + 1), train, label="train")
    plt.plot(range(1, len(test) + 1), test, label="test")
    plt.xlabel("epoch")
    plt.ylabel("accuracy")
    plt.title(title)
    plt.legend()
    plt.show()


def count_parameters(model):
    """Numbers that are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
