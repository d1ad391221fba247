"""`link`, `unlink`, `links`: rooms on XMPP elsewhere, linked by those who keep order in them (`bridge.hub.consent`)."""

from bridge.contract import Field, Form, Person, Rank
from bridge.contract.ids import ContactId
from bridge.hub.consent import words
from bridge.hub.consent.agreeing import Agreeing, No, Spot
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import HOME, Caller, Verb
from bridge.hub.wanted import End

_LONGEST = 500  # characters of a room's address
_MOST = 50  # lines
_NONE = "Rooms cannot be linked by this gateway."


async def _link(tools: Tools, caller: Caller, talk: Talk) -> str:
    text = (
        "Which room on XMPP do you want to link with a room of another network? You have to be its owner or one of its "
        "admins, and in it. If you have a code from the other room, give that, too; else you get one for it."
    )
    fields = (Field("room", "Room (its JID)"), Field("code", "Code", required=False))
    given = await talk.ask(Form("Link a room", text, fields))
    agreeing, spot = await _spot(tools, caller, talk, given["room"])
    code = given["code"].strip()
    try:
        return await (agreeing.confirm(spot, code) if code else agreeing.ask(spot))
    except No as no:
        raise Declined(str(no)) from no


async def _unlink(tools: Tools, caller: Caller, talk: Talk) -> str:
    text = "Which room on XMPP is to be linked no more? You have to be its owner or one of its admins, and in it."
    typed = (await talk.ask(Form("End a link", text, (Field("room", "Room (its JID)"),))))["room"]
    agreeing, spot = await _spot(tools, caller, talk, typed, known=True)
    try:
        return await agreeing.end(spot)
    except No as no:
        raise Declined(str(no)) from no


async def _links(tools: Tools, caller: Caller, talk: Talk) -> str:
    """An admin of the gateway sees all; others those of rooms in which they keep order."""
    lines = await tools.operator.links()
    if not tools.admin(caller.user):
        mine = set()
        for one in lines:
            if one.network == HOME and one.name not in mine and await _keeps_order(tools, caller, one.chat):
                mine.add(one.name)
        lines = [one for one in lines if one.name in mine]
    if not lines:
        return "There are no links of rooms in which you keep order. Send `link` to make one."
    shown = [f"{one.name}: {one.chat} on {one.network}, {one.direction}: {one.state}" for one in lines[:_MOST]]
    return "\n".join([*shown, f"… and {len(lines) - _MOST:,} more."] if len(lines) > _MOST else shown)


async def _spot(tools: Tools, caller: Caller, talk: Talk, typed: str, *, known: bool = False) -> tuple[Agreeing, Spot]:
    """The room, for somebody who keeps order in it. Raises `Declined`."""
    if tools.agreeing is None:
        raise Declined(_NONE)
    room = typed.strip().lower()
    if len(room) > _LONGEST or not room.isprintable():
        raise Declined("That is no address of a room.")
    refusal = tools.throttle.visit(caller.user)
    if refusal:
        raise Declined(refusal)
    talk.seal()
    try:
        spot = await tools.agreeing.visit(End(HOME, room), Person(HOME, ContactId(caller.user)), known=known)
        if await tools.agreeing.rank(spot) is None:
            raise Declined(words.hidden(room))
    except No as no:
        raise Declined(str(no)) from no
    return tools.agreeing, spot


async def _keeps_order(tools: Tools, caller: Caller, room: str) -> bool:
    try:
        rank = await tools.agreeing.seen(HOME, room, ContactId(caller.user)) if tools.agreeing is not None else None
    except No:
        return False
    return rank in (Rank.OWNER, Rank.ADMIN)


LINK = Command(Verb("link", "Link a room on XMPP with one of another network.", fields=("room", "code")), _link)
UNLINK = Command(Verb("unlink", "End the link of a room.", fields=("room",)), _unlink)
LINKS = Command(Verb("links", "Show links of rooms."), _links, fields=False)
