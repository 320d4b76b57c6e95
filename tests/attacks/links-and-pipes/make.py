"""Weights that are links to the host's files, a pipe, a socket, a loop of folders."""

import os
import socket
from pathlib import Path

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    for name, target in (("classifier_mlp.model", "/etc/shadow"), ("data", "/proc"), ("loop", ".")):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)
    (folder / "classifier_cnn.model").unlink()
    os.mkfifo(folder / "classifier_cnn.model")
    with socket.socket(socket.AF_UNIX) as sock:
        here = Path.cwd()
        os.chdir(folder)
        sock.bind("s")
        os.chdir(here)
