"""Random changes of training images, each image in its own way, on a generator.

Shapes: [N, C, H, W] → [N, C, H, W], of any type.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["crop", "cutout", "flip"]


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror every second image or so, left to right."""
    mirrored = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)  # noqa: PLR2004
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def crop(images: Tensor, generator: torch.Generator, padding: int) -> Tensor:
    """Shift by up to `padding` pixels each way; the border is mirrored inward."""
    if not padding:
        return images
    count, _, height, width = images.shape
    padded = functional.pad(images.float(), (padding,) * 4, mode="reflect").to(images.dtype)
    draws = torch.randint(2 * padding + 1, (2, count), generator=generator).to(images.device)
    rows = draws[0][:, None] + torch.arange(height, device=images.device)  # [N, H]
    columns = draws[1][:, None] + torch.arange(width, device=images.device)  # [N, W]
    which = torch.arange(count, device=images.device)[:, None, None]
    picked = padded.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]]
    return picked.permute(0, 3, 1, 2)  # [N, H, W, C] → [N, C, H, W]


def cutout(images: Tensor, generator: torch.Generator, size: int) -> Tensor:
    """Replace a square of `size` pixels by the image's mean colour.

    The square's centre is anywhere in the image, so that part of it may lie outside.
    """
    if not size:
        return images
    count, _, height, width = images.shape
    draws = torch.rand((2, count), generator=generator).to(images.device)
    top = (draws[0] * height - size / 2).floor()[:, None]
    left = (draws[1] * width - size / 2).floor()[:, None]
    y = torch.arange(height, device=images.device)
    x = torch.arange(width, device=images.device)
    rows = (y >= top) & (y < top + size)  # [N, H]
    columns = (x >= left) & (x < left + size)  # [N, W]
    hole = (rows[:, :, None] & columns[:, None, :])[:, None]  # [N, 1, H, W]
    mean = images.float().mean(dim=(2, 3), keepdim=True).to(images.dtype)
    return torch.where(hole, mean, images)
