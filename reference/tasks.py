"""The reference solutions by name. Each name is a module of this package with a command line."""

from __future__ import annotations

__all__ = ["TASKS"]

TASKS: dict[str, str] = {
    "digits_mlp": "digits-svhn part 2: the MLP 64-256-10 of the template",
    "digits_cnn": "digits-svhn part 2: the CNN with 32 kernels of the template",
    "digits_cnn_better": "digits-svhn part 2: a CNN with batch norm, dropout and augmentation",
    "cifar10_first": "cifar10-cnn 1.2-1.4: the first net, with ten seeds",
    "cifar10_better": "cifar10-cnn 1.3: the improved net",
}
