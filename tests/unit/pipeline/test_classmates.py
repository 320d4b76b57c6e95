"""Copies are flagged with their figures for both teams; nets that were trained apart are not."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from grader.checks.requests import describe_module, predict
from grader.model.evidence import EvidenceSet
from grader.model.measurements import ModuleFacts, SavedTensor
from grader.pipeline.classmates import SAME_ANSWERS, SAME_WEIGHTS, classmates
from grader.pipeline.fingerprints import Fingerprint, fingerprint
from grader.report import Audience
from grader.report.audience import view
from grader.report.contents import prepare
from grader.report.exporters import EXPORTERS
from tests.made_up import (
    DATASET,
    a_binding,
    a_rubric,
    a_submission,
    a_truth,
    measured,
    some_labels,
    some_predictions,
    student_fault,
)
from tests.unit.report import klass

if TYPE_CHECKING:
    from grader.model.scorecard import Flag

LABELS = np.array(some_labels())
SIZES = {"0.weight": (256, 64), "2.weight": (10, 256)}
BIASES = {"0.bias": (256,), "2.bias": (10,)}


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def tensors(own: str, **shared: str) -> tuple[SavedTensor, ...]:
    """The tensors of a team, some of them named after another one; biases are everybody's."""
    weights = [
        SavedTensor(
            name=name,
            shape=shape,
            dtype="float32",
            finite=True,
            role="parameter",
            sha256=digest(shared.get(name.replace(".", "_"), own), name),
        )
        for name, shape in SIZES.items()
    ]
    zero = [
        SavedTensor(name=name, shape=shape, dtype="float32", finite=True, sha256=digest(shape))
        for name, shape in BIASES.items()
    ]
    return (*weights, *zero)


