"""Loaders that were walked over: what they yield, from which rows, and what for."""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np

from ..meter import number
from .batches import Batches, inputs_and_labels
from .labels import counts_of, gives_them
from .random_states import kept_random_states
from .rows import Part, parts_of, within
from .transforms import transforms_of

__all__ = ["Known", "Pass"]

ASKED_AGAIN = 8
"""Times that one row is asked for: a flip of probability one half is missed once in 128."""
ASKING_SECONDS = 0.25


class Known:
    """What is known of one loader.

    Args:
        place: Where it was made.
        dataset: What it walks over.
        length: Examples in a pass.
    """

    def __init__(self, place: dict[str, Any] | None, dataset: Any, length: int) -> None:
        self.place = place
        self.length = length
        self.parts: list[Part] = []
        self.chain = ""
        self.transform = ""
        self.batch_size: int | None = None
        self.shuffled: bool | None = None
        self.passes = 0
        self.trained = 0
        """Passes in which something was trained."""
        self.asked = 0
        """Passes in which nets were only asked."""
        self.random_inputs: bool | None = None
        self.altered: bool | None = None
        """Whether nets were given other numbers than it yielded."""
        self.batches = Batches()
        self.names: set[str] = set()
        """What the student's scopes call it."""
        self.role = ""
        """What these names say it is for: `train`, `val` or `test`."""
        self.counted_whole = False
        """Whether the yielded labels are those of all its rows."""
        self.trained_nets: set[int] = set()
        self.first_trained: int | None = None
        """When, in the order of passes."""
        self.evaluated: list[tuple[int, int]] = []
        """When, and which net."""
        self.problem = ""
        self.dataset = dataset
        self._counts: Any = None
        self._drops_last = False

    def describe(self, loader: Any) -> None:
        """Look at the loader, once."""
        dataset = loader.dataset
        self.batch_size = getattr(loader, "batch_size", None)
        if self.batch_size is None:
            self.batch_size = getattr(getattr(loader, "batch_sampler", None), "batch_size", None)
        self._drops_last = bool(getattr(loader, "drop_last", False))
        sampler = getattr(loader, "sampler", None)
        self.shuffled = {
            "RandomSampler": True,
            "SubsetRandomSampler": True,
            "WeightedRandomSampler": True,
            "SequentialSampler": False,
        }.get(type(sampler).__name__)
        self.look_at(dataset, getattr(sampler, "indices", None))

    def look_at(self, dataset: Any, indices: Any = None) -> None:
        """Find its rows, labels and transform."""
        self.parts = parts = parts_of(dataset)
        held = gives_them(dataset, parts)
        if indices is not None and len(parts) == 1:
            parts = [within(parts[0], np.asarray([int(i) for i in indices], dtype=np.int64))]
        self.parts = parts
        chains = [" of ".join(part.names) for part in parts]
        self.chain = chains[0] if len(chains) == 1 else " and ".join(dict.fromkeys(chains))
        self._counts = counts_of(parts) if held else None
        self.transform = transforms_of(parts)

    @property
    def source(self) -> str:
        """The one split that all its rows come from; empty when that is unknown."""
        sources = {part.source for part in self.parts if part.length}
        return sources.pop() if len(sources) == 1 else ""

    @property
    def sources(self) -> list[str]:
        """Every split that some of its rows come from."""
        return sorted({part.source for part in self.parts if part.source and part.length})

    def is_whole(self, counted: int) -> bool:
        """Whether a pass that counted so many labels left none out."""
        left = self.length - counted
        return left <= 0 or (self._drops_last and left < (self.batch_size or 1))

    @property
    def has_labels(self) -> bool:
        """Whether its labels were found without asking for its rows."""
        return self._counts is not None

    @property
    def labels_known(self) -> bool:
        """Whether the labels are the data's own."""
        return not any(part.source.endswith("/test") for part in self.parts)

    def is_random(self, dataset: Any, seconds_each: float) -> None:
        """Ask for one row again and again; the random states stay as they are."""
        if self.random_inputs is not None or not hasattr(dataset, "__getitem__"):
            return
        times = ASKED_AGAIN
        if seconds_each > 0:
            times = max(2, min(times, int(ASKING_SECONDS / seconds_each)))
        row = self._first_row(dataset)
        with kept_random_states():
            self.random_inputs = _differs(dataset, row, times)

    def _first_row(self, dataset: Any) -> int:
        """A row that the loader's sampler gives."""
        part = self.parts[0] if len(self.parts) == 1 else None
        if part is None or part.base is not dataset or part.index is None or not len(part.index):
            return 0
        return int(part.index[0])

    def payload(self, index: int, use: str) -> dict[str, Any]:
        """As the record holds it."""
        mean, std = self.batches.moments()
        counts = self._counts
        yielded = self.batches.labels
        if counts is None or (yielded and not set(yielded) <= set(counts)):
            counts = yielded
        whole = self.counted_whole if counts is yielded else True
        labels = sorted(counts)
        low, high = self.batches.lowest, self.batches.highest
        return {
            "index": index,
            "place": self.place,
            "dataset": self.chain[:300],
            "source": self.source[:300],
            "sources": [source[:300] for source in self.sources[:20]],
            "role": self.role,
            "use": use,
            "length": self.length,
            "batch_size": self.batch_size,
            "shuffled": self.shuffled,
            "passes": self.passes,
            "classes": {str(label): int(counts[label]) for label in labels[:1000]},
            "classes_whole": whole,
            "labels_known": self.labels_known,
            "label_min": int(labels[0]) if labels else None,
            "label_max": int(labels[-1]) if labels else None,
            "shape": list(self.batches.shape),
            "mean": mean[:16],
            "std": std[:16],
            "lowest": number(low) if low <= high else None,
            "highest": number(high) if low <= high else None,
            "random_inputs": self.random_inputs,
            "altered": self.altered,
            "transform": self.transform,
            "rows_known": all(part.known for part in self.parts) and bool(self.parts),
        }


def _differs(dataset: Any, row: int, times: int) -> bool | None:
    import torch

    first: Any = None
    began = monotonic()
    for time in range(times):
        try:
            value, _ = inputs_and_labels(dataset[row])
            found = value if isinstance(value, torch.Tensor) else torch.as_tensor(np.asarray(value))
        except Exception:
            return None
        if time == 0:
            first = found.clone()
        elif first.shape != found.shape or not torch.equal(
            torch.nan_to_num(first), torch.nan_to_num(found)
        ):
            return True
        if time and monotonic() - began > ASKING_SECONDS:
            break
    return False


class Pass:
    """One walk over a loader.

    Args:
        known: The loader's.
        number: Of this pass in the run.
    """

    def __init__(self, known: Known, number: int) -> None:
        self.known = known
        self.number = number
        self.steps = 0
        self.backwards = 0
        self.counted = 0
        """Labels of its batches."""
        self.sample: Any = None
        """Some numbers of the latest batch, until a net is asked."""
        self.pointers: tuple[int, ...] = ()
        """Of the latest batch's storages."""
        self.calls: dict[int, Any] = {}
        """Net → how it was asked."""
        self.before: Any = None
        """What by-hand training would change, as it was."""
        self.open = True
