"""Deliveries inside the group's transaction: what is owed, what is done, what failed."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, select

from bridge.store import statements
from bridge.store import tables as t

_COLUMNS = ("chat", "event", "account", "state", "tried", "bugs", "told", "reason", "text", "at")
OPEN, REFUSED, DEAD, GIVEN_UP, DROPPED = 0, 1, 2, 3, 4  # the last: failed, and put away by the operator


class Owed:
    """One per group; writes what it collected with one statement per kind of change, when the group ends or something
    is asked."""

    def __init__(self, connection: Connection, now: Callable[[], float], current: Callable[[int], int]) -> None:
        """`current` tells which chat one is now that was merged into another while a delivery was under way."""
        self._connection = connection
        self._now = now
        self._current = current
        self._new: list[tuple[Any, ...]] = []
        self._done: set[tuple[int, int]] = set()
        self._changed: list[tuple[int, int, dict[str, Any]]] = []
        self._dropped: list[int] = []

    def state(self, chat: int, event: int) -> tuple[int, str, str] | None:
        """A delivery's state, reason and text; None when it is done (or never was)."""
        self.flush()  # the group itself may have made or ended it
        d = t.deliveries.c
        query = select(d.state, d.reason, d.text).where(d.chat == chat, d.event == event)
        row = self._connection.execute(query).first()
        return None if row is None else (row[0], row[1], row[2])

    def oldest_tried(self, chat: int) -> tuple[int, int] | None:
        """The oldest open delivery of `chat` that was durably marked as tried, and which part's call was begun."""
        self.flush()
        d = t.deliveries.c
        query = select(d.event, d.tried).where(d.chat == chat, d.state == OPEN, d.tried > 0).order_by(d.event).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else (row[0], row[1] - 1)

    def add(self, chat: int, event: int, account: int) -> None:
        """`account` owes `event` to `chat`."""
        self._insert(chat, event, account, OPEN, told=False, reason="", text="")

    def add_failed(self, chat: int, event: int, account: int, reason: str, text: str, *, told: bool) -> None:
        """A delivery that was done has failed after all."""
        self._insert(chat, event, account, REFUSED, told=told, reason=reason, text=text[:500])

    def close(self, chat: int, event: int, *, drop: bool = False) -> None:
        """The delivery is done: its row goes; with `drop` its event too (answers and notices leave nothing behind)."""
        self._done.add((self._current(chat), event))
        if drop:
            self._dropped.append(event)

    def keep(self, chat: int, event: int, **values: Any) -> None:
        """Change a delivery's row: some of state, tried, bugs, told, reason, text."""
        self._changed.append((self._current(chat), event, values))

    def flush(self) -> None:
        """Write what was collected since the last time."""
        run, where = self._connection, ("chat", "event")
        statements.insert(run, "deliveries", _COLUMNS, self._new)
        statements.delete(run, "deliveries", where, list(self._done))
        for chat, event, values in self._changed:
            statements.update(run, "deliveries", tuple(values), where, [(*values.values(), chat, event)])
        self._new, self._done, self._changed = [], set(), []

    def finish(self) -> None:
        """The group ends: the rest is written, when its events are."""
        self.flush()
        statements.delete(self._connection, "events", ("id",), [(event,) for event in self._dropped])
        self._dropped = []

    def _insert(self, chat: int, event: int, account: int, state: int, *, told: bool, reason: str, text: str) -> None:
        self._new.append((chat, event, account, state, 0, 0, int(told), reason, text, self._now()))
