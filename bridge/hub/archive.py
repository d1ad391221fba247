"""The archives of hosted rooms: what somebody who comes in may read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bridge.contract import ChatId, Contact, ContactId, Message, MessageEdited, MessageId, MessageReceived
from bridge.hub import codec, fallback
from bridge.hub.facades import HOME, Line
from bridge.hub.files import Files
from bridge.hub.translate import mentioning
from bridge.store import archive
from bridge.store.archive import LineRow
from bridge.store.database import Database

_MOST = 200  # messages of a page


class RoomArchive:
    """The `Archive` facade."""

    def __init__(self, database: Database, files: Files) -> None:
        self._database = database
        self._files = files

    async def page(self, room: ChatId, reader: str, most: int, since: float | None = None) -> Sequence[Line]:
        wanted = max(0, min(most, _MOST))
        found = await self._database.read(lambda c: archive.page(c, room, reader, wanted, since or 0.0))
        return () if found is None else [await self._line(one, found.network, found.faces) for one in found.lines]

    async def _line(self, row: LineRow, network: str, faces: Mapping[str, str]) -> Line:
        line = _line(row, network, faces)
        if not line.message.media or row.network == HOME:
            return line
        return replace(line, message=await self._files.archived(line.message, row.chat, row.account))


def _line(row: LineRow, network: str, faces: Mapping[str, str]) -> Line:
    """Our users are who they are on the room's network."""
    said = codec.decode("message", row.body)
    assert isinstance(said, MessageReceived)
    later = codec.decode("edit", row.content) if row.content is not None else None
    message: Message = later.message if isinstance(later, MessageEdited) else said.message
    sender: Contact = said.sender
    here = row.network == HOME
    face = faces.get(row.author) if here else (row.author if row.network == network else None)
    return Line(
        key=row.key,
        author=ContactId(face) if face is not None else None,
        name=sender.name or sender.id.partition("@")[0],
        at=said.at,
        message=_said(message, row),
        own_id=said.id if here else "",
    )


def _said(message: Message, row: LineRow) -> Message:
    """What it replies to and whom it mentions, as they are called here."""
    message = mentioning(message, row.network, HOME)
    if row.reply is None and message.quote is not None:
        return fallback.quoting(message.quote, message)
    return replace(message, reply_to=MessageId(row.reply) if row.reply is not None else None)
