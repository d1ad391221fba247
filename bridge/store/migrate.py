"""Schema upgrades with alembic, at every start; the migrations travel inside the wheel."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


class TooNew(Exception):
    """The database was made by a newer program; the text says what to do."""


def upgrade(connection: Connection) -> None:
    """Bring the schema up to this program, in one transaction. Raises `TooNew`."""
    config = Config()
    config.set_main_option("script_location", str(_folder()))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    known = {revision.revision for revision in script.walk_revisions()}
    with connection.begin():
        present = set(MigrationContext.configure(connection).get_current_heads())
        if present - known:
            raise TooNew("The database was made by a newer Landbridge. Install that version, or restore a backup.")
        command.upgrade(config, "head")


def _folder() -> Path:
    inside = Path(__file__).parent.parent / "_migrations"
    return inside if inside.is_dir() else Path(__file__).parent.parent.parent / "migrations"
