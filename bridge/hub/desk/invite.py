"""`invite`: ask somebody of the network into a room that one is in."""

from bridge.contract import Field, Form, Invite
from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb


async def _invite(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    rooms = await tools.rooms.rooms(caller.user, caller.network)
    if not rooms:
        raise Declined(f"You are in no room on {name}, so you can invite nobody.")
    text = "\n".join(["Whom do you want to invite, and into which room?", *meaning.room_lines(rooms)])
    fields = (Field("whom", "Who"), Field("room", "Room"), Field("reason", "What to tell them", required=False))
    given = await talk.ask(Form(f"Invite somebody on {name}", text, fields))
    whom = await meaning.person(tools, caller, given["whom"])
    room = meaning.named_room(rooms, given["room"])
    talk.seal()
    await tools.rooms.change(caller.user, Invite(chat=room.jid, key="-", whom=whom, reason=given["reason"][:500]))
    return f"{whom} is invited to {room.name or room.jid}."


INVITE = Command(Verb("invite", "Invite somebody to a room.", fields=("whom", "room"), named=("reason",)), _invite)
