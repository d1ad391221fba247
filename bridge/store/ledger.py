"""The journal as one transaction sees it: what is stored, plus what the group itself has added so far.

Every question is answered from the overlay first, so an edit in the group of its message, or an echo in the group of
its receipt, is seen. Writes are collected and made by one `executemany` per table when the group ends (before that only
for what has to see them in the database).
Chats and links are kept from group to group: the writer is the only one that changes them.
"""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.store import tables as t
from bridge.store.directory import Directory
from bridge.store.owed import Owed
from bridge.store.pairs import rows_of_pairs
from bridge.store.rows import Copy, Entry, Message

_ENTRY = tuple(
    t.events.c[name]
    for name in (
        "id", "chat", "native", "kind", "message", "reply", "account", "network", "author", "key", "body", "at",
    )
)  # fmt: skip


class Ledger:
    """One per writer; `begin` and `flush` enclose a group."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.now = clock
        self.directory = Directory()
        self.connection: Connection
        self.owed: Owed
        self._last: int | None = None
        self._clear_overlay()

    def begin(self, connection: Connection) -> None:
        """A group starts. The overlay is empty, the ids go on from the last one ever given."""
        self.connection = connection
        self.directory.use(connection)
        self.owed = Owed(connection, self.now)
        self._clear_overlay()
        if self._last is None:
            self._last = connection.execute(select(func.max(t.events.c.id))).scalar() or 0

    def forget(self) -> None:
        """A group failed: nothing remembered may be trusted."""
        self._last = None
        self.directory = Directory()
        self._clear_overlay()

    def next_id(self) -> int:
        """An event id: microseconds, ascending, never given twice, not even by a restored database."""
        assert self._last is not None
        self._last = max(self._last + 1, int(self.now() * 1_000_000))
        return self._last

    # questions

    def prefetch(self, events: set[tuple[int, str]], copies: set[tuple[int, str]], keys: set[str]) -> None:
        """Read at once what the group's jobs will ask one by one."""
        if events:
            self._seen.update(dict.fromkeys(events))
            for chat, native, identity, at in rows_of_pairs(self.connection, "events", "chat, native, id, at", events):
                present = self._seen.get((chat, native))
                if present is None or present[0] < identity:
                    self._seen[chat, native] = (identity, at)
        if copies:
            self._copies.update(dict.fromkeys(copies))
            columns = "chat, native, message, part, version"
            for row in rows_of_pairs(self.connection, "copies", columns, copies):
                self._copies[row[0], row[1]] = Copy(*row)
        if keys:
            self._entries.update(dict.fromkeys(keys))
            for row in self.connection.execute(select(*_ENTRY).where(t.events.c.key.in_(list(keys)))):
                self._entries[row.key] = Entry(*row)

    def seen(self, chat: int, native: str) -> tuple[int, float] | None:
        """The event that has this id of its own in this chat, and when it was journaled; the newest."""
        if (chat, native) not in self._seen:
            self.prefetch({(chat, native)}, set(), set())
        return self._seen[chat, native]

    def copy(self, chat: int, native: str) -> Copy | None:
        if (chat, native) not in self._copies:
            self.prefetch(set(), {(chat, native)}, set())
        return self._copies[chat, native]

    def entry_by_key(self, key: str) -> Entry | None:
        if key not in self._entries:
            self.prefetch(set(), set(), {key})
        return self._entries[key]

    def entry(self, identity: int) -> Entry | None:
        row = self.connection.execute(select(*_ENTRY).where(t.events.c.id == identity)).first()
        added = next((e for e in self._new_events if e["id"] == identity), None)
        return Entry(*row) if row else Entry(**added) if added else None

    def message(self, identity: int) -> Message | None:
        if identity not in self._messages:
            row = self.connection.execute(select(t.messages).where(t.messages.c.id == identity)).first()
            self._messages[identity] = Message(*row) if row else None
        return self._messages[identity]

    # writes

    def add_event(self, entry: Entry) -> None:
        self._new_events.append(
            {
                "id": entry.id, "chat": entry.chat, "native": entry.native, "kind": entry.kind,
                "message": entry.message, "reply": entry.reply, "account": entry.account, "network": entry.network,
                "author": entry.author, "key": entry.key, "body": entry.body, "at": entry.at,
            }
        )  # fmt: skip
        self._seen[entry.chat, entry.native] = (entry.id, entry.at)
        self._entries[entry.key] = entry

    def add_message(self, message: Message) -> None:
        self._messages[message.id] = message
        self._new_messages.append(
            {"id": message.id, "network": message.network, "author": message.author,
             "content": message.content, "retracted": message.retracted}
        )  # fmt: skip

    def change_message(self, message: Message) -> None:
        self._messages[message.id] = message
        self._changed_messages[message.id] = message

    def add_copy(self, copy: Copy) -> None:
        """The newest wins: where clients choose ids they come again."""
        self._copies[copy.chat, copy.native] = copy
        self._new_copies[copy.chat, copy.native] = copy

    def move_cursor(self, account: int, cursor: str) -> None:
        self._cursors[account] = cursor

    def flush(self) -> None:
        """Write what was collected, one statement per table; from here on the database knows it all."""
        run = self.connection.execute
        for table, rows in (
            (t.events, self._new_events),
            (t.messages, self._new_messages),
        ):
            if rows:
                run(insert(table), rows)
        self._flush_copies()
        for message in self._changed_messages.values():
            values = {"content": message.content, "retracted": message.retracted}
            run(update(t.messages).where(t.messages.c.id == message.id).values(values))
        self.owed.finish()
        for account, cursor in self._cursors.items():
            run(update(t.accounts).where(t.accounts.c.id == account).values(cursor=cursor))
        self._clear_overlay()

    def _flush_copies(self) -> None:
        if not self._new_copies:
            return
        dialect = sqlite if self.connection.dialect.name == "sqlite" else postgresql
        base = dialect.insert(t.copies)
        changed = {name: base.excluded[name] for name in ("message", "part", "version")}
        rows = [
            {"chat": c.chat, "native": c.native, "message": c.message, "part": c.part, "version": c.version}
            for c in self._new_copies.values()
        ]
        self.connection.execute(base.on_conflict_do_update(index_elements=["chat", "native"], set_=changed), rows)

    def _clear_overlay(self) -> None:
        self._seen: dict[tuple[int, str], tuple[int, float] | None] = {}
        self._copies: dict[tuple[int, str], Copy | None] = {}
        self._entries: dict[str, Entry | None] = {}
        self._messages: dict[int, Message | None] = {}
        self._new_events: list[dict[str, Any]] = []
        self._new_messages: list[dict[str, Any]] = []
        self._new_copies: dict[tuple[int, str], Copy] = {}
        self._changed_messages: dict[int, Message] = {}
        self._cursors: dict[int, str] = {}
