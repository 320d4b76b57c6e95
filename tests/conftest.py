"""For every test: one thread per process, fixed before torch is imported.

Tests of `inside/` fork as a box does. A fork of a process whose OpenMP threads have started hangs
at its first parallel operation (PyTorch's notes on multiprocessing, "Avoiding and fighting
deadlocks"). With two boxes on two cores one thread is also the fastest.
"""

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
