"""What accounts of a memory network do to rooms and to people in them: who may, and what comes of it."""

from collections.abc import Callable

from bridge.contract import (
    Action,
    Ban,
    ChatId,
    ChatKind,
    CreateRoom,
    Invite,
    Rank,
    Receipt,
    Remove,
    Rules,
    SetRank,
    SetRoom,
    Unban,
)
from bridge.testing import rooms, wire
from bridge.testing.network import Network, refuse
from bridge.testing.places import Chat, Member
from bridge.testing.rooms import may, may_touch


def create(network: Network, member: Member, action: CreateRoom) -> Receipt:
    """A room of one's own; the same one for the same key."""
    found = next((chat for chat in network.chats.values() if chat.made == f"{member.id} {action.key}"), None)
    if found is None:
        ask = wire.AddChat(
            id=f"made-{len(network.chats)}", members=[member.id], name=action.name, subject=action.subject
        )
        found = network.chats[ask.id] = Chat(ask.id, ChatKind.ROOM)
        found.made, found.rules = f"{member.id} {action.key}", Rules(open=action.open)
        network.add_chat(ask)
        for whom in action.invited:
            rooms.invites(network, wire.Invites(person=member.id, chat=found.id, whom=whom))
    return Receipt(chat=ChatId(found.id))


def _set_room(network: Network, member: Member, chat: Chat, action: SetRoom) -> Receipt:
    if action.subject is not None and action.subject != chat.subject:
        may(chat, member.id, chat.rules.subject, "say what is talked about")
    if (action.name, action.rules, action.avatar) != (None, None, None):
        may(chat, member.id, Rank.ADMIN, "set up what there is")
    rooms.set_up(network, chat, action)
    return Receipt()


def _invite(network: Network, member: Member, chat: Chat, action: Invite) -> Receipt:
    if action.whom not in network.people:
        raise refuse("There is no such person.")
    may(chat, member.id, chat.rules.invites, "invite people")
    rooms.invites(network, wire.Invites(person=member.id, chat=chat.id, whom=action.whom, reason=action.reason))
    return Receipt()


def _remove(network: Network, member: Member, chat: Chat, action: Remove) -> Receipt:
    may(chat, member.id, Rank.MODERATOR, "remove people")
    may_touch(chat, member.id, action.whom)
    if action.whom not in chat.members and action.whom not in chat.invited:
        raise refuse("They are not in this room.")
    _goes(network, member, chat, action, ban=False)
    return Receipt()


def _ban(network: Network, member: Member, chat: Chat, action: Ban) -> Receipt:
    may(chat, member.id, Rank.ADMIN, "ban people")
    may_touch(chat, member.id, action.whom)
    _goes(network, member, chat, action, ban=True)
    return Receipt()


def _goes(network: Network, member: Member, chat: Chat, action: Remove | Ban, *, ban: bool) -> None:
    ask = wire.Goes(person=action.whom, chat=chat.id, by=member.id, ban=ban, reason=action.reason)
    rooms.goes(network, ask)


def _unban(network: Network, member: Member, chat: Chat, action: Unban) -> Receipt:
    may(chat, member.id, Rank.ADMIN, "let people in again")
    if action.whom not in chat.banned:
        raise refuse("They are not banned.")
    rooms.unbanned(network, chat, action.whom)
    network.touched()
    return Receipt()


def _set_rank(network: Network, member: Member, chat: Chat, action: SetRank) -> Receipt:
    may(chat, member.id, Rank.ADMIN, "say what others may do")
    may_touch(chat, member.id, action.whom)
    if action.rank.above(chat.rank(member.id)):
        raise refuse("You cannot let others do more than you may yourself.")
    rooms.ranks(network, wire.Ranks(person=action.whom, chat=chat.id, rank=str(action.rank)))
    return Receipt()


DOINGS: dict[type[Action], Callable[..., Receipt]] = {
    Ban: _ban,
    CreateRoom: create,
    Invite: _invite,
    Remove: _remove,
    SetRank: _set_rank,
    SetRoom: _set_room,
    Unban: _unban,
}
