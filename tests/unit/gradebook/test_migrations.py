import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from grader.gradebook import Gradebook
from grader.gradebook.engine import HEAD, MIGRATIONS
from grader.gradebook.tables import METADATA


def test_the_known_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_migrations_make_exactly_the_tables(url):
    with Gradebook(url) as book, book._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_constraints_have_the_names_of_the_tables(url):
    """`compare_metadata` does not look at them on SQLite, and later migrations need the names."""
    with Gradebook(url) as book:
        found = sa.inspect(book._engine)
        for name, table in METADATA.tables.items():
            made = {found.get_pk_constraint(name)["name"]}
            made |= {fk["name"] for fk in found.get_foreign_keys(name)}
            made |= {uq["name"] for uq in found.get_unique_constraints(name)}
            assert made == {str(constraint.name) for constraint in table.constraints}


def test_an_up_to_date_gradebook_needs_no_alembic(url, monkeypatch):
    Gradebook(url).close()
    monkeypatch.setattr("grader.gradebook.engine._run_migrations", None)
    Gradebook(url).close()


def test_a_migration_that_fails_leaves_an_empty_database(url, monkeypatch):
    from grader.gradebook import engine

    def fail(connection, _engine):
        connection.execute(sa.text("CREATE TABLE half (x INTEGER)"))
        raise RuntimeError("the power went out")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "_run_migrations", fail)
        try:
            Gradebook(url)
        except RuntimeError:
            pass
        else:
            raise AssertionError("the failure must not be hidden")
    with Gradebook(url) as book:
        assert "half" not in sa.inspect(book._engine).get_table_names()
        assert book.latest() == ()
