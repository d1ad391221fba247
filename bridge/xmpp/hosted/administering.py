"""Keeping order in a hosted room (XEP-0045 #moderator, #admin, #owner): who stands how to it, asked and changed.

Whoever asks does it by their own account: the network's answer is the answer, and what comes of it the room shows when
the network tells.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import Ban, ContactId, Invite, Membership, Rank, Remove, SetRank, Unban
from bridge.hub.facades import RoomOccupant, Rooms, Wish
from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.asked import Inside, RoomQuestion, answered, inside
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.standing import AFFILIATIONS, RANKS, ROLES
from bridge.xmpp.hosted.stanzas import Seen

ADMIN = "http://jabber.org/protocol/muc#admin"
_ITEM, _REASON = f"{{{ADMIN}}}item", f"{{{ADMIN}}}reason"
_MOST = 50  # people at once
_LONGEST = 500  # characters of a reason
_BY_ROLE = {"moderator": Rank.MODERATOR, "participant": Rank.MEMBER, "visitor": Rank.VISITOR}
_BY_AFFILIATION = {"owner": Rank.OWNER, "admin": Rank.ADMIN}


@dataclass(frozen=True, slots=True)
class _Item:
    """What is wanted of somebody: a role or an affiliation."""

    whom: ContactId
    role: str
    affiliation: str
    reason: str


class Administering:
    """Answers lists of people, and changes of them. `limit`: bytes of a stanza."""

    def __init__(self, house: House, rooms: Rooms, limit: int) -> None:
        self._house = house
        self._rooms = rooms
        self._limit = limit

    async def listed(self, question: RoomQuestion) -> str:
        """XEP-0045 #modifymember and the like: who has an affiliation or a role. Raises `StanzaError`."""
        there = inside(self._house, question)
        items = question.payload.findall(_ITEM)
        if len(items) != 1:
            raise StanzaError("bad-request", "Ask for one list at a time.")
        role, affiliation = _wanted(items[0])
        found: list[str] = []
        size = 0
        async for item in self._items(question, there, role, affiliation):
            found.append(item)
            size += len(item.encode())
            if size > self._limit // 2:
                text = "There are too many people in this room to list them all at once."
                raise StanzaError("resource-constraint", text)
        return f'<query xmlns="{ADMIN}">{"".join(found)}</query>'

    async def _items(self, question: RoomQuestion, there: Inside, role: str, affiliation: str) -> AsyncIterator[str]:
        """The network is asked last: not for a list that is too long without."""
        if affiliation == "outcast":
            if not there.me.rank.keeps_order:
                raise StanzaError("forbidden", "Only those who keep order in this room can see who is banned.")
            for one in await self._standing(question, Membership.BANNED):
                yield self._shown(there, one, "outcast")
        elif affiliation != "none":
            for contact, seen in there.room.seen.items():
                if (RANKS[seen.rank][0] == affiliation) if affiliation else (RANKS[seen.rank][1] == role):
                    # Oneself as one's own presence has it.
                    jid = there.one.user if contact == there.one.me else seen.jid
                    yield _listed(jid, seen, by_role=bool(role))
            if affiliation == "member":
                for one in await self._standing(question, Membership.INVITED):
                    yield self._shown(there, one, "member")

    async def change(self, question: RoomQuestion) -> str:
        """All that is wanted is read before anything is done. Raises `StanzaError`."""
        there = inside(self._house, question)
        items = question.payload.findall(_ITEM)
        if not 0 < len(items) <= _MOST:
            raise StanzaError("bad-request", f"Name at least one person, and at most {_MOST} at once.")
        wanted = [self._read(there, item) for item in items]
        for item in wanted:
            _check(there, item)
        for number, item in enumerate(wanted):
            try:
                await self._do(question, there, item)
            except StanzaError as error:
                done = f" Of {len(wanted)} changes the first {number} were made." if number else ""
                raise StanzaError(error.condition, error.text + done, error.extra) from error
        return ""

    async def _do(self, question: RoomQuestion, there: Inside, item: _Item) -> None:
        for wish in await self._wishes(question, there, item):
            await answered(self._rooms.change(there.one.user, wish))

    async def _wishes(self, question: RoomQuestion, there: Inside, item: _Item) -> Sequence[Wish]:
        """What has to be done for somebody to stand so."""
        room, whom, reason = there.room.jid, item.whom, item.reason
        seen = there.room.seen.get(whom)
        if item.role == "none":
            return [Remove(chat=room, key="-", whom=whom, reason=reason)]
        if item.affiliation == "outcast":
            return [Ban(chat=room, key="-", whom=whom, reason=reason)]
        if item.role or item.affiliation in _BY_AFFILIATION:
            rank = _BY_ROLE[item.role] if item.role else _BY_AFFILIATION[item.affiliation]
            if seen is None and item.role:
                raise StanzaError("item-not-found", "They are not in this room.")
            enough = item.role == "moderator" and seen is not None and seen.rank.keeps_order
            return [] if enough else [SetRank(chat=room, key="-", whom=whom, rank=rank)]
        if item.affiliation == "member" and seen is not None:
            return [SetRank(chat=room, key="-", whom=whom, rank=Rank.MEMBER)]
        banned = seen is None and any(one.contact == whom for one in await self._standing(question, Membership.BANNED))
        wishes: list[Wish] = [Unban(chat=room, key="-", whom=whom)] if banned else []
        if item.affiliation == "member":
            # XEP-0045 #grantmember: who is not in a room for members is asked to come.
            wishes.append(Invite(chat=room, key="-", whom=whom, reason=reason))
        elif not banned:
            wishes.append(Remove(chat=room, key="-", whom=whom, reason=reason))
        return wishes

    def _read(self, there: Inside, item: Element) -> _Item:
        """Raises `StanzaError`."""
        role, affiliation = _wanted(item)
        reason = (item.findtext(_REASON) or "").strip()[:_LONGEST]
        return _Item(self._whom(there, item), role, affiliation, reason)

    def _whom(self, there: Inside, item: Element) -> ContactId:
        """Whom a nick or an address means."""
        nick, jid, room = item.get("nick", ""), item.get("jid", "").partition("/")[0], there.room
        by_nick = room.with_nick(nick) if nick else None
        if nick and by_nick is None:
            raise StanzaError("item-not-found", "Nobody in this room is called so.")
        by_jid = room.faces.get(jid) or self._house.contact(room.room.network, jid) if jid else None
        if jid and by_jid is None:
            raise StanzaError("item-not-found", f"Nobody who could be in this room has the address {jid[:200]}.")
        if by_nick is not None and by_jid is not None and by_nick != by_jid:
            raise StanzaError("bad-request", "The nick and the address mean different people.")
        whom = by_nick or by_jid
        if whom is None:
            raise StanzaError("bad-request", "Say who is meant, by nick or by address.")
        return whom

    async def _standing(self, question: RoomQuestion, membership: Membership) -> Sequence[RoomOccupant]:
        return await answered(self._rooms.standing(question.where.room, question.user, membership))

    def _shown(self, there: Inside, one: RoomOccupant, affiliation: str) -> str:
        return _item(self._house.seen(there.room, one.contact, one).jid, affiliation)


