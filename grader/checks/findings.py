"""Findings of one submission: what its source, its run and its artefacts show. Pure.

The box reports what the source shows (`find_mistakes`) and what a run showed (`execute`). What only
the evidence side by side can tell is found here: a file named cnn that holds an MLP, VGG16 with ten
convolutions, a claim that the weights do not reproduce. Findings carry no points by themselves.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from grader.model.base import Record, to_float
from grader.model.documents import Documents, Finding, Findings, Table
from grader.model.evidence import Evidence, Place, Remark
from grader.model.measurements import Execution, ModuleFacts
from grader.model.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grader.model.base import Number
    from grader.model.evidence import EvidenceSet
    from grader.model.scorecard import ScoredTask

__all__ = ["FAMILY", "as_remark", "findings_in", "findings_of_results", "parts"]

R = TypeVar("R", bound=Record)

FAMILY = "finding"
"""Remarks of findings have the codes `finding.<code>`."""
FOUR_D = 4
VGG13_CONVOLUTIONS = 10
CNN = re.compile(r"(?<![a-z])cnn(?![a-z])", re.IGNORECASE)
VGG16 = re.compile(r"vgg[-_]?16", re.IGNORECASE)
SAYS_NORM = re.compile(r"(?<![a-z])bn|norm", re.IGNORECASE)


def findings_in(evidence: EvidenceSet) -> tuple[Finding, ...]:
    """Everything found in the evidence; a mistake that source and run both show is said once."""
    found: list[Finding] = []
    for piece in evidence.values():
        found += _of(piece)
    return _joined(found)


def _of(piece: Evidence) -> Iterable[Finding]:
    if piece.state != "measured":
        return ()
    probe = piece.request.probe
    if probe == "find_mistakes":
        facts = _payload(piece, Findings)
        return facts.findings if facts is not None else ()
    if probe == "execute":
        run = _payload(piece, Execution)
        return run.findings if run is not None else ()
    if probe == "describe_module":
        module = _payload(piece, ModuleFacts)
        return tuple(_of_module(module)) if module is not None else ()
    if probe == "read_documents":
        documents = _payload(piece, Documents)
        return tuple(_of_tables(documents.tables)) if documents is not None else ()
    return ()


def _payload(piece: Evidence, kind: type[R]) -> R | None:
    try:
        return kind.model_validate_json(json.dumps(piece.payload))
    except ValidationError:
        return None


def _of_module(facts: ModuleFacts) -> Iterator[Finding]:
    """What a weight file holds, against what it is called."""
    file = facts.binding.weights
    place = Place(file=file[:400]) if file else facts.binding.place
    name = file.rsplit("/", 1)[-1]
    matrices = [t for t in facts.saved if len(t.shape) == 2]  # noqa: PLR2004 - a Linear's weight
    filters = [t for t in facts.saved if len(t.shape) == FOUR_D]
    if CNN.search(name) and matrices and not filters:
        sizes = ", ".join("×".join(map(str, t.shape)) for t in matrices[:4])  # noqa: RUF001
        yield Finding(
            code="cnn_file_holds_mlp",
            place=place,
            seen=f"'{name}' holds no convolution: its weights are matrices of {sizes}",
            why="The numbers reported for the CNN are then those of an MLP, and the comparison"
            " of the two nets compares an MLP with itself.",
            mend="Check that the branch that builds the CNN is reached (print the model), train it"
            " and save it again.",
            how="artefact",
        )
    names = f"{name} {facts.class_name}"
    if VGG16.search(names):
        convolutions = len(filters) or sum(layer.type == "Conv2d" for layer in facts.layers)
        yield from _of_vgg16(facts, place, names, convolutions)
    broken = [t.name for t in facts.saved if not t.finite]
    if broken:
        yield Finding(
            code="weights_not_finite",
            place=place,
            seen=f"{len(broken)} of {len(facts.saved)} saved tensors hold NaN or infinite numbers,"
            f" such as '{broken[0][:80]}'",
            why="Such a net answers NaN to every input; its training diverged before it was saved.",
            mend="Lower the learning rate, look for log(0) or a division by zero in the loss, and"
            " save the best net, not the last one.",
            how="artefact",
        )


def _of_vgg16(
    facts: ModuleFacts, place: Place | None, names: str, convolutions: int
) -> Iterator[Finding]:
    if convolutions == VGG13_CONVOLUTIONS:
        yield Finding(
            code="vgg13_as_vgg16",
            place=place,
            seen=f"a net called VGG16 ({names.strip()[:120]}) has {convolutions} convolutions;"
            " VGG16-D has 13",
            why="VGG16-D has thirteen convolutions, in blocks of 2, 2, 3, 3 and 3; with ten it is"
            " VGG13: another net, that cannot load VGG16's weights.",
            mend="Three convolutions in each of the last three blocks; compare the number of"
            " parameters: 138,357,544 with 1000 classes.",
            how="artefact",
        )
    norms = sum(layer.type == "BatchNorm2d" for layer in facts.layers)
    if norms and not SAYS_NORM.search(names):
        yield Finding(
            code="batch_norm_in_vgg16",
            place=facts.binding.place or place,
            seen=f"a net called VGG16 ({names.strip()[:120]}) has {norms} layers of batch norm",
            why="VGG16-D has no batch norm. With it the layers have other names and other"
            " parameters: the official weights no longer load.",
            mend="Leave batch norm out, or call the net what it is and load the weights of"
            " `vgg16_bn`.",
            how="artefact",
        )


def _of_tables(tables: Iterable[Table]) -> Iterator[Finding]:
    """Tables in which a column of accuracies repeats the column of losses."""
    for table in tables:
        for first, second in _pairs(table.columns):
            rows = [row for row in table.rows if max(first, second) < len(row)]
            values = [(_number(row[first]), _number(row[second])) for row in rows]
            known = [(a, b) for a, b in values if a is not None]
            same = [a for a, b in known if a == b]
            if len(same) >= 2 and len(same) == len(known):  # noqa: PLR2004 - one may be chance
                yield Finding(
                    code="accuracy_is_loss",
                    place=table.place,
                    seen=f"the columns '{table.columns[first][:60]}' and"
                    f" '{table.columns[second][:60]}' hold the same {len(same)} numbers, such as"
                    f" {same[0]}",
                    why="The number under accuracy is the loss: models are then compared, and"
                    " perhaps chosen, by the wrong number.",
                    mend="Record the accuracy under that name; it lies between 0 and 1 and rises"
                    " while the loss falls.",
                    how="artefact",
                )


def _number(cell: Number | str) -> float | None:
    try:
        value = to_float(cell)  # type: ignore[arg-type]
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _pairs(columns: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Columns of an accuracy and of a loss of the same data."""
    for i, one in enumerate(columns):
        for j, other in enumerate(columns):
            plain = one.lower(), other.lower()
            if "acc" in plain[0] and "loss" in plain[1] and _data(plain[0]) == _data(plain[1]):
                yield i, j


