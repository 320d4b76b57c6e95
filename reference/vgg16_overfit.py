"""VGG16-D and a small net learn 64 pictures by heart.

Task: `cnn-vgg16`, implementation 3. "Make it overfit; show how dropout changes that; can the small
model overfit too?" Each net trains on the same 64 pictures of Imagenette until all are right with
a mean loss below 0.01 nats, measured in evaluation mode; the validation pictures show that nothing
of use was learned. The pictures are 64 pixels wide and high, so that a CPU can do it: the layers
and the 134 million parameters are those of 224 pixels.
References: Simonyan and Zisserman, 2015; Zhang et al., Understanding deep learning requires
rethinking generalization, 2017; Srivastava et al., Dropout, 2014.
Expected: all three nets get all 64 right; see the baseline.
Time: minutes on one CPU core with bfloat16 units, and 3 GB.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reference import baseline
from reference.command import with_settings
from reference.data import DataMissingError
from reference.data.images import load_imagenette
from reference.losses import cross_entropy
from reference.photographs import normalise
from reference.vgg16 import VGG16

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference.data import Split

__all__ = ["Config", "Course", "main", "overfit", "small"]

NAME = "vgg16_overfit"
CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class Config:
    """Chosen so that training takes minutes on a CPU."""

    lr: float = 5e-3
    small_lr: float = 3e-2
    momentum: float = 0.9
    clip: float = 1.0
    """Greatest length of the gradient."""
    dropout: float = 0.5
    """Of the second VGG16; the first has none."""
    pictures: int = 64
    size: int = 64
    steps: int = 100
    """At most."""
    small_steps: int = 1500
    every: int = 5
    """Steps from one look at the training pictures in evaluation mode to the next."""
    loss: float = 0.01
    """Nats per picture at which it is called overfitting."""
    narrow: int = 1
    """Divides VGG16's widths, to try the code in seconds."""
    bf16: bool = True
    device: str = "cpu"


@dataclass(frozen=True)
class Course:
    """How a net's training went."""

    parameters: int
    steps: int
    seconds: float
    train_loss: list[float]
    """Nats per picture in evaluation mode, after every few steps."""
    train_error: float
    """Share of wrong labels among the training pictures, at the end."""
    val_error: float


def small() -> nn.Sequential:
    """A small CNN to compare with: [N, 3, H, W] → scores [N, 10]."""
    layers: list[nn.Module] = []
    inputs = 3
    for outputs in (16, 32, 64, 64):
        layers += [nn.Conv2d(inputs, outputs, kernel_size=3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = outputs
    layers += [nn.AdaptiveAvgPool2d(2), nn.Flatten()]  # [N, 256]
    return nn.Sequential(*layers, nn.Linear(4 * inputs, CLASSES))


@torch.no_grad()
def judge(model: nn.Module, split: Split, config: Config) -> tuple[float, float]:
    """Mean loss in nats and share of wrong labels, in evaluation mode."""
    model.eval()
    with torch.autocast(config.device, dtype=torch.bfloat16, enabled=config.bf16):
        scores = torch.cat([model(part) for part in torch.split(split.inputs, 64)]).float()
    wrong = (scores.argmax(dim=1) != split.labels).double().mean().item()
    return cross_entropy(scores, split.labels).mean().item(), wrong


def overfit(
    model: nn.Module, train: Split, val: Split, config: Config, *, lr: float, steps: int
) -> Course:
    """Train on all pictures at once until they are known by heart or the steps end."""
    layout: Any = {"memory_format": torch.channels_last}
    model = model.to(config.device).to(**layout)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=config.momentum, fused=True)
    started, losses, error = time.perf_counter(), [], 1.0
    step = 0
    for step in range(1, steps + 1):
        model.train()
        with torch.autocast(config.device, dtype=torch.bfloat16, enabled=config.bf16):
            scores: Tensor = model(train.inputs)
        loss = cross_entropy(scores.float(), train.labels).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step()
        if step % config.every and step < steps:
            continue
        now, error = judge(model, train, config)
        losses.append(round(now, 5))
        if error == 0 and now < config.loss:
            break
    return Course(
        parameters=sum(p.numel() for p in model.parameters()),
        steps=step,
        seconds=time.perf_counter() - started,
        train_loss=losses,
        train_error=error,
        val_error=judge(model, val, config)[1],
    )


def experiment(config: Config, seed: int) -> dict[str, Course]:
    """VGG16-D without and with dropout, and the small net, on the same pictures."""
    data = load_imagenette(size=config.size)
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(data.train), generator=generator)[: config.pictures]
    train, val = (
        dataclasses.replace(split, inputs=normalise(split.inputs)).to(config.device)
        for split in (data.train[rows], data.val)
    )
    courses = {}
    for name, dropout in (("vgg16", 0.0), ("vgg16_dropout", config.dropout), ("small", None)):
        torch.manual_seed(seed)
        if dropout is None:
            model: nn.Module = small()
            lr, steps = config.small_lr, config.small_steps
        else:
            model = VGG16(CLASSES, dropout, narrow=config.narrow)
            model.initialise()
            lr, steps = config.lr, config.steps
        courses[name] = course = overfit(model, train, val, config, lr=lr, steps=steps)
        print(
            f"seed {seed}, {name}: {course.train_error:.4f} of {len(train)} training pictures "
            f"wrong, loss {course.train_loss[-1]:.4f} nats after {course.steps} steps; "
            f"validation error {course.val_error:.4f}, {course.parameters:,} parameters, "
            f"{course.seconds:.1f} s",
            flush=True,
        )
    return courses


def save(config: Config, results: dict[int, dict[str, Course]]) -> None:
    """Store what the seeds came to."""
    metrics: dict[str, dict[str, Any]] = {}
    for name in next(iter(results.values())):
        ends = [courses[name] for courses in results.values()]
        wrong = "share of wrong labels, 0 to 1"
        metrics |= {
            f"train_error_{name}": {"unit": wrong, "values": [end.train_error for end in ends]},
            f"val_error_{name}": {"unit": wrong, "values": [end.val_error for end in ends]},
            f"steps_{name}": {"unit": "steps", "values": [end.steps for end in ends]},
        }
    runs: list[dict[str, Any]] = [
        {
            "seed": seed,
            "seconds": sum(course.seconds for course in courses.values()),
            "epochs": courses["vgg16"].steps,
            "nets": {name: dataclasses.asdict(course) for name, course in courses.items()},
        }
        for seed, courses in results.items()
    ]
    file = baseline.write(
        NAME,
        metrics=metrics,
        config=dataclasses.asdict(config),
        runs=runs,
        parameters=runs[0]["nets"]["vgg16"]["parameters"],
    )
    print(f"stored {file}")


def main(argv: Sequence[str] | None = None) -> int:
    """Overfit three nets and print how it went."""
    parser = argparse.ArgumentParser(prog=f"python -m reference.{NAME}", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a narrow net, a few steps")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--save", action="store_true", help="store the baseline")
    options = parser.parse_args(argv)
    if options.tiny and options.save:
        parser.error("--save stores a baseline, which a --tiny run is not")
    start = Config(narrow=16, pictures=8, size=32, steps=3, small_steps=3)
    torch.set_num_threads(1)
    try:
        config = with_settings(start if options.tiny else Config(), options.settings)
    except ValueError as error:
        parser.error(str(error))
    try:
        results = {seed: experiment(config, seed) for seed in options.seeds}
    except DataMissingError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    if options.save:
        save(config, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
