"""Filled up to full length, and labels dealt out anew: what must always hold."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from grader.collect.inputs import secret_order
from grader.datasets.dealing import mark_repeats, shown

labels = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(lambda x: np.array(x, np.int64))
secrets = st.binary(min_size=32, max_size=32)


@given(labels, secrets)
def test_permuted_labels_keep_the_counts_of_classes_and_are_other_labels(true, secret):
    found = shown(true, None, secret_order(secret, "x", len(true)))
    assert (
        np.bincount(found.labels, minlength=5).tolist() == np.bincount(true, minlength=5).tolist()
    )
    assert found.rows.tolist() == list(range(len(true)))
    if len(set(true.tolist())) > 1:
        assert found.labels.tolist() != true.tolist()


@given(labels)
def test_without_a_permutation_labels_are_true(true):
    found = shown(true)
    assert found.labels.tolist() == true.tolist()
    assert not found.repeats.any()


@given(labels, st.lists(st.integers(0, 30), min_size=5, max_size=5))
def test_a_part_is_filled_up_class_by_class(true, more):
    have = np.bincount(true, minlength=5)
    counts = [int(n) + extra if n else 0 for n, extra in zip(have, more, strict=True)]
    found = shown(true, counts)
    assert np.bincount(found.labels, minlength=5).tolist() == counts
    assert found.rows[: len(true)].tolist() == list(range(len(true))), "every example comes first"
    assert (true[found.rows] == found.labels).all()
    pairs = list(zip(found.rows.tolist(), found.repeats.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs), "no repetition is shown twice"


@given(labels, secrets)
def test_mixed_rows_are_all_there(true, secret):
    order, mix = (secret_order(secret, name, len(true)) for name in ("labels", "rows"))
    found = shown(true, None, order, mix)
    assert sorted(found.rows.tolist()) == list(range(len(true)))
    assert (
        np.bincount(found.labels, minlength=5).tolist() == np.bincount(true, minlength=5).tolist()
    )


def test_a_class_that_is_missing_stays_missing():
    found = shown(np.array([0, 0]), [5, 7])
    assert len(found) == 5


def test_classes_come_well_mixed():
    true = np.repeat(np.arange(10), 3)
    found = shown(true, [100] * 10)
    for start in range(30, 900, 100):
        assert len(set(found.labels[start : start + 20].tolist())) == 10


@given(st.integers(1, 40), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_repetitions_are_other_pictures_by_one_number(count, times, seed):
    true = np.random.default_rng(seed).integers(0, 256, (count, 6, 5, 3), dtype=np.uint8)
    assume(len(np.unique(true.reshape(count, -1), axis=0)) == count)
    rows = np.tile(np.arange(count), times)
    again = true[rows]
    mark_repeats(again, np.repeat(np.arange(times), count))
    assert (again[:count] == true).all()
    changed = again != true[rows]
    assert (
        changed.reshape(len(rows), -1).sum(axis=1) == ([0] * count + [1] * (len(rows) - count))
    ).all()
    for row in range(count):
        own = again[rows == row].reshape(times, -1)
        assert len(np.unique(own, axis=0)) == times


def test_another_secret_deals_otherwise():
    true = np.repeat(np.arange(10), 20)
    one, two = (shown(true, None, secret_order(s * 32, "x", 200)) for s in (b"a", b"b"))
    assert one.labels.tolist() != two.labels.tolist()
    right = (one.labels == true).mean()
    assert right < 0.3, "no better than guessing"
