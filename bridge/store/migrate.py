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
    config = _config()
    config.attributes["connection"] = connection
    _, known = revisions()
    with connection.begin():
        present = set(MigrationContext.configure(connection).get_current_heads())
        if present - known:
            raise TooNew("The database was made by a newer Landbridge. Install that version, or restore a backup.")
        command.upgrade(config, "head")


def revisions() -> tuple[str | None, set[str]]:
    """The newest schema that this program knows, and all of them."""
    script = ScriptDirectory.from_config(_config())
    return script.get_current_head(), {revision.revision for revision in script.walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()))
    return config


def _folder() -> Path:
    inside = Path(__file__).parent.parent / "_migrations"
    return inside if inside.is_dir() else Path(__file__).parent.parent.parent / "migrations"
