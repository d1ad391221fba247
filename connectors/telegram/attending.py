"""Who is in a group, as updates tell of it: bots are told of who speaks, comes and goes, and of nobody else.

Source: https://core.telegram.org/bots/api#chatmember, #message (`new_chat_members`, `left_chat_member`).
"""

from collections.abc import Mapping
from typing import Any

from bridge.contract import ChatId, Contact, Event, Membership, Occupant, OccupantChanged, Rank
from connectors.telegram import fields
from connectors.telegram.chats import Chats, person
from connectors.telegram.placing import Where

_STATUS = {
    "creator": (Membership.JOINED, Rank.OWNER), "administrator": (Membership.JOINED, Rank.ADMIN),
    "member": (Membership.JOINED, Rank.MEMBER), "restricted": (Membership.JOINED, Rank.MEMBER),
    "left": (Membership.LEFT, None), "kicked": (Membership.BANNED, None),
}  # fmt: skip
_MOST = 50  # people of one update


class Attendance:
    """For one session; `me` is told of otherwise."""

    def __init__(self, chats: Chats, me: Contact) -> None:
        self._chats = chats
        self._me = me

    def told(self, where: Where, message: Mapping[str, Any]) -> list[Event]:
        """Who has come and gone by a message that says so: bots that are no administrators are told only thus."""
        if where.private:
            return []
        come = [person(fields.mapping(one)) for one in fields.listed(message.get("new_chat_members"))[:_MOST]]
        gone = person(fields.mapping(message.get("left_chat_member")))
        moved = [Occupant(who) for who in come if who is not None and who.id != self._me.id]
        if gone is not None and gone.id != self._me.id:
            moved.append(Occupant(gone, Membership.LEFT))
        return [event for one in moved for event in self.moved(where, one)]

    def speaks(self, where: Where, who: Contact) -> list[Event]:
        return [] if where.private else self._stands(where.id, Occupant(who))

    def moved(self, where: Where, occupant: Occupant) -> list[Event]:
        """In the group, and in those of its topics where they have spoken."""
        rooms, speakers = self._chats.forums.rooms(where.group), self._chats.speakers
        heard = [one for one in rooms if occupant.contact.id in speakers.get(one, ())]
        return [event for one in (where.group, *heard) for event in self._stands(one, occupant)]

    def _stands(self, chat: ChatId, occupant: Occupant) -> list[Event]:
        new = self._chats.spoke(chat, occupant)
        return [OccupantChanged(chat=chat, occupant=occupant)] if new else []


def standing(member: object) -> tuple[Membership, Rank | None]:
    """Bot API #chatmember."""
    said = fields.mapping(member)
    status = fields.string(said.get("status"))
    if status == "restricted" and said.get("is_member") is False:
        return Membership.LEFT, None
    return _STATUS.get(status, (Membership.LEFT, None))
