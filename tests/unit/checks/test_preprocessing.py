"""Checks of what inputs go through before the net: normalisation and augmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from grader.model.outcome import Outcome
from tests.unit.checks.test_split import TRAIN, VALIDATION, graded

if TYPE_CHECKING:
    from grader.model.scorecard import CheckResult


class TestNormalisation:
    IMAGENET: dict[str, Any] = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}

    def graded(self, transform: str, **params: Any) -> CheckResult:
        return self.arriving({"transform": transform, "lowest": 0.0}, **params)

    def arriving(self, changes: dict[str, Any], **params: Any) -> CheckResult:
        as_they_are = {"mean": (0.4,), "std": (0.2,), "altered": False}
        one = TRAIN.model_copy(update={**as_they_are, **changes})
        return graded("normalisation.values", {**self.IMAGENET, **params}, one)

    @pytest.mark.parametrize(
        "transform",
        [
            "Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])",
            "Compose(ToTensor(), Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)))",
            "Normalize(mean=tensor([0.485, 0.456, 0.406]), std=tensor([0.229, 0.224, 0.225]))",
            "Normalize(mean=[np.float64(0.485), 0.456, 0.406], std=array([0.229, 0.224, 0.225]))",
            "ToTensor()\nNormalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])\nFlip()",
        ],
    )
    def test_the_constants_in_the_transform(self, transform: str) -> None:
        assert self.graded(transform).outcome is Outcome.PASS

    def test_other_constants_and_none(self) -> None:
        other = self.graded("Normalize(mean=[0.5], std=[0.5])")
        assert other.outcome is Outcome.FAIL
        assert "Normalize has mean 0.5 and std 0.5" in other.message
        none = self.graded("ToTensor()")
        assert none.outcome is Outcome.FAIL
        assert "no Normalize was found; they arrive with mean 0.4 and deviation 0.2" in none.message

    MNIST: dict[str, Any] = {"mean": [0.1307], "std": [0.3081]}

    def test_by_hand(self) -> None:
        black_and_white = {"lowest": -0.4242, "highest": 2.8215}
        assert self.arriving(black_and_white, **self.MNIST).outcome is Outcome.PASS
        other = {"lowest": -1.0, "highest": 1.0}
        assert self.arriving(other, **self.MNIST).outcome is Outcome.PENDING
        assert self.arriving(other, kind="applied").outcome is Outcome.PENDING

    @pytest.mark.parametrize("altered", [True, None])
    @pytest.mark.parametrize("kind", ["constants", "applied", "standardised"])
    def test_what_the_net_was_given_may_be_normalised(
        self, *, kind: str, altered: bool | None
    ) -> None:
        assert self.arriving({"lowest": 0.0}, kind=kind).outcome is Outcome.FAIL
        changed = {"lowest": 0.0, "altered": altered}
        assert self.arriving(changed, kind=kind).outcome is Outcome.PENDING

    def test_two_normalisations_of_which_one_is_right(self) -> None:
        right = "Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])"
        result = self.graded(f"{right}\nNormalize(mean=[0.5], std=[0.5])")
        assert result.outcome is Outcome.PENDING

    def test_one_number_stands_for_all_channels(self) -> None:
        transform = "Normalize(mean=0.5, std=0.5)"
        result = self.graded(transform, mean=[0.5, 0.5, 0.5], std=[0.5])
        assert result.outcome is Outcome.PASS

    def test_standardised_by_what_arrives(self) -> None:
        near = TRAIN.model_copy(update={"mean": (0.02, -0.1), "std": (1.0, 0.9)})
        changes = {"mean": (0.5, "nan"), "std": (0.3, 0.3), "altered": False}
        far = TRAIN.model_copy(update=changes)
        params = {"kind": "standardised"}
        assert graded("normalisation.values", params, near).outcome is Outcome.PASS
        assert graded("normalisation.values", params, far).outcome is Outcome.FAIL


class TestAugmentation:
    RANDOM = TRAIN.model_copy(
        update={"random_inputs": True, "transform": "RandomHorizontalFlip(p=0.5)"}
    )
    STILL = VALIDATION.model_copy(update={"random_inputs": False})

    def test_training_alone(self) -> None:
        result = graded("augmentation.train_only", {}, self.RANDOM, self.STILL)
        assert result.outcome is Outcome.PASS
        assert "RandomHorizontalFlip" in result.message

    def test_random_validation(self) -> None:
        random = VALIDATION.model_copy(update={"random_inputs": True})
        result = graded("augmentation.train_only", {}, self.RANDOM, random)
        assert result.outcome is Outcome.FAIL
        assert "Your validation inputs come out differently" in result.message

    def test_none_where_it_is_required(self) -> None:
        still = TRAIN.model_copy(update={"random_inputs": False, "altered": False})
        assert graded("augmentation.train_only", {}, still).outcome is Outcome.FAIL
        params = {"required": False}
        assert graded("augmentation.train_only", params, still).outcome is Outcome.PASS
        assert graded("augmentation.train_only", {}, TRAIN).outcome is Outcome.PENDING

    @pytest.mark.parametrize("altered", [True, None])
    def test_augmented_in_the_loop(self, *, altered: bool | None) -> None:
        changed = TRAIN.model_copy(update={"random_inputs": False, "altered": altered})
        assert graded("augmentation.train_only", {}, changed).outcome is Outcome.PENDING

    @pytest.mark.parametrize(
        ("transform", "outcome"),
        [
            ("RandomApply(\n    p=0.1\n    ColorJitter())", Outcome.PASS),
            ("RandomErasing(p=0.25, value=0)", Outcome.PASS),
            ("RandomHorizontalFlip(p=0.5)", Outcome.PENDING),
            ("ToTensor()", Outcome.FAIL),
        ],
    )
    def test_what_asking_a_few_times_may_miss(self, transform: str, outcome: Outcome) -> None:
        changes = {"random_inputs": False, "altered": False, "transform": transform}
        one = TRAIN.model_copy(update=changes)
        assert graded("augmentation.train_only", {}, one).outcome is outcome
