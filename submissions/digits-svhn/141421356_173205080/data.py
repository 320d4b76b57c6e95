"""Digits data."""
import numpy as np
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    """Scikit-Learn digits, split as in the template."""

    def __init__(self, mode="train", transforms=None):
        digits = load_digits()
        first, last = {"train": (0, 1000), "val": (1000, 1350), "test": (1350, len(digits.data))}[mode]
        self.data = digits.data[first:last].astype(np.float32)
        self.targets = digits.target[first:last]
        self.transforms = transforms

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        x, y = self.data[idx], self.targets[idx]
        if self.transforms:
            x = self.transforms(x)
        return x, y


def get_loaders(batch_size):
    train = DataLoader(Digits("train"), batch_size=batch_size, shuffle=True)
    val = DataLoader(Digits("val"), batch_size=batch_size, shuffle=False)
    test = DataLoader(Digits("test"), batch_size=batch_size, shuffle=False)
    return train, val, test
