"""`contacts`: with whom one has chats, and in which rooms one is."""

from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb

_MOST = 100  # people shown


async def _contacts(tools: Tools, caller: Caller, talk: Talk) -> str:
    wanted = (talk.given("name") or "").strip().casefold()
    if talk.unused():
        raise Declined("The only field here is `name`.")
    name = tools.connectors[caller.network].name
    people = await tools.people.contacts(caller.user, caller.network)
    rooms = await tools.rooms.rooms(caller.user, caller.network)
    if wanted:
        people = [one for one in people if wanted in f"{one.name}\n{one.id}".casefold()]
        rooms = [one for one in rooms if wanted in f"{one.name}\n{one.jid}".casefold()]
    if not people and not rooms:
        if wanted:
            return f"Nobody whom you know on {name} is called like this. Send `search` to look for others."
        return f"You have no contacts on {name} yet. Send `search` to look for people and rooms."
    lines = []
    if people:
        blocked = set(tools.choices.blocks(caller.user, caller.network))
        lines.append(f"Your contacts on {name}:")
        for one in people[:_MOST]:
            lines.append(meaning.line(tools, caller, one) + (" (blocked)" if one.id in blocked else ""))
        if len(people) > _MOST:
            lines.append(f"… and {len(people) - _MOST:,} more. Give a part of a name: `contacts NAME`.")
    if rooms:
        lines += ["Your rooms:", *meaning.room_lines(rooms)]
    return "\n".join(lines)


CONTACTS = Command(Verb("contacts", "Show your contacts and rooms, or those of a name.", fields=("name",)), _contacts)
