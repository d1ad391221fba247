"""Our people in one room elsewhere: who is in, under which nick, and who has to go when there are too many."""

import asyncio
import json
import math
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridge.contract import Contact, ContactId, NetworkId, Person, Persona
from bridge.hub.facades import HOME
from bridge.xmpp import looks, nicks
from bridge.xmpp.content import Name

LISTENER = ""
"""The key of the gateway itself among our people."""
_MOST_TRIES = 20  # nicks of one person
_LONGEST_NAME = 200  # characters of a name that are remembered
_MOST_BYTES = 44 * 1024  # of all that are remembered, with who was there before; a memory holds 64 kB for a room
_MOST_FORMER = 8 * 1024
_CLOCKS = 300.0  # seconds by which a server's clock may differ from ours


@dataclass(slots=True)
class Ours:
    """One of our people, or the gateway itself, in a room."""

    key: str  # `Persona.key`
    network: NetworkId  # whose gateway's stream
    contact: str  # who they are there
    jid: str  # a full one
    name: str = ""  # as it was told last; the nick is made of it
    nick: str = ""
    inside: bool = False
    sure: bool = True  # False: the stream broke since
    occupant: str = ""  # XEP-0421
    role: str = ""  # XEP-0045 #roles
    out: bool = False  # those who keep order do not want them
    told: float = -math.inf  # when the hub was told so, by the process's clock
    used: float = 0.0
    answer: "asyncio.Future[None] | None" = None  # what the room says to coming in or to another nick
    wanted: str = ""  # the nick that was asked for last


class OurPeople:
    """By key, whoever has spoken last behind."""

    def __init__(self) -> None:
        self._all: OrderedDict[str, Ours] = OrderedDict()
        self._by_jid: dict[str, Ours] = {}
        self._former: OrderedDict[tuple[str, str], float] = OrderedDict()  # nick and occupant id, and until when

    def __iter__(self) -> Iterator[Ours]:
        return iter(self._all.values())

    def get(self, key: str) -> Ours | None:
        return self._all.get(key)

    def by_jid(self, jid: str) -> Ours | None:
        return self._by_jid.get(jid)

    def called(self, nick: str) -> Ours | None:
        return next((one for one in self._all.values() if one.inside and one.nick == nick), None)

    def said(self, nick: str, occupant: str, at: float) -> bool:
        """Whether it was one of us who was called so at that time, seconds since the epoch. Where the room tells who is
        behind a nick (XEP-0421), that decides."""
        for one in self._all.values():
            if one.nick == nick and not (occupant and one.occupant):
                return True
            if occupant and one.occupant == occupant:
                return True
        return any(
            occupant == was if occupant and was else nick == called and at <= until + _CLOCKS
            for (called, was), until in self._former.items()
        )

    def left(self, one: Ours) -> None:
        """They are not called as they were any more."""
        if one.nick:
            self._former[one.nick, one.occupant] = time.time()
            self._former.move_to_end((one.nick, one.occupant))

    def add(self, one: Ours) -> Ours:
        self._all[one.key] = one
        self._by_jid[one.jid] = one
        return one

    def used(self, one: Ours) -> None:
        one.used = time.time()
        self._all.move_to_end(one.key)

    def superfluous(self, most: int) -> Sequence[Ours]:
        """Who has to go so that one more can come; who has said nothing for longest first."""
        inside = [one for one in self._all.values() if one.inside and one.key != LISTENER]
        return inside[: max(0, len(inside) - most + 1)]

    def forget(self, one: Ours) -> None:
        self._all.pop(one.key, None)
        self._by_jid.pop(one.jid, None)

    def written(self) -> list[list[str]]:
        """For the next process: who is in, and who is not wanted; as many as a memory holds, without those who
        have said nothing for longest."""
        rows, size = [], 0
        kept = [one for one in self._all.values() if one.inside or one.out]
        kept.reverse()
        for one in sorted(kept, key=lambda one: one.key != LISTENER):
            out = "out" if one.out else ""
            row = [
                one.key, one.network, one.contact, one.jid, one.name[:_LONGEST_NAME], one.nick, out, one.occupant,
            ]  # fmt: skip
            size += len(json.dumps(row, ensure_ascii=False).encode()) + 2
            if size > _MOST_BYTES:
                break
            rows.append(row)
        return rows[::-1]

    def read(self, rows: Sequence[Sequence[str]]) -> None:
        """They were in when the last process ended; whether they still are is asked when they speak."""
        for key, network, contact, jid, name, nick, out, *more in rows:
            one = Ours(key, NetworkId(network), contact, jid, name, nick, inside=not out, sure=False, out=bool(out))
            one.occupant = more[0] if more else ""  # as it was written before there was that
            self.add(one)

    def written_former(self) -> list[tuple[str, str, int]]:
        """For the next process: how we were called, what was left last behind."""
        rows: list[tuple[str, str, int]] = []
        size = 0
        for (nick, occupant), until in reversed(self._former.items()):
            row = (nick, occupant, int(until) + 1)
            size += len(json.dumps(row, ensure_ascii=False).encode()) + 2
            if size > _MOST_FORMER:
                break
            rows.append(row)
        while len(self._former) > len(rows):
            self._former.popitem(last=False)
        return rows[::-1]

    def read_former(self, rows: Sequence[tuple[str, str, int]]) -> None:
        self._former.update(((nick, occupant), float(until)) for nick, occupant, until in rows)


def nicks_for(persona: Persona | None, taken: Sequence[str], mine: str, ghosts: Collection[str] = ()) -> Iterator[str]:
    """Nicks for somebody, the best first: valid, and none that somebody there could be taken for. `mine` is theirs
    already; one of `ghosts` may be, which the room knows."""
    contact = Contact(ContactId(persona.contact), persona.name) if persona is not None else Contact(ContactId("bridge"))
    shapes = {looks.looks(nick) for nick in taken if nick != mine}
    for number in range(1, _MOST_TRIES + 1):
        nick = nicks.nick(contact, number)
        if nick == mine or nick in ghosts or looks.looks(nick) not in shapes:
            yield nick


def persons(ours: OurPeople, others: Mapping[str, str], room: str) -> Mapping[str, Person]:
    """Who may be meant in the room, by nick. `others`: everybody else there, with their occupant ids."""
    found = {nick: Person(HOME, ContactId(f"{room}/{id or nick}")) for nick, id in others.items()}
    found.update((one.nick, Person(one.network, ContactId(one.contact))) for one in ours if one.inside and one.key)
    return found


def name_of(person: Person, ours: OurPeople, others: Mapping[str, str], room: str) -> Name:
    """How somebody is called there; an empty name for who is not."""
    if person.network == HOME and person.id.startswith(f"{room}/"):
        found = person.id.removeprefix(f"{room}/")
        nick = next((nick for nick, occupant in others.items() if found in (occupant, nick)), "")
        return Name(f"{room}/{nick}", nick, found if nick != found else "") if nick else Name()
    one = ours.get(f"{person.network}:{person.id}")
    return Name(f"{room}/{one.nick}", one.nick, one.occupant) if one is not None and one.nick else Name()
