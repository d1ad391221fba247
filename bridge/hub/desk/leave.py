"""`leave`: leave a room, on its network. Closing it in an app only leaves it there."""

from collections.abc import Sequence

from bridge.contract import Field, Form
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Room, Verb

_SHOWN = 30  # rooms


async def _leave(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    rooms = await tools.rooms.rooms(caller.user, caller.network)
    if not rooms:
        raise Declined(f"You are in no room on {name}.")
    text = "\n".join(["Which room do you want to leave?", *(_line(room) for room in rooms[:_SHOWN])])
    typed = (await talk.ask(Form(f"Leave a room on {name}", text, (Field("room", "Room"),))))["room"]
    room = _meant(rooms, typed)
    talk.seal()
    await tools.rooms.leave(caller.user, room)
    return f"You have left {room.name or room.jid} on {name}."


def _meant(rooms: Sequence[Room], typed: str) -> Room:
    """The room by its address here, the part of it before the @, or its name. Raises `Declined`."""
    wanted = typed.casefold()
    found = [room for room in rooms if wanted in (room.jid, room.jid.partition("@")[0])]
    found = found or [room for room in rooms if wanted == room.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise Declined("Several rooms are called so. Give the address of the one that you mean.")
    raise Declined("You are in no such room. Send `leave` alone to see in which rooms you are.")


def _line(room: Room) -> str:
    return f"{room.name}: {room.jid}" if room.name else room.jid


LEAVE = Command(Verb("leave", "Leave a room.", field="room"), _leave)
