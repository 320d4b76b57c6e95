"""The loop that all references share: what is selected, what is kept, what is stored."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from torch import nn

from reference import baseline, training
from reference.augmentation import crop, cutout, flip
from reference.data import Data, Split, batches, held_out, of_classes
from reference.losses import cross_entropy, nll, squared_error
from reference.optimizers import Optimization, adam, adamw, one_cycle_sgd, sgd


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(training.Config):
    lr: float = 0.05
    weight_decay: float = 0.0
    batch_size: int = 16
    max_epochs: int = 6
    momentum: float = 0.9
    warm_up: float = 0.25
    widths: tuple[int, ...] = (8,)


def blobs(rows=96, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(rows) % 3
    inputs = torch.randn(rows, 4, generator=generator) + 2 * nn.functional.one_hot(labels, 4)
    return Split(inputs, labels)


def build(config):
    return nn.Sequential(nn.Linear(4, config.widths[0]), nn.ReLU(), nn.Linear(config.widths[0], 3))


DATA = Data(blobs(seed=0), blobs(48, seed=1), blobs(48, seed=2))
TASK = training.Task(
    name="digits_mlp",  # any known name: the title is looked up
    config=Config,
    tiny={},
    build=build,
    load=lambda _config: DATA,
    optimizer=sgd,
    loss=cross_entropy,
)


def fitted(seed=0, task=TASK, **settings):
    return training.run(task, Config(**settings), seed)


def test_it_learns():
    result, _ = fitted(lr=0.3, max_epochs=15)
    assert result.history["train_loss"][-1] < result.history["train_loss"][0]
    assert result.test_error < 0.3
    assert result.examples == {"train": 96, "val": 48, "test": 48}
    assert {len(column) for column in result.history.values()} == {result.epochs}


def diverging(model, config, steps):
    """After two epochs every step is far too large."""
    optimizer = torch.optim.SGD(model.parameters(), lr=config.lr)
    jump = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: 1.0 if s < 2 * steps else 200.0)
    return Optimization(optimizer, jump, every="step")


@pytest.mark.parametrize("average", [0.0, 0.5])
def test_the_best_weights_are_a_copy_that_later_epochs_do_not_change(average):
    task = dataclasses.replace(TASK, optimizer=diverging)
    short, _ = training.run(task, Config(max_epochs=2, average=average, patience=0), 0)
    result, model = training.run(task, Config(max_epochs=6, average=average, patience=0), 0)
    assert result.best_epoch <= 2
    assert result.val_nll == pytest.approx(min(result.history["val_loss"]), abs=1e-5)
    assert result.val_nll == pytest.approx(short.val_nll)
    assert max(result.history["val_loss"]) > 2 * result.val_nll
    assert training.evaluate(task, Config(), model, DATA.val)[1] == result.val_nll


def test_validation_selects_by_loss_or_by_error():
    for select, column in (("loss", "val_loss"), ("error", "val_error")):
        result, _ = fitted(select=select, max_epochs=12, lr=0.6)
        values = result.history[column]
        assert result.best_epoch == 1 + values.index(min(values))


def test_patience_ends_the_training_and_zero_never_does():
    task = dataclasses.replace(TASK, optimizer=diverging)
    stopped, _ = training.run(task, Config(max_epochs=30, patience=3), 0)
    assert stopped.epochs == stopped.best_epoch + 4
    assert training.run(task, Config(max_epochs=12, patience=0), 0)[0].epochs == 12


def test_a_tasks_own_rule_stops():
    task = dataclasses.replace(TASK, stop=lambda _config, epochs: len(epochs) == 2)
    assert training.run(task, Config(patience=1), 0)[0].epochs == 2


def test_augmentation_smoothing_and_views_stay_in_their_place():
    seen = []

    def augment(x, _generator, _config):
        seen.append(len(x))
        return x + 100

    task = dataclasses.replace(TASK, augment=augment, views=lambda x, _config: [x, 3 * x])
    config = Config(max_epochs=1, label_smoothing=0.3)
    result, model = training.run(task, config, 0)
    assert sum(seen) == len(DATA.train)
    with torch.no_grad():
        outputs = (model(DATA.test.inputs) + model(3 * DATA.test.inputs)) / 2
    expected = nn.functional.cross_entropy(outputs, DATA.test.labels).item()
    assert result.test_nll == pytest.approx(expected, rel=1e-5)


def test_smoothing_changes_what_is_learnt():
    plain, smooth = (fitted(label_smoothing=share)[0] for share in (0.0, 0.4))
    assert plain.test_nll != smooth.test_nll


def test_evaluation_leaves_batch_norm_alone_and_walks_in_pieces():
    task = dataclasses.replace(
        TASK, build=lambda _c: nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3))
    )
    torch.manual_seed(0)
    model = task.build(Config())
    before = model[0].running_mean.clone()
    whole = training.outputs_of(task, Config(), model, DATA.test)
    pieces = training.outputs_of(task, Config(eval_batch=7), model, DATA.test)
    assert torch.equal(model[0].running_mean, before)
    assert torch.allclose(whole, pieces, atol=1e-6)


def test_bfloat16_trains_and_is_measured_in_float32():
    result, model = fitted(bf16=True, lr=0.3, max_epochs=15)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert result.test_error < 0.3
    assert training.evaluate(TASK, Config(), model, DATA.test)[1] == result.test_nll


def test_rounded_weights_are_the_ones_that_were_measured():
    result, model = fitted(half_weights=True)
    rounded = {name: value.half().float() for name, value in model.state_dict().items()}
    assert all(torch.equal(rounded[name], value) for name, value in model.state_dict().items())
    assert training.evaluate(TASK, Config(), model, DATA.test)[1] == result.test_nll


def test_one_cycle_rises_to_the_rate_and_falls_to_nothing():
    model = nn.Linear(4, 3)
    made = one_cycle_sgd(model, Config(max_epochs=4, lr=0.8), 10)
    rates = []
    for _ in range(40):
        rates.append(made.optimizer.param_groups[0]["lr"])
        made.optimizer.step()
        made.after_step()
    assert max(rates) == pytest.approx(0.8)
    assert rates.index(max(rates)) == 9
    assert made.optimizer.param_groups[0]["lr"] == pytest.approx(0)
    assert made.optimizer.param_groups[1]["weight_decay"] == 0


@pytest.mark.parametrize("make", [adam, adamw, sgd])
def test_optimizers_leave_frozen_parameters_alone(make):
    model = build(Config())
    model[0].requires_grad_(requires_grad=False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    task = dataclasses.replace(TASK, optimizer=make)
    training.run(task, Config(max_epochs=2, weight_decay=0.1, patience=0), 0, model=model)
    changed = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert changed == {"2.weight", "2.bias"}


def test_losses_are_those_of_torch():
    scores, labels = torch.randn(8, 3), torch.randint(3, (8,))
    assert torch.allclose(cross_entropy(scores, labels), nll(scores.log_softmax(1), labels))
    images = torch.rand(8, 1, 2, 2)
    expected = nn.functional.mse_loss(scores[:, :1].expand(8, 4), images.flatten(1))
    assert torch.allclose(squared_error(scores[:, :1].expand(8, 4), images).mean(), expected)


def test_held_out_takes_the_same_share_of_every_class_and_no_row_twice():
    labels = torch.arange(300) % 3
    split = Split(torch.arange(300), labels)
    train, val = held_out(split, 0.2)
    assert val.labels.bincount().tolist() == [20, 20, 20]
    assert sorted(train.inputs.tolist() + val.inputs.tolist()) == list(range(300))
    assert torch.equal(labels[val.inputs], val.labels)
    assert torch.equal(held_out(split, 0.2)[1].inputs, val.inputs)


def test_classes_are_renumbered_in_their_order():
    split = of_classes(Split(torch.arange(10), torch.arange(10)), (2, 3, 6, 7, 9))
    assert split.inputs.tolist() == [2, 3, 6, 7, 9]
    assert split.labels.tolist() == [0, 1, 2, 3, 4]


def test_batches_shuffle_on_the_generator_only():
    split = Split(torch.arange(10), torch.arange(10))
    torch.manual_seed(0)
    first = torch.cat([x for x, _ in batches(split, 4, torch.Generator().manual_seed(3))])
    torch.manual_seed(1)
    again = torch.cat([x for x, _ in batches(split, 4, torch.Generator().manual_seed(3))])
    assert torch.equal(first, again)
    assert not torch.equal(first, split.inputs)


IMAGES = torch.randint(
    256, (40, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def test_flip_mirrors_about_half_and_changes_no_pixel():
    out = flip(IMAGES, torch.Generator().manual_seed(0))
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(out, IMAGES, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(out, IMAGES, strict=True)]
    assert all(m or k for m, k in zip(mirrored, kept, strict=True))
    assert 10 < sum(mirrored) < 30


def test_crop_is_a_window_of_the_mirrored_surroundings():
    out = crop(IMAGES, torch.Generator().manual_seed(0), 2)
    padded = nn.functional.pad(IMAGES.float(), (2, 2, 2, 2), mode="reflect").byte()
    offsets = set()
    for one, wide in zip(out, padded, strict=True):
        found = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if torch.equal(one, wide[:, y : y + 12, x : x + 12])
        ]
        assert found
        offsets.update(found)
    assert len(offsets) > 10
    assert crop(IMAGES, torch.Generator(), 0) is IMAGES


def test_cutout_covers_one_square_with_the_mean_colour():
    out = cutout(IMAGES, torch.Generator().manual_seed(0), 4)
    for one, image in zip(out, IMAGES, strict=True):
        changed = (one != image).any(dim=0)
        rows, columns = changed.any(dim=1).nonzero(), changed.any(dim=0).nonzero()
        assert len(rows) <= 4
        assert len(columns) <= 4
        mean = image.float().mean(dim=(1, 2)).byte()
        assert torch.equal(one[:, changed], mean[:, None].expand(3, int(changed.sum())))
    assert (out != IMAGES).any()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("baselines", "weights"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(baseline, "FOLDER", tmp_path)
    return tmp_path


def stored(seed, *, add=True, **settings):
    result, model = fitted(seed, max_epochs=2, **settings)
    config = Config(max_epochs=2, **settings)
    baseline.store(TASK, config, result, model.state_dict(), add=add)
    return baseline.read("digits_mlp"), result, model


def test_seeds_are_added_to_the_same_settings_only(folder):
    first, result, model = stored(4)
    both, second, _ = stored(5)
    assert (first["seeds"], both["seeds"]) == ([4], [4, 5])
    metric = both["metrics"]["test_error"]
    assert metric["values"] == [result.test_error, second.test_error]
    assert metric["mean"] == pytest.approx(sum(metric["values"]) / 2)
    kept = torch.load(baseline.weights_file("digits_mlp"), weights_only=True)
    assert all(torch.equal(kept[name], value) for name, value in model.state_dict().items())
    assert stored(6, lr=0.01)[0]["seeds"] == [6]
    assert stored(7, add=False, lr=0.01)[0]["seeds"] == [7]
    assert (folder / "baselines" / "digits_mlp.json").read_text().count("\n") < 120


def test_large_weights_are_not_kept(folder, monkeypatch):
    stored(0)
    assert (folder / "weights" / "digits_mlp.pt").is_file()
    monkeypatch.setattr(baseline, "MAX_WEIGHTS_BYTES", 100)
    stored(0)
    assert not (folder / "weights" / "digits_mlp.pt").exists()


def test_half_weights_are_stored_as_they_were_measured(folder):
    _, result, _ = stored(0, half_weights=True)
    kept = torch.load(folder / "weights" / "digits_mlp.pt", weights_only=True)
    assert {value.dtype for value in kept.values()} == {torch.float16}
    torch.manual_seed(99)
    again = build(Config())
    again.load_state_dict(kept)
    assert training.evaluate(TASK, Config(), again, DATA.test)[1] == result.test_nll
    assert json.loads((folder / "baselines" / "digits_mlp.json").read_text())["config"][
        "widths"
    ] == [8]
