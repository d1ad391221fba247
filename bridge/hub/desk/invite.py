"""`invite`: ask somebody of the network into a room that one is in; or to talk, by a link, where that is the way."""

from bridge.contract import Field, Form, Guests, Invite
from bridge.hub.desk import meaning
from bridge.hub.desk.login import keep
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb
from bridge.store import accounts


async def _invite(tools: Tools, caller: Caller, talk: Talk) -> str:
    guests = tools.connectors[caller.network].guests
    if guests is not None and not talk.unused():
        return await _by_link(tools, caller, talk, guests)
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


async def _by_link(tools: Tools, caller: Caller, talk: Talk, guests: Guests) -> str:
    """Whoever follows it is a contact; for that the user has an account that goes through the operator's."""
    talk.seal()
    credentials = guests.credentials(caller.user)
    rows = await tools.database.read(lambda c: accounts.accounts_of(c, caller.user, caller.network))
    if not any(row.active and row.me == credentials.me for row in rows):
        await keep(tools, caller, credentials)
    invitation = await guests.invite(caller.user)
    name = tools.connectors[caller.network].name
    return (
        f"Give this link to somebody whom you want to talk with on {name}. It is for one person and good for "
        f"{invitation.days} days; whoever has followed it is a contact of yours:\n{invitation.link}"
    )


INVITE = Command(
    Verb("invite", "Invite somebody to talk, or to a room.", fields=("whom", "room"), named=("reason",)), _invite
)
