"""Rooms of a memory network: who is in them, who comes and goes."""

from collections.abc import Sequence

import msgspec

from bridge.contract import (
    Authored,
    ChatId,
    ChatKind,
    Contact,
    ContactId,
    Membership,
    MessageReceived,
    Occupant,
    OccupantChanged,
    Rank,
    RanksChanged,
    Reason,
    RoomInvited,
    SetRoom,
)
from bridge.testing import wire
from bridge.testing.network import Network, refuse
from bridge.testing.places import Chat, Member


def room(network: Network, typed: str) -> Chat:
    """A room by its id or its alias. Raises `Failed`."""
    rooms = (chat for chat in network.chats.values() if chat.kind is ChatKind.ROOM)
    found = next((chat for chat in rooms if typed in (chat.id, chat.alias)), None)
    if found is None:
        raise refuse("There is no such room.")
    return found


def occupants(network: Network, chat: Chat, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
    """Who is in a room, or is invited or banned."""
    who = {Membership.JOINED: chat.members, Membership.INVITED: chat.invited, Membership.BANNED: chat.banned}
    some = sorted(who.get(membership, ()), key=chat.members.index if membership is Membership.JOINED else str)
    return [_occupant(network, chat, one, membership) for one in some]


_PAGE = 100  # events


def history(network: Network, chat: Chat, member: Member, before: str | None, cursor: str | None) -> wire.Past:
    """What was said in a room, as far as `member` may read it; of a message that is gone only that it is."""
    first = 0 if chat.shared else chat.came.get(member.id, 0)
    end = len(network.log)
    if cursor is not None and cursor.isascii() and cursor.isdigit():
        end = min(int(cursor), end)
    elif before is not None:
        end = next((one.n - 1 for one in network.log if getattr(one.event, "id", None) == before), end)
    said = [one for one in network.log[first:end] if one.chat is chat and not one.only and _readable(chat, one.event)]
    found = said[-_PAGE:]
    more = len(said) > len(found)
    lines = [msgspec.json.decode(one.line(keys=network.traits.echoes), type=wire.Happened) for one in found]
    return wire.Past(lines, str(found[0].n - 1) if more else None)


def _readable(chat: Chat, event: object) -> bool:
    said = chat.known.get(str(getattr(event, "id", "")))
    return isinstance(event, Authored) and not (isinstance(event, MessageReceived) and said is not None and said.gone)


def comes(network: Network, ask: wire.Comes) -> None:
    chat = room(network, ask.chat)
    if ask.person in chat.members:
        return
    if ask.person in chat.banned:
        raise refuse("You were removed from this room for good.", Reason.FORBIDDEN)
    chat.members.append(ask.person)
    chat.came[ask.person] = len(network.log)
    chat.invited.discard(ask.person)
    account = network.accounts.get(ask.person)
    if account is not None:
        network.happen(network.seen_by(chat, account), chat, only=account.id)
    _moved(network, chat, ask.person, Membership.JOINED)


def goes(network: Network, ask: wire.Goes) -> None:
    """`by` and `ban`: somebody has them go."""
    chat = room(network, ask.chat)
    membership = Membership.BANNED if ask.ban else Membership.LEFT
    known = ask.person in chat.members or ask.person in chat.invited or (ask.ban and ask.person not in chat.banned)
    if ask.ban:
        chat.banned.add(ask.person)
    chat.invited.discard(ask.person)
    by = network.person(ask.by) if ask.by else None
    if ask.person not in chat.members:
        if known:
            _moved(network, chat, ask.person, membership, by, ask.reason)
        return
    chat.members.remove(ask.person)
    _moved(network, chat, ask.person, membership, by, ask.reason)
    if ask.person in network.accounts:  # who is not in the room any more is told of nothing else there
        occupant = Occupant(Contact(ContactId(ask.person)), membership)
        event = OccupantChanged(chat=ChatId(chat.id), occupant=occupant, by=by, reason=ask.reason)
        network.happen(event, chat, only=ask.person)


def ranks(network: Network, ask: wire.Ranks) -> None:
    """Somebody may do so much in a room now."""
    chat = room(network, ask.chat)
    chat.ranks[ask.person] = Rank(ask.rank)
    told_ranks(network, chat)


def entitles(network: Network, ask: wire.Entitles) -> None:
    """Somebody has other titles in a room now; of who is not in it nobody is told."""
    chat = room(network, ask.chat)
    chat.titles[ask.person] = ask.titles
    if ask.person in chat.members:
        _moved(network, chat, ask.person, Membership.JOINED)


def told_ranks(network: Network, chat: Chat) -> None:
    some = tuple((ContactId(one), chat.rank(one)) for one in dict.fromkeys((*chat.members, *chat.ranks)))
    others = Rank.VISITOR if chat.rules.moderated else Rank.MEMBER
    network.happen(RanksChanged(chat=ChatId(chat.id), ranks=some, others=others), chat)


def invites(network: Network, ask: wire.Invites) -> None:
    chat = room(network, ask.chat)
    invited = RoomInvited(
        chat=ChatId(chat.id), inviter=network.person(ask.person), name=chat.name, alias=chat.alias, reason=ask.reason
    )
    chat.invited.add(ask.whom)
    network.happen(invited, chat, only=ask.whom)
    _moved(network, chat, ask.whom, Membership.INVITED)


def unbanned(network: Network, chat: Chat, person: str) -> None:
    chat.banned.discard(person)
    _moved(network, chat, person, Membership.LEFT)


def set_up(network: Network, chat: Chat, action: SetRoom) -> None:
    """A room is otherwise now, and everybody is told."""
    chat.subject = chat.subject if action.subject is None else action.subject
    chat.name = chat.name if action.name is None else action.name
    if action.avatar is not None:
        chat.avatar = f"picture-{network.new_id()}" if action.avatar else ""
        chat.picture = action.avatar
        network.files[chat.avatar] = wire.PutFile(name="avatar.png", mime="image/png", data=action.avatar)
    before, chat.rules = chat.rules, action.rules or chat.rules
    network.add_chat(wire.AddChat(id=chat.id, kind=chat.kind, encrypted=chat.encrypted))  # tells everybody
    if before.moderated != chat.rules.moderated:
        told_ranks(network, chat)


def may(chat: Chat, person: str, rank: Rank, what: str) -> None:
    """Raises `Failed` for somebody who is of a lower rank."""
    if rank.above(chat.rank(person)):
        raise refuse(f"You are not allowed to {what} in this room.", Reason.FORBIDDEN)


def may_touch(chat: Chat, person: str, whom: str) -> None:
    """Raises `Failed` for somebody who does not stand above the other, or is the other."""
    if person != whom and not chat.rank(person).above(chat.rank(whom)):
        raise refuse("They have as much to say in this room as you.", Reason.FORBIDDEN)


def _moved(
    network: Network, chat: Chat, person: str, membership: Membership, by: Contact | None = None, reason: str = ""
) -> None:
    occupant = _occupant(network, chat, person, membership)
    network.happen(OccupantChanged(chat=ChatId(chat.id), occupant=occupant, by=by, reason=reason), chat)


def _occupant(network: Network, chat: Chat, person: str, membership: Membership) -> Occupant:
    return Occupant(network.person(person), membership, chat.rank(person), chat.titles.get(person, ()))
