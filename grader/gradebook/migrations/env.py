"""What alembic runs: the migrations, on the connection and in the transaction that we hold."""

from __future__ import annotations

from alembic import context

from grader.gradebook.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # SQLite can; a migration that fails half-way leaves nothing behind
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
