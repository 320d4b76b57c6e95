"""What every dataset must keep; the registry's entries pass without a download where they can."""

import pytest

from grader.datasets import DATASETS, Pictures

each = pytest.mark.parametrize("name", sorted(DATASETS))


@each
def test_facts_fit_together(name):
    dataset = DATASETS[name]
    assert dataset.name == name
    assert dataset.title
    assert dataset.version(None)
    assert set(dataset.hidden) <= set(dataset.splits)
    assert dataset.hidden
    assert len(set(dataset.classes)) == len(dataset.classes) > 1
    assert len(set(dataset.splits)) == len(dataset.splits) >= 1
    assert set(dataset.sizes) <= set(dataset.splits)
    assert all(size > 0 for size in dataset.sizes.values())


@each
def test_what_is_here_is_what_it_says(name, tmp_path):
    dataset = DATASETS[name]
    if dataset.locate(None) is None:
        pytest.skip(f"grade data fetch {name}")
    assert all(entry.holds for entry in dataset.verify(None))
    for split in dataset.splits:
        loaded = dataset.load(split, None)
        assert len(loaded.inputs) == len(loaded.labels) == len(loaded)
        if split not in dataset.partial(None):
            assert len(loaded) == dataset.sizes[split]
        if not isinstance(loaded.inputs, Pictures):
            assert loaded.inputs.dtype.name in {"float32", "uint8"}
        assert loaded.labels.dtype.name == "int64"
        assert set(loaded.labels.tolist()) <= set(range(len(dataset.classes)))
    for over, file in dataset.overlays(tmp_path).items():
        assert over.startswith("/")
        assert file.is_relative_to(tmp_path)
        assert file.is_file()
