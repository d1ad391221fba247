"""Whom or what somebody means who names a person or a room in a command. Raises `Declined` for nobody and nothing."""

from collections.abc import Sequence

from bridge.contract import ChatId, Contact, ContactId, Refused
from bridge.hub.desk.ports import Declined, Tools
from bridge.hub.desk.words import short
from bridge.hub.facades import Caller, Room

_SHOWN = 30  # rooms


async def person(tools: Tools, caller: Caller, typed: str) -> ContactId:
    """By their address, on their network or here, or by the name that a contact has."""
    found = await _by_name(tools, caller, typed)
    if len(found) == 1:
        return found[0].id
    if found:
        which = "\n".join(line(tools, caller, one) for one in found[:_SHOWN])
        raise Declined(f"Several people are called so. Give the address of the one that you mean:\n{which}")
    named = tools.home.person(caller.network, typed)
    if named is None:
        name = tools.connectors[caller.network].name
        raise Declined(f"`{short(typed)}` is nobody whom you know, and no address on {name}. Try `search`.")
    return named


async def _by_name(tools: Tools, caller: Caller, typed: str) -> Sequence[Contact]:
    wanted = typed.strip().casefold()
    contacts = await tools.people.contacts(caller.user, caller.network)
    return [one for one in contacts if one.name and one.name.casefold() == wanted]


async def room(tools: Tools, caller: Caller, typed: str) -> Room:
    """One that the caller is in."""
    return named_room(await tools.rooms.rooms(caller.user, caller.network), typed)


def named_room(rooms: Sequence[Room], typed: str) -> Room:
    """By its address here, the part of it before the @, or its name."""
    wanted = typed.strip().casefold()
    found = [room for room in rooms if wanted in (room.jid, room.jid.partition("@")[0])]
    found = found or [room for room in rooms if wanted and wanted == room.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise Declined("Several rooms are called so. Give the address of the one that you mean.")
    raise Declined("You are in no such room. Send `leave` alone to see in which rooms you are.")


async def chat(tools: Tools, caller: Caller, typed: str) -> ChatId:
    """The address here of a room that the caller is in, or of a person."""
    try:
        return (await room(tools, caller, typed)).jid
    except Declined:
        return ChatId(address(tools, caller, await person(tools, caller, typed)))


def address(tools: Tools, caller: Caller, contact: ContactId) -> str:
    """Where to write to somebody."""
    try:
        return tools.home.jid(caller.network, contact)
    except Refused as error:
        raise Declined(error.text) from error


def line(tools: Tools, caller: Caller, contact: Contact) -> str:
    """Somebody in a list."""
    try:
        where = tools.home.jid(caller.network, contact.id)
    except Refused:
        where = f"{contact.id} (who cannot be written to from here)"
    return f"{contact.name}: {where}" if contact.name else where


def room_line(room: Room) -> str:
    return f"{room.name}: {room.jid}" if room.name else room.jid


def room_lines(rooms: Sequence[Room]) -> list[str]:
    shown = [room_line(one) for one in rooms[:_SHOWN]]
    return shown if len(rooms) <= _SHOWN else [*shown, f"… and {len(rooms) - _SHOWN:,} more."]
