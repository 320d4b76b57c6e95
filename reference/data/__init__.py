"""The data of all reference solutions, split as the handouts say.

digits.py  8x8 digits of scikit-learn
arrays.py  MNIST, Fashion-MNIST and its halves, CIFAR-10, SVHN: images of one size
images.py  folders of pictures of different sizes
splits.py  training, validation and test; what walks over them
"""

from __future__ import annotations

from reference.data.arrays import load_cifar10, load_fashion, load_fm, load_mnist, load_svhn
from reference.data.digits import DIGITS_BOUNDS, load_digits
from reference.data.splits import (
    Data,
    DataMissingError,
    Split,
    batches,
    data_root,
    held_out,
    of_classes,
)

__all__ = [
    "DIGITS_BOUNDS",
    "Data",
    "DataMissingError",
    "Split",
    "batches",
    "data_root",
    "held_out",
    "load_cifar10",
    "load_digits",
    "load_fashion",
    "load_fm",
    "load_mnist",
    "load_svhn",
    "of_classes",
]
