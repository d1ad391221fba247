"""`leave`: leave a room, on its network. Closing it in an app only leaves it there."""

from bridge.contract import Field, Form
from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb


async def _leave(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    rooms = await tools.rooms.rooms(caller.user, caller.network)
    if not rooms:
        raise Declined(f"You are in no room on {name}.")
    text = "\n".join(["Which room do you want to leave?", *meaning.room_lines(rooms)])
    typed = (await talk.ask(Form(f"Leave a room on {name}", text, (Field("room", "Room"),))))["room"]
    room = meaning.named_room(rooms, typed)
    talk.seal()
    await tools.rooms.leave(caller.user, room)
    return f"You have left {room.name or room.jid} on {name}."


LEAVE = Command(Verb("leave", "Leave a room.", fields=("room",)), _leave)
