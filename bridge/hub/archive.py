"""The archives of hosted rooms: what was said there, as far as a reader may know it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.contract import ChatId, Edit, Reason, Refused, Send, Unavailable
from bridge.hub import telling
from bridge.hub.facades import HOME, RoomNews
from bridge.hub.files import Files
from bridge.hub.history import Histories, Step
from bridge.hub.intake import Context
from bridge.hub.limits import Retention
from bridge.hub.lines import ArchivePage, ArchiveQuery, Line
from bridge.hub.retention import Retaining
from bridge.hub.sessions import Sessions
from bridge.store import archive
from bridge.store.archive import LineRow, Reading, Wanted
from bridge.store.database import Database
from bridge.store.writer import Writer

_MOST = 250  # lines of a page
_AT_ONCE = 20  # lines between two turns of the event loop
_PAGES, _PATIENCE = 5, 10.0  # that are fetched for one question, and seconds


@dataclass(frozen=True, slots=True)
class _Found:
    who: Reading
    rows: Sequence[LineRow]
    more: bool  # there are others
    wants: bool  # what has not been fetched yet may belong to it


class RoomArchive:
    """The `Archive` facade."""

    def __init__(self, database: Database, files: Files, histories: Histories, retaining: Retaining) -> None:
        self._database = database
        self._files = files
        self._histories = histories
        self._retaining = retaining

    @staticmethod
    def over(
        database: Database,
        writer: Writer,
        sessions: Sessions,
        files: Files,
        keep: Retention,
        context: Callable[[], Context],
        told: Callable[[RoomNews], None],
    ) -> "RoomArchive":
        histories = Histories(database, writer, sessions, context, told)
        return RoomArchive(database, files, histories, Retaining(database, writer, keep))

    async def run(self) -> None:
        """Forget what is too old; a task of the hub."""
        await self._retaining.run()

    async def page(self, room: ChatId, reader: str, query: ArchiveQuery) -> ArchivePage:
        found = await self._database.read(lambda c: _found(c, room, reader, query))
        step, until = Step.MORE, asyncio.get_running_loop().time() + _PATIENCE
        for _ in range(_PAGES):
            if not found.wants or asyncio.get_running_loop().time() > until:
                break
            step = await self._histories.older(found.who)
            if step is Step.MORE:
                found = await self._database.read(lambda c: _found(c, room, reader, query))
            else:
                break
        short = found.wants and step is not Step.END
        if short and query.last and not found.rows:
            raise Unavailable("What was said before does not come now. Try again later.")
        complete = not found.more and not (short and query.last)
        return ArchivePage(await self._lines(found), complete, settled=not (short and not query.last))

    async def count(self, room: ChatId, reader: str, query: ArchiveQuery) -> int:
        def counted(connection: Any) -> int:
            who = _reading(connection, room, reader)
            return archive.count(connection, who, _wanted(connection, who, query))

        return await self._database.read(counted)

    async def _lines(self, found: _Found) -> Sequence[Line]:
        lines = []
        for number, row in enumerate(found.rows):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            one = telling.line(row, found.who)
            if one.message.media and row.network != HOME and isinstance(one.said, Send | Edit):
                shown = await self._files.archived(one.message, row.chat, row.account)
                one = replace(one, said=replace(one.said, message=shown))
            lines.append(one)
        return lines


def _found(connection: Any, room: ChatId, reader: str, query: ArchiveQuery) -> _Found:
    """Raises `Refused`."""
    who = _reading(connection, room, reader)
    wanted = _wanted(connection, who, query)
    rows = archive.lines(connection, who, wanted)
    more = len(rows) >= wanted.most
    if more:
        rows = rows[1:] if query.last else rows[:-1]
    return _Found(who, rows, more, _wants_older(connection, who, query, more))


def _wants_older(connection: Any, who: Reading, query: ArchiveQuery, more: bool) -> bool:
    """Whether the reader goes back beyond what is here: at the end of a page backwards, or from a time on."""
    if query.stored or query.only or query.above or (query.last and more):
        return False
    if not query.last and query.start is None:
        return False
    first = archive.oldest(connection, who)
    return first is None or query.start is None or first[1] > query.start


def _reading(connection: Any, room: ChatId, reader: str) -> Reading:
    who = archive.reading(connection, room, reader)
    if who is None:
        raise Refused("You are not in this room on its network.", Reason.FORBIDDEN)
    return who


def _wanted(connection: Any, who: Reading, query: ArchiveQuery) -> Wanted:
    """With one line more than is wanted, which tells whether there are more."""
    places = archive.places(connection, who, list(dict.fromkeys((*query.above, *query.below, *query.only))))
    if any(key not in places for key in (*query.above, *query.below, *query.only)):
        raise Refused("There is no such message in this archive.", Reason.NOT_FOUND)
    authors = None
    if query.author is not None:
        ours = [(HOME, user) for user, face in who.faces.items() if face == query.author]
        authors = [(who.room.network, query.author), *ours]
    return Wanted(
        most=max(0, min(query.most, _MOST)) + 1,
        last=query.last,
        above=max((places[key] for key in query.above), default=None),
        below=min((places[key] for key in query.below), default=None),
        only=[places[key] for key in query.only],
        start=query.start,
        end=query.end,
        authors=authors,
        heard=query.heard,
        standing=query.standing,
    )
