"""`search`: people and rooms of the network, by what one types."""

from collections.abc import Sequence

from bridge.contract import Contact, Field, Form, Reason, Refused
from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Talk, Tools
from bridge.hub.facades import Caller, Verb
from bridge.hub.found import FoundRoom

_PEOPLE, _ROOMS = 15, 15  # shown


async def _search(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    text = f"Whom or what are you looking for on {name}? Type a name, a part of it, or an address."
    form = Form(
        f"Search on {name}",
        text,
        (Field("text", "Search for"), Field("server", f"Rooms of another server of {name}", required=False)),
    )
    given = await talk.ask(form)
    typed, server = given["text"], given["server"]
    people: Sequence[Contact] = []
    if not server:
        people = await tools.finder.people(caller.user, caller.network, typed, _PEOPLE)
    try:
        listing = await tools.finder.rooms(caller.user, caller.network, typed, server, "", _ROOMS)
        rooms, more = listing.rooms, bool(listing.after)
    except Refused as refusal:
        if server or not people or refusal.reason is Reason.NOT_LOGGED_IN:
            raise
        rooms, more = [], False
    lines = []
    if people:
        lines += ["People:", *(meaning.line(tools, caller, one) for one in people)]
    if rooms:
        lines += ["Rooms that anybody may come into (with `join`, or in your app):", *map(_room, rooms)]
    if more:
        lines.append("… and more. Type more of the name.")
    return "\n".join(lines) or f"Nothing was found on {name}. People can be written to by their address all the same."


def _room(found: FoundRoom) -> str:
    room = found.listed
    people = f"{room.people:,} {'person' if room.people == 1 else 'people'}"
    what = f"a space, {people}" if room.space else people
    named = room.name or room.alias or room.chat
    return f"{named} ({what}): {found.jid or room.alias or room.chat}"


SEARCH = Command(Verb("search", "Look for people and rooms.", fields=("text",), named=("server",)), _search)
