"""The CIFAR-10 and Fashion-MNIST references: nets, splits, tables, stored weights.

What needs real images is skipped where GRADE_DATA names no folder with them.
"""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reference import (
    baseline,
    cifar10_better,
    cifar10_first,
    data,
    fashion_autoencoder,
    fashion_cnn,
    fashion_features,
    fashion_first,
    fashion_transfer,
    fashion_variants,
    training,
)
from reference.data import arrays
from reference.records import Epoch

NAMES = (
    "cifar10_first",
    "cifar10_better",
    "fashion_first",
    "fashion_cnn",
    "fashion_cnn_fm2",
    "fashion_variants",
    "fashion_features",
    "fashion_autoencoder",
    "fashion_transfer",
)
ROOT = os.environ.get("GRADE_DATA", "")
needs_data = pytest.mark.skipif(
    not (Path(ROOT) / "FashionMNIST").is_dir() or not ROOT,
    reason="no images: grade data fetch fashion cifar10, then GRADE_DATA=<folder>",
)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def task_of(name):
    return importlib.import_module(f"reference.{name}").TASK


def layer_sizes(model):
    return [
        (layer.in_channels, layer.out_channels, layer.kernel_size[0])
        if isinstance(layer, nn.Conv2d)
        else (layer.in_features, layer.out_features)
        for layer in model.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]


def test_the_nets_are_the_handouts():
    first = cifar10_first.build(cifar10_first.Config())
    convolutions = [(3, 16, 3), (16, 32, 3), (32, 64, 3)]
    assert layer_sizes(first) == [*convolutions, (1024, 500), (500, 10)]
    fm1 = fashion_first.build(fashion_first.Config())
    assert layer_sizes(fm1) == [(1, 6, 5), (6, 12, 5), (192, 80), (80, 5)]
    four = task_of("fashion_features").build(fashion_features.Config())
    assert [size[1] for size in layer_sizes(four)] == [6, 12, 16, 24, 80, 5]
    coder = fashion_autoencoder.autoencoder(fashion_autoencoder.Config())
    sizes = [784, 128, 64, 32, 10, 32, 64, 128, 784]
    assert layer_sizes(coder) == list(itertools.pairwise(sizes))
    assert coder(torch.rand(2, 1, 28, 28)).shape == (2, 784)


@pytest.mark.parametrize("name", NAMES)
def test_every_net_gives_scores_of_its_classes(name):
    task = task_of(name)
    config = task.config()
    model = task.build(config).eval()
    images = torch.randint(256, (2, 3, 32, 32) if "cifar" in name else (2, 1, 28, 28))
    scores = model(task.prepare(images.byte()))
    assert scores.shape == (2, config.classes)
    assert scores.isfinite().all()


def test_regularisation_can_be_taken_back_step_by_step():
    config = cifar10_better.Config(norm=False, shift=0, flips=False, hole=0, mirror_test=False)
    layers = list(cifar10_better.build(config).modules())
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in layers)
    images = torch.randint(256, (4, 3, 32, 32)).byte()
    assert torch.equal(cifar10_better.augment(images, torch.Generator(), config), images)
    assert len(cifar10_better.views(images, config)) == 1


def test_a_mirror_images_scores_are_the_images():
    config = fashion_cnn.Config(widths=(4, 4, 4))
    model = fashion_cnn.build(config).eval()
    images = torch.randint(256, (3, 1, 28, 28)).byte()
    split = data.Split(images, torch.zeros(3).long())
    mirrored = data.Split(images.flip(3), split.labels)
    one, other = (
        training.outputs_of(fashion_cnn.TASK, config, model, s) for s in (split, mirrored)
    )
    assert torch.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ([1 / n for n in range(1, 100)], None),
        ([1.0] * 100, 40),
        ([1.0] * 20 + [0.9] * 20 + [1.1] * 60, 47),
        ([0.5] * 39, None),
    ],
)
def test_q1_stops_when_twenty_epochs_are_no_better_than_the_twenty_before(losses, ends):
    epochs = [Epoch(0.0, 0.0, loss, 0.0) for loss in losses]
    stopped = [n for n in range(1, len(epochs) + 1) if fashion_first.stop(None, epochs[:n])]
    assert (stopped[0] if stopped else None) == ends


