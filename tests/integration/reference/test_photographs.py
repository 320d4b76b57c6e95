"""Pictures of different sizes, what training does to them, and the figures of trained nets."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from PIL import Image

from reference import baseline, gallery, grocery_cnn, svhn_cnn
from reference.data import DataMissingError, Split
from reference.data import images as pictures
from reference.losses import cross_entropy
from reference.photographs import cut, cutmix, recolour
from reference.training import Task, evaluate


@pytest.fixture
def grocery(tmp_path, monkeypatch):
    """The original layout with two coarse classes and pictures that are not square."""
    base = tmp_path / "GroceryStoreDataset" / "dataset"
    rows = {
        "train": [("a.png", 0, 0), ("b.png", 1, 0), ("c.png", 2, 1)],
        "val": [("a.png", 0, 0)],
        "test": [("c.png", 2, 1), ("b.png", 1, 0)],
    }
    base.mkdir(parents=True)
    for name, colour, size in (
        ("a.png", (255, 0, 0), (40, 40)),
        ("b.png", (0, 255, 0), (60, 40)),
        ("c.png", (0, 0, 255), (40, 80)),
    ):
        Image.new("RGB", size, colour).save(base / name)
    for split, entries in rows.items():
        text = "".join(f"{name}, {fine}, {coarse}\n" for name, fine, coarse in entries)
        (base / f"{split}.txt").write_text(text)
    (base / "classes.csv").write_text(
        "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int)\n"
        "Royal-Gala,0,Apple,0\nPink-Lady,1,Apple,0\nLemon,2,Lemon,1\n"
    )
    monkeypatch.setenv("GRADE_DATA", str(tmp_path))


@pytest.mark.usefixtures("grocery")
def test_grocery_is_read_in_its_own_splits_with_coarse_labels():
    data = pictures.load_grocery(size=20)
    assert data.sizes() == {"train": 3, "val": 1, "test": 2}
    assert data.train.labels.tolist() == [0, 0, 1]
    assert data.train.inputs.shape == (3, 3, 20, 20)
    assert data.train.inputs.dtype == torch.uint8
    assert data.test.inputs[0, :, 10, 10].tolist() == [0, 0, 255]
    assert pictures.grocery_class_names() == ("Apple", "Lemon")


def test_a_limit_is_spread_over_the_classes():
    entries = [("p", label) for label in range(10)]
    assert [label for _, label in pictures.spread(entries, 5)] == [0, 2, 4, 6, 8]
    assert pictures.spread(entries, None) == entries
    assert pictures.spread(entries, 99) == entries


def test_a_picture_is_its_middle_square(tmp_path):
    image = Image.new("RGB", (60, 20), (10, 10, 10))
    image.paste((200, 100, 50), (20, 0, 40, 20))
    image.save(tmp_path / "wide.png")
    square = pictures.picture(tmp_path / "wide.png", 20)
    assert square.shape == (3, 20, 20)
    assert square.flatten(1).float().mean(dim=1).tolist() == [200, 100, 50]


def test_imagenettes_val_folder_is_the_test_split_and_training_is_divided(tmp_path, monkeypatch):
    for split, count in (("train", 14), ("val", 3)):
        for wnid in ("n01", "n02"):
            folder = tmp_path / "imagenette2-160" / split / wnid
            folder.mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (8, 8), (18 * number, 0, 0)).save(folder / f"{number:02}.JPEG")
    monkeypatch.setenv("GRADE_DATA", str(tmp_path))
    data = pictures.load_imagenette(size=8)
    assert data.sizes() == {"train": 24, "val": 4, "test": 6}
    assert data.train.labels.bincount().tolist() == [12, 12]
    kept, held = (
        {round(red.item() / 18) for red in split.inputs[:, 0, 0, 0]}
        for split in (data.train, data.val)
    )
    assert held == {0, 7}
    assert kept == set(range(14)) - held


@pytest.mark.parametrize("load", [pictures.load_grocery, pictures.load_imagenette])
def test_a_missing_dataset_is_told_with_the_mend(load, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADE_DATA", str(tmp_path))
    with pytest.raises(DataMissingError, match="grade data fetch"):
        load()


def test_a_cut_of_everything_changes_nothing():
    x = torch.randint(256, (3, 3, 16, 16), dtype=torch.uint8)
    same = cut(x, torch.Generator(), 16, areas=(1.0, 1.0), mirror=False)
    assert torch.allclose(same, x.float(), atol=1e-2)


def test_each_picture_is_changed_in_its_own_way_and_stays_in_range():
    x = torch.randint(256, (1, 3, 16, 16), dtype=torch.uint8).expand(6, -1, -1, -1)
    generator = torch.Generator().manual_seed(0)
    moved = cut(x, generator, 12, areas=(0.3, 1.0), stretch=0.1, max_degrees=15)
    assert moved.shape == (6, 3, 12, 12)
    assert len({round(part.sum().item(), 3) for part in moved}) == 6
    lit = recolour(moved, generator, light=0.5, tint=0.2)
    assert lit.min() >= 0
    assert lit.max() <= 255
    assert len({round(part.sum().item(), 3) for part in lit}) == 6


def test_no_light_and_no_tint_change_nothing():
    x = torch.rand(2, 3, 5, 5) * 255
    assert torch.allclose(recolour(x, torch.Generator(), light=0, tint=0), x, atol=1e-2)


def test_light_changes_grey_pictures_and_keeps_them_grey():
    grey = (torch.rand(4, 1, 6, 6) * 100 + 50).expand(-1, 3, -1, -1).contiguous()
    lit = recolour(grey, torch.Generator().manual_seed(3), light=0.3, tint=0)
    assert torch.allclose(lit[:, 0], lit[:, 1], atol=1e-2)
    assert torch.allclose(lit[:, 0], lit[:, 2], atol=1e-2)
    assert not torch.allclose(lit, grey, atol=1)


def test_a_mixed_pictures_label_is_mixed_by_area():
    x = torch.arange(8.0)[:, None, None, None].expand(8, 3, 20, 20)
    labels = torch.arange(8)
    generator = torch.Generator().manual_seed(1)
    mixed, targets = cutmix(x, labels, generator, classes=8, share=1.0)
    assert torch.allclose(targets.sum(dim=1), torch.ones(8))
    for row, target in zip(mixed, targets, strict=True):
        shown = row[0].long().flatten().bincount(minlength=8) / 400
        assert torch.allclose(shown, target, atol=1e-6)
    assert int((targets.max(dim=1).values < 1).sum()) > 0
    assert torch.equal(x[3], torch.full((3, 20, 20), 3.0))


def test_unmixed_batches_come_back_as_they_are():
    x, labels = torch.rand(4, 3, 5, 5), torch.tensor([1, 0, 2, 1])
    same, targets = cutmix(x, labels, torch.Generator(), classes=3, share=0.0)
    assert torch.equal(same, x)
    assert targets.argmax(dim=1).tolist() == labels.tolist()
    scores = torch.randn(4, 3)
    assert torch.allclose(cross_entropy(scores, targets), cross_entropy(scores, labels))


def test_digits_are_never_mirrored():
    x = torch.zeros(40, 3, 32, 32)
    x[..., 4] = 255  # a bar on the left
    config = svhn_cnn.Config(hole=0, max_degrees=0)
    found = svhn_cnn.augment(x, torch.Generator().manual_seed(0), config)
    columns = found.mean(dim=(1, 2))  # [N, 32]
    negative = columns.median(dim=1).values[:, None] > 127
    assert 5 < int(negative.sum()) < 35
    bars = torch.where(negative, 255 - columns, columns)
    seen = bars.amax(dim=1) > 50
    assert seen.sum() > 20
    centres = (bars * torch.arange(32.0)).sum(dim=1) / bars.sum(dim=1).clamp_min(1)
    assert centres[seen].max() < 16


def test_standardised_images_have_mean_zero_whatever_the_light():
    x = torch.rand(3, 3, 32, 32) * 100 + 30
    first, second = svhn_cnn.standardise(x), svhn_cnn.standardise(2 * x)
    assert first.mean(dim=(1, 2, 3)).abs().max() < 1e-4
    assert torch.allclose(first, second, atol=0.1)
    assert torch.isfinite(svhn_cnn.standardise(torch.full((1, 3, 32, 32), 7.0))).all()


@pytest.mark.usefixtures("grade_data")
@pytest.mark.parametrize("module", [grocery_cnn, svhn_cnn])
def test_tiny_runs_from_the_command_line(module, capsys):
    assert module.main(["--tiny", "--seeds", "3"]) == 0
    assert capsys.readouterr().out.startswith("seed 3: test error ")


def test_the_settings_of_the_grocery_net_are_those_of_its_baseline():
    stored = baseline.read("grocery_cnn")["config"]
    now = dataclasses.asdict(grocery_cnn.Config())
    assert {k: list(v) if isinstance(v, tuple) else v for k, v in now.items()} == stored


def test_the_grocery_net_has_fewer_than_100_000_parameters_and_takes_any_size():
    model = grocery_cnn.build(grocery_cnn.Config())
    assert sum(p.numel() for p in model.parameters()) == 94_203
    for size in (64, 96, 128):
        assert model(torch.zeros(2, 3, size, size)).shape == (2, 43)


def test_further_channels_of_a_bottleneck_are_its_own():
    block = grocery_cnn.Bottleneck(4, 2, 6).eval()
    x = torch.randn(1, 4, 5, 5)
    with torch.no_grad():
        assert torch.allclose(block(x)[:, :4] - block.f(x)[:, :4], x, atol=1e-6)
        assert torch.allclose(block(x)[:, 4:], block.f(x)[:, 4:])


def test_mistakes_are_those_of_the_net_the_surest_first():
    scores = torch.tensor([[5.0, 0, 0], [0, 1.0, 0], [0, 0, 9.0], [2.0, 0, 0]])
    task = Task("stub", object, {}, build=lambda _: None, load=lambda _: None)
    config = grocery_cnn.Config(channels_last=False)
    split = Split(scores, torch.tensor([1, 1, 0, 1]))
    found = gallery.misclassified(task, config, torch.nn.Identity(), split)
    assert found.rows.tolist() == [2, 0, 3]
    assert found.labels.tolist() == [0, 1, 1]
    assert found.predicted.tolist() == [2, 0, 0]
    assert found.probability.tolist() == sorted(found.probability.tolist(), reverse=True)


def test_the_gallery_draws_three_figures_from_stored_weights(tmp_path, capsys):
    assert gallery.main(["digits_cnn", "--out", str(tmp_path), "--tiny"]) == 0
    assert capsys.readouterr().out.count("drew ") == 3
    for figure in ("misclassified", "filters", "feature_maps"):
        with Image.open(tmp_path / f"digits_cnn_{figure}.png") as image:
            assert min(image.size) > 150
            assert len(image.convert("RGB").getcolors(1 << 24)) > 20


def test_stages_are_the_last_maps_of_each_size():
    task, config, model = gallery.load_trained("digits_cnn")
    x = task.load(config).test.inputs[:1]
    assert [tuple(maps.shape) for maps in gallery.stages(model, x).values()] == [
        (32, 8, 8), (64, 4, 4), (64, 2, 2),
    ]  # fmt: skip


def test_no_stored_weights_is_told(tmp_path, capsys):
    assert gallery.main(["vgg16", "--out", str(tmp_path)]) == 2
    assert "python -m reference.vgg16" in capsys.readouterr().err


def stored_model(name):
    task, config, model = gallery.load_trained(name)
    return task, config, model, baseline.read(name)


@pytest.mark.usefixtures("grade_data")
@pytest.mark.parametrize("name", ["grocery_cnn", "svhn_cnn"])
def test_stored_weights_reproduce_the_stored_test_metrics(name):
    task, config, model, stored = stored_model(name)
    error, loss = evaluate(task, config, model, task.load(config).test)
    first = stored["runs"][0]
    assert error == pytest.approx(first["test_error"], abs=1e-3)
    assert loss == pytest.approx(first["test_nll"], abs=1e-3)


@pytest.mark.parametrize(
    ("name", "worst_error", "most_parameters"),
    [("grocery_cnn", 0.27, 99_999), ("svhn_cnn", 0.04, 1_000_000)],
)
def test_baselines_reach_what_was_asked(name, worst_error, most_parameters):
    _, _, model, stored = stored_model(name)
    assert stored["metrics"]["test_error"]["mean"] <= worst_error
    assert sum(p.numel() for p in model.parameters()) == stored["parameters"] <= most_parameters
    assert baseline.weights_file(name).stat().st_size < 1_000_000


def test_validation_of_svhn_is_a_tenth_of_training_at_least():
    examples = baseline.read("svhn_cnn")["runs"][0]["examples"]
    assert examples["val"] >= 0.0999 * (examples["train"] + examples["val"])
