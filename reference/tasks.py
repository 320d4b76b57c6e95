"""The reference solutions by name. Each name is a module of this package with a command line."""

from __future__ import annotations

__all__ = ["FIGURES", "TASKS"]

TASKS: dict[str, str] = {
    "digits_mlp": "digits-svhn part 2: the MLP 64-256-10 of the template",
    "digits_cnn": "digits-svhn part 2: the CNN with 32 kernels of the template",
    "digits_cnn_better": "digits-svhn part 2: a CNN with batch norm, dropout and augmentation",
    "cifar10_first": "cifar10-cnn 1.2-1.4: the first net, with ten seeds",
    "cifar10_better": "cifar10-cnn 1.3: the improved net",
    "fashion_first": "fashion-transfer Q1: the handout's CNN on fm1, trained until it stops",
    "fashion_cnn": "fashion-transfer Q2: the best CNN on fm1",
    "fashion_cnn_fm2": "fashion-transfer Q5: the best CNN on fm2",
    "fashion_variants": "fashion-transfer Q2: a table of ten variants on fm1",
    "fashion_features": "fashion-transfer Q3: filters and feature maps of four convolutions",
    "fashion_autoencoder": "fashion-transfer Q4: an MLP at random, and one from an autoencoder",
    "fashion_transfer": "fashion-transfer Q5: from fm2 to fm1, all but the last layer frozen",
    "gradients": "hw1 Q1 and Q2.I: derivatives of sigmoid, tanh, softmax and cross-entropy",
    "backprop_mlp": "hw1 Q2.II: an MLP on MNIST with its backward pass by hand",
    "grocery_cnn": "hw1 Q3.I: a CNN with fewer than 100,000 parameters for the Grocery Store data",
    "vgg16": "cnn-vgg16 1 and 2: VGG16-D with the paper's optimizer (needs a GPU)",
    "vgg16_overfit": "cnn-vgg16 3: VGG16-D, with and without dropout, overfits 64 pictures",
    "vgg16_imagenette": "cnn-vgg16 4: a recipe for Imagenette from scratch (needs a GPU)",
    "svhn_cnn": "digits-svhn part 3: a CNN for SVHN",
}

FIGURES: dict[str, str] = {
    "gallery": "cnn-vgg16 6, hw1 Q3.II: mistakes, filters and feature maps of a trained reference",
    "vgg16_filters": "hw1 Q3.II: pre-trained VGG16's labels, first three filters and responses",
}
"""What draws figures and has no baseline."""
