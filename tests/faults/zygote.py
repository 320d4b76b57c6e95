"""Runs the grader over and over in forks of one warm process, and kills some of them.

One JSON object a line on standard input:
    argv         of `grade`
    kill_after   seconds until SIGKILL, or null
    kill_at      SIGKILL at the n-th operation on a file, or null
One a line on standard output: status (minus the signal), seconds, operations, said.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
import time
from pathlib import Path

OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "os.chmod", "os.rmdir"}


def child(order, log: int, counter: int) -> None:
    os.dup2(log, 1)
    os.dup2(log, 2)
    done = 0

    def watch(event, arguments):
        nonlocal done
        if event not in OPERATIONS or not str(arguments[0]).startswith(order["watched"]):
            return
        done += 1
        os.pwrite(counter, str(done).encode().ljust(12), 0)
        if done == order.get("kill_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    if order.get("watched"):
        sys.addaudithook(watch)
    from grader.cli.main import main

    main(order["argv"])


def run(order):
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as counter:
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                child(order, log.fileno(), counter.fileno())
            except SystemExit as stop:
                status = int(stop.code or 0)
            except BaseException:  # noqa: BLE001 - a fork must never go on as its parent
                import traceback

                traceback.print_exc()
            finally:
                with contextlib.suppress(Exception):
                    sys.stdout.flush()
                    sys.stderr.flush()
                os._exit(status)
        if order.get("kill_after") is not None:
            time.sleep(order["kill_after"])
            os.kill(pid, signal.SIGKILL)  # it may have ended: it is not waited for yet
        _, raw = os.waitpid(pid, 0)
        took = time.monotonic() - began
        log.seek(0)
        counter.seek(0)
        return {
            "status": os.waitstatus_to_exitcode(raw),
            "seconds": took,
            "operations": int(counter.read() or b"0"),
            "said": log.read().decode(errors="replace"),
        }


def warm() -> None:
    """Import now what each run would import."""
    import grader

    for module in pkgutil.walk_packages(grader.__path__, "grader."):
        if not module.name.startswith(("grader.inside", "grader.gradebook.migrations")):
            importlib.import_module(module.name)
    for name in ("alembic.command", "numpy", "rich.progress", "jinja2"):
        importlib.import_module(name)


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[2]))
    warm()
    from tests.faults.quick import install

    install()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
