import os

import pytest


@pytest.fixture
def update_golden():
    """Whether to write golden files anew: `UPDATE_GOLDEN=1`, never in CI."""
    wanted = os.environ.get("UPDATE_GOLDEN") == "1"
    if wanted and os.environ.get("CI", "").lower() == "true":
        pytest.fail(
            "golden files are not updated in CI: run UPDATE_GOLDEN=1 pytest on your machine"
        )
    return wanted
