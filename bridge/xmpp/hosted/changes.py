"""What changes in a hosted room, told to those who are in it."""

from dataclasses import replace
from typing import Protocol

from bridge.contract import ContactId
from bridge.hub.facades import Removal, Room, RoomNews, RoomOccupant
from bridge.xmpp import nicks
from bridge.xmpp.hosted import stanzas
from bridge.xmpp.hosted.room import Attendee, HostedRoom
from bridge.xmpp.hosted.stanzas import Out, Seen


class Looking(Protocol):
    """See `bridge.xmpp.hosted.pictures`."""

    def look_at(self, room: HostedRoom, contact: ContactId | None, *, soon: bool = False) -> bool: ...


class Noting(Protocol):
    """See `bridge.xmpp.hosted.movements`."""

    def note(self, room: HostedRoom, occupant: RoomOccupant) -> None: ...


class Teller(Protocol):
    """Who tells it (`bridge.xmpp.hosted.house`)."""

    def tell(self, room: HostedRoom, stanza: str, to: list[str]) -> None: ...

    def let_out(self, room: HostedRoom, who: str, statuses: tuple[int, ...], out: Out | None = None) -> None: ...

    def seen(self, room: HostedRoom, contact: ContactId, occupant: RoomOccupant) -> Seen: ...

    @property
    def pictures(self) -> Looking: ...

    @property
    def movements(self) -> Noting: ...


def apply(teller: Teller, room: HostedRoom, news: RoomNews) -> None:
    if news.room is not None:
        _described(teller, room, news.room)
    if news.occupant is not None:
        if room.attendees:
            teller.movements.note(room, news.occupant)
        moved(teller, room, news.occupant, news.removal)
    if news.gone is not None:
        # XEP-0045 #affiliation-kick: no member any more, so not in the room either.
        out, statuses = _out(room, news.removal)
        for one in [one for one in room.attendees.values() if one.user == news.gone]:
            teller.let_out(room, one.jid, (110, *(statuses or (321,))), out)


def moved(teller: Teller, room: HostedRoom, occupant: RoomOccupant, removal: Removal | None = None) -> None:
    """Somebody is so now. Others hear that they come or go or are called otherwise; they themselves what they are."""
    before = room.seen.get(occupant.contact)
    if before is not None and occupant.present and _ranked(before, occupant):
        now = replace(before, rank=occupant.rank)  # of thousands at once
    else:
        now = teller.seen(room, occupant.contact, occupant)
    room.note(occupant, now)
    themselves = [one for one in room.attendees.values() if one.me == occupant.contact and one.entering is None]
    shown = room.attendees.values() if room.shows(occupant.contact) else ()
    others = [one.jid for one in shown if one.me != occupant.contact and one.entering is None]
    renamed = before is not None and occupant.present and before.nick != now.nick
    if before is not None and renamed:
        teller.tell(room, stanzas.gone(room.jid, before, (303,), now.nick), others)
    elif before is not None and not occupant.present:
        out, statuses = _out(room, removal)
        teller.tell(room, stanzas.gone(room.jid, before, statuses, out=out), others)
    if occupant.present and before is not None and before.avatar != now.avatar:
        teller.pictures.look_at(room, occupant.contact)
    if occupant.present and before != now:
        teller.tell(room, stanzas.present(room.jid, now), others)
        for one in themselves:
            _yourself(teller, room, one, before if renamed else None, now)


def _ranked(before: Seen, now: RoomOccupant) -> bool:
    """Whether they only may do something else now."""
    same = (before.nick, before.avatar, before.titles) == (now.nick, now.avatar, now.titles)
    return before.rank is not now.rank and same


def _out(room: HostedRoom, removal: Removal | None) -> tuple[Out, tuple[int, ...]]:
    """Why somebody is out, and the statuses of others' doing: 301 for good, 307 so that they may come again, 321 since
    only members are let in."""
    if removal is None:
        return Out(), ()
    nick = room.nicks.get(removal.by) or nicks.named(removal.name or removal.by)
    again = (307,) if room.room.rules.open else (307, 321)
    return Out(removal.banned, nick, removal.reason), (301,) if removal.banned else again


def _yourself(teller: Teller, room: HostedRoom, one: Attendee, before: Seen | None, now: Seen) -> None:
    if before is not None:
        teller.tell(room, stanzas.gone(room.jid, before, (110, 303), now.nick), [one.jid])
    teller.tell(room, stanzas.yourself(room.jid, now, one.jid, (110,)), [one.jid])


def _described(teller: Teller, room: HostedRoom, now: Room) -> None:
    before, room.room = room.room, now
    if before.subject != now.subject:
        teller.tell(room, stanzas.subject(room.jid, now.subject), room.inside)
    # XEP-0486 #owner-publish: a new picture is told when it is there.
    pictured = before.avatar != now.avatar and not teller.pictures.look_at(room, None, soon=True)
    if pictured or (before.name, before.encrypted, before.rules) != (now.name, now.encrypted, now.rules):
        teller.tell(room, stanzas.configured(room.jid), room.inside)
    if before.public != now.public:
        teller.tell(room, stanzas.configured(room.jid, 170 if now.public else 171), room.inside)
