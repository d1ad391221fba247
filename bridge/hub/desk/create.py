"""`create`: make a room on a network, and ask people into it."""

import re

from bridge.contract import ChatId, ContactId, CreateRoom, Field, Form, Reason, Refused
from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Room, Verb

_LONGEST = 100  # characters of a name
_MOST = 50  # people
_TRIES = 10  # addresses
_PRIVATE, _PUBLIC = "private", "public"


async def _create(tools: Tools, caller: Caller, talk: Talk) -> str:
    name = tools.connectors[caller.network].name
    fields = (
        Field("name", "Name"),
        Field(
            "visibility", "Who may come in", value=_PRIVATE, required=False,
            options=((_PRIVATE, "Only people who are invited"), (_PUBLIC, "Anybody, who can find it too")),
        ),
        Field("people", "Whom to invite (addresses, with spaces between them)", required=False),
    )  # fmt: skip
    text = f"A new room on {name}, which you will own. Its messages are not encrypted there."
    given = await talk.ask(Form(f"Make a room on {name}", text, fields))
    called = " ".join(given["name"].split())
    if not 0 < len(called) <= _LONGEST:
        raise Declined(f"The name of a room has between 1 and {_LONGEST} characters.")
    people = await _people(tools, caller, given.get("people", ""))
    talk.seal()
    public = given.get("visibility") == _PUBLIC
    wish = CreateRoom(chat=ChatId(""), key="-", name=called, open=public, invited=tuple(people))
    room = await _made(tools, caller, wish)
    if room is None:
        return f"The room was made on {name}. It appears here in a moment."
    invited = f" Invited: {len(people)}." if people else ""
    return f"You have made {called} on {name}.{invited} Enter it in your app as {room.jid}."


async def _made(tools: Tools, caller: Caller, wish: CreateRoom) -> Room | None:
    """Under an address like its name, with a number if others have a room of that name. Some networks' people can be
    called anything; there rooms begin with a sign."""
    plain = re.sub(r"[^\w.-]+", "-", wish.name.lower()).strip("-") or "room"
    taken = Refused("There are too many rooms of this name. Choose another one.", Reason.NOT_ALLOWED)
    for number in range(1, _TRIES):
        numbered = f"{plain}-{number}" if number > 1 else plain
        for address in (numbered, f"#{numbered}"):
            try:
                return await tools.rooms.create(caller.user, caller.network, wish, address)
            except Refused as refusal:
                if refusal.reason is not Reason.NOT_FOUND:
                    raise
    raise taken


async def _people(tools: Tools, caller: Caller, typed: str) -> list[ContactId]:
    """Raises `Declined` for somebody whom nobody knows."""
    some = typed.replace(",", " ").split()
    if len(some) > _MOST:
        raise Declined(f"Invite at most {_MOST} people at once.")
    return list(dict.fromkeys([await meaning.person(tools, caller, one) for one in some]))


CREATE = Command(Verb("create", "Make a room.", fields=("name",), named=("visibility", "people")), _create)
