"""Derivatives and steps written by hand are those of autograd."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from reference import backprop_mlp, baseline, gradients
from reference.backprop_mlp import FullyConnectedNetwork
from reference.data import arrays

TOLERANCE = 1e-10


@pytest.mark.parametrize("seed", range(3))
def test_derivatives_are_autograds_in_float64(seed):
    distances = gradients.parity(gradients.Config(), seed)
    assert set(distances) == {"d_sigmoid", "d_tanh", "d_softmax", "d_cross_entropy"}
    assert max(distances.values()) <= TOLERANCE


def test_parity_sees_a_wrong_jacobian(monkeypatch):
    monkeypatch.setattr(gradients, "d_softmax", lambda s: torch.diag_embed(s * (1 - s)))
    distances = gradients.parity(gradients.Config())
    assert distances["d_softmax"] > 0.01
    assert distances["d_sigmoid"] <= TOLERANCE


def test_activations_are_torchs_and_never_overflow():
    x = torch.tensor([-1e4, -20.0, 0.0, 3.0, 1e4], dtype=torch.float64)
    assert torch.allclose(gradients.sigmoid(x), torch.sigmoid(x), atol=1e-15)
    assert torch.allclose(gradients.tanh(x), torch.tanh(x), atol=1e-15)
    assert torch.allclose(gradients.softmax(x), torch.softmax(x, dim=-1), atol=1e-15)


def test_the_jacobian_has_rows_that_sum_to_zero_and_keeps_leading_dimensions():
    s = torch.softmax(torch.randn(2, 3, 5, dtype=torch.float64), dim=-1)
    jacobian = gradients.d_softmax(s)
    assert jacobian.shape == (2, 3, 5, 5)
    assert jacobian.sum(dim=-1).abs().max() < TOLERANCE


def test_cross_entropy_is_torchs():
    x = torch.randn(6, 4, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    ours = gradients.cross_entropy(
        gradients.softmax(x), functional.one_hot(labels, 4).to(torch.float64)
    )
    assert torch.allclose(ours, functional.cross_entropy(x, labels, reduction="none"))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_backward_is_a_step_along_autograds_gradient(activation):
    generator = torch.Generator().manual_seed(0)
    net = FullyConnectedNetwork(
        12, 5, 7, activation, lr=0.3, generator=generator, dtype=torch.float64
    )
    x = torch.randn(9, 12, generator=generator, dtype=torch.float64)
    labels = torch.randint(5, (9,), generator=generator)
    before = {name: value.clone().requires_grad_() for name, value in net.state_dict().items()}
    hidden = getattr(torch, activation)(x @ before["W1"] + before["b1"])
    loss = functional.cross_entropy(hidden @ before["W2"] + before["b2"], labels)
    slopes = torch.autograd.grad(loss, list(before.values()))

    net.backward(x, functional.one_hot(labels, 5).double(), net.forward(x))

    for (name, start), slope in zip(before.items(), slopes, strict=True):
        step = (start - net.state_dict()[name]) / 0.3
        assert (step - slope).abs().max() <= TOLERANCE, name
        assert slope.abs().max() > 1e-4, name


def test_backward_sees_the_batch_that_forward_saw():
    net = FullyConnectedNetwork(4, 3, 5, generator=torch.Generator().manual_seed(0))
    x = torch.randn(8, 4)
    y = torch.eye(3)[torch.arange(8) % 3]
    first = gradients.cross_entropy(net.forward(x), y).mean()
    for _ in range(50):
        net.lr = 0.5
        net.backward(x, y, net.forward(x))
    assert gradients.cross_entropy(net.forward(x), y).mean() < first


def test_gradients_run_from_the_command_line(capsys):
    assert gradients.main(["--tiny", "--set", "classes=4", "--seeds", "5"]) == 0
    assert capsys.readouterr().out.startswith("seed 5: greatest distance from autograd")


@pytest.mark.usefixtures("grade_data")
def test_tiny_training_learns_at_each_rate(capsys):
    assert backprop_mlp.main(["--tiny"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        f"seed 42, {name}" for name in ("lr 0.01", "lr 0.1", "lr 1", "better")
    ]
    accuracies = [float(line.split("test accuracy ")[1].split(",")[0]) for line in lines]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] > 0.8


@pytest.mark.usefixtures("grade_data")
def test_stored_weights_reproduce_the_stored_baseline():
    stored = baseline.read("backprop_mlp")
    settings = {key: value for key, value in stored["config"].items() if key != "better"}
    config = backprop_mlp.Config(**settings)
    net = FullyConnectedNetwork(784, 10, config.hidden, config.activation)
    net.load_state_dict(torch.load(baseline.weights_file("backprop_mlp"), weights_only=True))
    loss, accuracy = backprop_mlp.measure(net, backprop_mlp.load(config).test)
    course = stored["runs"][0]["history"]["better"]
    assert accuracy == pytest.approx(course["test_accuracy"][-1], abs=1e-4)
    assert loss == pytest.approx(course["test_loss"][-1], abs=1e-4)


@pytest.mark.parametrize(
    ("metric", "least", "greatest"),
    [
        ("test_error_lr_0.01", 0.120, 0.140),
        ("test_error_lr_0.1", 0.058, 0.072),
        ("test_error_lr_1", 0.034, 0.048),
        ("test_error_better", 0.0, 0.025),
    ],
)
def test_the_baseline_is_what_the_handouts_rates_reach(metric, least, greatest):
    assert least <= baseline.read("backprop_mlp")["metrics"][metric]["mean"] <= greatest


def test_the_stored_parity_is_within_the_tolerance():
    metrics = baseline.read("gradients")["metrics"]
    assert len(metrics) == 4
    assert all(max(entry["values"]) <= TOLERANCE for entry in metrics.values())


def test_missing_data_and_wrong_settings_are_told(monkeypatch, capsys):
    monkeypatch.delenv("GRADE_DATA", raising=False)
    arrays._load_idx.cache_clear()  # an earlier test may have read it
    assert backprop_mlp.main(["--tiny"]) == 2
    assert "set GRADE_DATA" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        backprop_mlp.main(["--tiny", "--set", "rate=1"])
    assert "there is no setting 'rate'" in capsys.readouterr().err
