"""Random changes of photographs: where they are cut, how they are lit. For training data only.

Shapes: [N, 3, H, W] of pixels from 0 to 255 → [N, 3, size, size] float32 of the same range.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["IMAGENET_MEAN", "IMAGENET_STD", "cut", "cutmix", "normalise", "recolour"]

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of pixels from 0 to 1, by colour."""
WHITE = 255.0


def normalise(x: Tensor) -> Tensor:
    """Pixels from 0 to 255 → ImageNet's mean becomes 0, its standard deviation 1."""
    mean = torch.tensor(IMAGENET_MEAN, device=x.device)[:, None, None] * WHITE
    std = torch.tensor(IMAGENET_STD, device=x.device)[:, None, None] * WHITE
    return (x.float() - mean) / std


def cut(
    x: Tensor,
    generator: torch.Generator,
    size: int,
    *,
    areas: tuple[float, float],
    stretch: float = 0.0,
    max_degrees: float = 0.0,
    mirror: bool = True,
) -> Tensor:
    """Take a part of each picture, turned a little and mirrored or not, as a square.

    Args:
        x: Pictures.
        generator: Draws.
        size: Side of what comes out, in pixels.
        areas: Least and greatest share of the picture that is kept.
        stretch: Width and height are changed by factors of up to e^±stretch.
        max_degrees: Turned by up to so much, either way.
        mirror: Mirror half of the pictures, left to right.
    """
    count = len(x)

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    side, ratio = between(*areas).sqrt(), between(-stretch, stretch).exp()
    wide, high = (side * ratio).clamp(max=1), (side / ratio).clamp(max=1)
    left, top = between(-1, 1) * (1 - wide), between(-1, 1) * (1 - high)
    facing = (torch.rand(count, generator=generator) - 0.5).sign() if mirror else torch.ones(count)
    angle = between(-max_degrees, max_degrees) * math.pi / 180
    rows = (
        torch.stack([wide * angle.cos() * facing, -high * angle.sin(), left], dim=1),
        torch.stack([wide * angle.sin() * facing, high * angle.cos(), top], dim=1),
    )
    matrix = torch.stack(rows, dim=1).to(x.device)  # [N, 2, 3]
    channels = x.shape[1]
    grid = functional.affine_grid(matrix, [count, channels, size, size], align_corners=False)
    return functional.grid_sample(
        x.float(), grid, padding_mode="reflection", align_corners=False
    )  # [N, C, size, size]


def recolour(x: Tensor, generator: torch.Generator, light: float, tint: float) -> Tensor:
    """Change brightness, contrast, saturation and tint: one 3x3 matrix and offset a picture.

    Args:
        x: Pictures.
        generator: Draws.
        light: Brightness, contrast and saturation change by factors of up to e^±light each.
        tint: Each colour changes by a factor of up to e^±tint.
    """

    def factor(limit: float, colours: int = 1) -> Tensor:
        drawn = 2 * torch.rand(len(x), colours, 1, generator=generator) - 1
        return (limit * drawn).exp().to(x.device)

    bright, contrast, saturation = (factor(light) for _ in range(3))
    gain = bright * factor(tint, colours=3)  # [N, 3, 1]
    same, grey = torch.eye(3, device=x.device), torch.full((3, 3), 1 / 3, device=x.device)
    matrix = gain * contrast * (saturation * same + (1 - saturation) * grey)  # [N, 3, 3]
    middle = x.mean(dim=(1, 2, 3))[:, None, None]
    offset = gain * (1 - contrast) * middle  # [N, 3, 1]
    flat = torch.baddbmm(offset, matrix, x.flatten(2))  # [N, 3, size²]
    return flat.clamp(0, WHITE).reshape(x.shape)


def cutmix(
    x: Tensor, labels: Tensor, generator: torch.Generator, *, classes: int, share: float
) -> tuple[Tensor, Tensor]:
    """Paste a rectangle of another picture of the batch into each; the labels are mixed alike.

    Args:
        x: Pictures.
        labels: Theirs, [N].
        generator: Draws: one rectangle for the batch.
        classes: How many there are.
        share: How many batches are mixed; the others come back as they are.

    Returns:
        The pictures, and a probability for each class: [N, classes].

    Source: Yun et al., CutMix, 2019.
    """
    targets = functional.one_hot(labels, classes).float()
    draws = torch.rand(4, generator=generator).tolist()
    if draws[0] >= share:
        return x, targets
    height, width = x.shape[-2:]
    side = math.sqrt(draws[1])  # the rectangle's area is uniform from 0 to 1
    high, wide = round(side * height), round(side * width)
    top, left = round(draws[2] * (height - high)), round(draws[3] * (width - wide))
    order = torch.randperm(len(x), generator=generator).to(x.device)
    mixed = x.clone()
    window = (..., slice(top, top + high), slice(left, left + wide))
    mixed[window] = x[order][window]
    kept = 1 - high * wide / (height * width)
    return mixed, kept * targets + (1 - kept) * targets[order]
