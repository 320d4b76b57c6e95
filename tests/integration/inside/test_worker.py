"""The box's first process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PASSES = """
import resource
from grader.inside.worker import keep_freed_memory
keep_freed_memory()
import torch
for _ in range(12):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    [torch.ones(6_000_000) for _ in range(4)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_tensors_lie_where_earlier_ones_lay():
    """As glibc is, the kernel mostly clears all of their 23,437 pages anew."""
    done = subprocess.run(
        [sys.executable, "-c", PASSES], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 1000


FREED = """
from pathlib import Path
from grader.inside.worker import keep_freed_memory
keep_freed_memory()
import torch
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
torch.ones(2)
resident()
before = resident()
[torch.ones(20_000_000) for _ in range(5)]
print((resident() - before) // 10**6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_large_blocks_are_given_back():
    done = subprocess.run([sys.executable, "-c", FREED], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 160  # of 400
