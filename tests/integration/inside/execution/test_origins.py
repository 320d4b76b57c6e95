"""Bare arrays are told to be of a published split by their pictures, however these were scaled."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Subset, TensorDataset

from grader.inside.execution.journal.loaders import Known
from grader.inside.execution.journal.origins import find_origins

RNG = np.random.default_rng(0)
GREY = {
    "fashion/train": RNG.integers(0, 256, (500, 28, 28), dtype=np.uint8),
    "fashion/test": RNG.integers(0, 256, (200, 28, 28), dtype=np.uint8),
}
COLOUR = {"cifar10/test": RNG.integers(0, 256, (200, 32, 32, 3), dtype=np.uint8)}


def source_of(dataset, published=None):
    known = Known(None, dataset, len(dataset))
    known.look_at(dataset)
    find_origins([known], (published or GREY).items())
    return known.source


def test_scaled_and_normalised_rows():
    train, test = (torch.from_numpy(array).unsqueeze(1) for array in GREY.values())
    assert source_of(TensorDataset(train[::3] / 255)) == "fashion/train"
    assert source_of(TensorDataset((test[50:] / 255 - 0.286) / 0.353)) == "fashion/test"


def test_rows_of_an_array_by_index():
    whole = TensorDataset(torch.from_numpy(GREY["fashion/test"]).float())
    assert source_of(Subset(whole, [3, 4, 5])) == "fashion/test"


def test_a_part_is_told_by_its_own_rows():
    """Test rows behind the training rows, of which a loader takes the test rows only."""
    both = np.concatenate([GREY["fashion/train"], GREY["fashion/test"][:50]])
    whole = TensorDataset(torch.from_numpy(both).float())
    assert source_of(Subset(whole, range(500, 550))) == "fashion/test"
    assert source_of(Subset(whole, range(400))) == "fashion/train"
    assert source_of(Subset(whole, range(450, 550))) == ""


def test_every_split_of_rows_from_two():
    train, test = (TensorDataset(torch.from_numpy(array).float()) for array in GREY.values())
    both = ConcatDataset([train, test])
    for dataset, sources in ((both, sorted(GREY)), (Subset(both, range(500)), ["fashion/train"])):
        known = Known(None, dataset, len(dataset))
        known.look_at(dataset)
        find_origins([known], GREY.items())
        assert known.sources == sources
        assert known.source == (sources[0] if len(sources) == 1 else "")


def test_what_is_no_array_of_numbers_hides_nothing():
    odd = SimpleNamespace(array=np.array([["a"], ["b"]]), index=None, source="")
    good = SimpleNamespace(array=GREY["fashion/test"], index=None, source="")
    find_origins([SimpleNamespace(parts=[odd]), SimpleNamespace(parts=[good])], GREY.items())
    assert (odd.source, good.source) == ("", "fashion/test")


def test_flattened_rows():
    flat = GREY["fashion/train"].reshape(500, 784) / 255
    assert source_of(TensorDataset(torch.from_numpy(flat))) == "fashion/train"


@pytest.mark.parametrize("channels_first", [True, False])
@pytest.mark.parametrize("flat", [True, False])
def test_colour_pictures(channels_first, flat):
    pictures = torch.from_numpy(COLOUR["cifar10/test"]).float()
    pictures = pictures.permute(0, 3, 1, 2) if channels_first else pictures
    pictures = (pictures.flatten(1) if flat else pictures) / 255
    assert source_of(TensorDataset(pictures), COLOUR) == "cifar10/test"


def test_what_is_in_no_split_or_in_two_stays_unknown():
    train, test = GREY.values()
    other = RNG.random((300, 28, 28))
    for array in (other, np.concatenate([train[:100], test[:100]]), other[:, :8, :8]):
        assert source_of(TensorDataset(torch.from_numpy(array).float())) == ""


def test_nothing_is_read_where_all_is_known():
    def published():
        pytest.fail("the splits were read")
        yield

    known = SimpleNamespace(parts=[SimpleNamespace(array=np.zeros((2, 2)), source="mnist/train")])
    find_origins([known], published())
