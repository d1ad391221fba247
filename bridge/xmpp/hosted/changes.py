"""What changes in a hosted room, told to those who are in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from bridge.contract import ContactId, Membership
from bridge.hub.facades import Removal, Room, RoomNews, RoomOccupant
from bridge.xmpp import nicks, text
from bridge.xmpp.hosted import rolls, stanzas
from bridge.xmpp.hosted.room import Attendee, HostedRoom
from bridge.xmpp.hosted.stanzas import Out, Seen

LIST = 20_000  # bytes of a message with a part of a list, twice


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
    if news.outside is not None:
        room.place(*news.outside)
    if news.occupant is not None:
        if room.attendees:
            teller.movements.note(room, news.occupant)
        moved(teller, room, news.occupant, news.removal)
    elif news.outside is not None:
        contact = news.outside[0]
        _stands(teller, room, contact, _versions(teller, room, contact))
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
    mavs = _versions(teller, room, occupant.contact)
    themselves = [one for one in room.attendees.values() if one.me == occupant.contact and one.entering is None]
    shown = room.attendees.values() if room.shows(occupant.contact) else ()
    others = [one for one in shown if one.me != occupant.contact and one.entering is None]
    renamed = before is not None and occupant.present and before.nick != now.nick
    if before is not None and renamed:
        teller.tell(room, stanzas.gone(room.jid, before, (303,), now.nick), [one.jid for one in others])
    elif before is not None and not occupant.present:
        banned = (room.outside or {}).get(occupant.contact) is Membership.BANNED
        out, statuses = _out(room, removal) if removal is not None or not banned else (Out(banned=True), (301,))
        _tell(teller, room, others, mavs, lambda mav: stanzas.gone(room.jid, before, statuses, out=out, mav=mav))
    if occupant.present and before is not None and before.avatar != now.avatar:
        teller.pictures.look_at(room, occupant.contact)
    if occupant.present and before != now:
        _tell(teller, room, others, mavs, lambda mav: stanzas.present(room.jid, now, mav=mav))
        switched = before is not None and before.rank.keeps_order != now.rank.keeps_order
        for one in themselves:
            _yourself(teller, room, one, before if renamed else None, now, mavs, switched=switched)
    elif before is None:
        _stands(teller, room, occupant.contact, mavs)


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


def _versions(teller: Teller, room: HostedRoom, contact: ContactId) -> Mapping[bool, str]:
    """Somebody may stand to the room otherwise than they did: what tells of it, for those who keep order and those who
    do not (XEP-0463 #changes). A room that is too large for versions has none any more, and says so by 104."""
    if room.rolls is None:
        return {}
    jid = room.address(contact)
    mavs = room.rolls.put(contact, jid, rolls.standing(room, contact)) if jid else {}
    if not jid or room.shown is not None or room.rolls.many:
        room.rolls = None
        teller.tell(room, stanzas.configured(room.jid), room.inside)
        return {}
    return mavs


def _stands(teller: Teller, room: HostedRoom, contact: ContactId, mavs: Mapping[bool, str]) -> None:
    """The same of somebody who is not there to be shown: in a message (XEP-0463 #changes)."""
    jid, affiliation = text.attribute(room.address(contact)), rolls.standing(room, contact)
    item = f'<item jid="{jid}" affiliation="{affiliation}"/>'
    inside = [one for one in room.attendees.values() if one.entering is None and room.keeps_order(one.me) in mavs]
    _tell(teller, room, inside, mavs, lambda mav: stanzas.standing(room.jid, mav + item))


def _tell(
    teller: Teller, room: HostedRoom, to: Sequence[Attendee], mavs: Mapping[bool, str], stanza: Callable[[str], str]
) -> None:
    """To everybody with the versions of their own list, if that is another one now."""
    heard: dict[str, list[str]] = {}
    for one in to:
        heard.setdefault(mavs.get(room.keeps_order(one.me), "") if mavs else "", []).append(one.jid)
    for mav, some in heard.items():
        teller.tell(room, stanza(mav), some)


def _yourself(
    teller: Teller, room: HostedRoom, one: Attendee, before: Seen | None, now: Seen, mavs: Mapping[bool, str],
    *, switched: bool,
) -> None:  # fmt: skip
    """`switched`: they are shown another list from now on (`bridge.xmpp.hosted.rolls`), so they get it whole: no
    version that they know leads to it."""
    mav = ""
    if room.rolls is not None:
        orderly = now.rank.keeps_order
        mav = (mavs.get(orderly) if not switched else None) or room.rolls.until(orderly=orderly)
        if switched and one.versed:
            teller.tell(room, room.rolls.answer(room, one.me, one.user, "", LIST), [one.jid])
    if before is not None:
        teller.tell(room, stanzas.gone(room.jid, before, (110, 303), now.nick), [one.jid])
    teller.tell(room, stanzas.yourself(room.jid, now, one.jid, (110,), mav), [one.jid])


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