def test_ten_variants_differ_and_span_what_the_handout_asks():
    variants = fashion_variants.VARIANTS
    assert len(set(map(str, variants))) == 10
    assert {len(v.kernels) for v in variants} == {1, 2}
    assert {len(v.dense) + 1 for v in variants} == {1, 2, 3}
    assert {v.optimizer for v in variants} == {"sgd", "adam", "adamw"}
    assert len({v.lr for v in variants}) > 2
    assert len({v.weight_decay for v in variants}) > 1


def images(rows, seed):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(rows) % 5
    pixels = torch.randint(100, (rows, 1, 28, 28), generator=generator)
    pixels[torch.arange(rows), 0, 4 * labels] += 150
    return data.Split(pixels.byte(), labels)


def test_what_transfer_freezes_stays_and_the_last_layer_is_new():
    task, config = fashion_transfer.TASK, fashion_transfer.Config(head_epochs=3, widths=(4, 4, 8))
    torch.manual_seed(0)
    source = task.build(config)
    before = {name: value.clone() for name, value in source.state_dict().items()}
    halves = data.Data(images(100, 0), images(50, 1), images(50, 2))
    body = fashion_transfer.frozen(source)
    features = fashion_transfer.features_of(task, config, body, halves)
    result, whole = fashion_transfer.transfer(task, config, body, features, seed=1)
    after = whole.state_dict()
    last = [name for name in before if name.startswith(f"{len(source) - 1}.")]
    assert len(last) == 2
    assert {name for name in before if not torch.equal(before[name], after[name])} == set(last)
    assert all(torch.equal(value, before[name]) for name, value in source.state_dict().items())
    assert [p.requires_grad for p in whole.parameters()][-2:] == [True, True]
    assert not any([p.requires_grad for p in whole.parameters()][:-2])
    assert training.evaluate(task, config, whole, halves.test)[1] == pytest.approx(result.test_nll)


def test_pretrained_classifiers_start_as_the_encoder_and_do_not_change_it():
    config = fashion_autoencoder.Config(max_epochs=1)
    torch.manual_seed(0)
    start = fashion_autoencoder.encoder(config)
    before = {name: value.clone() for name, value in start.state_dict().items()}
    model = fashion_autoencoder.build(config, start)
    assert all(torch.equal(model[0].state_dict()[name], before[name]) for name in before)
    halves = data.Data(images(100, 0), images(50, 1), images(50, 2))
    training.run(fashion_autoencoder.TASK, config, 0, data=halves, model=model)
    assert not torch.equal(model[0].state_dict()["1.weight"], before["1.weight"])
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())


def test_parts_of_the_data_grow_and_are_drawn_anew_for_a_seed():
    whole = data.Split(torch.arange(200), torch.arange(200))
    small, large = (fashion_autoencoder.part(whole, share, 1) for share in (0.1, 0.5))
    assert (len(small), len(large)) == (20, 100)
    assert set(small.inputs.tolist()) <= set(large.inputs.tolist())
    assert not torch.equal(small.inputs, fashion_autoencoder.part(whole, 0.1, 2).inputs)