def net(seed: int, mistakes: int = 60) -> Any:
    """Logits of a net that gets some examples wrong, in ways of its own."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1, (len(LABELS), 10))
    chosen = LABELS.copy()
    rows = random.choice(len(LABELS), mistakes, replace=False)
    chosen[rows] = (chosen[rows] + random.integers(1, 10, mistakes)) % 10
    logits[np.arange(len(LABELS)), chosen] += 8
    return logits.astype(np.float32)


def team(
    name: str, saved: tuple[SavedTensor, ...] = (), scores: Any = None, ids: Any = None
) -> Fingerprint:
    rubric = a_rubric()
    pieces = []
    if saved:
        facts = ModuleFacts(
            binding=a_binding(),
            class_name="Net",
            layers=(),
            parameters=1,
            trainable=1,
            buffers=0,
            saved=saved,
            saved_from="state_dict",
            missing_keys=(),
            unexpected_keys=(),
        )
        pieces.append(measured(describe_module(rubric, "cnn"), facts))
    if scores is not None:
        pieces.append(measured(predict(rubric, "cnn", DATASET), some_predictions(), scores=scores))
    handed_in = a_submission(name=name, student_ids=ids or (name,))
    return fingerprint(handed_in, rubric, EvidenceSet.of(*pieces), a_truth())


def told(*prints: Fingerprint) -> dict[str, list[Flag]]:
    return {name: list(flags) for (_, name), flags in classmates(prints).items()}


def test_weights_that_are_another_teams_are_flagged_for_both() -> None:
    found = told(team("a", tensors("a")), team("b", tensors("a")), team("c", tensors("c")))
    assert {name: [flag.code for flag in flags] for name, flags in found.items()} == {
        "a": [SAME_WEIGHTS],
        "b": [SAME_WEIGHTS],
    }
    text = found["a"][0].message
    assert "2 of its 2 saved weight tensors (18,944 of 18,944 numbers)" in text
    assert "'b'" in text
    assert "'a'" in found["b"][0].message


def test_a_new_last_layer_does_not_hide_the_rest() -> None:
    found = told(team("a", tensors("a")), team("b", tensors("b", **{"0_weight": "a"})))
    assert "1 of its 2 saved weight tensors (16,384 of 18,944 numbers)" in found["b"][0].message
    assert told(team("a", tensors("a")), team("b", tensors("b", **{"2_weight": "a"}))) == {}


def test_weights_that_a_third_of_the_class_has_were_handed_out() -> None:
    everybody = [team(f"t{i}", tensors("official")) for i in range(5)]
    others = [team(f"o{i}", tensors(f"o{i}")) for i in range(7)]
    assert told(*everybody, *others) == {}
    assert set(told(*everybody[:4], *others)) == {"t0", "t1", "t2", "t3"}


def test_weights_of_zero_are_nobodys() -> None:
    zero = SavedTensor(
        name="0.weight",
        shape=(64, 64),
        dtype="float32",
        finite=True,
        sha256=hashlib.sha256(bytes(4 * 64 * 64)).hexdigest(),
    )
    assert told(team("a", (zero,)), team("b", (zero,))) == {}


def test_the_same_students_submissions_are_not_compared() -> None:
    both = [team(n, tensors("a"), net(1), ids=("11", n)) for n in ("first", "second")]
    assert told(*both) == {}


def test_equal_and_nearly_equal_scores_are_flagged_whatever_they_are() -> None:
    logits = net(1)
    noise = np.random.default_rng(9).normal(0, 0.005, logits.shape)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    found = told(team("a", scores=logits), team("b", scores=logits))
    assert "its scores of 447 test digits are equal, compared with 'b'" in found["a"][0].message
    near = told(team("a", scores=logits), team("b", scores=(logs + noise).astype(np.float32)))
    assert [flag.code for flag in near["b"]] == [SAME_ANSWERS]
    assert "differ by 0.1" in near["b"][0].message


def test_the_same_mistakes_are_flagged_where_scores_were_made_to_differ() -> None:
    logits = net(1)
    other = np.where(logits == logits.max(axis=1, keepdims=True), 30.0, logits**2 / 10)
    found = told(team("a", scores=logits), team("b", scores=other.astype(np.float32)))
    assert "60 are wrong in one of the two, 60 in both, and 60 of those" in found["a"][0].message


@pytest.mark.parametrize("mistakes", [10, 60, 200])
def test_nets_trained_apart_are_not_flagged(mistakes: int) -> None:
    assert told(*(team(f"t{i}", scores=net(i, mistakes)) for i in range(6))) == {}


def test_nets_that_only_guess_say_nothing() -> None:
    guess = np.zeros((len(LABELS), 10), dtype=np.float32)
    guess[:, 3] = 1
    assert told(team("a", scores=guess), team("b", scores=guess)) == {}


def test_scores_of_other_shapes_and_what_was_not_measured_are_passed_over() -> None:
    broken = fingerprint(
        a_submission(name="broken"),
        a_rubric(),
        EvidenceSet.of(student_fault(predict(a_rubric(), "cnn", DATASET))),
        a_truth(),
    )
    wide = np.pad(net(1), ((0, 0), (0, 2)))
    odd = team("odd", scores=net(1)[:20])
    assert told(broken, odd, team("a", scores=net(2)), team("b", scores=wide)) == {}


def test_the_order_of_grading_changes_nothing() -> None:
    prints = [team(n, tensors("a"), net(1)) for n in "abcd"]
    assert classmates(prints) == classmates(prints[::-1])


@pytest.mark.parametrize("audience", [a for a in Audience if a is not Audience.STAFF])
def test_students_are_told_nothing_and_the_staff_both_names(audience: Audience) -> None:
    found = told(team("zqx-first", tensors("a")), team("zqx-second", tensors("a")))
    card = klass.klass()[0]
    card = card.model_copy(update={"flags": (*card.flags, *found["zqx-first"])})
    assert SAME_WEIGHTS not in view(card, audience).scorecard.model_dump_json()
    pages = dict(
        page
        for make in EXPORTERS.values()
        for page in make(
            prepare(
                [card],
                [],
                pixels=klass.pixels,
                audience=audience,
                overview=Audience.STAFF,
                title="",
            )
        )
    )
    feedback = [data for path, data in pages.items() if str(path).startswith("feedback/")]
    assert feedback
    assert not any(b"zqx-second" in data or b"same_weights" in data for data in feedback)
    assert b"zqx-second" in pages["index.html"]
