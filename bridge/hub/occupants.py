"""Who is in a hosted room, and what they are called there: names that no two people share, or could be taken for
each other's, and that stay.

A nick is given when somebody is first seen and kept while their name is the same, also when they are gone: what they
said is still theirs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count, islice

from bridge.contract import ChatId, Contact, ContactId, Membership, NetworkId, Occupant, Rank
from bridge.hub import codec, titles
from bridge.hub.facades import Avatar, Home, Room, RoomOccupant
from bridge.store import rooms
from bridge.store.ledger import Ledger
from bridge.store.rooms import OccupantRow, RoomRow
from bridge.store.rows import Chat

_LONGEST = 1_000  # characters of a name or an avatar's reference
_MOST = 200  # of one name; who comes after them is called by their id
_PRESENT = Membership.JOINED


def put(ledger: Ledger, home: Home, chat: Chat, who: Occupant) -> RoomOccupant | None:
    """Note how `who` is now; what others are to see of it, None if that is nothing new."""
    connection = ledger.connection
    before = rooms.occupant(connection, chat.id, who.contact.id)
    if before is None and who.membership is not _PRESENT:
        return None  # whoever never was there is nobody
    now = _row(chat.id, who, before)
    if before is None or before.name != now.name:
        now = _named(ledger, home, now)
    if now == before:
        return None
    rooms.put_occupants(connection, [now])
    return occupant_of(now, chat)


def put_gone(ledger: Ledger, home: Home, chat: Chat, who: Contact) -> RoomOccupant | None:
    """Somebody who has spoken before we knew who was there; None if we have known them."""
    connection = ledger.connection
    if rooms.occupant(connection, chat.id, who.id) is not None:
        return None
    now = _named(ledger, home, _row(chat.id, Occupant(who, Membership.LEFT), None))
    rooms.put_occupants(connection, [now])
    return occupant_of(now, chat)


def put_all(ledger: Ledger, home: Home, chat: int, present: Sequence[Occupant]) -> None:
    """What the network says of who is there. Who was seen meanwhile is as they were seen: that is newer."""
    known = {row.contact: row for row in rooms.occupants(ledger.connection, chat)}
    taken = {home.looks(row.nick) for row in known.values()}
    same: Counter[str] = Counter()
    new: list[OccupantRow] = []
    for who in sorted(present, key=lambda one: one.contact.id):
        if who.contact.id in known or who.membership is not _PRESENT:
            continue
        row = _row(chat, who, None)
        alike = home.looks(home.nick(Contact(who.contact.id, row.name), 1))
        nick = next(nick for nick in _nicks(home, row, same[alike]) if home.looks(nick) not in taken)
        same[alike] += 1
        row = replace(row, nick=nick, looks=home.looks(nick))
        known[row.contact] = row
        taken.add(row.looks)
        new.append(row)
    rooms.put_occupants(ledger.connection, new)


def set_ranks(ledger: Ledger, chat: Chat, ranks: Mapping[ContactId, Rank], others: Rank) -> list[RoomOccupant]:
    """What people may do now; whose rank is another one."""
    known = list(rooms.occupants(ledger.connection, chat.id))
    now = [replace(row, rank=str(ranks.get(ContactId(row.contact), others))) for row in known]
    changed = [row for row, before in zip(now, known, strict=True) if row != before]
    rooms.put_occupants(ledger.connection, changed)
    return [occupant_of(row, chat) for row in changed]


def occupant_of(row: OccupantRow, room: Chat | RoomRow) -> RoomOccupant:
    """`room` is the one of the network."""
    rank = Rank(row.rank) if row.rank in set(Rank) else Rank.MEMBER
    present = row.membership == _PRESENT
    avatar = _avatar(room, row.avatar)
    return RoomOccupant(ContactId(row.contact), row.nick, rank, present, avatar, titles.of(row.titles))


def room_of(hosted: Chat, chat: Chat) -> Room:
    return _room(ChatId(hosted.native or ""), chat)


def room_of_row(row: RoomRow) -> Room:
    return replace(_room(ChatId(row.jid), row), linked=row.linked)


def _room(jid: ChatId, room: Chat | RoomRow) -> Room:
    rules = codec.rules_of(room.rules)
    return Room(
        jid, NetworkId(room.network), room.name, room.subject, room.encrypted, _avatar(room, room.avatar), rules
    )


def _avatar(room: Chat | RoomRow, reference: str) -> Avatar:
    return Avatar(NetworkId(room.network), room.scope, reference)


def _row(chat: int, who: Occupant, before: OccupantRow | None) -> OccupantRow:
    contact, avatar = who.contact, who.contact.avatar
    gone = before is not None and who.membership is not _PRESENT  # then the network need not say what they are called
    return OccupantRow(
        chat=chat,
        contact=contact.id,
        name=before.name if before is not None and gone else contact.name[:_LONGEST],
        avatar=before.avatar if before is not None and (gone or avatar is None) else (avatar or "")[:_LONGEST],
        nick=before.nick if before is not None else "",
        membership=str(who.membership),
        looks=before.looks if before is not None else "",
        rank=str(who.rank or (before.rank if before is not None else Rank.MEMBER)),
        titles=_titles(who, before),
    )


def _titles(who: Occupant, before: OccupantRow | None) -> str:
    """Who comes again has those that they are given again."""
    if who.membership is not _PRESENT:
        return ""
    return titles.text(who.titles) if who.titles is not None else (before.titles if before is not None else "")


def _named(ledger: Ledger, home: Home, row: OccupantRow) -> OccupantRow:
    """Under a name that is free, or the one that they have."""
    wished = _nicks(home, row)
    for many in chain((8, _MOST), count(_MOST, 0)):  # nearly always one of the first is free
        looks = {nick: home.looks(nick) for nick in islice(wished, many)}
        taken = rooms.nicks_taken(ledger.connection, row.chat, row.contact, looks)
        for nick in looks:
            if nick == row.nick or nick not in taken:
                return replace(row, nick=nick, looks=looks[nick])
    raise AssertionError


def _nicks(home: Home, row: OccupantRow, same: int = 0) -> Iterator[str]:
    """What somebody may be called, without end. `same` people of the same name are there already."""
    contact = Contact(ContactId(row.contact), row.name)
    by_name = (home.nick(contact, number) for number in range(1 + same, _MOST))
    by_id = (home.nick(Contact(contact.id), number) for number in count(1))
    return chain(by_name, by_id)
