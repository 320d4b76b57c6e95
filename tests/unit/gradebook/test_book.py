import hashlib
import sqlite3
import threading
from fractions import Fraction

import pytest
import sqlalchemy as sa

from grader.cli.check import refuse_official
from grader.errors import ConfigurationError, StoreError
from grader.gradebook import Gradebook
from grader.model.scorecard import Decision
from grader.model.submission import Unreadable
from grader.pipeline import Options

EARLY, LATE = "2026-01-01T10:00:00+00:00", "2026-01-02T10:00:00+00:00"


def decision(points="1/2", by="ta", criterion="q1/a", submission="ada-grace"):
    return Decision(
        assignment="hw1",
        submission=submission,
        criterion=criterion,
        points=Fraction(points),
        comment="well explained",
        decided_by=by,
        decided_at=EARLY,
    )


def test_a_scorecard_comes_back_exactly(url, card):
    with Gradebook(url) as book:
        assert book.save(card(), EARLY)
    with Gradebook(url) as book:
        (kept,) = book.latest()
    assert kept == card()
    assert kept.points == Fraction(7, 2)
    assert kept.pending_points == Fraction(1, 3)


def test_self_checks_keep_away_from_official_grades(tmp_path, card):
    options = Options(out=tmp_path)
    refuse_official(options)
    assert not list(tmp_path.iterdir())
    checked = card().provenance.model_copy(update={"self_check": True})
    with Gradebook(options.gradebook_url) as book:
        book.save(card().model_copy(update={"provenance": checked}), EARLY)
        refuse_official(options)
        book.save(card(), LATE)
    with pytest.raises(ConfigurationError, match="official grades are kept here"):
        refuse_official(options)


def test_the_same_scorecard_twice_is_one_row(url, card):
    with Gradebook(url) as book:
        assert book.save(card(), EARLY)
        assert not book.save(card(), LATE)
        assert book.history("hw1", "ada-grace") == ((EARLY, card()),)


def test_history_is_kept_and_the_newest_is_the_latest(url, card):
    with Gradebook(url) as book:
        book.save(card(points=1), EARLY)
        book.save(card(points=2), LATE)
        assert [c.points for c in book.latest("hw1")] == [2]
        assert [(t, c.points) for t, c in book.history("hw1", "ada-grace")] == [
            (EARLY, 1),
            (LATE, 2),
        ]


def test_going_back_to_an_earlier_scorecard_makes_it_the_latest_again(url, card):
    with Gradebook(url) as book:
        for points in (1, 2, 1):
            book.save(card(points=points), EARLY)
        assert [c.points for c in book.latest()] == [1]
        assert len(book.history("hw1", "ada-grace")) == 2


def test_latest_is_ordered_and_filtered_by_assignment(url, card):
    with Gradebook(url) as book:
        for assignment, name in (("hw2", "a"), ("hw1", "b"), ("hw1", "a")):
            book.save(card(name, assignment=assignment), EARLY)
        assert [(c.assignment, c.submission) for c in book.latest()] == [
            ("hw1", "a"),
            ("hw1", "b"),
            ("hw2", "a"),
        ]
        assert [c.submission for c in book.latest("hw2")] == ["a"]


def test_the_latest_decision_counts_and_all_are_kept(url):
    with Gradebook(url) as book:
        book.decide(decision("0", criterion="q2/b"))
        book.decide(decision("1/2", by="first"))
        book.decide(decision("1/3", by="second"))
        counting = book.decisions("hw1", "ada-grace")
        everything = book.decision_history("hw1", "ada-grace")
    assert [(d.criterion, d.points, d.decided_by) for d in counting] == [
        ("q1/a", Fraction(1, 3), "second"),
        ("q2/b", 0, "ta"),
    ]
    assert [d.decided_by for d in everything] == ["ta", "first", "second"]


def test_decisions_outlive_regrades(url, card):
    with Gradebook(url) as book:
        book.save(card(points=1), EARLY)
        book.decide(decision())
        book.save(card(points=2), LATE)
        assert book.decisions("hw1", "ada-grace") == (decision(),)


def test_decisions_are_each_submissions_own(url):
    with Gradebook(url) as book:
        book.decide(decision(submission="other"))
        assert book.decisions("hw1", "ada-grace") == ()


def test_unreadable_stays_until_a_scorecard_of_that_name_is_saved(url, card):
    entry = Unreadable(assignment="hw1", name="ada-grace", message="broken", mend="zip again")
    with Gradebook(url) as book:
        book.save_unreadable(entry, EARLY)
        book.save_unreadable(entry.model_copy(update={"message": "encrypted"}), LATE)
        assert [u.message for u in book.unreadable("hw1")] == ["encrypted"]
        assert book.unreadable("hw2") == ()
        book.save(card("somebody"), LATE)
        assert len(book.unreadable()) == 1
        book.save(card(), LATE)
        assert book.unreadable() == ()


