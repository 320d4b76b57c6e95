"""Makes the box look like the machine the student wrote for; each use is a remark.

hooks     patches modules when the student imports them
cuda      a GPU's name means the CPU
loading   `torch.load` of whole pickles and of other devices' tensors
paths     reads find submitted files, writes go to the scratch space
colab, stubs, packages   imports of what is not here
compat_*  names and arguments that libraries removed
served, torchvision_data, fetching, doors   datasets at hand, whatever the code asks for
downloads data that would need a network and is not at hand
pretrained  official weights
large_nets  built without drawing their weights, while definitions are lifted
pooling     the same maxima, sooner
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..session import Session
    from .hooks import AfterImport
    from .places import Places
    from .served import Served
    from .uses import Uses

__all__ = ["Installed", "install", "installed"]


@dataclass(frozen=True)
class Installed:
    """What is shared with the execution.

    Attributes:
        uses: Finds the student's line and remarks on it.
        places: Maps paths.
        hooks: Patches modules when they are imported.
        served: The datasets at hand.
    """

    uses: Uses
    places: Places
    hooks: AfterImport
    served: Served


def install(session: Session) -> None:
    """Install every shim, before any student code runs. `session.prepare` does so once.

    Args:
        session: Knows the student's files and takes remarks.
    """
    from . import (
        colab,
        compat_numpy,
        compat_tables,
        compat_torch,
        cuda,
        doors,
        downloads,
        large_nets,
        loading,
        packages,
        paths,
        pooling,
        pretrained,
        stubs,
        torchvision_data,
    )
    from .hooks import AfterImport
    from .served import Served
    from .uses import Uses

    uses = Uses(session)
    roots = [str(session.root)]
    hooks = AfterImport()
    hooks.install()
    scratch = os.path.abspath(session.scratch)  # noqa: PTH100
    served = Served(session.served, scratch, uses)
    places = paths.install(uses, hooks, scratch, roots)
    places.served = served
    finder = stubs.install(uses)
    colab.install(uses, finder, roots)
    packages.install(uses)
    texts = [chunk.text for chunk in session.sources().chunks]
    if any("cuda" in text for text in texts):
        cuda.install(uses)
    loading.install(uses)
    compat_numpy.install(uses, hooks)
    compat_torch.install(uses, hooks)
    compat_tables.install(uses, hooks)
    downloads.install(uses, hooks)
    large_nets.install(places)
    pooling.install()
    pretrained.install(uses, hooks, places, session.torch_home)
    torchvision_data.install(uses, hooks, served, places)
    uses.fetch = doors.install(uses, hooks, served, places, finder).command
    session.shims = Installed(uses, places, hooks, served)


def installed(session: Session) -> Installed:
    """The shims of a session, installed now if need be."""
    session.prepare()
    found: Installed = session.shims
    return found
