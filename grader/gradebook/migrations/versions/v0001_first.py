"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "submissions",
        sa.Column("assignment", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("team", sa.Text, nullable=False),
        sa.Column("student_ids", sa.Text, nullable=False, comment="JSON list"),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.String(40), nullable=False, comment="ISO 8601 with zone"),
        sa.PrimaryKeyConstraint("assignment", "name", name="pk_submissions"),
    )
    op.create_table(
        "scorecards",
        sa.Column("id", sa.Integer, nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_scorecards"),
        sa.ForeignKeyConstraint(
            ["assignment", "submission"],
            ["submissions.assignment", "submissions.name"],
            name="fk_scorecards_assignment_submission",
        ),
        sa.UniqueConstraint(
            "assignment",
            "submission",
            "content_digest",
            name="uq_scorecards_assignment_submission_content_digest",
        ),
    )
    op.create_index("ix_scorecards_assignment_is_latest", "scorecards", ["assignment", "is_latest"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("assignment", sa.String(64), nullable=False),
        sa.Column("submission", sa.String(200), nullable=False),
        sa.Column("criterion", sa.String(140), nullable=False),
        sa.Column("points", sa.String(40), nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("decided_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_assignment_submission", "decisions", ["assignment", "submission"])
    op.create_table(
        "unreadable",
        sa.Column("assignment", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("mend", sa.Text, nullable=False),
        sa.Column("seen_at", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("assignment", "name", name="pk_unreadable"),
    )


def downgrade() -> None:
    """Take them away."""
    for table in ("unreadable", "decisions", "scorecards", "submissions"):
        op.drop_table(table)
