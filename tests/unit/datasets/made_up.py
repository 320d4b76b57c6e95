"""Tiny copies of every layout, made here: no real data is needed to test how it is read."""

import gzip
import hashlib
import io
import pickle
import shutil

import numpy as np
from PIL import Image
from scipy.io import savemat

from grader.datasets.cifar import Cifar10
from grader.datasets.grocery import Grocery
from grader.datasets.idx import STEMS
from grader.datasets.imagenette import WNIDS, Imagenette
from grader.datasets.mnist import Mnist
from grader.datasets.svhn import Svhn


def images(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def digest(path, algorithm="md5"):
    return hashlib.new(algorithm, path.read_bytes()).hexdigest()


def picture(row, size=(12, 9), kind="JPEG"):
    out = io.BytesIO()
    Image.fromarray(images(1, *size, 3, seed=row)[0]).save(out, format=kind)
    return out.getvalue()


def idx_bytes(array):
    head = bytes([0, 0, 8, array.ndim])
    return head + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


def write_mnist(root, *splits, packed=False, counts=(3, 2)):
    """A made-up MNIST and the dataset that knows its checksums."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    labels = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    checksums, suffix = {}, ".gz" if packed else ""
    for seed, split in enumerate(splits or ("train", "test")):
        for stem, array in zip(
            STEMS[split], (images(len(labels), 28, 28, seed=seed), labels), strict=True
        ):
            data = idx_bytes(array)
            file = raw / f"{stem}{suffix}"
            file.write_bytes(gzip.compress(data) if packed else data)
            checksums[file.name] = digest(file)

    made = Mnist()
    made.checksums = checksums
    made.counts = dict.fromkeys(("train", "test"), (*counts, *[0] * (10 - len(counts))))
    return made


def python2_pickle(entries):
    """As the official files are, but with Python 3's texts."""
    return pickle.dumps(entries, protocol=2)


def write_cifar(root, per_batch=4, classes=2):
    """Made-up official pickles."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    checksums = {}
    for seed, name in enumerate(Cifar10.checksums):
        labels = [i % classes for i in range(per_batch)]
        data = images(per_batch, 3072, seed=seed)
        (folder / name).write_bytes(python2_pickle({"data": data, "labels": labels}))
        checksums[name] = digest(folder / name)
    made = Cifar10()
    made.checksums = checksums
    made.batch = per_batch
    made.counts = {"train": (10, 10), "test": (2, 2)}
    return made


def write_sheets(root, folder, stem, labels, seed=0):
    """A made-up contact sheet of up to 1,000 tiles; gives the tiles."""
    tiles = images(1000, 32, 32, 3, seed=seed)
    sheet = tiles.reshape(25, 40, 32, 32, 3).transpose(0, 2, 1, 3, 4).reshape(800, 1280, 3)
    place = root / folder
    place.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(place / f"{stem}_00.webp", lossless=True, quality=0, method=0)
    lines = "".join(f"{label},{i}\n" for i, label in enumerate(labels))
    (place / f"{stem}.csv").write_text(f"label,official_index\n{lines}")
    return tiles[: len(labels)]


def write_svhn(root, labels=(10, 1, 1, 2)):
    """Made-up `.mat` files; the digit 0 is written 10."""
    checksums, made = {}, Svhn()
    for seed, split in enumerate(("train", "test")):
        file = root / f"{split}_32x32.mat"
        data = images(len(labels), 32, 32, 3, seed=seed)
        savemat(file, {"X": data.transpose(1, 2, 3, 0), "y": np.array(labels, np.uint8)[:, None]})
        checksums[file.name] = digest(file)
    made.checksums = checksums
    made.counts = dict.fromkeys(("train", "test"), (1, 2, 1, 0, 0, 0, 0, 0, 0, 0))
    return made


GROCERIES = (("Fruit/Apple/Royal-Gala", 1, 0), ("Fruit/Kiwi", 2, 1), ("Packages/Milk/Oat", 3, 2))


def write_grocery(root, folder="GroceryStoreDataset/dataset", each=3):
    """Made-up lists and pictures of three fine classes."""
    place = root / folder
    place.mkdir(parents=True)
    (place / "classes.csv").write_text("Class Name (str),Class ID (int)\n")
    checksums = {"classes.csv": digest(place / "classes.csv", "sha256")}
    for split in ("train", "val", "test"):
        lines = []
        for i in range(each):
            for inner, fine, coarse in GROCERIES:
                name = f"{split}/{inner}/{inner.rsplit('/', 1)[-1]}_{i:03d}.jpg"
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(picture(len(lines)))
                lines.append(f"{name}, {fine}, {coarse}\n")
        (place / f"{split}.txt").write_text("".join(lines))
        checksums[f"{split}.txt"] = digest(place / f"{split}.txt", "sha256")
    made = Grocery()
    made.checksums = checksums
    made.counts = dict.fromkeys(("train", "val", "test"), (each, each, each, *[0] * 40))
    return made


def write_imagenette(root, each=2, nominal=5, folder="imagenette2-160"):
    """Made-up pictures of two classes."""
    for split in ("train", "val"):
        for label, wnid in enumerate(WNIDS[:2]):
            place = root / folder / split / wnid
            place.mkdir(parents=True)
            for i in range(each):
                (place / f"{wnid}_{i}.JPEG").write_bytes(picture(10 * label + i, (40, 30)))
    made = Imagenette()
    made.counts = dict.fromkeys(("train", "val"), (nominal, nominal, *[0] * 8))
    return made


def write_birds(folder):
    """Two owls and three wrens."""
    for name, count in (("owl", 2), ("wren", 3)):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            (folder / name / f"{i}.png").write_bytes(picture(i, (8, 7 + i), "PNG"))
    return folder


def a_rubric_with_birds(root, more=""):
    """A rubrics folder whose one rubric has a private test set beside it."""
    folder = root / "rubrics" / "hw"
    shutil.rmtree(folder, ignore_errors=True)
    write_birds(folder / "private" / "birds")
    text = f'[datasets.birds]\nkind = "image_folder"\npath = "private/birds"\n{more}'
    (folder / "rubric.toml").write_text(text)
    return root / "rubrics"
