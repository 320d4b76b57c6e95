"""Starts processes from one thread that lives as long as the grader.

`--die-with-parent` follows the thread that started the box, not the process: a box started from a
pool's worker thread would die with that thread.
"""

from __future__ import annotations

import queue
import subprocess
import threading
from concurrent.futures import Future
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["start"]


class _Launcher:
    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[tuple[Future[subprocess.Popen[bytes]], dict[str, object]]]
        self._requests = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="box-launcher", daemon=True).start()

    def _serve(self) -> None:
        while True:
            future, words = self._requests.get()
            try:
                future.set_result(subprocess.Popen(**words))  # type: ignore[call-overload]
            except BaseException as error:  # noqa: BLE001 - it belongs to who asked
                future.set_exception(error)

    def start(self, **words: object) -> subprocess.Popen[bytes]:
        future: Future[subprocess.Popen[bytes]] = Future()
        self._requests.put((future, words))
        return future.result()


@cache
def _launcher() -> _Launcher:
    return _Launcher()


def start(
    argv: Sequence[str],
    *,
    output_fd: int,
    pass_fds: Sequence[int],
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    new_session: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a process with nothing on its input and only the named descriptors.

    Args:
        argv: The command.
        output_fd: Where its output and errors go.
        pass_fds: The other descriptors it gets, under the same numbers.
        env: Its environment; None for ours.
        cwd: Its working folder.
        new_session: Whether it leads a session of its own.

    Raises:
        OSError: It cannot be started.
    """
    return _launcher().start(
        args=list(argv),
        stdin=subprocess.DEVNULL,
        stdout=output_fd,
        stderr=output_fd,
        close_fds=True,
        pass_fds=tuple(pass_fds),
        env=None if env is None else dict(env),
        cwd=cwd,
        start_new_session=new_session,
    )
