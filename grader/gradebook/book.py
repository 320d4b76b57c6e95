"""What the pipeline, the report and the people who decide ask of the gradebook.

SQLAlchemy is imported when a gradebook is opened, so that commands without one start fast.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError

from grader.errors import StoreError
from grader.model.scorecard import Decision, Scorecard
from grader.model.submission import Unreadable

if TYPE_CHECKING:
    from types import TracebackType

    import sqlalchemy as sa

__all__ = ["Gradebook"]

BUSY_SECONDS = 30.0


class Gradebook:
    """An open gradebook; safe to use from several processes at once.

    Args:
        url: SQLAlchemy URL, such as `sqlite:///reports/gradebook.db`. Made when it is not there.
        busy_seconds: How long to wait while another process writes.

    Raises:
        ConfigurationError: The URL is wrong, or its driver is not installed.
        StoreError: The database is damaged, locked, or newer than this program.
    """

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        from grader.gradebook import engine

        self._db = engine
        self._engine = engine.connect(url, busy_seconds)
        try:
            engine.upgrade(self._engine)
        except BaseException:
            self._engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def check_writable(self) -> None:
        """Find out now whether scorecards can be saved, not after hours of measuring.

        Raises:
            StoreError: They cannot.
        """
        with self._db.writing(self._engine):
            pass

    def save(self, scorecard: Scorecard, created_at: str) -> bool:
        """Keep a scorecard as the latest of its submission.

        Args:
            scorecard: Any; the same one twice is one row.
            created_at: ISO 8601 with zone.

        Returns:
            Whether it was new.
        """
        import sqlalchemy as sa

        from grader.gradebook.tables import scorecards, unreadable

        text = scorecard.model_dump_json(by_alias=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        mine = sa.and_(
            scorecards.c.assignment == scorecard.assignment,
            scorecards.c.submission == scorecard.submission,
        )
        with self._db.writing(self._engine) as connection:
            _save_submission(connection, scorecard, created_at)
            connection.execute(
                sa.delete(unreadable).where(
                    unreadable.c.assignment == scorecard.assignment,
                    unreadable.c.name == scorecard.submission,
                )
            )
            connection.execute(sa.update(scorecards).where(mine).values(is_latest=False))
            known = connection.execute(
                sa.update(scorecards)
                .where(mine, scorecards.c.content_digest == digest)
                .values(is_latest=True, card=text)  # should the stored text be damaged
            )
            if known.rowcount:
                return False
            connection.execute(
                sa.insert(scorecards).values(
                    assignment=scorecard.assignment,
                    submission=scorecard.submission,
                    content_digest=digest,
                    created_at=created_at,
                    is_latest=True,
                    status=scorecard.status.value,
                    points=str(scorecard.points),
                    points_value=float(scorecard.points),
                    max_points=str(scorecard.max_points),
                    rubric_digest=scorecard.provenance.rubric_digest,
                    submission_digest=scorecard.provenance.submission_digest,
                    sandbox=scorecard.provenance.sandbox,
                    self_check=scorecard.provenance.self_check,
                    card=text,
                )
            )
            return True

    def latest(self, assignment: str | None = None) -> tuple[Scorecard, ...]:
        """The latest scorecard of each submission, in the order of assignment and name."""
        import sqlalchemy as sa

        from grader.gradebook.tables import scorecards

        query = (
            sa.select(scorecards.c.card, scorecards.c.content_digest)
            .where(scorecards.c.is_latest)
            .order_by(scorecards.c.assignment, scorecards.c.submission)
        )
        if assignment is not None:
            query = query.where(scorecards.c.assignment == assignment)
        with self._db.reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(self._card(row.card, row.content_digest) for row in rows)

    def holds_official(self) -> bool:
        """Whether the latest scorecard of some submission is no self-check."""
        import sqlalchemy as sa

        from grader.gradebook.tables import scorecards

        query = sa.select(scorecards.c.id).where(
            scorecards.c.is_latest, sa.not_(scorecards.c.self_check)
        )
        with self._db.reading(self._engine) as connection:
            return connection.execute(query.limit(1)).first() is not None

    def history(self, assignment: str, submission: str) -> tuple[tuple[str, Scorecard], ...]:
        """All scorecards of one submission with the time each was first saved, oldest first."""
        import sqlalchemy as sa

        from grader.gradebook.tables import scorecards

        query = (
            sa.select(scorecards.c.created_at, scorecards.c.card, scorecards.c.content_digest)
            .where(scorecards.c.assignment == assignment, scorecards.c.submission == submission)
            .order_by(scorecards.c.id)
        )
        with self._db.reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple((row.created_at, self._card(row.card, row.content_digest)) for row in rows)

    def decide(self, decision: Decision) -> None:
        """Keep a person's decision. Earlier ones stay; the latest counts."""
        import sqlalchemy as sa

        from grader.gradebook.tables import decisions

        values = {**decision.model_dump(), "points": str(decision.points)}
        with self._db.writing(self._engine) as connection:
            connection.execute(sa.insert(decisions).values(**values))

    def decisions(self, assignment: str, submission: str) -> tuple[Decision, ...]:
        """The decision that counts for each criterion, in the order of criteria."""
        latest = {d.criterion: d for d in self.decision_history(assignment, submission)}
        return tuple(latest[criterion] for criterion in sorted(latest))

    def decision_history(self, assignment: str, submission: str) -> tuple[Decision, ...]:
        """Every decision about one submission, in the order in which they were made."""
        import sqlalchemy as sa

        from grader.gradebook.tables import decisions

        columns = [column for column in decisions.c if column.name != "id"]
        query = (
            sa.select(*columns)
            .where(decisions.c.assignment == assignment, decisions.c.submission == submission)
            .order_by(decisions.c.id)
        )
        with self._db.reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        try:
            return tuple(Decision.model_validate(dict(row)) for row in rows)
        except (ValidationError, ValueError, ZeroDivisionError) as error:
            raise StoreError(
                f"a person's decision about '{submission}' cannot be read",
                where=self._shown(),
                mend="put your backup in its place, or delete that row of the table `decisions` "
                "and decide again with `grade decide`",
            ) from error

    def save_unreadable(self, entry: Unreadable, seen_at: str) -> None:
        """Keep that something could not be read, until a scorecard of that name is saved."""
        import sqlalchemy as sa

        from grader.gradebook.tables import unreadable

        key = (unreadable.c.assignment == entry.assignment, unreadable.c.name == entry.name)
        with self._db.writing(self._engine) as connection:
            connection.execute(sa.delete(unreadable).where(*key))
            connection.execute(sa.insert(unreadable).values(**entry.model_dump(), seen_at=seen_at))

    def unreadable(self, assignment: str | None = None) -> tuple[Unreadable, ...]:
        """What could not be read, in the order of assignment and name."""
        import sqlalchemy as sa

        from grader.gradebook.tables import unreadable

        columns = [column for column in unreadable.c if column.name != "seen_at"]
        query = sa.select(*columns).order_by(unreadable.c.assignment, unreadable.c.name)
        if assignment is not None:
            query = query.where(unreadable.c.assignment == assignment)
        with self._db.reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(Unreadable.model_validate(dict(row)) for row in rows)

    def _card(self, text: str, digest: str) -> Scorecard:
        """A scorecard, if it is the one that was saved.

        Raises:
            StoreError: It is damaged.
        """
        mend = "`grade regrade` makes it again from the evidence, which is kept beside it"
        if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
            raise StoreError("a stored scorecard is damaged", where=self._shown(), mend=mend)
        try:
            return Scorecard.model_validate_json(text)
        except ValidationError as error:
            raise StoreError(
                f"a stored scorecard cannot be read: {error.errors()[0]['msg']}",
                where=self._shown(),
                mend=mend,
            ) from error

    def _shown(self) -> str:
        return self._engine.url.render_as_string(hide_password=True)


def _save_submission(connection: sa.Connection, scorecard: Scorecard, seen_at: str) -> None:
    import sqlalchemy as sa

    from grader.gradebook.tables import submissions

    values = {
        "team": scorecard.team,
        "student_ids": json.dumps(list(scorecard.student_ids), ensure_ascii=False),
        "digest": scorecard.provenance.submission_digest,
        "seen_at": seen_at,
    }
    key = {"assignment": scorecard.assignment, "name": scorecard.submission}
    known = connection.execute(
        sa.update(submissions)
        .where(submissions.c.assignment == key["assignment"], submissions.c.name == key["name"])
        .values(**values)
    )
    if not known.rowcount:
        connection.execute(sa.insert(submissions).values(**key, **values))
