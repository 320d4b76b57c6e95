"""How hard the fuzz targets try: a few fixed examples in tests, new ones for minutes by hand.

`python -m tests.fuzz --minutes 10` sets the environment variable before it imports the targets.
"""

import os

from hypothesis import HealthCheck, settings

LONG = "FUZZ_EXAMPLES"
CI_EXAMPLES = 40

fuzzed = settings(
    max_examples=int(os.environ.get(LONG, CI_EXAMPLES)),
    derandomize=LONG not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
"""Decorates every target."""
