import hashlib

import pytest

from grader.collect.store import EvidenceStore, write_atomically
from grader.errors import StoreError
from grader.model.evidence import Array, Attempt, Evidence
from grader.model.outcome import ExitReason
from tests.unit.collect.conftest import CLAIMS, SOURCE


def piece(**more):
    data = b"\0" * 8
    array = Array(dtype="float32", shape=(2, 1), sha256=hashlib.sha256(data).hexdigest(), data=data)
    values = {
        "request": SOURCE,
        "state": "measured",
        "exit_reason": ExitReason.OK,
        "payload": {"files": []},
        "arrays": {"scores": array},
        "wall_seconds": 1.5,
    }
    return Evidence(**{**values, **more})


def test_evidence_comes_back_whole(store, submission):
    store.save(submission, piece())
    found = store.load(submission, SOURCE)
    assert found == piece()
    assert found.arrays["scores"].data == b"\0" * 8


def test_nothing_is_there_before(store, submission):
    assert store.load(submission, CLAIMS) is None


def test_other_versions_do_not_share_evidence(store, submission, tmp_path):
    store.save(submission, piece())
    other = EvidenceStore(tmp_path / "evidence", {"torch": "3"})
    assert other.load(submission, SOURCE) is None


def test_our_failures_are_never_kept(store, submission):
    store.save(submission, piece(state="harness", exit_reason=ExitReason.HARNESS))
    assert store.load(submission, SOURCE) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"arrays": {}}', b"\xff"])
def test_damaged_evidence_is_measured_again(store, submission, damage):
    store.save(submission, piece())
    path = next((store.root / submission.digest).glob("*.json"))
    path.write_bytes(damage)
    assert store.load(submission, SOURCE) is None


def test_damaged_numbers_are_noticed(store, submission):
    store.save(submission, piece())
    next((store.root / "arrays").glob("*.bin")).write_bytes(b"\1" * 8)
    assert store.load(submission, SOURCE) is None


def test_attempts_come_back(store, submission):
    attempt = Attempt(
        number=1,
        sandbox="fake",
        exit_reason=ExitReason.OK,
        started_at="2026-01-01T00:00:00+00:00",
        wall_seconds=1.0,
        startup_seconds=0.5,
    )
    store.save_attempts(submission, (attempt,))
    assert store.attempts(submission) == (attempt,)


def test_submissions_are_remembered_under_any_name(store, submission):
    odd = submission.model_copy(update={"name": "../../etc/\u202epasswd"})
    store.remember(submission)
    store.remember(odd)
    assert {s.name for s in store.submissions()} == {submission.name, odd.name}
    inside = store.root.resolve()
    assert all(inside in p.resolve().parents for p in store.root.rglob("*.json"))


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="--out"):
        write_atomically(tmp_path / "file" / "x.json", b"{}")


def test_an_unfinished_write_leaves_no_file(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        write_atomically(tmp_path / "x.json", b"{}")
    assert list(tmp_path.iterdir()) == []
