"""The database: one writer thread that commits groups, readers beside it; SQLite (WAL, FULL) or PostgreSQL.

We chose SQLAlchemy's synchronous engine in one thread for both databases, because the group's function (resolve, judge,
journal) is synchronous anyway, and one thread hop per *group* costs less than one per statement.

One process writes: SQLite keeps a lock file, on PostgreSQL the writer holds an advisory lock. Who starts waits for the
connection of one that was killed, so it sees all that was committed; a commit whose answer was lost is asked for by its
transaction id, not repeated.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InterfaceError, OperationalError

from bridge.store import statements
from bridge.store.lockfile import LockFile, Taken
from bridge.store.migrate import upgrade
from bridge.store.tables import install

T = TypeVar("T")
_LOCK = 0x6C616E6462726467  # our advisory lock on PostgreSQL: who holds it writes
_LOCK_NOT_AVAILABLE = "55P03"  # SQLSTATE: `lock_timeout` has passed


class Busy(Exception):
    """Another process still writes to this database; the text is a sentence."""


class InDoubt(Exception):
    """The connection broke while the transaction was committed; `Database.committed` knows whether it was."""

    def __init__(self, transaction: str, result: Any) -> None:
        super().__init__("the connection broke during a commit")
        self.transaction = transaction
        self.result = result


UNWRITABLE = (InterfaceError, OperationalError)  # the database itself may be the trouble


class Database:
    """Open with `Database.open`; `write` from one place (the writer), `read` from anywhere."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.sqlite = url.get_backend_name() == "sqlite"
        self._writer = _engine(url, writing=True)
        self._reader = _engine(url, writing=False)
        self._write_thread = ThreadPoolExecutor(1, "database-writer")
        # One reader thread for SQLite keeps page reads from fighting for the interpreter; PostgreSQL waits elsewhere.
        self._read_threads = ThreadPoolExecutor(1 if self.sqlite else 4, "database-reader")
        self._holder: Any = None  # the connection that holds the lock
        self._file: LockFile | None = None  # SQLite has no lock that outlives a transaction
        self._waiting = 0  # for the writer's thread, besides `write_each`
        self.install = ""
        self.outside = 0  # how often somebody besides the writer of the journal has written

    @classmethod
    async def open(cls, url: str, *, alone: float | None = None) -> "Database":
        """Connect, upgrade the schema, read what identifies this database. Raises sqlalchemy.exc.SQLAlchemyError.

        `alone`: as the only one until it is closed; so many seconds PostgreSQL has to notice that another one has
        ended. Raises `Busy` when it has not; nothing was changed then."""
        database = cls(parse_url(url))
        try:
            await asyncio.get_running_loop().run_in_executor(database._write_thread, database._prepare, alone)
        except BaseException:
            await database.close()
            raise
        return database

    def _prepare(self, alone: float | None) -> None:
        if self.sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        if alone is not None:
            self._claim(alone)
        with self._writer.connect() as connection:
            upgrade(connection)
        with self._writer.begin() as connection:
            known = connection.execute(select(install.c.value).where(install.c.name == "install")).scalar()
            if known is None:
                known = secrets.token_hex(8)
                connection.execute(insert(install).values(name="install", value=known))
            self.install = known

    async def write(self, function: Callable[[Connection], T], *, alone: bool = False) -> T:
        """Run `function` in one transaction of the writer thread; durable when this returns. `alone`: as the only
        process that writes. Raises `Busy` while there is another, `InDoubt` when nobody told whether it is durable."""

        def run() -> T:
            self.outside += not alone
            with self._writer.connect() as connection:
                return self._transact(connection, function, alone=alone)

        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._write_thread, run)
        finally:
            self._waiting -= 1

    async def write_each(self, functions: Iterable[Callable[[Connection], T]], told: Callable[[T], None]) -> None:
        """`write`, `alone`, for each function in turn, without coming back to the loop between them, until there are
        no more, or somebody else waits: `functions` is asked in the writer's thread, and `told` on the loop, with what
        each returned. Raises what `write` raises for the first one that fails; the ones before it are durable, and
        `told`."""
        loop = asyncio.get_running_loop()

        def run() -> None:
            with self._writer.connect() as connection:
                for function in functions:
                    loop.call_soon_threadsafe(told, self._transact(connection, function, alone=True))
                    if self._waiting:
                        return

        await loop.run_in_executor(self._write_thread, run)

    def _transact(self, connection: Connection, function: Callable[[Connection], T], *, alone: bool) -> T:
        number = None
        try:
            with connection.begin():
                if alone and not self.sqlite:
                    self._hold(connection)
                result = function(connection)
                if alone and not self.sqlite:
                    number = connection.exec_driver_sql("SELECT pg_current_xact_id()::text").scalar_one()
        except UNWRITABLE as error:
            if number is None:
                raise
            raise InDoubt(number, result) from error
        return result

    async def committed(self, transaction: str) -> bool:
        """Whether a transaction in doubt has been committed. Raises while that cannot be known."""

        def ask() -> bool:
            with self._writer.begin() as connection:
                self._hold(connection)  # then the connection of the transaction has ended, and so has it
                # A server that took over from one that was lost may not have come so far: then asking is an error.
                query = (
                    "SELECT CASE WHEN %s::xid8 < pg_snapshot_xmax(pg_current_snapshot())"
                    " THEN pg_xact_status(%s::xid8) END"
                )
                state = connection.exec_driver_sql(query, (transaction, transaction)).scalar()
                return bool(state == "committed")

        return await asyncio.get_running_loop().run_in_executor(self._write_thread, ask)

    def _claim(self, seconds: float) -> None:
        """Before the schema is touched: another one may be at work with the old one."""
        try:
            if self.sqlite and self.url.database:
                self._file = LockFile(Path(f"{self.url.database}.lock"))
            elif not self.sqlite:
                with self._writer.begin() as connection:
                    connection.exec_driver_sql(
                        "SELECT set_config('lock_timeout', %s, true)", (f"{seconds * 1000:.0f}",)
                    )
                    connection.exec_driver_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
                    self._hold(connection)
        except Taken as error:
            raise Busy(str(error)) from error
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise Busy("Another gateway uses this database. Stop it first, or give this one its own.") from error

    def _hold(self, connection: Connection) -> None:
        """Take the lock with this connection: the server lets go of it when it has ended the connection, and with it
        whatever a killed process had under way."""
        driver = connection.connection.driver_connection
        if driver is self._holder:
            return
        # A server that lost us without a word shall notice within a minute.
        connection.exec_driver_sql(
            "SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),"
            " set_config('tcp_keepalives_count', '3', false)"
        )
        if not connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).scalar():
            raise Busy("another process still writes to this database")
        self._holder = driver

    async def read(self, function: Callable[[Connection], T]) -> T:
        """Run `function` on a snapshot beside the writer."""

        def run() -> T:
            with self._reader.connect() as connection:
                return function(connection)

        return await asyncio.get_running_loop().run_in_executor(self._read_threads, run)

    async def close(self) -> None:
        """Wait for what is under way, then let go of every connection."""

        def end() -> None:
            self._write_thread.shutdown(wait=True)
            self._read_threads.shutdown(wait=True)
            self._writer.dispose()
            self._reader.dispose()
            if self._file is not None:
                self._file.release()
                self._file = None

        await asyncio.to_thread(end)