def test_figures_are_drawn(tmp_path, monkeypatch):
    config = fashion_features.Config()
    held = data.Data(images(20, 0), images(20, 1), images(20, 2))
    monkeypatch.setattr(fashion_features, "load", lambda _config: held)
    model = fashion_features.TASK.build(config)
    maps = fashion_features.feature_maps(model, torch.rand(1, 28, 28))
    assert [tuple(m.shape) for m in maps] == [(6, 28, 28), (12, 14, 14), (16, 7, 7), (24, 3, 3)]
    result = training.Run(0, 0, 0, 0, 0, 0, 0, 0, 0)
    drawn = fashion_features.draw(result, config, model, tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(drawn)
    assert len(drawn) == 4 + 5


@pytest.mark.parametrize("name", ["fashion_autoencoder", "fashion_transfer"])
def test_curves_are_drawn_from_what_is_stored_training_nothing(name, tmp_path, monkeypatch, capsys):
    module = importlib.import_module(f"reference.{name}")
    monkeypatch.setattr(training, "fit", None)
    assert module.main(["--stored", "--figures", str(tmp_path)]) == 0
    assert (tmp_path / f"{name}.png").stat().st_size > 5000
    assert "drew" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--stored"], ["--stored", "--figures", "out"]])
def test_stored_needs_figures_to_draw(arguments, capsys):
    with pytest.raises(SystemExit):
        cifar10_first.main(arguments)
    assert "--stored draws figures" in capsys.readouterr().err


def idx(array):
    header = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@pytest.fixture
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_DATA", str(tmp_path))
    for loader in (arrays._load_idx, data.load_cifar10, data.load_svhn):
        loader.cache_clear()
    yield tmp_path
    for loader in (arrays._load_idx, data.load_cifar10, data.load_svhn):
        loader.cache_clear()


def test_mnists_files_are_read_unpacked(own_data):
    raw = own_data / "MNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 28, 28)).astype(np.uint8)
    labels = np.arange(60, dtype=np.uint8) % 10
    for prefix in ("train", "t10k"):
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(idx(pixels))
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))
    found = data.load_mnist()
    assert found.sizes() == {"train": 50, "val": 10, "test": 60}
    assert np.array_equal(found.test.inputs[:, 0].numpy(), pixels)
    assert found.test.labels.tolist() == labels.tolist()


def test_official_cifar_batches_are_read(own_data):
    import pickle

    folder = own_data / "cifar-10-batches-py"
    folder.mkdir()
    rows = np.arange(20 * 3072, dtype=np.uint64).reshape(20, 3072).astype(np.uint8)
    batch = {"data": rows, "labels": list(range(10)) * 2}
    for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps(batch))
    found = data.load_cifar10()
    assert found.sizes() == {"train": 80, "val": 20, "test": 20}
    assert np.array_equal(found.test.inputs.reshape(20, -1).numpy(), rows)


def test_official_svhn_labels_ten_are_zeros(own_data):
    from scipy.io import savemat

    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3, 30)).astype(np.uint8)
    labels = (np.arange(30) % 10 + 1).astype(np.uint8)[:, None]
    for split in ("train", "test"):
        savemat(own_data / f"{split}_32x32.mat", {"X": pixels, "y": labels})
    found = data.load_svhn(val_share=1 / 3)
    assert found.test.labels[:10].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert np.array_equal(found.test.inputs[7, 2].numpy(), pixels[:, :, 2, 7])


@pytest.mark.usefixtures("own_data")
@pytest.mark.parametrize("name", ["cifar10_first", "fashion_first"])
def test_missing_data_says_what_to_fetch(name, capsys):
    assert importlib.import_module(f"reference.{name}").main(["--tiny"]) == 2
    assert "grade data fetch" in capsys.readouterr().err


@needs_data
@pytest.mark.parametrize("half", ["fm1", "fm2"])
def test_halves_are_balanced_and_as_large_as_the_handout_says(half):
    found = data.load_fm(half)
    assert found.sizes() == {"train": 25_000, "val": 5_000, "test": 5_000}
    for split, each in ((found.train, 5_000), (found.val, 1_000), (found.test, 1_000)):
        assert split.labels.bincount().tolist() == [each] * 5


@needs_data
def test_halves_share_no_image():
    first, second = (data.load_fm(half).test.inputs.flatten(1) for half in ("fm1", "fm2"))
    seen = {bytes(row) for row in first.numpy()}
    assert not seen & {bytes(row) for row in second.numpy()}