def _data(column: str) -> str:
    return next((word for word in ("train", "val", "test") if word in column), "")


def findings_of_results(tasks: Iterable[ScoredTask]) -> tuple[Finding, ...]:
    """What checks saw: claims that the weights, or any net, cannot give; gradients that differ."""
    found = []
    for task in tasks:
        for criterion in task.criteria:
            result = criterion.result
            place = result.places[0] if result.places else None
            if any(flag.code == "claim_differs" for flag in result.flags):
                found.append(
                    Finding(
                        code="claim_not_reproduced",
                        place=place,
                        seen=_one_line(result.message, 800),
                        why="A reader takes the number for that of the net handed in. It comes"
                        " from another net, other data or another run.",
                        mend="Load the saved weights, evaluate them, and state what comes out.",
                        how="artefact",
                    )
                )
            if impossible := [f for f in result.flags if f.code == "claim_impossible"]:
                found.append(
                    Finding(
                        code="claim_impossible",
                        place=place,
                        seen=_one_line(impossible[0].message, 800),
                        why="Counting right answers on these examples cannot give it, whatever the"
                        " net: it is of other data, a mean over batches of unequal size, or no"
                        " result of this code.",
                        mend="Count the right answers over all examples, divide once, and state"
                        " what comes out.",
                        how="artefact",
                    )
                )
            if criterion.check == "backprop.matches_autograd" and result.outcome in (
                Outcome.FAIL,
                Outcome.PARTIAL,
            ):
                found.append(
                    Finding(
                        code="gradient_does_not_match_loss",
                        place=place,
                        seen=_one_line(result.message, 800),
                        why="A step along another direction than the gradient lowers the loss"
                        " slowly, or not at all.",
                        mend="Compare each gradient with autograd on one small batch, in float64;"
                        " begin with the last layer.",
                        how="artefact",
                    )
                )
    return tuple(found)


def _joined(found: list[Finding]) -> tuple[Finding, ...]:
    """Equal codes at the same place once; a run's or a file's word goes to the source's."""
    kept: list[Finding] = []
    for finding in sorted(found, key=_trust):
        twin = next((i for i, other in enumerate(kept) if _same(finding, other)), None)
        if twin is None:
            kept.append(finding)
            continue
        other = kept[twin]
        if finding.how != other.how and finding.seen not in other.seen:
            said = {"dynamic": "the run", "artefact": "what was handed in"}.get(finding.how, "it")
            both = f"{other.seen}; {said} shows: {finding.seen}"
            kept[twin] = other.model_copy(update={"seen": both[:800]})
    return tuple(kept)


def _trust(finding: Finding) -> tuple[int, str, int, int, str]:
    """The source first: it knows the line."""
    order = ("static", "dynamic", "artefact").index(finding.how)
    place = finding.place
    where = (place.file, place.cell or 0, place.line or 0) if place else ("", 0, 0)
    return (order, *where, finding.code)


def _same(one: Finding, other: Finding) -> bool:
    if one.code != other.code:
        return False
    if one.how != other.how or one.place is None or other.place is None:
        return True
    return one.place == other.place


def _one_line(text: str, most: int) -> str:
    return " ".join(text.split())[:most]


def as_remark(finding: Finding) -> Remark:
    """A finding as a remark: what was seen, why it matters, how to mend it, a line each."""
    lines = (finding.seen, finding.why, finding.mend)
    return Remark(
        code=f"{FAMILY}.{finding.code}"[:80],
        message="\n".join(_one_line(line, 800) for line in lines),
        place=finding.place,
    )


def parts(remark: Remark) -> tuple[str, str, str]:
    """What was seen, why it matters and the mend, of a finding's remark."""
    seen, _, rest = remark.message.partition("\n")
    why, _, mend = rest.partition("\n")
    return seen, why, mend