def parse_url(url: str) -> URL:
    """Our two kinds of database URL, with their drivers. Raises ValueError for others."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise ValueError(f"The database must be sqlite:///FILE or postgresql://…, not {backend}.")


def _on_postgresql(engine: Engine) -> Engine:
    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        # It compiles a page of an archive, which has many joins and is read in a millisecond, for two seconds.
        connection.execute("SELECT set_config(name, 'off', false) FROM pg_settings WHERE name = 'jit'")
        connection.commit()

    return engine


def _engine(url: URL, *, writing: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        return _on_postgresql(create_engine(url, pool_pre_ping=True, pool_size=1 if writing else 4, max_overflow=0))
    # Room for every statement of every size (`bridge.store.statements`).
    arguments = {"timeout": 5, "check_same_thread": False, "cached_statements": 512}
    engine = create_engine(url, pool_size=1, max_overflow=0, connect_args=arguments)

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")  # what was acknowledged survives a power cut
            cursor.execute("PRAGMA busy_timeout=5000")
            # Pages that many groups change are copied into the database once for all of them: 16 MB, not 4.
            cursor.execute("PRAGMA wal_autocheckpoint=4000")
            cursor.execute("PRAGMA temp_store=MEMORY")  # else a statement of many rows makes a file to be undone from
            if writing:
                cursor.execute("PRAGMA cache_size=-16000")  # KiB: what groups touch is spread over the indexes

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        statements.run(connection, "BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