def test_a_scorecard_needs_its_submission(url, card):
    with Gradebook(url) as book:
        book.save(card(), EARLY)
        with (
            pytest.raises(StoreError, match="FOREIGN KEY"),
            book._db.writing(book._engine) as connection,
        ):
            connection.execute(sa.text("DELETE FROM submissions"))


def test_a_failed_save_leaves_nothing_behind(url, card, monkeypatch):
    with Gradebook(url) as book:
        book.save(card(points=1), EARLY)
        with monkeypatch.context() as patch:
            patch.setattr("grader.model.outcome.Status.value", None, raising=False)
            with pytest.raises(StoreError):
                book.save(card(points=2), LATE)
        assert [c.points for c in book.latest()] == [1]


def test_writers_wait_for_each_other(url, card):
    """Each writer has its own gradebook, as two processes would; the first opening races too."""
    errors = []
    start = threading.Barrier(4)

    def work(number):
        try:
            start.wait()
            with Gradebook(url) as book:
                for points in range(5):
                    book.save(card(f"team-{number}", points=points), EARLY)
                    book.decide(decision(submission="shared", by=f"{number}.{points}"))
        except BaseException as error:  # noqa: BLE001 - shown by the assert below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with Gradebook(url) as book:
        assert len(book.latest()) == 4
        assert len(book.decision_history("hw1", "shared")) == 20


def test_a_reader_goes_on_while_another_writes(url, card):
    with Gradebook(url) as book, Gradebook(url, busy_seconds=0.05) as other:
        book.save(card(points=1), EARLY)
        with book._db.writing(book._engine) as connection:
            connection.execute(sa.text("UPDATE scorecards SET points_value = 9"))
            assert [c.points for c in other.latest()] == [1]


def test_a_locked_gradebook_says_what_to_do(url, card):
    with (
        Gradebook(url) as book,
        Gradebook(url, busy_seconds=0.05) as other,
        book._db.writing(book._engine),
        pytest.raises(StoreError) as caught,
    ):
        other.save(card(), EARLY)
    assert "locked" in caught.value.message
    assert "another process" in caught.value.mend
    assert "gradebook.db" in caught.value.where


def test_a_damaged_file_says_what_to_do(tmp_path):
    file = tmp_path / "gradebook.db"
    file.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError) as caught:
        Gradebook(f"sqlite:///{file}")
    assert "not a database" in caught.value.message
    assert "backup" in caught.value.mend


def test_a_changed_card_is_noticed_and_mended_by_the_next_save(url, card):
    with Gradebook(url) as book:
        book.save(card(), EARLY)
        with book._db.writing(book._engine) as connection:
            change = """UPDATE scorecards SET card = replace(card, '"7/2"', '"8/2"')"""
            assert connection.execute(sa.text(change)).rowcount == 1
        with pytest.raises(StoreError, match=r"(?s)damaged.*grade regrade"):
            book.latest()
        assert not book.save(card(), LATE)
        assert book.latest() == (card(),)


def test_a_decision_that_cannot_be_read_is_named(url, card):
    with Gradebook(url) as book:
        book.save(card(), EARLY)
        book.decide(decision())
        with book._db.writing(book._engine) as connection:
            connection.execute(sa.text("UPDATE decisions SET points = 'x'"))
        with pytest.raises(StoreError, match="grade decide"):
            book.decisions(decision().assignment, decision().submission)


def test_a_stored_card_that_cannot_be_read_is_named(url, card):
    with Gradebook(url) as book:
        book.save(card(), EARLY)
        with book._db.writing(book._engine) as connection:
            connection.execute(
                sa.text("UPDATE scorecards SET card = '{}', content_digest = :digest"),
                {"digest": hashlib.sha256(b"{}").hexdigest()},
            )
        with pytest.raises(StoreError, match="cannot be read"):
            book.latest()


def test_a_gradebook_of_a_newer_program_is_refused_untouched(url, tmp_path):
    Gradebook(url).close()
    file = tmp_path / "out" / "gradebook.db"
    with sqlite3.connect(file) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(StoreError, match="another version"):
        Gradebook(url)


@pytest.mark.parametrize("url", ["nonsense", "nosuch://host/db"])
def test_a_wrong_url_is_the_callers_to_mend(url):
    with pytest.raises(ConfigurationError) as caught:
        Gradebook(url)
    assert "sqlite:///" in caught.value.mend


def test_the_folder_is_made(tmp_path):
    file = tmp_path / "a" / "b" / "gradebook.db"
    Gradebook(f"sqlite:///{file}").close()
    assert file.is_file()


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be made"):
        Gradebook(f"sqlite:///{tmp_path / 'file' / 'gradebook.db'}")
