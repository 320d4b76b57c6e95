"""Figures of what a trained reference got wrong, and of what its layers see.

Task: `cnn-vgg16`, implementation 6. "Extract wrongly classified images, plot them, reason about
them." And `hw1` Q3.II's figures, for the nets trained here: filters and their responses, and the
feature maps of every stage. Three files are drawn from the stored weights and the test split:

    <task>_misclassified.png   the surest mistakes: what it is, what it was taken for, how surely
    <task>_filters.png         the first layer's filters, and their responses to one picture
    <task>_feature_maps.png    the first channels of every stage, for the same picture

References: Zeiler and Fergus, Visualizing and understanding convolutional networks, 2014.
Time: seconds on one CPU core.

    python -m reference.gallery grocery_cnn --out figures
"""

from __future__ import annotations

import argparse
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reference import baseline, training
from reference.data import DataMissingError
from reference.data.images import grocery_class_names
from reference.figures import grid, show, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reference.data import Split

__all__ = [
    "Mistakes",
    "draw_feature_maps",
    "draw_filters",
    "draw_misclassified",
    "load_trained",
    "main",
    "misclassified",
    "stages",
]

CLASS_NAMES: dict[str, Callable[[], Sequence[str]]] = {"grocery_cnn": grocery_class_names}
"""Where classes have names; elsewhere the label is the name."""
FIGURES = ("misclassified", "filters", "feature_maps")
COLUMNS = 8
FILTERS = 3  # as the handout asks
CHANNELS = 8


@dataclass(frozen=True)
class Mistakes:
    """Wrongly classified examples, the surest first."""

    rows: Tensor
    """Of the split, [M]."""
    labels: Tensor
    predicted: Tensor
    probability: Tensor
    """That the net gives its wrong answer."""


def load_trained(name: str) -> tuple[training.Task, Any, nn.Module]:
    """A reference with its stored weights, in evaluation mode.

    Raises:
        FileNotFoundError: No weights are stored; the message says how to make them.
    """
    task: training.Task = importlib.import_module(f"reference.{name}").TASK
    stored, file = baseline.read(name), baseline.weights_file(name)
    if not file.is_file():
        raise FileNotFoundError(
            f"no weights of {name}; make them: python -m reference.{name} --save"
        )
    settings = {key: tuple(v) if isinstance(v, list) else v for key, v in stored["config"].items()}
    config = task.config(**settings)
    model = task.build(config)
    model.load_state_dict(torch.load(file, weights_only=True))
    return task, config, model.eval()


def misclassified(task: training.Task, config: Any, model: nn.Module, split: Split) -> Mistakes:
    """What a net gets wrong, the surest mistakes first."""
    probabilities = training.outputs_of(task, config, model, split).softmax(dim=1)  # [N, K]
    probability, predicted = probabilities.max(dim=1)
    wrong = (predicted != split.labels).nonzero().squeeze(1)
    rows = wrong[probability[wrong].argsort(descending=True)]
    return Mistakes(rows, split.labels[rows], predicted[rows], probability[rows])


