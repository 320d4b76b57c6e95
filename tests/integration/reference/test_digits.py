"""The reference solutions run, and their stored weights are what their baselines say."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from reference import baseline
from reference.command import with_settings
from reference.data import batches, load_digits
from reference.losses import nll
from reference.tasks import TASKS
from reference.training import Task, evaluate, run

ROOT = Path(__file__).parents[3]


DIGITS = [name for name in TASKS if name.startswith("digits_")]


def task_of(name: str) -> Task:
    return importlib.import_module(f"reference.{name}").TASK


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", DIGITS)
def test_tiny_runs_from_the_command_line(name, capsys):
    module = importlib.import_module(f"reference.{name}")
    assert module.main(["--tiny", "--set", "max_epochs=1", "--seeds", "3"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("seed 3: test error ")
    assert "of 1," in printed


@pytest.mark.parametrize("name", DIGITS)
def test_stored_weights_reproduce_the_stored_baseline(name):
    task, stored = task_of(name), baseline.read(name)
    config = task.config(**stored["config"])
    model = task.build(config)
    model.load_state_dict(torch.load(baseline.weights_file(name), weights_only=True))
    error, loss = evaluate(task, config, model, load_digits().test)
    first = stored["runs"][0]
    assert error == pytest.approx(first["test_error"], abs=1e-4)
    assert loss == pytest.approx(first["test_nll"], abs=1e-4)
    assert sum(p.numel() for p in model.parameters()) == stored["parameters"]


@pytest.mark.parametrize(
    ("name", "best", "worst"),
    [
        ("digits_mlp", 0.072, 0.078),
        ("digits_cnn", 0.045, 0.052),
        ("digits_cnn_better", 0.007, 0.011),
    ],
)
def test_baselines_are_three_seeds_in_the_expected_range(name, best, worst):
    stored = baseline.read(name)
    assert len(set(stored["seeds"])) == 3
    assert best <= stored["metrics"]["test_error"]["mean"] <= worst
    assert baseline.weights_file(name).stat().st_size < 1_000_000


@pytest.mark.parametrize("name", DIGITS)
def test_nets_end_in_log_probabilities(name):
    task = task_of(name)
    model = task.build(task.config()).eval()
    rows = model(load_digits().val.inputs[:7]).exp().sum(dim=1)
    assert torch.allclose(rows, torch.ones(7), atol=1e-5)


def test_nll_is_torchs():
    scores = torch.randn(32, 10, dtype=torch.float64).log_softmax(dim=1).requires_grad_()
    labels = torch.randint(10, (32,))
    ours, torchs = nll(scores, labels), functional.nll_loss(scores, labels, reduction="none")
    assert torch.equal(ours, torchs)
    (ours_slope,) = torch.autograd.grad(ours.mean(), scores)
    (torchs_slope,) = torch.autograd.grad(torchs.mean(), scores)
    assert torch.equal(ours_slope, torchs_slope)


def test_splits_are_the_handouts_and_only_training_is_shuffled():
    data = load_digits()
    assert (len(data.train), len(data.val), len(data.test)) == (1000, 350, 447)
    kept = torch.cat([y for _, y in batches(data.val, 64)])
    assert torch.equal(kept, data.val.labels)
    generator = torch.Generator().manual_seed(0)
    shuffled = torch.cat([x for x, _ in batches(data.train, 64, generator)])
    assert not torch.equal(shuffled, data.train.inputs)
    assert torch.equal(shuffled.sum(dim=0), data.train.inputs.sum(dim=0))


def test_the_best_epoch_is_kept_not_the_last():
    task = dataclasses.replace(task_of("digits_mlp"))
    config = task.config(max_epochs=12, hidden=16, lr=0.5, patience=100)
    result, model = run(task, config, seed=0)
    assert result.best_epoch < result.epochs
    assert evaluate(task, config, model, load_digits().val)[1] == pytest.approx(result.val_nll)


def test_a_run_is_reproducible():
    task = task_of("digits_cnn_better")
    config = task.config(**task.tiny)
    first, second = (run(task, config, seed=5)[0] for _ in range(2))
    assert first.test_nll == second.test_nll
    assert first.test_nll != run(task, config, seed=6)[0].test_nll


@pytest.mark.parametrize(
    ("setting", "message"),
    [("learning_rate=1", "no setting 'learning_rate'"), ("lr=fast", "not of type float")],
)
def test_wrong_settings_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        with_settings(task_of("digits_mlp").config(), [setting])


def test_the_tables_rows_are_the_baselines(capsys):
    assert baseline.main(["--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    stored = [name for name in TASKS if (baseline.FOLDER / "baselines" / f"{name}.json").is_file()]
    assert [entry["task"] for entry in printed] == stored
    assert baseline.main([]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in stored)


@pytest.mark.parametrize("assignment", ["cifar10-cnn", "digits-svhn", "fashion-transfer", "hw1"])
def test_the_rubrics_baselines_are_up_to_date(tmp_path, assignment):
    kept = ROOT / "rubrics" / assignment / "baselines.json"
    copy = tmp_path / "baselines.json"
    copy.write_text(kept.read_text())
    baseline.refresh(copy)
    assert json.loads(copy.read_text()) == json.loads(kept.read_text())
