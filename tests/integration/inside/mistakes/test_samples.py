"""The sample submissions and the references: their known mistakes, and no alarm beside them."""

from pathlib import Path

import pytest

from grader.inside.mistakes import find
from grader.inside.source.sources import read_sources

ROOT = Path(__file__).parents[4]

KNOWN = {
    "cifar10-cnn/316227766": {"test_set_for_selection"},
    "cifar10-cnn/414213562": {"best_model_alias", "softmax_before_cross_entropy"},
    "cifar10-cnn/618033988": {
        "frozen_augmentation",
        "truncated_data",
        "typed_in_results",
        "validation_in_training",
    },
    "cnn-vgg16/223606797": {"dropout_on_logits"},
    "cnn-vgg16/314159265_271828182": {"batch_norm_in_vgg16"},
    "digits-svhn/137035999_662607015": {"wrong_framework"},
    "digits-svhn/Team-Rosenblatt": {
        "curve_shorter_than_axis",
        "last_list_under_every_label",
        "no_zero_grad",
        "number_not_of_this_code",
        "test_measured_on_training",
    },
    "fashion-transfer/Team-Bobbin": {"layers_do_not_chain"},
    "fashion-transfer/Team-Hem": {"best_model_alias"},
    "fashion-transfer/Team-Twill": {"sigmoid_before_cross_entropy"},
    "hw1/299792458_602214076": {"softmax_before_cross_entropy"},
}
"""Samples that were written with mistakes that their source shows; all others have none."""

SAMPLES = sorted(
    f"{folder.parent.name}/{folder.name}"
    for folder in (ROOT / "submissions").glob("*/*")
    if folder.is_dir()
)
REFERENCES = sorted((ROOT / "rubrics").glob("*/verify/reference"))


def codes(folder):
    found, broken = find(read_sources(folder))
    assert not broken
    return {finding["code"] for finding in found}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_shows_its_mistakes_and_no_others(name):
    assert codes(ROOT / "submissions" / name) == KNOWN.get(name, set())


@pytest.mark.parametrize("folder", REFERENCES, ids=lambda path: path.parts[-3])
def test_references_of_rubrics_draw_no_alarm(folder):
    assert codes(folder) == set()


def test_the_reference_solutions_draw_no_alarm():
    assert codes(ROOT / "reference") == set()
