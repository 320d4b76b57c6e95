import pytest

from grader.sandbox import SANDBOXES
from tests.integration.sandbox.boxes import Boxes, needs_bubblewrap


def pytest_generate_tests(metafunc):
    if "sandbox_name" in metafunc.fixturenames:
        marks = {"bubblewrap": [needs_bubblewrap(), pytest.mark.box]}
        metafunc.parametrize(
            "sandbox_name", [pytest.param(n, marks=marks.get(n, [])) for n in SANDBOXES]
        )


@pytest.fixture
def boxes(tmp_path):
    """Open boxes that run Python code, and close every one of them at the end."""
    with Boxes(tmp_path) as made:
        yield made
