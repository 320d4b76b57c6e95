"""A small weight file that says it holds 10^12 numbers."""

import pickle
import zipfile

from tests.attacks.building import honest_copy


def make(folder):
    honest_copy(folder)
    import torch

    for net in ("mlp", "cnn"):
        file = folder / f"classifier_{net}.model"
        one = torch.zeros(1)
        torch.save({"classnet.0.weight": one.expand(10**6, 10**6)}, file)
    bomb = b"\x80\x04" + b"(" * 2_000_000 + b"."
    (folder / "other.model").write_bytes(bomb)
    with zipfile.ZipFile(folder / "third.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": 0}))
        archive.writestr("archive/data/0", b"\0" * (64 << 20))
