"""Pre-trained VGG16: what it says of pictures, its first three filters and their responses.

Task: `hw1` Q3.II. "load and display the images of `birds/`, pre-process (resize 224, normalise with
the ImageNet mean and std), feed forward, show outputs (Nx1000) and labels; the same for a picture
of `dogs/`; plot the first three filters of the first layer and their responses to it; explain."
The official weights are read from `$TORCH_HOME/hub/checkpoints/vgg16-*.pth`; nothing is downloaded.
References: Simonyan and Zisserman, 2015; the weights are torchvision's `VGG16_Weights`.
Expected: two figures, `vgg16_labels.png` and `vgg16_filters.png`. Filters of the first layer are
small: 3x3 pixels of three colours, edges of one direction and changes of colour; a response is
large, positive or negative, where the picture holds that pattern.
Time: two seconds a picture on one CPU core.

    python -m reference.vgg16_filters --pictures dogs --out figures
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from reference.data import DataMissingError, data_root
from reference.data.images import picture
from reference.figures import grid, show, write
from reference.gallery import draw_filters
from reference.photographs import normalise
from reference.vgg16 import VGG16

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["WeightsMissingError", "find_pictures", "find_weights", "load_pretrained", "main"]

SIZE = 224
SHOWN = 3  # labels a picture
PICTURES = 8
SUFFIXES = (".jpg", ".jpeg", ".png")
FETCH = "python -c \"import torchvision; torchvision.models.vgg16(weights='DEFAULT')\""


class WeightsMissingError(Exception):
    """The official weights are not on this machine; the message says what would provide them."""


def find_weights() -> Path:
    """The file of the official weights.

    Raises:
        WeightsMissingError: There is none.
    """
    home = os.environ.get("TORCH_HOME") or str(Path.home() / ".cache" / "torch")
    folder = Path(home) / "hub" / "checkpoints"
    found = sorted(folder.glob("vgg16-*.pth"))
    if not found:
        raise WeightsMissingError(
            f"no pre-trained VGG16: {folder}/vgg16-*.pth is not there. "
            f"Set TORCH_HOME to a folder that has it, or fetch it once (528 MB): {FETCH}"
        )
    return found[0]


def load_pretrained(file: Path) -> VGG16:
    """VGG16-D with the official weights, in evaluation mode."""
    with torch.device("meta"):
        model = VGG16()
    state = torch.load(file, weights_only=True, map_location="cpu")
    model.load_state_dict(state, assign=True)
    return model.eval()


def find_pictures(given: Path | None) -> list[Path]:
    """The first pictures of a folder; by default one of each class of Imagenette.

    Raises:
        DataMissingError: There are none.
    """
    if given is None:
        given = data_root() / "imagenette2-160" / "val"
        found = [next(iter(sorted(path.glob("*.JPEG"))), None) for path in sorted(given.glob("n*"))]
    else:
        found = [path for path in sorted(given.glob("*")) if path.suffix.lower() in SUFFIXES]
    pictures = [path for path in found if path is not None][:PICTURES]
    if not pictures:
        raise DataMissingError(f"no pictures in {given}: name a folder of them with --pictures")
    return pictures


def categories() -> list[str]:
    """Names of ImageNet's 1000 classes, in the order of the outputs."""
    from torchvision.models import VGG16_Weights

    names: list[str] = VGG16_Weights.IMAGENET1K_V1.meta["categories"]
    return names


def draw_labels(images: Tensor, probabilities: Tensor, names: Sequence[str], file: Path) -> Path:
    """Each picture with the net's three surest labels.

    Shapes: images [N, 3, 224, 224] of pixels, probabilities [N, 1000].
    """
    figure, axes = grid(2, -(-len(images) // 2), width=2.3, height=2.7)
    best = probabilities.topk(SHOWN, dim=1)
    for axis, image, shares, labels in zip(axes, images, *best, strict=False):
        show(axis, image)
        told = [
            f"{names[int(k)]} {100 * float(p):.0f}%" for p, k in zip(shares, labels, strict=True)
        ]
        axis.set_title("\n".join(told), fontsize=7)
    return write(figure, file)


def main(argv: Sequence[str] | None = None) -> int:
    """Show labels, filters and responses of the pre-trained net."""
    parser = argparse.ArgumentParser(prog="python -m reference.vgg16_filters", description=__doc__)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="such as birds or dogs")
    parser.add_argument("--out", type=Path, default=Path("figures"), metavar="FOLDER")
    parser.add_argument("--tiny", action="store_true", help="one picture only")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        weights = find_weights()
        paths = find_pictures(options.pictures)[: 1 if options.tiny else None]
    except (WeightsMissingError, DataMissingError) as error:
        print(f"vgg16_filters: {error}", file=sys.stderr)
        return 2
    model = load_pretrained(weights)
    images = torch.stack([picture(path, SIZE) for path in paths])
    x = normalise(images)
    with torch.no_grad():
        scores = model(x)  # [N, 1000]
    print(f"outputs: {list(scores.shape)}")
    names = categories()
    for path, row in zip(paths, scores.argmax(dim=1), strict=True):
        print(f"{path.name}: {names[int(row)]}")
    drawn = (
        draw_labels(images, scores.softmax(dim=1), names, options.out / "vgg16_labels.png"),
        draw_filters(model, images[0], x[:1], options.out / "vgg16_filters.png"),
    )
    for file in drawn:
        print(f"drew {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
