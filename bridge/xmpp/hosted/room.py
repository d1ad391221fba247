"""A hosted room while somebody is in it: who is there, who of XMPP has entered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.contract import ChatId, ContactId, Membership
from bridge.hub.facades import Room, RoomOccupant
from bridge.xmpp.hosted.stanzas import Seen

if TYPE_CHECKING:
    from bridge.xmpp.hosted.rolls import Rolls

LARGE = 200  # people: of more than so many not everybody is shown
_MOST = 1_000  # who are shown because they keep order


@dataclass(slots=True, eq=False)
class Attendee:
    """A full JID that has entered, or is about to."""

    jid: str
    user: str
    me: ContactId
    entering: list[tuple[str, str]] | None = field(default_factory=list)
    """What is said while it enters: key and stanza. None once it is in."""
    versed: bool = False  # it knows XEP-0463
    read: frozenset[str] = frozenset()  # the keys of the history that it was given, while they may come once more


@dataclass(slots=True)
class HostedRoom:
    """What is known of it. `seen` are those who are present, `gone` those who were; `faces` tells whom our users are in
    it."""

    room: Room
    attendees: dict[str, Attendee] = field(default_factory=dict)
    seen: dict[ContactId, Seen] = field(default_factory=dict)
    gone: dict[ContactId, Seen] = field(default_factory=dict)
    nicks: dict[ContactId, str] = field(default_factory=dict)  # of those who are gone, too
    faces: dict[str, ContactId] = field(default_factory=dict)
    shown: set[ContactId] | None = None
    """In a room of more than `LARGE` people those who are shown: who keeps order, and who has said something. None:
    everybody is."""
    address: Callable[[ContactId], str] = lambda contact: ""
    """The JID of anybody; empty if they can have none."""
    outside: dict[ContactId, Membership] | None = None  # who is invited or banned; None: not known
    rolls: "Rolls | None" = None
    """The affiliations by version; None for a room that has none (`bridge.xmpp.hosted.rolls`)."""

    @property
    def jid(self) -> ChatId:
        return self.room.jid

    @property
    def inside(self) -> list[str]:
        """Who hears what is going on."""
        return [one.jid for one in self.attendees.values() if one.entering is None]

    def attends(self, user: str) -> bool:
        """Whether an app of `user` is in it, or comes in."""
        return any(one.user == user for one in self.attendees.values())

    def keeps_order(self, contact: ContactId) -> bool:
        seen = self.seen.get(contact)
        return seen is not None and seen.rank.keeps_order

    def place(self, contact: ContactId, membership: Membership) -> None:
        """Somebody is invited or banned now, or not any more."""
        if self.outside is not None:
            self.outside.pop(contact, None)
            if membership in (Membership.INVITED, Membership.BANNED):
                self.outside[contact] = membership

    def note(self, occupant: RoomOccupant, seen: Seen) -> Seen | None:
        """Somebody is so now; how they were shown before, if they were."""
        before = self.seen.pop(occupant.contact, None)
        self.nicks[occupant.contact] = occupant.nick
        self.gone.pop(occupant.contact, None)
        (self.seen if occupant.present else self.gone)[occupant.contact] = seen
        if self.shown is None and len(self.seen) > LARGE:
            self.shown = {*self.seen} - {occupant.contact} if self.attendees else set()
            self.shown |= {contact for contact, one in self.seen.items() if one.rank.keeps_order}
        if self.shown is not None and occupant.present and seen.rank.keeps_order and len(self.shown) < _MOST:
            self.shown.add(occupant.contact)
        return before

    def shows(self, contact: ContactId) -> bool:
        """Whether people are told of them."""
        return self.shown is None or contact in self.shown

    def reveal(self, contact: ContactId) -> Seen | None:
        """They say something: whom people are to be told of first, if they have not been."""
        seen = self.seen.get(contact)
        if seen is None or self.shown is None or contact in self.shown:
            return None
        self.shown.add(contact)
        return seen

    def known(self, contact: ContactId) -> Seen | None:
        """Somebody, also one who is not in the room any more."""
        return self.seen.get(contact) or self.gone.get(contact)

    def with_nick(self, nick: str) -> ContactId | None:
        return next((contact for contact, seen in self.seen.items() if seen.nick == nick), None)

    def hearing(self, deaf: Callable[[str], bool]) -> list[str]:
        """Who is in, but for users who are `deaf` to it."""
        return [one.jid for one in self.attendees.values() if one.entering is None and not deaf(one.user)]

    def offer(self, key: str, stanza: str, deaf: Callable[[str], bool] = lambda user: False) -> list[str]:
        """Who is to be sent `stanza` now; those who are about to enter get it when they are in, and who has read it in
        the history not again; users who are `deaf` to it never."""
        now = []
        for one in self.attendees.values():
            if deaf(one.user):
                continue
            if one.entering is not None:
                one.entering.append((key, stanza))
            elif key.partition(".")[0] in one.read:
                continue
            else:
                one.read = frozenset()  # what comes now is newer than all of it
                now.append(one.jid)
        return now
