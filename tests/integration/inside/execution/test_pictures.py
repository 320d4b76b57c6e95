"""Drawn pictures are recognised as rows of known data or as filters, whatever their scale."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from grader.inside.execution.journal.rows import Part
from grader.inside.execution.pictures import recognise


@pytest.fixture
def journal():
    """Two splits of random pictures, as if loaders had walked over them."""
    rng = np.random.default_rng(0)

    def loader(source, count):
        array = rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
        return SimpleNamespace(parts=[Part(None, None, (), source, array, None, positional=True)])

    return SimpleNamespace(loaders=[loader("cifar10/train", 3000), loader("cifar10/test", 500)])


def pictures(journal, *drawn, names=None):
    entries = [
        {"shape": list(d.shape), "name": "", "_pixels": np.asarray(d, dtype=np.float32)}
        for d in drawn
    ]
    recognise([{"axes": [{"pictures": entries}]}], journal, names or {})
    return entries


def test_rows_of_data_however_they_are_scaled(journal):
    train, test = (known.parts[0].array for known in journal.loaders)
    scaled = test[7] / 255.0
    normalised = (scaled - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.25]
    clipped = np.clip(normalised, 0, 1)
    found = pictures(journal, train[2900], scaled, normalised, clipped)
    assert [(p["name"], p["index"]) for p in found] == [
        ("cifar10/train", [2900]),
        ("cifar10/test", [7]),
        ("cifar10/test", [7]),
        ("cifar10/test", [7]),
    ]
    assert {p["is_of"] for p in found} == {"dataset"}


def test_other_pictures_stay_unknown(journal):
    rng = np.random.default_rng(1)
    other = rng.random((16, 16, 3))
    mixed = sum(known.parts[0].array[5] / 255.0 for known in journal.loaders)
    found = pictures(journal, other, mixed, np.zeros((16, 16, 3)), rng.random((8, 8)))
    assert all(set(p) == {"shape", "name"} and not p["name"] for p in found)


def test_filters_of_a_net_that_is_alive(execute):
    ran = execute(
        """
import matplotlib.pyplot as plt
import torch
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 5), torch.nn.ReLU(), torch.nn.Conv2d(4, 6, 3))
fig, axes = plt.subplots(1, 4)
with torch.no_grad():
    first = net[0].weight[2].permute(1, 2, 0)
    axes[0].imshow((first - first.min()) / (first.max() - first.min()))
    axes[1].imshow(net[2].weight[5, 1], cmap="gray")
    axes[2].matshow(net[0].weight[3, 2])
    axes[3].imshow(torch.rand(5, 5))
plt.show()
"""
    )
    assert not ran.errors
    found = [p for axes in ran.execution.figures[0].axes for p in axes.pictures]
    assert [(p.is_of, p.name, p.index) for p in found] == [
        ("parameter", "0.weight", (2,)),
        ("parameter", "2.weight", (5, 1)),
        ("parameter", "0.weight", (3, 2)),
        ("unknown", "", ()),
    ]
    assert found[0].shape == (5, 5, 3)
    assert len(found[1].values) == 9


def test_filters_of_a_net_that_lives_in_a_function_only(execute):
    ran = execute(
        """
import matplotlib.pyplot as plt
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 3, 5)

class Broken(torch.nn.Module):
    def __getattr__(self, name):
        raise RuntimeError("no attribute is here")

def draw():
    net, other = Net(), Broken()
    fig, axes = plt.subplots(1, 2)
    axes[0].imshow(net.conv.weight[1, 0].detach())
    axes[1].imshow(torch.rand(5, 5))
    fig.savefig("filters.png")
    plt.close(fig)

