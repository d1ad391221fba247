"""Rooms of a memory network: who is in them, who comes and goes."""

from collections.abc import Sequence

from bridge.contract import (
    ChatId,
    ChatKind,
    Contact,
    ContactId,
    Membership,
    Occupant,
    OccupantChanged,
    Rank,
    RoomInvited,
)
from bridge.testing import wire
from bridge.testing.network import Network, refuse
from bridge.testing.places import Chat


def room(network: Network, typed: str) -> Chat:
    """A room by its id or its alias. Raises `Failed`."""
    rooms = (chat for chat in network.chats.values() if chat.kind is ChatKind.ROOM)
    found = next((chat for chat in rooms if typed in (chat.id, chat.alias)), None)
    if found is None:
        raise refuse("There is no such room.")
    return found


def occupants(network: Network, chat: Chat) -> Sequence[Occupant]:
    """Who is in a room; the first is its owner."""
    return [
        Occupant(network.person(one), Membership.JOINED, Rank.MEMBER if place else Rank.OWNER)
        for place, one in enumerate(chat.members)
    ]


def comes(network: Network, ask: wire.Comes) -> None:
    chat = room(network, ask.chat)
    if ask.person in chat.members:
        return
    chat.members.append(ask.person)
    account = network.accounts.get(ask.person)
    if account is not None:
        network.happen(network.seen_by(chat, account), chat, only=account.id)
    _moved(network, chat, ask.person, Membership.JOINED)


def goes(network: Network, ask: wire.Goes) -> None:
    chat = room(network, ask.chat)
    if ask.person not in chat.members:
        return
    chat.members.remove(ask.person)
    _moved(network, chat, ask.person, Membership.LEFT)
    if ask.person in network.accounts:  # who is not in the room any more is told of nothing else there
        occupant = Occupant(Contact(ContactId(ask.person)), Membership.LEFT)
        network.happen(OccupantChanged(chat=ChatId(chat.id), occupant=occupant), chat, only=ask.person)


def invites(network: Network, ask: wire.Invites) -> None:
    chat = room(network, ask.chat)
    invited = RoomInvited(
        chat=ChatId(chat.id), inviter=network.person(ask.person), name=chat.name, alias=chat.alias, reason=ask.reason
    )
    network.happen(invited, chat, only=ask.whom)


def change_subject(network: Network, chat: Chat, subject: str) -> None:
    chat.subject = subject
    network.add_chat(wire.AddChat(id=chat.id, kind=chat.kind, encrypted=chat.encrypted))  # tells everybody


def _moved(network: Network, chat: Chat, person: str, membership: Membership) -> None:
    occupant = Occupant(network.person(person), membership)
    network.happen(OccupantChanged(chat=ChatId(chat.id), occupant=occupant), chat)
