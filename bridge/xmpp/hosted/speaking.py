"""What is done in hosted rooms, performed: one stanza, written once, for everybody who is in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bridge.contract import (
    Action,
    Capabilities,
    ChatId,
    Confirm,
    ContactId,
    Edit,
    Fail,
    Invite,
    MarkRead,
    MessageId,
    React,
    Receipt,
    Retract,
    Send,
    SetTyping,
)
from bridge.xmpp import errors, render
from bridge.xmpp.content import Called, nobody
from bridge.xmpp.hosted import stanzas, wording
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.room import HostedRoom
from bridge.xmpp.parse import Origin

ROOM = Capabilities(
    actions=frozenset({Send, Edit, Retract, React, Confirm, Fail, Invite, SetTyping, MarkRead}),
    window=32,
    # A repeat carries the same stanza-id.
    idempotent=True,
    unique_ids=False,
    personas=True,
    media=True,
    reflects=False,
)
_MANY = 200  # people in a room, above which signs of theirs are not shown
Deliver = Callable[[str, str], Awaitable[None]]


async def perform(house: House, action: Action, deliver: Deliver) -> Receipt:
    """Return when the server has what everybody is to see. Raises the four errors."""
    written = DOINGS[type(action)](house, action)
    if written:
        await deliver(action.key, written)
    return _receipt(action)


def called(house: House, chat: ChatId) -> Called:
    """How people are called there: in a room that somebody is in by their nicks."""
    room = house.room(chat)
    return wording.called_in(room) if room is not None else nobody


def _receipt(action: Action) -> Receipt:
    if isinstance(action, React):
        return Receipt(reactions=tuple((one, MessageId(f"{action.key}.{one}")) for one in action.reactions))
    if isinstance(action, Send | Edit | Retract):
        return Receipt((action.own_id or MessageId(action.key),))
    return Receipt()


def _say(house: House, action: Send | Edit | Retract | React) -> str:
    room = house.room(action.chat)
    if isinstance(action, Send) and action.persona is not None:
        house.activity.said(action.chat, ContactId(action.persona.contact))
    if room is None:
        return ""  # nobody is in: whoever comes reads it in the history
    if isinstance(action, Send) and action.persona is not None:
        house.pictures.speaks(room, ContactId(action.persona.contact), house)
    stanza = wording.stanza(house, room, action)
    if isinstance(action, Send):
        house.said(room, action.key, author_of(room, action))
    deaf = _deaf(house, room, action)
    fresh = room.reveal(ContactId(author_of(room, action)))
    before = stanzas.filled(stanzas.present(room.jid, fresh), room.inside) if fresh is not None else ""
    return before + stanzas.filled(stanza, room.offer(action.key, stanza, deaf))


def author_of(room: HostedRoom, action: Action) -> str:
    """Whom the room's network calls so who does it."""
    if action.persona is None:
        return ""
    home = action.persona.network != room.room.network
    return room.faces.get(action.persona.contact, ContactId("")) if home else action.persona.contact


def _sign(house: House, action: SetTyping | MarkRead) -> str:
    """Only what those who are in see of those who are there; where there are many, nobody is told of each."""
    room = house.room(action.chat)
    persona = action.persona
    if room is None or persona is None or len(room.seen) > _MANY or ContactId(persona.contact) not in room.seen:
        return ""
    return stanzas.filled(wording.stanza(house, room, action), room.hearing(_deaf(house, room, action)))


def _deaf(house: House, room: HostedRoom, action: Action) -> Callable[[str], bool]:
    """Which users want to hear nothing of whoever does it."""
    persona, network = action.persona, room.room.network
    if persona is None:
        return lambda user: False
    who = ContactId(persona.contact)
    return lambda user: house.hides(user, network, who)


def _invite(house: House, action: Invite) -> str:
    return stanzas.invitation(action)


def _confirm(house: House, action: Confirm) -> str:
    return ""  # the room shows it


def _fail(house: House, action: Fail) -> str:
    """The author gets the error; what the room has shown it takes back (XEP-0425)."""
    origin = Origin.read(action.origin)
    told = render.error(action.target, action.chat, origin.sender, errors.render(str(action.reason), action.text))
    room = house.room(action.chat)
    if room is None or not action.shown:
        return told
    removed = stanzas.removed(room.jid, action.key, action.shown, action.text)
    return stanzas.filled(removed, room.offer(action.key, removed)) + told


DOINGS: Mapping[type[Action], Callable[[House, Any], str]] = {
    Send: _say,
    Edit: _say,
    Retract: _say,
    React: _say,
    SetTyping: _sign,
    MarkRead: _sign,
    Invite: _invite,
    Confirm: _confirm,
    Fail: _fail,
}
