"""`join`: come into a room, on its network."""

from bridge.contract import Field, Form
from bridge.hub.desk.ports import Command, Talk, Tools
from bridge.hub.facades import Caller, Verb


async def _join(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    text = f"Which room on {name} do you want to come into? Give its address, as {name} writes it."
    form = Form(f"Join a room on {name}", text, (Field("room", "Room"),))
    typed = (await talk.ask(form))["room"]
    talk.seal()
    room = await tools.rooms.join(caller.user, caller.network, typed)
    if room is None:
        return f"You are in the room on {name}. It appears here in a moment."
    return f"You are in {room.name or 'the room'} on {name}. Enter it in your app as {room.jid}."


JOIN = Command(Verb("join", "Come into a room.", fields=("room",)), _join)
