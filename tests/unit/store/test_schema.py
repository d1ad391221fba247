"""The migrations make the tables that the program believes in, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bridge.store import tables
from bridge.store.database import Database


async def test_migrations_and_tables_are_the_same(database: Database) -> None:
    found = await database.read(lambda c: compare_metadata(MigrationContext.configure(c), tables.metadata))

    assert found == []
