"""Optimizers that stepped: their settings at the first step, and how the rate went on."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from ..meter import number

if TYPE_CHECKING:
    from ...shims.uses import Uses

__all__ = ["Optimizers", "plain_settings"]

MANY = 200
LEFT_OUT = frozenset({"params", "foreach", "fused", "capturable", "differentiable"})
"""Of a parameter group: the parameters, and how torch computes."""
SCHEDULE_LEFT_OUT = frozenset(
    """
    optimizer last_epoch base_lrs verbose best num_bad_epochs cooldown_counter mode_worse
    total_steps_done T_cur
    """.split()  # noqa: SIM905 - words read better than a column of strings
)
"""Of a schedule: what changes while it runs."""


class Known:
    """What is known of one optimizer that stepped."""

    def __init__(self, place: dict[str, Any] | None) -> None:
        self.place = place
        self.type = ""
        self.settings: dict[str, Any] = {}
        self.last_lr: float | None = None
        self.scheduler: Any = None
        self.scheduler_name = ""
        self.scheduler_settings: dict[str, Any] = {}
        self.steps = 0
        self.parameters = 0
        self.frozen = 0
        self.net = ""

    def payload(self) -> dict[str, Any]:
        """As the record holds it."""
        return {
            "place": self.place,
            "type": self.type[:100],
            "settings": self.settings,
            "last_lr": None if self.last_lr is None else number(self.last_lr),
            "scheduler": self.scheduler_name[:300],
            "scheduler_settings": self.scheduler_settings,
            "steps": self.steps,
            "parameters": self.parameters,
            "frozen": self.frozen,
            "net": self.net[:300],
        }


class Optimizers:
    """Follows every optimizer from its making to its last step.

    Args:
        uses: Finds the student's line.
    """

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._known: WeakKeyDictionary[Any, Known] = WeakKeyDictionary()
        self.stepped: list[Known] = []

    def install(self) -> None:
        """Patch the constructors of optimizers and schedules."""
        from torch.optim import Optimizer, lr_scheduler

        self._after_making(Optimizer, self._made)
        for kind in (lr_scheduler.LRScheduler, lr_scheduler.ReduceLROnPlateau):
            self._after_making(kind, self._scheduled)

    def _after_making(self, kind: Any, told: Any) -> None:
        original = kind.__init__

        @functools.wraps(original)
        def made(instance: Any, *args: Any, **kwargs: Any) -> None:
            original(instance, *args, **kwargs)
            told(instance, args, kwargs)

        kind.__init__ = made

    def _made(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        self._known[optimizer] = Known(self._uses.place())

    def _scheduled(self, schedule: Any, args: Any, kwargs: Any) -> None:
        optimizer = kwargs.get("optimizer", args[0] if args else None)
        known = self._known.get(optimizer) if optimizer is not None else None
        if known is not None:
            known.scheduler = ref(schedule)
            known.scheduler_name = type(schedule).__name__

    def step(self, optimizer: Any) -> None:
        """It stepped."""
        known = self._known.get(optimizer)
        if known is None:  # made before us, or copied
            known = self._known[optimizer] = Known(self._uses.place())
        groups = optimizer.param_groups
        if not known.steps:
            self._first(known, optimizer, groups)
        known.steps += 1
        known.last_lr = groups[0].get("lr")
        if known.scheduler is not None:
            schedule = known.scheduler()
            known.scheduler = None
            if schedule is not None:
                known.scheduler_settings = plain_settings(vars(schedule), SCHEDULE_LEFT_OUT)

    def _first(self, known: Known, optimizer: Any, groups: list[dict[str, Any]]) -> None:
        known.type = type(optimizer).__name__
        known.settings = plain_settings(groups[0], LEFT_OUT)
        parameters = [p for group in groups for p in group["params"]]
        known.parameters = sum(p.numel() for p in parameters)
        if len(self.stepped) < MANY:
            self.stepped.append(known)
        net = self.net_of({id(p) for p in parameters})
        if net is not None:
            known.net = type(net).__name__
            known.frozen = sum(p.numel() for p in net.parameters() if not p.requires_grad)

    def net_of(self, wanted: set[int]) -> Any:
        """The net in scope that holds most of the parameters, the whole before its parts."""
        best: tuple[int, int] = (0, 0)
        found = None
        for module in self._nets_in_scope():
            mine = [id(p) for p in module.parameters()]
            rank = (len(wanted.intersection(mine)), len(mine))
            if rank > best:
                best, found = rank, module
        return found

    def _nets_in_scope(self) -> list[Any]:
        from torch.nn import Module

        found: dict[int, Any] = {}
        frame = self._uses.student_frame()
        spaces: list[dict[str, Any]] = []
        depth = 0
        while frame is not None and depth < 20:  # noqa: PLR2004 - deep enough for any training code
            if self._uses.is_student(frame.f_code.co_filename):
                spaces += [frame.f_locals, frame.f_globals]
            frame = frame.f_back
            depth += 1
        for space in spaces:
            for value in list(space.values()):
                inner = [value]
                if not isinstance(value, Module | type) and hasattr(value, "__dict__"):
                    inner += list(vars(value).values())[:50]
                found.update((id(v), v) for v in inner if isinstance(v, Module))
        return list(found.values())

    def payload(self) -> list[dict[str, Any]]:
        """Those that stepped, in the order of their first steps."""
        return [known.payload() for known in self.stepped]


def plain_settings(values: dict[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    """Settings that are numbers, truths or words; tuples of numbers as text."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name.startswith("_") or name in left_out or value is None or len(found) >= 40:  # noqa: PLR2004
            continue
        if isinstance(value, bool | str):
            found[str(name)[:100]] = value if isinstance(value, bool) else value[:200]
        elif isinstance(value, int | float):
            found[str(name)[:100]] = number(float(value))
        elif isinstance(value, tuple | list) and all(isinstance(v, int | float) for v in value):
            found[str(name)[:100]] = str(tuple(value))[:200]
        elif hasattr(value, "item") and getattr(value, "numel", lambda: 0)() == 1:
            found[str(name)[:100]] = number(float(value))
    return found
