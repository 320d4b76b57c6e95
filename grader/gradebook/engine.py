"""Opening the database: SQLite as two graders at once need it, and migrations up to date."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from grader.errors import ConfigurationError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HEAD", "connect", "reading", "store_errors", "upgrade", "writing"]

HEAD = "0001"
"""The newest migration. A test compares it with the files."""
MIGRATIONS = Path(__file__).parent / "migrations"


def connect(url: str, busy_seconds: float) -> sa.Engine:
    """Make an engine; no connection is opened yet.

    Args:
        url: SQLAlchemy URL.
        busy_seconds: How long to wait while another process writes. SQLite only.

    Raises:
        ConfigurationError: The URL is wrong, or its driver is not installed.
        StoreError: The folder of the database cannot be made.
    """
    try:
        parsed = sa.make_url(url)
        engine = sa.create_engine(parsed)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ConfigurationError(
            f"the gradebook cannot be opened: {error}",
            mend="use sqlite:///FILE, or install the driver that the URL names",
        ) from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, busy_seconds)
        if parsed.database not in (None, "", ":memory:"):
            try:
                Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(
                    f"the gradebook's folder cannot be made: {error.strerror}",
                    where=str(parsed.database),
                    mend="choose another --out",
                ) from error
    return engine


def _prepare_sqlite(engine: sa.Engine, busy_seconds: float) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would begin too late, see _on_begin
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
        cursor.execute("PRAGMA foreign_keys = ON")
        _use_wal(cursor, busy_seconds)
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: sa.Connection) -> None:
        # A transaction that reads first and writes later cannot wait for another writer: it
        # fails at once. So writers say so when they begin.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _use_wal(cursor: Any, busy_seconds: float) -> None:
    """Let readers go on while one writes. The switch itself does not wait, so we do."""
    until = time.monotonic() + busy_seconds
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A consistent view."""
    with store_errors(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """All or nothing, one writer at a time."""
    with (
        store_errors(engine),
        engine.connect().execution_options(writes=True) as connection,
        connection.begin(),
    ):
        yield connection


def upgrade(engine: sa.Engine) -> None:
    """Bring the tables up to date. Takes alembic along only when there is something to do.

    Raises:
        StoreError: The database is newer than this program, damaged or locked.
    """
    with reading(engine) as connection:
        version = _version(connection)
    if version == HEAD:
        return
    with writing(engine) as connection:
        if _version(connection) == HEAD:
            return  # another process was faster
        _run_migrations(connection, engine)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _run_migrations(connection: sa.Connection, engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"the gradebook was made by another version of grader: {error}",
            where=_shown(engine),
            mend="install the newest grader, or choose another --out",
        ) from error


@contextlib.contextmanager
def store_errors(engine: sa.Engine) -> Iterator[None]:
    """Turn what the database raises into our own words."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        told = str(getattr(error, "orig", None) or error)
        raise StoreError(
            f"the gradebook failed: {told}", where=_shown(engine), mend=_mend(told)
        ) from error


def _mend(told: str) -> str:
    if "locked" in told:
        return "another process holds it: wait for the other `grade`, or end it, and run again"
    if "not a database" in told or "malformed" in told:
        return (
            "the file is damaged: put your backup in its place, or try "
            "`sqlite3 gradebook.db .recover`; without it, move it away and run again, but the "
            "decisions of people are only in it; measurements are kept in evidence/"
        )
    if "unable to open" in told or "readonly" in told:
        return "check the permissions of the file and its folder"
    if "disk is full" in told:
        return "make room on the disk and run again: what was finished is kept"
    if "disk I/O error" in told:
        return "look after the disk (`dmesg`, `df -h`), copy the folder away, and run again"
    return "run again; if it stays, keep the file and report this"


def _shown(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
