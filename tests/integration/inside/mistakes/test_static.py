"""Each detector of the source finds its mistake, however it is written, and nothing beside it."""

import pytest

from grader.inside.mistakes import DETECTORS

from . import cases_data, cases_nets, cases_results

WRONG = {**cases_data.WRONG, **cases_nets.WRONG, **cases_results.WRONG}
RIGHT = {**cases_data.RIGHT, **cases_nets.RIGHT, **cases_results.RIGHT}


def cases(table):
    return [
        pytest.param(code, text, id=f"{code}-{number}")
        for code, texts in table.items()
        for number, text in enumerate(texts, 1)
    ]


def test_every_detector_has_two_ways_in_and_two_near_misses():
    codes = [detector.code for detector in DETECTORS]
    assert len(set(codes)) == len(codes)
    assert set(codes) == set(WRONG) == set(RIGHT)
    assert min(map(len, WRONG.values())) >= 2
    assert min(map(len, RIGHT.values())) >= 2


@pytest.mark.parametrize(("code", "text"), cases(WRONG))
def test_the_mistake_is_found(mistakes, code, text):
    found = mistakes(main__py=text) if "framework" in code else mistakes(text)
    mine = [finding for finding in found if finding.code == code]
    assert mine, [finding.code for finding in found]
    file = "hw.ipynb" if "#> " in text else "main.py"
    assert all(f.place.file == file and f.place.line and f.how == "static" for f in mine)
    assert all(f.seen and f.why and f.mend for f in mine)


@pytest.mark.parametrize(("code", "text"), cases(RIGHT))
def test_right_code_that_looks_like_it_draws_no_alarm(mistakes, code, text):
    assert [f"{f.code}: {f.seen}" for f in mistakes(text)] == [], code
