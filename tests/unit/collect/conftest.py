import hashlib

import pytest

from grader.collect.inputs import Inputs
from grader.collect.run import Collector
from grader.collect.store import EvidenceStore
from grader.model.evidence import ProbeRequest
from grader.model.rubric import Budget
from grader.model.submission import Submission, SubmittedFile

SOURCE = ProbeRequest(probe="inspect_source")
CLAIMS = ProbeRequest(probe="find_claims", params={"name": "error"})
RUN = ProbeRequest(probe="execute", params={"wall_seconds": 1.0})


@pytest.fixture
def submission(tmp_path):
    root = tmp_path / "handed-in"
    root.mkdir()
    content = b"print('hello')\n"
    (root / "main.py").write_bytes(content)
    file = SubmittedFile(
        path="main.py", size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    return Submission(
        assignment="hw", name="team", root=root, team="team", student_ids=("1",), files=(file,)
    )


@pytest.fixture
def store(tmp_path):
    return EvidenceStore(tmp_path / "evidence", {"torch": "2"})


@pytest.fixture
def make_collector(store):
    def make(*plan, **more):
        inputs = Inputs(None, b"s" * 32)
        budget = Budget(probe_seconds=5.0)
        return Collector(plan=plan, budget=budget, store=store, inputs=inputs, **more)

    return make
