"""Some inputs are asked once more, changed a little: which ones, how, and at what cost."""

import numpy as np
import pytest
import torch

from grader.inside.binding.nets import Net
from grader.inside.inputs.rows import Rows
from grader.inside.probes.nudged import NOISE, Sample, nudged
from tests.integration.inside.data.test_predict_pictures import FLAT, IMPORTS, linear, predict

COUNT = 400


class Asked(torch.nn.Module):
    """Remembers how many rows it was asked."""

    def __init__(self, found=lambda x: x.flatten(1)[:, :3]):
        super().__init__()
        self.found, self.rows = found, 0

    def forward(self, x):
        self.rows += len(x)
        return self.found(x)


def asked(inputs, net=None, row_of=None):
    rows = Rows(len(inputs), lambda i: inputs[i], "", row_of)
    sample = Sample(len(rows))
    batches = list(sample.passing(rows.batches()))
    assert sum(map(len, batches)) == len(inputs)
    net = net or Asked()
    found = {} if sample.inputs is None else nudged(Net(net, net), rows, sample.inputs)
    return net, found


def test_a_prediction_tells_the_scores_of_changed_pictures(box, make):
    layer = linear(box)
    images = make["images"](COUNT, 28, seed=9)
    box.give("mnist/test", images, "torchvision.MNIST")
    box.write(
        "main.py",
        IMPORTS + FLAT + "test = datasets.MNIST('d', False, transform=transforms.ToTensor())\n",
    )
    arrays = predict(box, inputs=[1, 28, 28]).arrays
    rows = arrays["nudged_rows"]
    assert len(rows) == COUNT // 8
    given = torch.from_numpy(images).float().div(255)[torch.from_numpy(rows.copy())]
    moved = torch.cat([given[:, :, :1], given[:, :, :-1]], dim=2)
    with torch.no_grad():
        expected = layer(moved.flatten(1)).numpy()
    assert np.allclose(arrays["moved"], expected, atol=1e-4)
    change = np.abs(arrays["noisy"] - arrays["scores"][rows]).max()
    assert 0 < change < np.abs(arrays["moved"] - arrays["scores"][rows]).max()


@pytest.mark.parametrize("count", [447, 1000, 10_000])
def test_at_most_a_quarter_of_the_rows_is_asked_again(count):
    net, found = asked(torch.rand(count, 1, 16, 16))
    assert set(found) == {"nudged_rows", "noisy", "moved"}
    assert 0 < net.rows <= count / 4


def test_the_noise_is_a_twentieth_of_the_spread():
    inputs = 300 * torch.rand(2000, 64)
    _, found = asked(inputs, Asked(lambda x: x))
    change = (found["noisy"] - inputs[: len(found["noisy"])]).std() / inputs.std()
    assert abs(float(change) - NOISE) < NOISE / 10
    assert "moved" not in found


def test_rows_are_named_as_the_job_names_them():
    order = list(range(79, -1, -1))
    _, found = asked(torch.rand(80, 64), row_of=order.__getitem__)
    assert found["nudged_rows"].tolist() == order[:10]


@pytest.mark.parametrize("size", [15, 16])
def test_only_pictures_that_are_large_enough_are_moved(size):
    _, found = asked(torch.rand(80, 1, size, size))
    assert ("moved" in found) == (size == 16)


@pytest.mark.parametrize(
    "net",
    [
        Asked(lambda x: x.new_full((len(x), 3), float("nan"))),
        Asked(lambda x: x.flatten(1)[:1, :3]),
        Asked(lambda x: x.flatten(1).nope),
    ],
)
def test_a_net_that_cannot_be_asked_gives_nothing(net):
    assert asked(torch.rand(80, 64), net)[1] == {}


def test_too_few_or_equal_inputs_give_nothing():
    assert asked(torch.rand(7, 64))[1] == {}
    assert asked(torch.ones(80, 64))[1] == {}


def test_large_inputs_are_kept_within_bounds():
    sample = Sample(10_000)
    for _ in sample.passing([torch.zeros(100, 3, 600, 600)]):
        pass
    assert len(sample.inputs) == 14
