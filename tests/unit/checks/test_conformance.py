"""What every registered check must do. A new check adds an example here and is held to it all."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.checks import CHECKS, Seen
from grader.checks.requests import inspect_source
from grader.errors import RubricError
from grader.model.base import Record
from grader.model.evidence import Evidence, Place, ProbeRequest
from grader.model.measurements import SourceFacts
from grader.model.outcome import Outcome
from grader.model.scorecard import CheckResult
from tests.made_up import (
    DATASET,
    a_rubric,
    a_seen,
    a_truth,
    measured,
    not_there,
    our_fault,
    student_fault,
)
from tests.unit.checks.payloads import payloads

BANDS = [{"at": 0.5, "fraction": 1}]
X = {"name": "x", "draw": "normal", "shape": [2, 3]}

CURVE = {"printed": ["loss (?P<value>[0-9.]+)"], "about": ["loss"]}

EXAMPLES: dict[str, dict[str, Any]] = {
    "accuracy.at_least": {"model": "cnn", "dataset": DATASET, "bands": BANDS},
    "dropout.rate": {"model": "cnn"},
    "accuracy.beats": {"better": "cnn", "worse": "cnn", "dataset": DATASET},
    "autoencoder.error_at_most": {
        "model": "cnn",
        "dataset": DATASET,
        "bands": [{"at": 0.1, "fraction": 1}],
    },
    "confusion.matches": {"model": "cnn", "dataset": DATASET, "classes": 10},
    "curve.covers_epochs": {"epochs": 16, "curve": CURVE, "beside": CURVE["printed"]},
    "curve.falls": {"curve": CURVE},
    "curve.gap": {"train": CURVE, "validation": CURVE, "what": "accuracy"},
    "deadline.met": {},
    "curves.drawn": {"nets": 2, "under": "Q2", "axis_labels": True, "legend": True},
    "filters.shown": {"layers": 2, "responses": 3},
    "histogram.classes": {"classes": 10},
    "maps.shown": {"classes": 5, "layers": 4},
    "finding.absent": {"codes": ["validation_in_training"]},
    "gallery.misclassified": {"model": "cnn", "dataset": DATASET},
    "pdf.matches": {"pattern": "HW1_{student_ids}.pdf"},
    "runs.compared": {
        "what": "learning rates",
        "patterns": ["lr=(?P<value>[0-9.]+)"],
        "values": [0.1],
        "setting": "lr",
        "rows": ["lr"],
        "about": ["loss"],
    },
    "settings.written": {
        "settings": [
            {"what": "the seed", "names": [".*seed.*"], "value": 42},
            {"what": "the function", "names": ["f"], "value": "sigmoid", "instead": ["tanh"]},
            {"what": "the patience", "names": ["patience"], "value": {"at_most": 20}},
        ],
        "under": "Q2",
    },
    "speed.ratio": {
        "model": "cnn",
        "given": "def build(): ...",
        "bands": [{"at": 1, "fraction": 1}],
    },
    "table.has": {"columns": ["train.*loss", "val"], "rows": 2},
    "team.size": {},
    "error.at_most": {"model": "cnn", "dataset": DATASET, "bands": BANDS, "chance": "1/10"},
    "api.forbidden": {"names": ["torch.nn.Linear"], "within": ["f"], "dynamic": True},
    "api.used": {"names": ["torch.nn.Linear"]},
    "architecture.matches": {
        "model": "cnn",
        "layers": [{"type": "Conv2d", "settings": {"kernel_size": 3}, "times": 2}],
        "none_of": ["BatchNorm2d"],
        "state_dict": "shapes",
        "parameters": [10, 20],
    },
    "augmentation.train_only": {},
    "backprop.matches_autograd": {"role": "classifier"},
    "checkpoint.has": {"model": "cnn", "holds": ["model", "optimizer", "epoch"]},
    "claim.matches": {
        "claim": "test error",
        "patterns": ["(?P<value>[0-9.]+)"],
        "model": "cnn",
        "dataset": DATASET,
        "metric": "nll",
    },
    "figure.has": {
        "lines": 1,
        "axis_labels": True,
        "legend": True,
        "about": ["nll"],
        "history": True,
    },
    "files.named": {},
    "files.present": {"any_of": ["*.ipynb", "*.py"]},
    "function.matches": {"role": "sigmoid", "arguments": [X], "accepted": ["f", "g"]},
    "labels.range": {"high": 4},
    "loss.matches": {"role": "classifier"},
    "manual.band": {"question": "Is it explained well?"},
    "module.contract": {"model": "cnn", "rows": "log_probabilities", "dataset": DATASET},
    "module.is_cnn": {"model": "cnn", "convolutions": 2, "share": "1/4"},
    "module.layers": {"model": "cnn", "contains": ["Conv2d"], "none_of": ["LSTM"]},
    "normalisation.values": {"mean": [0.5], "std": [0.5]},
    "notebook.runs": {},
    "optimizer.settings": {
        "type": ["SGD"],
        "settings": {"lr": 0.01, "momentum": {"at_least": 0.5}, "nesterov": True},
        "schedule": ["StepLR"],
        "batch_size": [32],
        "model": "cnn",
    },
    "params.at_most": {"model": "cnn", "limit": 100},
    "params.exactly": {"model": "cnn", "counts": [100], "count": "trainable"},
    "params.fewer_than": {"model": "cnn", "limit": 100},
    "pretraining.used": {"names": ["torchvision.models.vgg16"], "weights": True},
    "saved.holds": {"files": ["*.pkl"], "tensors": {"W1": [784, 0], "b1": [0]}},
    "seed.reproduces": {"printed": True, "steps": 1},
    "split.balanced": {"classes": 5},
    "split.disjoint": {},
    "split.from_training_only": {"dataset": "digits"},
    "split.sizes": {"train": {"exactly": 1000}, "validation_share": {"at_least": 0.1}},
    "training.learns": {"model": "cnn", "dataset": DATASET},
    "transfer.frozen": {"before": "cnn", "after": "cnn"},
    "weights.finite": {"model": "cnn"},
    "weights.load": {"model": "cnn"},
    "weights.not_pretrained": {"model": "cnn", "known": "digests", "dynamic": True},
}

WITHOUT_A_BOX = ("deadline.met", "files.named", "files.present", "manual.band", "team.size")

ARRAYS = st.one_of(
    st.just(np.zeros((447, 10), dtype=np.float32)),
    st.lists(st.integers(0, 4), max_size=3).flatmap(
        lambda shape: st.sampled_from(["float32", "float64", "int64", "uint8"]).map(
            lambda dtype: np.ones(shape, dtype=dtype)
        )
    ),
    st.just(np.full((447, 10), np.nan, dtype=np.float32)),
    st.just(np.full((2, 3), np.inf)),
)


def params_of(name: str) -> Record:
    return CHECKS[name].params.model_validate_json(json.dumps(EXAMPLES[name]))


def needs_of(name: str) -> list[ProbeRequest]:
    """What a check looks at, beside the source that only words its messages."""
    needs = CHECKS[name].needs(params_of(name), a_rubric())
    return [request for request in needs if request != inspect_source()]


def truth() -> Any:
    return a_truth(
        inputs={DATASET: np.zeros((447, 64), dtype=np.uint8)},
        expected={
            "f": lambda x: x,
            "g": lambda x: -x,
            "shapes": lambda: {"0.weight": (2, 3)},
            "digests": lambda: ("0" * 64,),
        },
    )


def result_of(name: str, *evidence: Evidence) -> CheckResult:
    return CHECKS[name](params_of(name), a_seen(*evidence, truth=truth()))


def test_every_check_has_an_example_here() -> None:
    assert sorted(EXAMPLES) == sorted(CHECKS)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
class TestEveryCheck:
    def test_its_first_line_speaks_to_the_student(self, name: str) -> None:
        summary = CHECKS[name].summary
        assert summary.endswith(".")
        assert summary.startswith(("You ", "Your ", "The number you ", "A person "))
        assert len(summary) < 100

    def test_its_name_is_family_and_predicate(self, name: str) -> None:
        family, _, predicate = name.partition(".")
        assert family.isidentifier()
        assert predicate.isidentifier()

    def test_its_parameters_are_a_frozen_documented_record(self, name: str) -> None:
        record = CHECKS[name].params
        assert issubclass(record, Record)
        assert record.model_config["frozen"]
        assert record.model_config["extra"] == "forbid"
        assert record.__doc__
        for field, info in record.model_fields.items():
            assert isinstance(info.annotation, object), field

    def test_it_asks_the_same_every_time_and_in_json(self, name: str) -> None:
        first = CHECKS[name].needs(params_of(name), a_rubric())
        again = CHECKS[name].needs(params_of(name), a_rubric())
        assert [r.digest for r in first] == [r.digest for r in again]
        assert len({r.digest for r in first}) == len(first)
        for request in first:
            assert json.loads(json.dumps(request.params)) == request.params

    def test_what_is_missing_is_our_fault(self, name: str) -> None:
        result = result_of(name)
        if name not in WITHOUT_A_BOX:
            assert result.outcome is Outcome.ERROR
            assert "not your fault" in result.message

    def test_our_fault_is_an_error_and_never_a_zero(self, name: str) -> None:
        if not needs_of(name):
            assert name in WITHOUT_A_BOX
            return
        result = result_of(name, *(our_fault(r, "no space left") for r in needs_of(name)))
        assert result.outcome is Outcome.ERROR
        assert "no space left" in result.message

    def test_what_was_not_found_fails_with_the_reason(self, name: str) -> None:
        if not needs_of(name):
            return
        result = result_of(name, *(not_there(r, "no net was found") for r in needs_of(name)))
        assert result.outcome is Outcome.FAIL
        assert "No net was found." in result.message
        assert result.hint

    def test_the_students_fault_fails_and_says_where(self, name: str) -> None:
        if not needs_of(name):
            return
        place = Place(file="hw.ipynb", cell=3, line=2)
        faults = [student_fault(r, "KeyError", "'w'", place) for r in needs_of(name)]
        result = result_of(name, *faults)
        assert result.outcome is Outcome.FAIL
        assert "hw.ipynb, cell 3, line 2" in result.message
        assert "KeyError: 'w'" in result.message

    def test_what_an_earlier_error_kept_away_is_blocked(self, name: str) -> None:
        if not needs_of(name):
            return
        faults = [student_fault(r, "not_reached", "cell 2 failed") for r in needs_of(name)]
        assert result_of(name, *faults).outcome is Outcome.BLOCKED

    def test_a_blank_template_is_told_as_such(self, name: str) -> None:
        if not needs_of(name):
            return
        place = Place(file="hw.ipynb", cell=5)
        facts = SourceFacts(
            files=(), imports=(), frameworks=("torch",), placeholders=(place,), definitions=0
        )
        source = measured(inspect_source(), facts)
        result = result_of(name, source, *(not_there(r) for r in needs_of(name)))
        assert "PLEASE FILL IN (hw.ipynb, cell 5)" in result.message
        assert place in result.places

    def test_another_framework_is_told_as_such(self, name: str) -> None:
        if not needs_of(name):
            return
        facts = SourceFacts(
            files=(), imports=(), frameworks=("tensorflow",), placeholders=(), definitions=0
        )
        source = measured(inspect_source(), facts)
        result = result_of(name, source, *(not_there(r) for r in needs_of(name)))
        assert "uses tensorflow" in result.message
        assert "PyTorch" in result.message

    def test_an_unreadable_payload_is_our_fault(self, name: str) -> None:
        if not needs_of(name):
            return
        broken = [
            measured(r, Place(file="x")).model_copy(update={"payload": {"nonsense": 1}})
            for r in needs_of(name)
        ]
        assert result_of(name, *broken).outcome is Outcome.ERROR

    @given(data=st.data())
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_it_never_raises_whatever_admission_lets_in(self, name: str, data: Any) -> None:
        evidence = []
        for request in needs_of(name):
            payload = data.draw(payloads(request))
            arrays = {
                key: data.draw(ARRAYS)
                for key in ("scores", "result_0", "result_1", "result_2", "figure_0")
                if data.draw(st.booleans())
            }
            evidence.append(measured(request, payload, **arrays))
        seen = a_seen(*evidence, truth=truth())
        self._is_sound(CHECKS[name](params_of(name), seen))
        assert CHECKS[name](params_of(name), seen) == CHECKS[name](params_of(name), seen)

    def _is_sound(self, result: CheckResult) -> None:
        assert 0 <= result.fraction <= 1
        assert result.message.strip()
        assert CheckResult.model_validate_json(result.model_dump_json()) == result
        if result.outcome is Outcome.PASS:
            assert result.fraction == 1
        if result.outcome in (Outcome.FAIL, Outcome.BLOCKED, Outcome.ERROR, Outcome.PENDING):
            assert result.fraction == Fraction(0)


def test_a_role_that_the_rubric_lacks_is_a_mistake_of_the_rubric() -> None:
    params = CHECKS["weights.load"].params.model_validate({"model": "nonsense"})
    with pytest.raises(RubricError, match="no role 'nonsense'"):
        CHECKS["weights.load"].needs(params, a_rubric())


def test_a_seen_names_every_class_that_has_a_label() -> None:
    truth = a_truth(labels={"a/b": (0, 3)}, class_names={"a/b": ("zero",)})
    seen: Seen = a_seen(truth=truth)
    assert seen.classes("a/b") == ("zero", "1", "2", "3")