def stages(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The last feature maps of every size: name → [C, H, W].

    Args:
        model: A `Sequential`, or a module that starts with one.
        x: One prepared picture, [1, C, H, W].
    """
    found: dict[int, tuple[str, Tensor]] = {}
    hooks = []

    def keep(name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
        def hook(_module: nn.Module, _inputs: tuple[Tensor, ...], outputs: Tensor) -> None:
            if outputs.ndim == 4 and outputs.shape[-1] > 1:  # noqa: PLR2004  [N, C, H, W]
                found[outputs.shape[-1]] = (name, outputs[0].detach())

        return hook

    layers = model.get_submodule("features") if hasattr(model, "features") else model
    for name, layer in layers.named_children():
        hooks.append(layer.register_forward_hook(keep(f"{type(layer).__name__} {name}")))
    with torch.no_grad():
        model(x)
    for hook in hooks:
        hook.remove()
    return dict(found.values())


def first_convolution(model: nn.Module) -> nn.Conv2d:
    """The layer that sees the pixels."""
    return next(module for module in model.modules() if isinstance(module, nn.Conv2d))


def draw_misclassified(
    images: Tensor, mistakes: Mistakes, names: Sequence[str], file: Path, count: int = 24
) -> Path:
    """A grid of pictures, each with its label, what it was taken for, and how surely.

    Shapes: images [N, C, H, W] of pixels, the whole split.
    """
    shown = min(count, len(mistakes.rows))
    rows = max(1, -(-shown // COLUMNS))
    figure, axes = grid(rows, COLUMNS, width=1.6, height=2.05)
    for axis, place in zip(axes, range(shown), strict=False):
        show(axis, images[mistakes.rows[place]])
        label, taken = (int(part[place]) for part in (mistakes.labels, mistakes.predicted))
        sure = f"{100 * float(mistakes.probability[place]):.0f}%"
        axis.set_title(f"{names[label]}\ntaken for {names[taken]}, {sure}", fontsize=7)
    figure.suptitle(f"The {shown} surest of {len(mistakes.rows)} mistakes", fontsize=10)
    return write(figure, file)


def draw_filters(model: nn.Module, image: Tensor, x: Tensor, file: Path) -> Path:
    """The first three filters of the first layer, and their responses to a picture.

    Shapes: image [C, H, W] of pixels; x the same prepared, [1, C, H, W].
    """
    layer = first_convolution(model)
    with torch.no_grad():
        responses = layer(x)[0]  # [filters, H', W']
    figure, axes = grid(2, FILTERS + 1, width=2.2, height=2.3)
    show(axes[0], image)
    axes[0].set_title("picture", fontsize=8)
    for rank in range(FILTERS):
        weight = layer.weight[rank].detach()  # [C, 3, 3]
        low, high = weight.min(), weight.max()
        show(axes[1 + rank], (weight - low) / (high - low) * 255)
        axes[1 + rank].set_title(f"filter {rank}, {low:.2f} to {high:.2f}", fontsize=8)
        axis = axes[FILTERS + 2 + rank]
        limit = float(responses[rank].abs().max())
        axis.imshow(responses[rank].numpy(), cmap="coolwarm", vmin=-limit, vmax=limit)
        axis.set_title(f"response, ±{limit:.1f}", fontsize=8)
    return write(figure, file)


def draw_feature_maps(model: nn.Module, x: Tensor, file: Path) -> Path:
    """The first channels of every stage: a row for each size, from large to small."""
    found = stages(model, x)
    figure, axes = grid(len(found), CHANNELS, width=1.4, height=1.5)
    for row, (name, maps) in enumerate(found.items()):
        channels, height, width = maps.shape
        for column in range(min(CHANNELS, channels)):
            axes[row * CHANNELS + column].imshow(maps[column].float().numpy(), cmap="viridis")
        title = f"{name}: {channels} maps of {height}x{width}"
        axes[row * CHANNELS].set_title(title, fontsize=8, loc="left")
    return write(figure, file)


def _as_pictures(x: Tensor) -> Tensor:
    """Rows of pixels as squares: [N, 64] → [N, 1, 8, 8]."""
    side = round(x[0].numel() ** 0.5)
    return x.reshape(-1, 1, side, side) if x.ndim == 2 else x  # noqa: PLR2004  [N, pixels]


def draw(name: str, out: Path, count: int) -> list[Path]:
    """Draw the three figures of a trained reference."""
    task, config, model = load_trained(name)
    split = task.load(config).test
    mistakes = misclassified(task, config, model, split)
    images = _as_pictures(split.inputs)
    names = CLASS_NAMES[name]() if name in CLASS_NAMES else [str(label) for label in range(1000)]
    row = int(mistakes.rows[0]) if len(mistakes.rows) else 0
    x = split.inputs[row : row + 1]
    prepared = task.prepare(x) if task.prepare else x
    before = nn.Sequential(*_until_convolution(model))
    files = [out / f"{name}_{figure}.png" for figure in FIGURES]
    return [
        draw_misclassified(images, mistakes, names, files[0], count),
        draw_filters(model, images[row], before(prepared), files[1]),
        draw_feature_maps(model, prepared, files[2]),
    ]


def _until_convolution(model: nn.Module) -> list[nn.Module]:
    """What stands before the first convolution, such as a reshape."""
    kept = []
    for layer in model.children():
        if any(isinstance(module, nn.Conv2d) for module in layer.modules()):
            break
        kept.append(layer)
    return kept


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the figures of one trained reference."""
    parser = argparse.ArgumentParser(prog="python -m reference.gallery", description=__doc__)
    parser.add_argument("task", nargs="?", default="digits_cnn", help="a reference with weights")
    parser.add_argument("--out", type=Path, default=Path("figures"), metavar="FOLDER")
    parser.add_argument("--count", type=int, default=24, help="mistakes that are shown")
    parser.add_argument("--tiny", action="store_true", help="eight mistakes only")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        files = draw(options.task, options.out, COLUMNS if options.tiny else options.count)
    except (DataMissingError, FileNotFoundError, ModuleNotFoundError) as error:
        print(f"gallery: {error}", file=sys.stderr)
        return 2
    for file in files:
        print(f"drew {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
