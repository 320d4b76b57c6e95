"""Fuzz for minutes of CPU time: `python -m tests.fuzz --minutes 10`, one process.

Each target gets its share; new examples every time. A failure is printed with the example that
hypothesis shrank it to, and the exit status is 1. Keep what is found as an explicit test.
"""

import argparse
import importlib
import os
import sys
import time
import traceback
import warnings

from tests.fuzz.profile import LONG

TARGETS = ("notebooks", "rubrics", "evidence", "archives", "pages")
ROUND = 200


def main():
    """Run the targets named, each for its share of the minutes."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="CPU minutes in all")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one")
    given = parser.parse_args()
    os.environ[LONG] = str(ROUND)
    warnings.simplefilter("error")
    tests = [
        (target, name, test) for target in given.target or TARGETS for name, test in of(target)
    ]
    share = given.minutes * 60 / len(tests)
    failed = 0
    for target, name, test in tests:
        began, rounds, broken = time.process_time(), 0, 0
        while time.process_time() - began < share and not broken:
            rounds += 1
            try:
                test()
            except Exception:  # noqa: BLE001 - the other targets go on
                broken += 1
                traceback.print_exc()
        minutes = (time.process_time() - began) / 60
        failed += broken
        said = "failed" if broken else "nothing found"
        sys.stdout.write(f"{target}: {name}: {rounds} rounds, {minutes:.2f} CPU minutes, {said}\n")
        sys.stdout.flush()
    return 1 if failed else 0


def of(target):
    """The property tests of a file."""
    module = importlib.import_module(f"tests.fuzz.test_{target}")
    for name, test in vars(module).items():
        if name.startswith("test_") and getattr(test, "is_hypothesis_test", False):
            yield name.removeprefix("test_"), test


if __name__ == "__main__":
    sys.exit(main())
