"""What the loaders of a run were for: training, validation, test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from grader.checks.base import Seen, Stopped, failed
from grader.checks.faults import waiting
from grader.checks.requests import execute, inspect_source, scan_apis
from grader.checks.runs import not_reached
from grader.model.base import Record
from grader.model.measurements import ApiUses, Execution
from grader.model.scorecard import Flag

if TYPE_CHECKING:
    from grader.model.evidence import Place, ProbeRequest
    from grader.model.journal import LoaderSeen, Overlap
    from grader.model.rubric import Rubric
    from grader.model.scorecard import CheckResult

__all__ = [
    "MAKES_DATA",
    "Loaders",
    "OfLoaders",
    "Part",
    "loaders_of",
    "needs_run",
    "not_seen",
    "not_trained",
    "parts_of",
    "places_of",
    "sources_of",
    "split_of",
    "unclear_rows",
]

MAKES_DATA = (
    "torch.utils.data.DataLoader",
    "torch.utils.data.random_split",
    "torch.utils.data.Subset",
    "torchvision.datasets",
    "torchvision.transforms",
)
"""Code that uses one of these has something to say of its data, also where it trains nothing."""

Part = Literal["train", "validation", "test"]


class OfLoaders(Record):
    """What every check of loaders is told."""

    dataset: str = ""
    """Only loaders of this dataset, such as `cifar10`, and those of unknown rows; empty: all."""
    test_split: str = "test"
    """The split that is the test set: `val` for `imagenette`."""


@dataclass(frozen=True)
class Loaders:
    """The loaders of a run by what they were for.

    Attributes:
        train: Optimizers stepped while they were walked over.
        validation: Nets were only asked, on rows that are not the test split's.
        test: Rows of the test split, however they were used; where rows are of no known split,
            what the code calls test and only asked nets about.
        overlaps: Of any two loaders.
        untrained: Empty, or that the run trained nothing: what it would have trained on was not
            seen then, though the code may well say it.
        stopped: What a part that is missing comes to, where the run ended before its last line.
    """

    train: tuple[LoaderSeen, ...]
    validation: tuple[LoaderSeen, ...]
    test: tuple[LoaderSeen, ...]
    overlaps: tuple[Overlap, ...]
    untrained: str = ""
    stopped: CheckResult | None = None

    def part(self, name: Part) -> tuple[LoaderSeen, ...]:
        """The loaders of one part."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    @property
    def held_out(self) -> tuple[LoaderSeen, ...]:
        """Validation; where there is none, what is only called test."""
        return self.validation or tuple(one for one in self.test if not sources_of(one))

    def shared(self, one: LoaderSeen, other: LoaderSeen) -> int:
        """Examples that two loaders share; 0 when none are known."""
        pair = {one.index, other.index}
        return max((o.shared for o in self.overlaps if {o.first, o.second} == pair), default=0)


def needs_run(_params: Any, rubric: Rubric) -> tuple[ProbeRequest, ...]:
    """The run, the source that words its faults, and where it makes data."""
    return (execute(rubric), inspect_source(), scan_apis(MAKES_DATA))


def loaders_of(params: OfLoaders, seen: Seen, what: str = "your training") -> Loaders:
    """The loaders that a run walked over.

    Raises:
        Stopped: There was no run, it stopped before, it walked over nothing, or it took its
            batches by hand, which a person must look at.
    """
    evidence, run = seen.measured(execute(seen.rubric), Execution)
    loaders = parts_of(params, run)
    some = bool(loaders.train or loaders.validation or loaders.test)
    stopped = not_reached(evidence, run, "the rest of your data" if some else what, seen.source())
    if some:
        return replace(loaders, stopped=stopped)
    if stopped:
        raise Stopped(stopped)
    if run.optimizer_steps and not run.loaders:
        told = f"{run.entry} trains on batches that it takes without a DataLoader"
        raise Stopped(waiting(f"{told}, so which examples they hold was not seen. A person looks."))
    if loaders.untrained:
        _, made = seen.measured(scan_apis(MAKES_DATA), ApiUses)
        if made.uses:
            raise Stopped(not_trained(loaders, places=tuple(use.place for use in made.uses[:20])))
    of = f" of {params.dataset}" if params.dataset else ""
    raise Stopped(
        failed(
            f"{run.entry} ran, but no data{of} was walked over: no DataLoader, no batches.",
            hint="Check that the notebook starts the training, and does not only define it.",
        )
    )


def parts_of(params: OfLoaders, run: Execution) -> Loaders:
    """Sort a run's loaders into parts."""
    mine = [one for one in run.loaders if _of(params.dataset, sources_of(one))]
    test = [one for one in mine if _is_test(params, one)]
    train = [one for one in mine if one.use == "train" and one not in test]
    asked = [one for one in mine if one.use == "evaluate" and one not in test]
    found = Loaders(tuple(train), (), tuple(test), run.overlaps)
    validation = [one for one in asked if not _training_again(one, found)]
    steps = run.optimizer_steps or run.losses or any(one.use == "train" for one in run.loaders)
    untrained = "" if steps else f"{run.entry} ran, and trained nothing"
    return Loaders(tuple(train), tuple(validation), tuple(test), run.overlaps, untrained)


def not_trained(loaders: Loaders, **more: Any) -> CheckResult:
    """The result of what only a run that trains can show."""
    told = f"{loaders.untrained}, so what your code does with its data was not seen."
    return waiting(f"{told} A person will look.", **more)


def not_seen(loaders: Loaders, expected: str, **more: Any) -> CheckResult | None:
    """The result where a part is missing that the run may not have come to; None if it did.

    Args:
        loaders: Of the run.
        expected: What is asked for.
        **more: Other fields of the result where nothing was trained.
    """
    if loaders.stopped is not None:
        return loaders.stopped.model_copy(update={"expected": expected})
    return not_trained(loaders, expected=expected, **more) if loaders.untrained else None


def sources_of(one: LoaderSeen) -> tuple[str, ...]:
    """Every split that some of a loader's rows are known to come from."""
    return one.sources or ((one.source,) if one.source else ())


def split_of(source: str) -> str:
    """`train` of `cifar10/train`."""
    return source.partition("/")[2]


def _of(dataset: str, sources: tuple[str, ...]) -> bool:
    named = {source.partition("/")[0] for source in sources}
    return not dataset or not named or dataset in named


def _is_test(params: OfLoaders, one: LoaderSeen) -> bool:
    if sources_of(one):
        return split_of(one.source) == params.test_split
    return one.use == "evaluate" and one.role == "test"


def _training_again(one: LoaderSeen, loaders: Loaders) -> bool:
    """Whether a loader shows all of the training examples once more, to measure them."""
    return any(
        one.length == train.length and loaders.shared(one, train) >= train.length > 0
        for train in loaders.train
    )


def places_of(*loaders: LoaderSeen) -> tuple[Place, ...]:
    """Where loaders were made, each place once."""
    return tuple(dict.fromkeys(one.place for one in loaders if one.place is not None))[:20]


def unclear_rows(*loaders: LoaderSeen) -> tuple[Flag, ...]:
    """A flag for each loader whose examples could not be told from those of others."""
    flags = []
    for one in loaders:
        if not one.rows_known:
            where = f" ({one.place})" if one.place else ""
            text = f"Which examples {one.dataset or 'a loader'}{where} gives could not be told."
            text += " Look whether they are trained on."
            flags.append(Flag(code="split_unclear", message=text))
    return tuple(dict.fromkeys(flags))
