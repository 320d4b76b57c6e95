"""What the tests of the references share."""

from __future__ import annotations

import os

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """The sums of the stored baselines."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def grade_data():
    """The folder of the datasets, or the test is skipped."""
    root = os.environ.get("GRADE_DATA")
    if not root:
        pytest.skip("needs datasets: grade data fetch, then GRADE_DATA=<folder> pytest …")
    return root
