"""Upgrades of the schema: whole, or never begun, whenever they are killed; and never by an older program."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from bridge.cli import main
from bridge.store.database import Database, parse_url
from bridge.store.migrate import revisions
from bridge.store.tables import metadata

ROOT = Path(__file__).parents[3]
TOO_NEW = "The database was made by a newer Landbridge. Install that version, or restore a backup."
ROWS = 500
# Opens a database, and is killed at its Nth statement or commit.
_KILLED = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from bridge.store.database import Database

left = int(sys.argv[2])

def count(*_):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "before_cursor_execute", count)
event.listen(Engine, "commit", count)

async def open_it():
    database = await Database.open(sys.argv[1], alone=20)
    await database.close()

asyncio.run(open_it())
"""
# What a later version may well do: a new table, a table made anew on SQLite, every row changed, an index less.
_NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{revisions()[0]}"

def upgrade():
    op.create_table("novelties", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("messages") as table:
        table.add_column(sa.Column("novel", sa.Text(), nullable=False, server_default="no"))
        table.alter_column("author", type_=sa.String())
    op.execute("UPDATE messages SET novel = 'yes'")
    op.drop_index("events_key", "events")
    op.create_index("events_novel", "events", ["key", "chat"])
"""


def opened_until_killed(program: Path, url: str, statement: int) -> bool:
    """Whether it was killed before it was done."""
    done = subprocess.run([sys.executable, "-c", _KILLED, url, str(statement)], cwd=program, capture_output=True)
    assert done.returncode in (0, -9), done.stderr.decode()
    return done.returncode == -9


def looked_at(url: str) -> tuple[set[str], set[str], set[tuple[str, int]]]:
    """Tables, columns of messages, and how many messages are novel or not."""
    engine = create_engine(parse_url(url))
    try:
        with engine.connect() as connection:
            there = inspect(connection)
            tables = set(there.get_table_names())
            columns = {column["name"] for column in there.get_columns("messages")} if "messages" in tables else set()
            novel = "novel" if "novel" in columns else "'no'"
            query = f"SELECT {novel} AS one, count(*) FROM messages GROUP BY 1"
            rows = {(row[0], row[1]) for row in connection.execute(text(query))} if columns else set()
            return tables, columns, rows
    finally:
        engine.dispose()


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A later version of the program."""
    for folder in ("bridge", "migrations"):
        shutil.copytree(ROOT / folder, tmp_path / "newer" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "newer" / "migrations" / "versions" / "next.py").write_text(_NEXT)
    return tmp_path / "newer"


async def test_a_first_start_that_is_killed_leaves_nothing_half_made(database_url: str) -> None:
    moments, statement = 0, 1
    while opened_until_killed(ROOT, database_url, statement):
        tables, _, _ = looked_at(database_url)
        assert tables in (set(), {*metadata.tables, "alembic_version"})
        moments, statement = moments + 1, statement + 7

    assert moments >= 4
    assert looked_at(database_url)[0] == {*metadata.tables, "alembic_version"}


async def test_an_upgrade_that_is_killed_is_whole_or_was_never_begun(database_url: str, newer: Path) -> None:
    database = await Database.open(database_url)
    message = "INSERT INTO messages (id, network, author, content) VALUES ({0}, 'n', 'a', {0})"
    for number in range(1, ROWS + 1):
        await database.write(lambda c, number=number: c.exec_driver_sql(message.format(number)))  # type: ignore[misc]
    await database.close()
    before = looked_at(database_url)

    moments, statement, seen = 0, 1, []
    while opened_until_killed(newer, database_url, statement):
        tables, columns, rows = looked_at(database_url)
        seen.append("novelties" in tables)
        if seen[-1]:
            assert (columns, rows) == (before[1] | {"novel"}, {("yes", ROWS)})
        else:
            assert (tables, columns, rows) == before
            # The program before it still works with what is there.
            await (await Database.open(database_url, alone=20)).close()
        moments, statement = moments + 1, statement + 3

    assert moments >= 5
    assert seen == sorted(seen)
    assert looked_at(database_url) == (before[0] | {"novelties"}, before[1] | {"novel"}, {("yes", ROWS)})


@pytest.fixture
async def from_the_future(tmp_path: Path, database_url: str) -> str:
    """The configuration of a gateway whose database a later version has upgraded."""
    database = await Database.open(database_url)
    await database.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num = 'future'"))
    await database.close()
    file = tmp_path / "config.yaml"
    file.write_text(
        f"xmpp: {{server: '127.0.0.1:1'}}\nusers: ['*']\ndatabase: '{database_url}'\n"
        "networks:\n  matrix: {connector: matrix, jid: matrix.example, secret: s3cret}\n"
    )
    file.chmod(0o600)
    return str(file)


async def test_an_older_program_does_not_run_on_it(from_the_future: str, database_url: str) -> None:
    before = looked_at(database_url)

    command = [sys.executable, "-m", "bridge", "run", "-c", from_the_future]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert done.stderr.endswith(f"error bridge.cli.run cannot start: {TOO_NEW}\n")
    assert "Traceback" not in done.stderr
    assert looked_at(database_url) == before


@pytest.mark.parametrize("command", [["check"], ["status"], ["dead", "list"], ["account", "list"]])
def test_commands_of_an_older_program_say_so(
    from_the_future: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "-c", from_the_future]) == 1
    assert TOO_NEW in capsys.readouterr().err.splitlines()
