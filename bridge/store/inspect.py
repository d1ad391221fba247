"""Looking at a database without changing it: for commands while no gateway runs."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, func, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bridge.store import tables as t
from bridge.store.accounts import ACTIVE, active_accounts
from bridge.store.database import parse_url
from bridge.store.deliveries import dead_letters, waiting
from bridge.store.migrate import TooNew, revisions
from bridge.store.secrets import Secrets, WrongKey


class Unusable(Exception):
    """The gateway could not start with this database; `text` is a line that says what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Look:
    """What a database holds. `made` is False before the first start; `current` when its schema is this program's."""

    made: bool
    current: bool = False
    waiting: Mapping[str, tuple[int, float]] = field(default_factory=dict)  # network: deliveries, oldest (epoch)
    dead: Mapping[str, int] = field(default_factory=dict)
    accounts: Mapping[str, int] = field(default_factory=dict)  # logged in, by network


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """An account that is logged in, and what is known of it."""

    id: int
    network: str
    user: str  # bare JID; empty for the operator's own
    me: str
    secret: Mapping[str, str] = field(repr=False)
    rooms: tuple[str, ...]  # that it was last in
    memory: Mapping[str, str] = field(repr=False)  # its connector's own


def look(url: str, key: Path) -> Look:
    """Read what is there. `key` is the key file. Raises `Unusable`."""
    with _reading(url) as connection:
        return Look(False) if connection is None else _look(connection, key)


def logged_in(url: str, key: Path) -> list[LoggedIn]:
    """Every account that is logged in, of all networks; none in a database of another version. Raises `Unusable`."""
    with _reading(url) as connection:
        if connection is None or not _look(connection, key).current:
            return []
        secrets = Secrets.load(key)
        return [
            LoggedIn(
                row.id, row.network, row.user, row.me, secrets.open(row.secret), _rooms(connection, row.id),
                _memory(connection, row.id),
            )
            for row in active_accounts(connection)
            if row.secret
        ]  # fmt: skip


@contextmanager
def _reading(url: str) -> Iterator[Connection | None]:
    """None when there is no database yet. Raises `Unusable`, also for what is raised meanwhile."""
    try:
        parsed = parse_url(url)
        file = Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
        if file is not None and not file.exists():
            _writable(file.parent)
            yield None
            return
        engine = create_engine(parsed if file is None else _read_only(file))
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
        if file is not None:
            _writable(file.parent)
    except (ValueError, ArgumentError) as error:
        raise Unusable(f"database: {error}") from error
    except (TooNew, WrongKey) as error:
        raise Unusable(str(error)) from error
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise Unusable(f"database: it cannot be opened: {why}") from error


def _look(connection: Connection, key: Path) -> Look:
    head, known = revisions()
    present = set(MigrationContext.configure(connection).get_current_heads())
    if present - known:
        raise TooNew("The database was made by a newer Landbridge. Install that version, or restore a backup.")
    if not present or not inspect(connection).has_table(t.install.name):
        return Look(False)
    fingerprint = select(t.install.c.value).where(t.install.c.name == "key")
    if connection.execute(fingerprint).scalar() is not None:
        Secrets.load(key).check_key(connection)
    if head not in present:
        return Look(True)
    a = t.accounts.c
    accounts = select(a.network, func.count()).where(a.state == ACTIVE).group_by(a.network)
    logged_in = {row[0]: row[1] for row in connection.execute(accounts)}
    return Look(True, True, waiting(connection), dead_letters(connection), logged_in)


def _rooms(connection: Connection, account: int) -> tuple[str, ...]:
    c, seen = t.chats.c, t.chat_accounts.c
    query = select(c.native).join(t.chat_accounts, seen.chat == c.id).where(seen.account == account, c.contact == "")
    return tuple(connection.execute(query.where(c.native.is_not(None)).order_by(c.id)).scalars())


def _memory(connection: Connection, account: int) -> Mapping[str, str]:
    m = t.memory.c
    rows = connection.execute(select(m.key, m.value).where(m.account == account))
    return {row.key: row.value for row in rows}


def _read_only(file: Path) -> URL:
    return URL.create("sqlite+pysqlite", database=f"file:{file}", query={"mode": "ro", "uri": "true"})


def _writable(folder: Path) -> None:
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unusable(f"database: the folder {folder} cannot be written to.")
