"""The tables. A change here needs a migration beside it; a test compares the two.

submissions ──< scorecards      history is kept, one per submission is the latest
decisions                       append-only, tied to nothing that could be deleted
unreadable                      what intake could not read, until it can
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = ["METADATA", "decisions", "scorecards", "submissions", "unreadable"]

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

submissions = sa.Table(
    "submissions",
    METADATA,
    sa.Column("assignment", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("team", sa.Text, nullable=False),
    sa.Column("student_ids", sa.Text, nullable=False, comment="JSON list"),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("seen_at", sa.String(40), nullable=False, comment="ISO 8601 with zone"),
)

scorecards = sa.Table(
    "scorecards",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("assignment", sa.String(64), nullable=False),
    sa.Column("submission", sa.String(200), nullable=False),
    sa.Column("content_digest", sa.String(64), nullable=False, comment="of `card`"),
    sa.Column("created_at", sa.String(40), nullable=False),
    sa.Column("is_latest", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("points", sa.String(40), nullable=False, comment="exact, such as 7/2"),
    sa.Column("points_value", sa.Float, nullable=False, comment="for queries only"),
    sa.Column("max_points", sa.String(40), nullable=False),
    sa.Column("rubric_digest", sa.String(64), nullable=False),
    sa.Column("submission_digest", sa.String(64), nullable=False),
    sa.Column("sandbox", sa.String(40), nullable=False),
    sa.Column("self_check", sa.Boolean, nullable=False),
    sa.Column("card", sa.Text, nullable=False, comment="the scorecard as JSON"),
    sa.ForeignKeyConstraint(
        ["assignment", "submission"], ["submissions.assignment", "submissions.name"]
    ),
    sa.UniqueConstraint("assignment", "submission", "content_digest"),
    sa.Index(None, "assignment", "is_latest"),
)

decisions = sa.Table(
    "decisions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("assignment", sa.String(64), nullable=False),
    sa.Column("submission", sa.String(200), nullable=False),
    sa.Column("criterion", sa.String(140), nullable=False),
    sa.Column("points", sa.String(40), nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_at", sa.String(40), nullable=False),
    sa.Index(None, "assignment", "submission"),
)

unreadable = sa.Table(
    "unreadable",
    METADATA,
    sa.Column("assignment", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("mend", sa.Text, nullable=False),
    sa.Column("seen_at", sa.String(40), nullable=False),
)
