"""The archives of hosted rooms, as they are asked (XEP-0313).

Results are the stanzas that everybody in the room was sent. A long message is several, each with an id of its own, of
which the hub knows only the first; so a page may begin and end within one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bridge.contract import ConnectorError, ContactId, Reason, Refused
from bridge.hub.keys import split
from bridge.hub.lines import Archive, ArchiveQuery, Line
from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import mam, stanzas, wording
from bridge.xmpp.hosted.asked import RoomQuestion
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.mam import Asked
from bridge.xmpp.hosted.room import HostedRoom
from bridge.xmpp.hosted.wording import Written
from bridge.xmpp.rsm import NAMESPACE as RSM

_AT_ONCE = 20  # lines between two turns of the event loop
_LARGEST = 1_000_000  # characters of a page


class Archives:
    """Answers queries, and what may be asked about them."""

    def __init__(self, house: House, archive: Archive, limit: int) -> None:
        """`limit`: bytes of a stanza."""
        self._house = house
        self._archive = archive
        self._limit = limit

    @property
    def answers(self) -> Mapping[tuple[str, str], Callable[[RoomQuestion], Awaitable[str]]]:
        """By kind and tag of the payload."""
        return {
            ("get", mam.QUERY): self.form,
            ("set", mam.QUERY): self.query,
            ("get", mam.METADATA): self.metadata,
        }

    async def form(self, question: RoomQuestion) -> str:
        """XEP-0313 #query-form."""
        return mam.FORM

    async def query(self, question: RoomQuestion) -> str:
        """XEP-0313 #query: the results are written, the answer comes behind them. Raises `StanzaError`."""
        asked = mam.read(question.payload)
        room, user = question.where.room, question.user
        try:
            wanted = await self._wanted(asked, question)
            if wanted is None or asked.most == 0:
                return _fin([], await self._archive.count(room, user, wanted) if wanted is not None else 0)
            found, complete, settled = await self._found(asked, wanted, question)
        except Refused as refusal:
            raise StanzaError(str(refusal.reason), refusal.text) from refusal
        except ConnectorError as error:
            raise StanzaError(str(Reason.TIMEOUT), error.text) from error
        self._send(question, found[::-1] if asked.flipped else found, asked.queryid)
        return _fin([one for one, _ in found], None, complete=complete, settled=settled)

    async def metadata(self, question: RoomQuestion) -> str:
        """XEP-0313 #archive-metadata, of what is here. Raises `StanzaError`."""
        ends = []
        try:
            for name, last in (("start", False), ("end", True)):
                page = await self._archive.page(
                    question.where.room, question.user, ArchiveQuery(most=1, last=last, stored=True)
                )
                some = await self._written(page.lines, question)
                if some:
                    one = some[-1 if last else 0][0]
                    ends.append(f'<{name} id="{text.attribute(one.id)}" timestamp="{stanzas.stamp(one.at)}"/>')
        except Refused as refusal:
            raise StanzaError(str(refusal.reason), refusal.text) from refusal
        except ConnectorError as error:
            raise StanzaError(str(Reason.TIMEOUT), error.text) from error
        return f'<metadata xmlns="{mam.NAMESPACE}">{"".join(ends)}</metadata>'

    async def _wanted(self, asked: Asked, question: RoomQuestion) -> ArchiveQuery | None:
        """None for what nobody can have said."""
        author = None
        if asked.person and asked.person != question.where.room:
            author = await self._person(asked.person, question)
            if author is None:
                return None
        above = [split(id)[0] for id in (asked.after, asked.above) if id]
        below = [split(id)[0] for id in (asked.before, asked.below) if id]
        return ArchiveQuery(
            most=asked.most + len(above) + len(below), last=asked.backwards, above=above, below=below,
            only=[split(id)[0] for id in asked.ids], start=asked.start, end=asked.end, author=author,
        )  # fmt: skip

    async def _person(self, jid: str, question: RoomQuestion) -> ContactId | None:
        """Whom an address means in this room: an occupant, a contact, or whoever asks."""
        room = await self._house.look(question.where.room, question.user)
        bare, _, nick = jid.partition("/")
        if bare == room.jid:
            return next((contact for contact, one in room.nicks.items() if one == nick), None)
        return room.faces.get(bare) if bare == question.user else self._house.contact(room.room.network, bare)

    async def _found(
        self, asked: Asked, wanted: ArchiveQuery, question: RoomQuestion
    ) -> tuple[list[tuple[Written, str]], bool, bool]:
        """The page, as it is sent; whether it is complete, and whether it stays so."""
        page = await self._archive.page(question.where.room, question.user, wanted)
        some = [one for one in await self._written(page.lines, question, asked.queryid) if _fits(one[0].id, asked)]
        cut = some[-asked.most :] if asked.backwards else some[: asked.most]
        size, kept = 0, 0
        for _, stanza in reversed(cut) if asked.backwards else cut:
            size += len(stanza)
            if size > _LARGEST and kept:
                break
            kept += 1
        found = cut[len(cut) - kept :] if asked.backwards else cut[:kept]
        return found, page.complete and len(found) == len(some), page.settled

    async def _written(
        self, lines: Sequence[Line], question: RoomQuestion, queryid: str = ""
    ) -> list[tuple[Written, str]]:
        if not lines:
            return []
        room, found = await self._house.look(question.where.room, question.user), []
        for number, line in enumerate(lines):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            for one in wording.written(self._house, room, line, self._limit):
                found.append((one, _result(room, one, queryid)))
        return found

    def _send(self, question: RoomQuestion, results: Sequence[tuple[Written, str]], queryid: str) -> None:
        if results:
            everything = "".join(stanza for _, stanza in results)
            self._house.write(question.where.gateway.network, stanzas.filled(everything, [question.sender]))


def _result(room: HostedRoom, one: Written, queryid: str) -> str:
    who = room.known(one.by) if one.by is not None else None
    return stanzas.archived(one.stanza, room.jid, who, one.id, one.at, queryid)


def _fits(id: str, asked: Asked) -> bool:
    """Whether a part of a line that was found is itself on the right side of what was named."""
    key, part = split(id)
    above = [split(one) for one in (asked.after, asked.above) if one]
    below = [split(one) for one in (asked.before, asked.below) if one]
    if any(key == named and part <= number for named, number in above):
        return False
    if any(key == named and part >= number for named, number in below):
        return False
    return not asked.ids or id in asked.ids


def _fin(found: Sequence[Written], count: int | None, *, complete: bool = False, settled: bool = True) -> str:
    """XEP-0059 #count, only for whoever asks for nothing else: the number of messages, however long they are."""
    ends = ""
    if found:
        ends = f"<first>{text.escape(found[0].id)}</first><last>{text.escape(found[-1].id)}</last>"
    if count is not None:
        ends, complete = f"<count>{count}</count>", count == 0
    said = (' complete="true"' if complete else "") + ("" if settled else ' stable="false"')
    return f'<fin xmlns="{mam.NAMESPACE}"{said}><set xmlns="{RSM}">{ends}</set></fin>'
