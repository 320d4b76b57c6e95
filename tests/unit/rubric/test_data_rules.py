"""What a rubric says of its data: own datasets and what is served."""

import pytest

from grader.errors import RubricError
from grader.rubric.data_rules import SERVED
from grader.rubric.load import load
from grader.rubric.visible import visible_part

NAMES = {"dataset": ("digits/test", "mnist/train", "mnist/test"), SERVED: ("digits", "mnist")}
OWN = '[datasets.birds]\nkind = "csv"\npath = "private/birds.csv"\n'
AT = "[[task]]\n"


@pytest.fixture
def loading(write, params):
    """Load a rubric with more text before its tasks."""

    def made(text, *changes):
        return load(write((AT, f"{text}\n{AT}"), *changes), params, names=NAMES)

    return made


def refused(loading, text, *changes):
    with pytest.raises(RubricError) as caught:
        loading(text, *changes)
    return caught.value


def test_an_own_dataset_may_be_measured(loading):
    loaded = loading(OWN, ('dataset = "digits/test"', 'dataset = "birds/test"'))
    assert loaded.rubric.datasets["birds"].private
    error = refused(loading, OWN, ('dataset = "digits/test"', 'dataset = "birds/tset"'))
    assert "unknown dataset 'birds/tset'" in str(error)
    assert "birds/test" in error.mend


def test_a_known_name_is_not_taken_silently(loading):
    error = refused(loading, OWN.replace("birds]", "mnist]"))
    assert "there is a dataset 'mnist' already" in error.message
    assert error.where.endswith(tuple("0123456789")), "with the line"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('"private/birds.csv"', '"/srv/birds.csv"'), "is not relative"),
        (('"private/birds.csv"', '"../birds.csv"'), "leaves the rubric's folder"),
        (('"private/birds.csv"', '"C:/birds.csv"'), "is not relative"),
        (('"private/birds.csv"', '"b.csv"\nsplits = ["train", "test"]'), "one path for 2 splits"),
        (('"private/birds.csv"', '"{split}.csv"\nsplits = ["../x"]'), "cannot name a split"),
        (('"csv"', '"parquet"'), "kind"),
        (("path =", "file ="), "unknown key 'file'"),
    ],
)
def test_mistakes_in_an_own_dataset(loading, change, said):
    assert said in str(refused(loading, OWN.replace(*change)))


def test_serving(loading):
    assert loading('[data]\nserve = ["mnist", "digits"]').rubric.data.serve == ("mnist", "digits")
    error = refused(loading, '[data]\nserve = ["minst"]')
    assert "there is no dataset 'minst' to serve" in error.message
    assert "'mnist'" in error.mend


def test_a_private_dataset_is_not_served(loading):
    serve = '[data]\nserve = ["birds"]\n'
    error = refused(loading, serve + OWN)
    assert "'birds' is private" in error.message
    assert loading(serve + OWN + "private = false\n").rubric.data.serve == ("birds",)


def test_a_self_check_asks_nothing_of_private_data(loading):
    change = ('dataset = "digits/test"', 'dataset = "birds/test"')
    loaded = loading(OWN, change)
    assert "q1/accuracy" in loaded.rubric.criteria()
    left = visible_part(loaded).rubric
    assert list(left.criteria()) == ["q1/why"]
    assert left.max_points * 2 == 1
    public = visible_part(loading(OWN + "private = false\n", change)).rubric
    assert "q1/accuracy" in public.criteria()
