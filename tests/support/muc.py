"""Rooms as an XMPP app sees them (XEP-0045)."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element
from xml.sax.saxutils import quoteattr

from tests.support.xmpp_client import CLIENT, XmppClient, bare, body, error_of

USER = "{http://jabber.org/protocol/muc#user}"
ITEMS, INFO = "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/disco#info"
STANZA_ID, OCCUPANT_ID = "{urn:xmpp:sid:0}stanza-id", "{urn:xmpp:occupant-id:0}occupant-id"
DELAY, HATS = "{urn:xmpp:delay}delay", "{urn:xmpp:hats:0}"


@dataclass
class Entered:
    """What came when somebody entered: presences of others, one's own, the history, the subject."""

    others: list[Element] = field(default_factory=list)
    own: Element | None = None
    history: list[Element] = field(default_factory=list)
    subject: str = ""

    @property
    def nick(self) -> str:
        assert self.own is not None
        return nick(self.own)

    @property
    def nicks(self) -> list[str]:
        return [nick(one) for one in self.others]

    @property
    def statuses(self) -> set[int]:
        assert self.own is not None
        return statuses(self.own)

    @property
    def texts(self) -> list[str]:
        return [body(one) for one in self.history]


def nick(stanza: Element) -> str:
    return (stanza.get("from") or "").partition("/")[2]


def statuses(presence: Element) -> set[int]:
    return {int(one.get("code", "0")) for one in presence.iter(f"{USER}status")}


def worn(presence: Element) -> list[tuple[str, str]]:
    """URI and title of each hat (XEP-0317)."""
    return [(one.get("uri", ""), one.get("title", "")) for one in presence.iter(f"{HATS}hat")]


def is_presence(stanza: Element, room: str, kind: str | None = None) -> bool:
    return stanza.tag == f"{CLIENT}presence" and bare(stanza) == room and stanza.get("type") == kind


def is_subject(stanza: Element) -> bool:
    return stanza.find(f"{CLIENT}subject") is not None and stanza.find(f"{CLIENT}body") is None


async def enter(app: XmppClient, room: str, wanted: str = "me", history: str = "", seconds: float = 20.0) -> Entered:
    """Enter; everything up to the subject, in the order in which it came. Raises AssertionError for an error."""
    begin = len(app.received)
    app.send(
        f"<presence to={quoteattr(f'{room}/{wanted}')}><x xmlns='http://jabber.org/protocol/muc'>{history}</x></presence>"
    )
    end = await app.expect(
        lambda s: bare(s) == room and (is_subject(s) or (s.get("type") == "error" and "presence" in s.tag)),
        seconds, f"subject of {room}",
    )  # fmt: skip
    assert not error_of(end)[0], error_of(end)
    found = Entered(subject=end.findtext(f"{CLIENT}subject", ""))
    for stanza in app.received[begin : app.received.index(end)]:
        if bare(stanza) != room:
            continue
        if is_presence(stanza, room):
            assert found.own is None, "a presence after one's own"
            if 110 in statuses(stanza):
                found.own = stanza
            else:
                found.others.append(stanza)
        elif body(stanza):
            assert found.own is not None, "history before one's own presence"
            found.history.append(stanza)
    assert found.own is not None, "no presence of one's own"
    return found


async def refused(app: XmppClient, room: str, wanted: str = "me", inner: str = "") -> tuple[str, str]:
    """Try to enter; condition and text of the error."""
    app.send(
        f"<presence to={quoteattr(f'{room}/{wanted}' if wanted else room)}>"
        f"<x xmlns='http://jabber.org/protocol/muc'>{inner}</x></presence>"
    )
    return error_of(await app.expect(lambda s: is_presence(s, room, "error"), what=f"refusal of {room}"))


def say(app: XmppClient, room: str, text: str, id: str) -> None:
    app.send(f"<message to={quoteattr(room)} type='groupchat' id={quoteattr(id)}><body>{text}</body></message>")


async def said(app: XmppClient, room: str, text: str, seconds: float = 20.0) -> Element:
    """The next message of this text in the room."""
    return await app.expect(
        lambda s: bare(s) == room and s.get("type") == "groupchat" and body(s) == text, seconds, f"{text!r} in {room}"
    )


async def begun(app: XmppClient, room: str, begin: str, seconds: float = 60.0) -> None:
    """Something that begins so is said in the room, or was."""
    await app.expect(lambda s: bare(s) == room and body(s).startswith(begin), seconds, begin, again=True)


def leave(app: XmppClient, room: str, nick: str) -> None:
    app.send(f"<presence to={quoteattr(f'{room}/{nick}')} type='unavailable'/>")


def lines_of(stanzas: Iterable[Element]) -> list[tuple[str, str]]:
    """(stanza-id, text) of what people have said, once each, in order; the room itself has no nick."""
    found: dict[str, str] = {}
    for stanza in stanzas:
        id = stanza.find(STANZA_ID)
        if body(stanza) and nick(stanza) and id is not None:
            found.setdefault(id.get("id", ""), body(stanza))
    return list(found.items())


def lines(app: XmppClient, room: str) -> list[tuple[str, str]]:
    """The same of everything in a room that came to the app."""
    return lines_of(stanza for stanza in app.received if bare(stanza) == room)


async def items(app: XmppClient, to: str, inner: str = "") -> tuple[list[tuple[str, str]], Element]:
    """JID and name of what disco#items gives, and the whole answer."""
    answer = await app.iq(to, "get", f"<query xmlns='{ITEMS}'>{inner}</query>")
    found = [(item.get("jid", ""), item.get("name", "")) for item in answer.iter(f"{{{ITEMS}}}item")]
    return found, answer


async def listed(app: XmppClient, gateway: str, room: str, seconds: float = 20.0) -> None:
    """Return when the gateway names the room among those of the app's user."""
    found: list[tuple[str, str]] = []
    try:
        async with asyncio.timeout(seconds):
            while room not in dict(found):
                await asyncio.sleep(0.05)  # the first sync tells nobody of a room, so nothing else would say it
                found, _ = await items(app, gateway)
    except TimeoutError:
        raise TimeoutError(f"{room} is not among {found}") from None


async def any_listed(app: XmppClient, gateway: str, seconds: float = 30.0) -> str:
    """The room that the gateway names to the app's user, who has only one, once it does."""
    async with asyncio.timeout(seconds):
        while True:
            found, _ = await items(app, gateway)
            rooms = [jid for jid, _ in found if jid.startswith(("#", "!"))]
            if rooms:
                return rooms[0]
            await asyncio.sleep(0.05)  # as above


async def ping(app: XmppClient, to: str) -> str:
    """Empty when it is answered; else the condition of the error."""
    return error_of(await app.iq(to, "get", "<ping xmlns='urn:xmpp:ping'/>"))[0]
