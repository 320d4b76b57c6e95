"""The official VGG16-D: names and shapes of its tensors. Runs outside the box."""

from __future__ import annotations

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and convolutions. Source: "13 conv layers 3x3 in blocks 64-64, 128-128, 256x3, …"."""
DENSE = (25088, 4096, 4096)
"""Source: "25088→4096→4096→classes"."""


def vgg16_d(classes: int) -> dict[str, tuple[int, ...]]:
    """Key → shape of the official state dict.

    Args:
        classes: Rows of the last layer.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    inputs, index = 3, 0
    for channels, convolutions in BLOCKS:
        for _ in range(convolutions):
            shapes[f"features.{index}.weight"] = (channels, inputs, 3, 3)
            shapes[f"features.{index}.bias"] = (channels,)
            inputs, index = channels, index + 2  # a ReLU follows
        index += 1  # and a pooling
    outputs = (*DENSE[1:], classes)
    for place, (wide, narrow) in enumerate(zip(DENSE, outputs, strict=True)):
        shapes[f"classifier.{3 * place}.weight"] = (narrow, wide)  # ReLU and dropout between
        shapes[f"classifier.{3 * place}.bias"] = (narrow,)
    return shapes


def vgg16_d_1000() -> dict[str, tuple[int, ...]]:
    """The official network, for ImageNet's 1000 classes."""
    return vgg16_d(1000)


def vgg16_d_10() -> dict[str, tuple[int, ...]]:
    """The same for ten classes."""
    return vgg16_d(10)