draw()
"""
    )
    assert not ran.errors
    found = [p for axes in ran.execution.figures[0].axes for p in axes.pictures]
    assert [(p.is_of, p.name) for p in found] == [("parameter", "conv.weight"), ("unknown", "")]


WNIDS = ("n01440764", "n02102040")
SIDE = 160
REPEATED = {0: (12, 13), 5: (14,), 9: (15, 16, 17)}
"""Photograph → its repetitions."""


@pytest.fixture(scope="module")
def photographs():
    """Twelve made-up photographs with details of all sizes."""
    from PIL import Image

    rng = np.random.default_rng(3)

    def one(width, height):
        picture = np.zeros((height, width, 3))
        for size in (4, 9, 24):
            noise = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
            picture += np.asarray(Image.fromarray(noise).resize((width, height)))
        return Image.fromarray((picture / 3).astype(np.uint8))

    return [one(SIDE, SIDE + 16 * (row % 3)) for row in range(12)]


@pytest.fixture
def served(tmp_path, photographs):
    """They, and repetitions with a grey corner, as the grader serves them."""
    rows = [(picture, 0) for picture in photographs]
    rows += [(photographs[row], k + 1) for row, k in _repetitions()]
    for place, (picture, repeat) in enumerate(rows):
        marked = picture.copy()
        if repeat:
            marked.paste((23 * repeat,) * 3, (0, 0, 8, 8))
        folder = tmp_path / "imagenette/imagenette2-160/val" / WNIDS[place * 2 // len(rows)]
        folder.mkdir(parents=True, exist_ok=True)
        marked.save(folder / f"val_{place:06d}.JPEG", quality=90)
    target = tmp_path / "grocery/GroceryStoreDataset/dataset"
    (target / "test").mkdir(parents=True)
    lines = []
    for place, picture in enumerate(reversed(photographs[:6])):
        picture.rotate(180).save(target / f"test/{place}.jpg", quality=90)
        lines.append(f"test/{place}.jpg, 3, 1")
    (target / "test.txt").write_text("\n".join(lines))
    copies = [
        SimpleNamespace(name="imagenette", family="torchvision.Imagenette"),
        SimpleNamespace(name="grocery", family="grocery"),
    ]
    for copy in copies:
        copy.path = str(tmp_path / copy.name)
    return SimpleNamespace(copies=copies)


def _repetitions():
    return [(row, k) for row, places in REPEATED.items() for k in range(len(places))]


def photograph(served, row, split="imagenette2-160/val"):
    from PIL import Image

    (path,) = (
        path
        for copy in served.copies
        for path in Path(copy.path).glob(f"**/{split}/**/*")
        if path.is_file() and int(path.stem.removeprefix("val_")) == row
    )
    return Image.open(path).convert("RGB")


def found_among(served, *drawn):
    entries = [
        {"shape": list(d.shape), "name": "", "_pixels": np.asarray(d, dtype=np.float32)}
        for d in drawn
    ]
    nothing = SimpleNamespace(loaders=[])
    recognise([{"axes": [{"pictures": entries}]}], nothing, {}, served)
    return [(e["name"], e["index"]) if "is_of" in e else None for e in entries]


MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
DRAWN = {
    "as it is": lambda _t, picture: np.asarray(picture),
    "squeezed": lambda t, picture: np.asarray(t.Resize((40, 40))(picture)) / 255,
    "normalised": lambda t, picture: (np.asarray(t.Resize((64, 64))(picture)) / 255 - MEAN) / STD,
    "flipped": lambda t, picture: np.asarray(t.Resize((48, 48))(picture))[:, ::-1],
    "cropped": lambda t, picture: np.asarray(t.CenterCrop(56)(t.Resize(64)(picture))),
    "square": lambda t, picture: np.asarray(t.CenterCrop(64)(t.Resize(64)(picture))),
    "cubic": lambda _t, picture: np.asarray(picture.resize((64, 64), 3)),
}


@pytest.mark.parametrize("how", DRAWN)
def test_rows_of_files_however_they_are_drawn(served, how):
    from torchvision import transforms

    drawn = [DRAWN[how](transforms, photograph(served, row)) for row in (1, 2, 3, 11)]
    expected = [("imagenette/val", [row]) for row in (1, 2, 3, 11)]
    assert found_among(served, *drawn) == expected


@pytest.mark.parametrize("how", ["as it is", "squeezed", "normalised", "flipped"])
def test_a_repetition_is_told_by_its_corner(served, how):
    from torchvision import transforms

    rows = (0, 12, 13, 5, 14, 9, 15, 16, 17)
    drawn = [DRAWN[how](transforms, photograph(served, row)) for row in rows]
    assert found_among(served, *drawn) == [("imagenette/val", [row]) for row in rows]


def test_without_its_corner_the_split_alone_is_known(served):
    from torchvision import transforms

    drawn = [DRAWN["cropped"](transforms, photograph(served, row)) for row in (0, 12, 16, 4)]
    assert found_among(served, *drawn) == [
        *[("imagenette/val", [])] * 3,
        ("imagenette/val", [4]),
    ]


def test_rows_of_a_list_of_files(served):
    drawn = np.asarray(photograph(served, 4, "dataset/test"))
    assert found_among(served, drawn) == [("grocery/test", [4])]


def test_other_photographs_and_broken_files(served, photographs):
    rng = np.random.default_rng(0)
    ones = [np.asarray(one.resize((64, 64))) / 255 for one in photographs[:4]]
    mixed, part = sum(ones), np.asarray(photographs[1])[30:70, 20:60]
    other = rng.random((64, 64, 3))
    gradient = np.linspace(0, 1, 64)[:, None] * np.ones((1, 64))
    assert found_among(served, mixed, part, other, gradient, np.zeros((64, 64, 3))) == [None] * 5
    like_a_map = ones[1].mean(axis=2)
    assert found_among(served, like_a_map, ones[1][:12, :12]) == [None] * 2
    for path in Path(served.copies[0].path).glob("**/val_000003.JPEG"):
        path.write_bytes(b"no picture")
    assert found_among(served, np.asarray(photograph(served, 1))) == [None]


def test_what_was_not_read_in_time_could_be_it_too(served, monkeypatch):
    monkeypatch.setattr("grader.inside.execution.pictures.FILES_SECONDS", 0.0)
    assert found_among(served, np.asarray(photograph(served, 1))) == [None]


def test_figures_of_what_was_chosen_by_comparing(execute):
    ran = execute(
        """
import matplotlib.pyplot as plt
import torch
x, y = torch.rand(8, 6, 6), torch.arange(8) % 3
wrong = [i for i in range(8) if x[i].argmax() != y[i]]
""",
        "plt.imshow(x[0])\nplt.show()",
        "plt.imshow(x[wrong[0]])\nplt.show()",
    )
    assert not ran.errors
    assert [figure.compares for figure in ran.execution.figures] == [False, True]
