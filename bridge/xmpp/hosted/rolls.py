"""The affiliations of a hosted room, by version (XEP-0463 0.2.0).

A version is computed from what the lists say, with a key, so that it is the same after a restart, and nobody can make
one up. Of the last changes while somebody is in the room it is kept what changed; for any other version the whole list
is the answer (#self). Only rooms in which everybody is shown have versions: each change has to be broadcast with the
versions before and after it (#changes), and in large rooms most people are never shown. `begin` tells which those are,
and nothing else announces them.

There are two lists, each with its own versions, since the same rules hold as for the lists of XEP-0045 (#errors): only
those who keep order see who is banned. To the others somebody who is banned is in the list no more.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

from bridge.contract import ContactId, Membership
from bridge.hub.facades import Rooms
from bridge.xmpp import errors, text
from bridge.xmpp.hosted import stanzas
from bridge.xmpp.hosted.room import HostedRoom
from bridge.xmpp.hosted.standing import affiliation

_KEPT = 100  # changes
_MOST = 1_000  # people in the lists, the banned too


@dataclass(frozen=True, slots=True)
class _Entry:
    jid: str
    affiliation: str


@dataclass(frozen=True, slots=True)
class _Step:
    """What somebody was in the version `since`, and is no more."""

    since: str
    contact: ContactId
    before: _Entry


@dataclass(slots=True)
class _List:
    """What some are shown. `total`: the sum of a hash of each entry, so a change costs the same in any list."""

    version: Callable[[str], str]
    entries: dict[ContactId, _Entry] = field(default_factory=dict)
    total: int = 0
    current: str = ""
    steps: deque[_Step] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def put(self, contact: ContactId, now: _Entry) -> bool:
        """Whether it is otherwise than it was."""
        before = self.entries.pop(contact, _Entry(now.jid, "none"))
        if now.affiliation != "none":
            self.entries[contact] = now
        if now == before:
            return False
        self.steps.append(_Step(self.current, contact, before))
        self.total = (self.total - _hash(before) + _hash(now)) % 2**256
        self.current = self.version(f"{self.total:x}")
        return True

    def since(self, version: str) -> list[_Step] | None:
        """What has happened since, oldest first; None if that is not known."""
        steps = list(self.steps)
        found = [number for number, step in enumerate(steps) if step.since == version]
        return steps[found[-1] :] if found else None


class Rolls:
    """Of one room. Whoever keeps order is `orderly`."""

    def __init__(self, version: Callable[[str], str], entries: Iterable[tuple[ContactId, str, str]]) -> None:
        """`version` makes one of what it stands for; `entries`: contact, JID and affiliation."""
        self._lists = {orderly: _List(version) for orderly in (False, True)}
        for one in entries:
            self.put(*one)
        for some in self._lists.values():
            some.steps.clear()
            some.current = version(f"{some.total:x}")

    def put(self, contact: ContactId, jid: str, affiliation: str) -> Mapping[bool, str]:
        """Somebody has this affiliation now: what belongs into the broadcast of it, for those whose list is another
        one by it (#changes)."""
        told = {}
        for orderly, some in self._lists.items():
            before = some.current
            if some.put(contact, _Entry(jid, affiliation if orderly or affiliation != "outcast" else "none")):
                told[orderly] = stanzas.mav(before, some.current)
        return told

    @property
    def many(self) -> bool:
        return len(self._lists[True].entries) > _MOST

    def until(self, *, orderly: bool) -> str:
        """What belongs into a self-presence (#self)."""
        return stanzas.mav("", self._lists[orderly].current)

    def answer(self, room: HostedRoom, me: ContactId, user: str, since: str, limit: int) -> str:
        """What `user`, who is `me`, is told when they enter and know the version `since`; empty if there is nothing
        new. `limit`: bytes of a stanza, about."""
        some = self._lists[room.keeps_order(me)]
        if since and since == some.current:
            return ""
        steps = some.since(since) if since else None
        if steps is None:
            return "".join(_messages(room, some.entries.items(), "", some.current, me, user, limit))
        mine = next((step.before for step in steps if step.contact == me), some.entries.get(me))
        if mine is None or mine.affiliation in ("none", "outcast"):
            # XEP-0463 #security: what was when they were not in the room they are not told.
            why = "You were not in this room then. Ask for the whole list."
            return stanzas.refusal(room.jid, errors.render("forbidden", why))
        last = {step.contact: _Entry(step.before.jid, "none") for step in steps}
        changed = {contact: some.entries.get(contact, gone) for contact, gone in last.items()}
        return "".join(_messages(room, changed.items(), since, some.current, me, user, limit))


def begin(room: HostedRoom, rooms: Rooms) -> Rolls | None:
    """None for a room that has no versions: not everybody is shown in it, or who is banned or invited is not known, or
    somebody has no address that could stand in a list."""
    if room.outside is None or room.shown is not None or len(room.outside) + len(room.seen) > _MOST:
        return None
    entries = [(contact, room.address(contact), standing(room, contact)) for contact in {**room.seen, **room.outside}]
    if not all(jid for _, jid, _ in entries):
        return None
    return Rolls(lambda words: rooms.version(room.jid, words), entries)


def standing(room: HostedRoom, contact: ContactId) -> str:
    """The affiliation of anybody."""
    seen, outside = room.seen.get(contact), (room.outside or {}).get(contact)
    if seen is not None:
        return affiliation(seen.rank)
    return {Membership.BANNED: "outcast", Membership.INVITED: "member"}.get(outside, "none") if outside else "none"


def _messages(
    room: HostedRoom, entries: Iterable[tuple[ContactId, _Entry]], since: str, until: str, me: ContactId, user: str,
    limit: int,
) -> Iterator[str]:  # fmt: skip
    """A list in as many messages as it takes; each goes on where the one before ends (#self). Of themselves people read
    under their own address, as in the other lists."""
    parts, size = [""], 0
    for contact, one in entries:
        jid = text.attribute(user if contact == me else one.jid)
        item = f'<item jid="{jid}" affiliation="{one.affiliation}"/>'
        size += len(item.encode())
        if size > limit // 2 and parts[-1]:
            parts.append("")
            size = len(item.encode())
        parts[-1] += item
    versions = [since, *(f"{until}.{number}" for number in range(1, len(parts))), until]
    for part, (begin, end) in zip(parts, pairwise(versions), strict=True):
        yield stanzas.standing(room.jid, stanzas.mav(begin, end) + part)


def _hash(entry: _Entry) -> int:
    """None of who is in no list."""
    if entry.affiliation == "none":
        return 0
    return int.from_bytes(sha256(f"{entry.affiliation} {entry.jid}".encode()).digest(), "big")
