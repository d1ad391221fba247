"""What was said in a room while nobody of ours listened, from its archive (XEP-0313)."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, Contact, ContactId, Message, MessageId, MessageReceived, Style
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.joined import reading, writing
from bridge.xmpp.requests import Requests

MAM = "urn:xmpp:mam:2"
RESULT = f"{{{MAM}}}result"
_FORWARDED, _FIN = "{urn:xmpp:forward:0}forwarded", f"{{{MAM}}}fin"
_LAST = f"{_FIN}/{{http://jabber.org/protocol/rsm}}set/{{http://jabber.org/protocol/rsm}}last"
_PAGE, _MOST_PAGES = 100, 200


class Forgotten(Exception):  # not an error: the archive does not reach so far back any more
    """The archive does not know the message behind which it was to begin."""


class TooMuch(Exception):  # not an error either
    """More was said than is read at once."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message of the archive."""

    id: str
    at: float | None
    stanza: Element


class RoomArchive:
    """Of one room, as its listener may read it."""

    def __init__(self, room: ChatId) -> None:
        self._room = room
        self._pages: dict[str, list[Element]] = {}  # by query

    def result(self, result: Element) -> None:
        """A result has come (XEP-0313 #results); of a query that nobody has made it says nothing."""
        page = self._pages.get(result.get("queryid", ""))
        if page is not None and len(page) < 10 * _PAGE:
            page.append(result)

    async def last(self, requests: Requests, listener: str) -> Found | None:
        """The newest message; None if there is none."""
        found, _, _ = await self._page(requests, listener, "", "", "<max>1</max><before/>")
        return found[-1] if found else None

    async def since(self, requests: Requests, listener: str, after: str, at: float | None) -> AsyncIterator[Found]:
        """Everything behind the message `after`, or if `at` is given since then. Raises `Forgotten`, `TooMuch`,
        `StanzaError`, `Unavailable`."""
        start = stamp(at) if at is not None else ""
        begin = "" if at is not None else after
        for _ in range(_MOST_PAGES):
            try:
                found, last, complete = await self._page(requests, listener, begin, start, f"<max>{_PAGE}</max>")
            except StanzaError as error:
                if error.condition == "item-not-found" and begin == after and at is None:
                    raise Forgotten from None
                raise
            for one in found:
                yield one
            if complete or not found or not last:
                return
            begin, start = last, ""
        raise TooMuch

    async def _page(
        self, requests: Requests, listener: str, after: str, start: str, page: str
    ) -> tuple[list[Found], str, bool]:
        query = secrets.token_hex(8)
        self._pages[query] = []
        try:
            answer = await requests.ask("set", self._room, writing.archive(after, start, page, query), sender=listener)
        finally:
            came = self._pages.pop(query)
        fin = answer.find(_FIN)
        found = [one for result in came if (one := _found(result)) is not None]
        return found, answer.findtext(_LAST, ""), fin is None or fin.get("complete") == "true"


def _found(result: Element) -> Found | None:
    forwarded = result.find(_FORWARDED)
    if forwarded is None or not result.get("id"):
        return None
    stanza = next((child for child in forwarded if child.tag.endswith("}message")), None)
    return Found(result.get("id", ""), reading.delayed(forwarded), stanza) if stanza is not None else None


def gap(room: ChatId, begun: float, ended: float) -> MessageReceived:
    """Said where others read it: something of the room may be missing."""
    text = f"What was said in {room} between {stamp(begun)} and {stamp(ended)} may be missing here."
    return MessageReceived(
        chat=room, id=MessageId(f"gap {begun}"), sender=Contact(ContactId(room), room), at=ended,
        message=Message(text, style=Style.NOTICE),
    )  # fmt: skip


def stamp(at: float) -> str:
    """XEP-0082 #sect-datetime."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
