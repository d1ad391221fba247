"""Who says what in a hosted room: actions and lines of the archive as stanzas with a gap for the address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge.contract import (
    Action,
    ContactId,
    Edit,
    MarkRead,
    Message,
    Person,
    React,
    Retract,
    Send,
    SetTyping,
)
from bridge.hub.facades import HOME
from bridge.hub.lines import Line, Removal
from bridge.xmpp import content, files, nicks, render, signs
from bridge.xmpp.hosted import stanzas
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.room import HostedRoom


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who speaks: nick and occupant id (XEP-0421)."""

    nick: str
    occupant: str


def voice_of(house: House, room: HostedRoom, contact: ContactId | None, name: str) -> Voice:
    """An occupant, also one who is gone; else somebody by name."""
    nick = room.nicks.get(contact) if contact is not None else None
    if nick is None:
        nick = nicks.named(name or contact or "")
    return Voice(nick, house.occupant_id(room.jid, contact or ContactId(name)))


@dataclass(frozen=True, slots=True)
class Written:
    """A stanza of the archive, with a gap for the address."""

    id: str  # the room's (XEP-0359)
    stanza: str
    at: float
    by: ContactId | None  # an occupant


def history(house: House, room: HostedRoom, said: Line, limit: int) -> list[str]:
    """A line of the archive for whoever comes in, in stanzas of at most `limit` bytes as it was when it was said."""
    return [one.stanza for one in written(house, room, replace(said, said=replace(said.said, at=said.at)), limit)]


def written(house: House, room: HostedRoom, said: Line, limit: int) -> list[Written]:
    """A line of the archive as everybody in the room was sent it."""
    voice, action = voice_of(house, room, said.author, said.name), said.said
    if said.removal is not None:
        gone = _gone(house, room, said.removal)
        id = action.own_id or action.key
        stanza = stanzas.tombstone(room.jid, voice.nick, voice.occupant, id, action.key, gone)
        return [Written(action.key, stanza, said.at, said.author)]
    if isinstance(action, Send | Edit):
        action = replace(action, message=files.addressed(action.message, house.link))
    parts = render.parts(action, len(room.jid.encode()), limit, called_in(room))
    return [Written(part.key, _WRITERS[type(part)](room, voice, part), said.at, said.author) for part in parts]


def _gone(house: House, room: HostedRoom, removal: Removal) -> stanzas.Gone:
    named = removal.moderator and (removal.by is not None or removal.name)
    by = voice_of(house, room, removal.by, removal.name) if named else Voice("", "")
    return stanzas.Gone(removal.id, removal.at, removal.moderator, by.nick, by.occupant, removal.reason)


def stanza(house: House, room: HostedRoom, action: Action) -> str:
    """What everybody in the room is sent of `action`."""
    return _WRITERS[type(action)](room, speaker(house, room, action), action)


def speaker(house: House, room: HostedRoom, action: Action) -> Voice:
    """Our users are who they are on the room's network."""
    persona = action.persona
    if persona is None:
        return Voice("", "")  # the room itself
    if persona.network == HOME:
        contact = room.faces.get(persona.contact)
        return voice_of(house, room, contact, persona.name or persona.contact.partition("@")[0])
    return voice_of(house, room, ContactId(persona.contact), persona.name)


def called_in(room: HostedRoom) -> content.Called:
    """People as they are called in the room."""

    def called(person: Person) -> content.Name:
        contact = room.faces.get(person.id) if person.network == HOME else ContactId(person.id)
        nick = room.nicks.get(contact, "") if contact is not None else ""
        if contact is None or not nick:
            return content.Name()
        seen = room.seen.get(contact)
        return content.Name(f"{room.jid}/{nick}", nick, seen.id if seen is not None else "")

    return called


def _content(room: HostedRoom, message: Message) -> str:
    called = called_in(room)
    quote = message.quote
    author = called(quote.author) if quote is not None and quote.author is not None else content.Name()
    return content.written(message, to=author.jid, name=author.nick or (quote.name if quote else ""), called=called)


def _send(room: HostedRoom, voice: Voice, action: Send) -> str:
    id = action.own_id or action.key
    return stanzas.said(room.jid, voice.nick, voice.occupant, id, action.key, _content(room, action.message), action.at)


def _edit(room: HostedRoom, voice: Voice, action: Edit) -> str:
    id = action.own_id or action.key
    target = action.target.ids[0]
    return stanzas.corrected(
        room.jid, voice.nick, voice.occupant, id, action.key, target, _content(room, action.message)
    )


def _retract(room: HostedRoom, voice: Voice, action: Retract) -> str:
    target = action.target.ids[0]
    if action.moderator:
        return stanzas.removed(room.jid, action.key, target, action.reason, voice.nick, voice.occupant)
    return stanzas.retracted(room.jid, voice.nick, voice.occupant, action.own_id or action.key, action.key, target)


def _react(room: HostedRoom, voice: Voice, action: React) -> str:
    id, target = action.own_id or action.key, action.target.ids[0]
    return stanzas.reacted(room.jid, voice.nick, voice.occupant, id, action.key, target, action.reactions)


def _typing(room: HostedRoom, voice: Voice, action: SetTyping) -> str:
    return stanzas.sign(room.jid, voice.nick, voice.occupant, signs.typing(action.typing))


def _read(room: HostedRoom, voice: Voice, action: MarkRead) -> str:
    """XEP-0333 #rooms: the room's own name of the message."""
    return stanzas.sign(room.jid, voice.nick, voice.occupant, signs.displayed(action.target.ids[-1]))


_WRITERS: Mapping[type[Action], Callable[[HostedRoom, Voice, Any], str]] = {
    Send: _send,
    Edit: _edit,
    Retract: _retract,
    React: _react,
    SetTyping: _typing,
    MarkRead: _read,
}