def _wanted(item: Element) -> tuple[str, str]:
    """Role and affiliation, of which one is given. Raises `StanzaError`."""
    role, affiliation = item.get("role", ""), item.get("affiliation", "")
    if bool(role) == bool(affiliation):
        raise StanzaError("bad-request", "Say either a role or an affiliation.")
    if role not in ("", *ROLES) or affiliation not in ("", *AFFILIATIONS):
        raise StanzaError("bad-request", f"There is no such role or affiliation: {(role or affiliation)[:50]}.")
    return role, affiliation


def _check(there: Inside, item: _Item) -> None:
    """What XEP-0045 forbids whatever the network thinks. Raises `StanzaError`."""
    room, mine = there.room, item.whom == there.one.me
    seen = room.seen.get(item.whom)
    goes = item.role == "none" or item.affiliation in ("none", "outcast")
    if mine and goes:
        text = "You cannot remove yourself. Leave the room instead: send `leave` to the gateway."
        raise StanzaError("conflict", text)  # #ban, #kick
    owners = sum(1 for one in room.seen.values() if one.rank is Rank.OWNER)
    if mine and there.me.rank is Rank.OWNER and item.affiliation != "owner" and owners == 1:
        raise StanzaError("conflict", "You are the only owner of this room. Make somebody else its owner first.")
    if goes and seen is not None and not there.me.rank.above(seen.rank) and there.me.rank.keeps_order:
        raise StanzaError("not-allowed", f"You cannot remove {seen.nick}: they have as much to say here as you.")


def _listed(jid: str, seen: Seen, *, by_role: bool) -> str:
    """COMPAT Converse.js: a role in a list of an affiliation, where XEP-0045 has it as optional, it takes for another
    one, and then lets its person keep order no more."""
    affiliation, role = RANKS[seen.rank]
    return _item(jid, affiliation, role if by_role else "", seen.nick)


def _item(jid: str, affiliation: str, role: str = "", nick: str = "") -> str:
    more = "".join(
        f' {name}="{text.attribute(value)}"' for name, value in (("jid", jid), ("role", role), ("nick", nick)) if value
    )
    return f'<item affiliation="{affiliation}"{more}/>'