@needs_data
def test_cifars_validation_shares_no_image_with_training_or_test():
    found = data.load_cifar10()
    train, val, test = (
        {bytes(row) for row in split.inputs.flatten(1).numpy()}
        for split in (found.train, found.val, found.test)
    )
    assert not train & val
    assert not (train | val) & test
    assert len(set(found.val.labels.bincount().tolist())) == 1


@needs_data
@pytest.mark.parametrize("name", NAMES)
def test_tiny_runs_from_the_command_line(name, capsys, tmp_path):
    module = importlib.import_module(f"reference.{name}")
    arguments = ["--tiny", "--quiet", "--set", "max_epochs=1", "--figures", str(tmp_path)]
    assert module.main(arguments) == 0
    assert capsys.readouterr().out.startswith("seed 0: test error ")
    assert all(path.stat().st_size > 1000 for path in tmp_path.iterdir())


@needs_data
@pytest.mark.parametrize("name", NAMES)
def test_stored_weights_reproduce_the_stored_figures(name):
    if not baseline.weights_file(name).is_file():
        pytest.skip(f"{name} keeps no weights")
    task, stored = task_of(name), baseline.read(name)
    config = task.config(**stored["config"])
    torch.manual_seed(99)
    model = stored_net(name, task, config, stored)
    model.load_state_dict(torch.load(baseline.weights_file(name), weights_only=True))
    first = stored["runs"][0]
    held = task.load(config)
    if held.sizes()["test"] != first["examples"]["test"]:
        pytest.skip("other test images than the baseline's")
    error, loss = training.evaluate(task, config, model, held.test)
    assert error == first["test_error"]
    assert loss == pytest.approx(first["test_nll"], abs=1e-5)
    assert sum(p.numel() for p in model.parameters()) == stored["parameters"]


def stored_net(name, task, config, stored):
    """The net whose weights are kept; of the variants, the one with the lowest validation loss."""
    if name != "fashion_variants":
        return task.build(config)
    table = stored["runs"][0]["table"]
    best = min(range(len(table)), key=lambda number: table[number]["val_loss"])
    return task.build(fashion_variants.of_variant(config, fashion_variants.VARIANTS[best]))


def measured(name):
    try:
        return baseline.read(name)
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize(
    ("name", "metric", "least"),
    [
        ("cifar10_first", "test_accuracy", 0.65),
        ("cifar10_better", "test_accuracy", 0.86),
        ("fashion_first", "test_accuracy", 0.975),
        ("fashion_cnn", "test_accuracy", 0.99),
        ("fashion_cnn_fm2", "test_accuracy", 0.94),
        ("fashion_variants", "test_accuracy", 0.98),
        ("fashion_features", "test_accuracy", 0.975),
        ("fashion_transfer", "transfer_090", 0.975),
    ],
)
def test_baselines_reach_what_is_asked(name, metric, least):
    metrics = measured(name)["metrics"]
    if metric == "test_accuracy":
        assert 1 - metrics["test_error"]["mean"] >= least
    else:
        assert metrics[metric]["mean"] >= least


def test_pretraining_helps_where_there_are_few_images():
    metrics = measured("fashion_autoencoder")["metrics"]
    gains = {
        percent: metrics[f"pretrained_{percent}"]["mean"] - metrics[f"random_{percent}"]["mean"]
        for percent in ("005", "010", "015", "020", "025")
    }
    assert sum(gains.values()) > 0.005
    assert min(gains.values()) > -0.001, gains  # a tie: five of 5,000 test images


@pytest.mark.parametrize("name", NAMES)
def test_weights_files_are_small(name):
    path = baseline.weights_file(name)
    assert not path.is_file() or path.stat().st_size <= baseline.MAX_WEIGHTS_BYTES


def test_settings_of_fm2_are_those_of_fm1_but_for_the_half():
    first, second = task_of("fashion_cnn").config(), task_of("fashion_cnn_fm2").config()
    assert (first.half, second.half) == ("fm1", "fm2")
    same = dataclasses.replace(second, half="fm1", max_epochs=first.max_epochs)
    assert dataclasses.asdict(same) == dataclasses.asdict(first)
