"""The journal as one transaction sees it: what is stored, plus what the group itself has added so far.

Every question is answered from the overlay first, so an edit in the group of its message, or an echo in the group of
its receipt, is seen. Writes are collected and made by one `executemany` per table when the group ends (before that only
for what has to see them in the database).
Chats and links are kept from group to group: the writer is the only one that changes them.
"""

import time
from collections.abc import Callable, Iterable
from operator import attrgetter

from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from bridge.store import statements
from bridge.store import tables as t
from bridge.store.directory import Directory
from bridge.store.owed import Owed
from bridge.store.rows import Copy, Entry, Message

_ENTRY, _MESSAGE, _COPY = (kind.__struct_fields__ for kind in (Entry, Message, Copy))
_of_entry, _of_message, _of_copy = attrgetter(*_ENTRY), attrgetter(*_MESSAGE), attrgetter(*_COPY)


class Ledger:
    """One per writer; `begin` and `flush` enclose a group."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.now = clock
        self.directory = Directory()
        self.connection: Connection
        self.owed: Owed
        self._last: int | None = None
        self._outside = 0
        self._clear_overlay()

    def begin(self, connection: Connection, outside: int = 0) -> None:
        """A group starts. The overlay is empty, the ids go on from the last one ever given. `outside` is another number
        when somebody else may have logged in or out."""
        self.connection = connection
        self.directory.use(connection)
        if outside != self._outside:
            self.directory.accounts.forget()
            self._outside = outside
        self.owed = Owed(connection, self.now, self.directory.current)
        self._clear_overlay()
        if self._last is None:
            self._last = connection.execute(select(func.max(t.events.c.id))).scalar() or 0

    def forget(self) -> None:
        """A group failed: nothing remembered may be trusted, but which chats were merged in groups before: what is
        under way in one that is gone has to be closed where it is now."""
        self._last = None
        self.directory = Directory(self.directory.durable)
        self._clear_overlay()

    def next_id(self) -> int:
        """An event id: microseconds, ascending, never given twice, not even by a restored database."""
        assert self._last is not None
        self._last = max(self._last + 1, int(self.now() * 1_000_000))
        return self._last

    # questions

    def prefetch(self, copies: set[tuple[int, str]], keys: set[str]) -> None:
        """Read at once what the group's jobs will ask one by one."""
        if copies:
            self._copies.update(dict.fromkeys(copies))
            for row in statements.rows_of(self.connection, "copies", ", ".join(_COPY), ("chat", "native"), copies):
                self._copies[row[0], row[1]] = Copy(*row)
        if keys:
            recent = self.directory.recent
            self._entries.update((key, recent.get(key)) for key in keys)
            wanted = [(key,) for key in keys if key not in recent]
            for row in statements.rows_of(self.connection, "events", ", ".join(_ENTRY), ("key",), wanted):
                entry = Entry(*row)
                self._entries[entry.key] = entry

    def copy(self, chat: int, native: str) -> Copy | None:
        if (chat, native) not in self._copies:
            self.prefetch({(chat, native)}, set())
        return self._copies[chat, native]

    def called(self, chat: int, native: str) -> int | None:
        """The event that is called so in this chat: it happened there, or came there from elsewhere."""
        copy = self.copy(chat, native)
        if copy is None:
            return None
        return copy.message if copy.part >= 0 else abs(copy.version)

    def entry_by_key(self, key: str) -> Entry | None:
        """The event that actions with this key are made from; it may come without its body."""
        if key not in self._entries:
            self.prefetch(set(), {key})
        return self._entries[key]

    def entry(self, identity: int) -> Entry | None:
        added = next((entry for entry in self._new_events if entry.id == identity), None)
        rows = statements.rows_of(self.connection, "events", ", ".join(_ENTRY), ("id",), [(identity,)])
        return added or next((Entry(*row) for row in rows), None)

    def message(self, identity: int) -> Message | None:
        if identity not in self._messages:
            row = self.connection.execute(select(t.messages).where(t.messages.c.id == identity)).first()
            self._messages[identity] = Message(*row) if row else None
        return self._messages[identity]

    # writes

    def add_event(
        self, entry: Entry, rooms: Iterable[int] = (), said: float = 0.0, position: int | None = None
    ) -> None:
        """`rooms` are hosted ones that have it in their archives: at `position`, or else behind all that is there.
        `said`: when, seconds since the epoch."""
        self._new_events.append(entry)
        place = entry.id if position is None else position
        self._archived += [(room, place, entry.id, said) for room in rooms]
        self._entries[entry.key] = entry

    def add_message(self, message: Message) -> None:
        self._messages[message.id] = message
        self._new_messages.append(message)

    def change_message(self, message: Message) -> None:
        self._messages[message.id] = message
        self._changed_messages[message.id] = message

    def add_copy(self, copy: Copy) -> None:
        """The newest wins: where clients choose ids they come again."""
        chat = self.directory.current(copy.chat)
        if chat != copy.chat:
            copy = replace(copy, chat=chat)
        self._copies[copy.chat, copy.native] = copy
        self._new_copies[copy.chat, copy.native] = copy

    def move_cursor(self, account: int, cursor: str) -> None:
        self._cursors[account] = cursor

    def flush(self) -> None:
        """Write what was collected, one statement per table; from here on the database knows it all."""
        run = self.connection
        changed, copies = self._changed_messages.values(), self._new_copies.values()
        statements.insert(run, "events", _ENTRY, [_of_entry(entry) for entry in self._new_events])
        statements.insert(run, "messages", _MESSAGE, [_of_message(message) for message in self._new_messages])
        statements.insert(run, "copies", _COPY, [_of_copy(copy) for copy in copies], key=("chat", "native"))
        statements.insert(run, "archive", ("chat", "position", "event", "said"), self._archived)
        states = [(message.content, message.retracted, message.id) for message in changed]
        statements.update(run, "messages", ("content", "retracted"), ("id",), states)
        self.directory.journaled(self._new_events)
        self.owed.finish()
        cursors = [(cursor, account) for account, cursor in self._cursors.items()]
        statements.update(run, "accounts", ("cursor",), ("id",), cursors)
        self._clear_overlay()

    def _clear_overlay(self) -> None:
        self._copies: dict[tuple[int, str], Copy | None] = {}
        self._entries: dict[str, Entry | None] = {}
        self._messages: dict[int, Message | None] = {}
        self._new_events: list[Entry] = []
        self._new_messages: list[Message] = []
        self._new_copies: dict[tuple[int, str], Copy] = {}
        self._changed_messages: dict[int, Message] = {}
        self._cursors: dict[int, str] = {}
        self._archived: list[tuple[int, int, int, float]] = []
