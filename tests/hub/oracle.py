"""The oracle: what must be visible where at the end, and what is not as it must be. Pure.

Every message has a number that is said nowhere else ("m17 v2 …": message 17, its second version), so copies are found
by their text, however they got there.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.testing.states import ChatState, Said

_TOKEN = re.compile(r"\bm(\d+) v(\d+)\b")


class Where(NamedTuple):
    network: str
    chat: str

    def __str__(self) -> str:
        return f"{self.network}/{self.chat}"


@dataclass(slots=True)
class Wanted:
    """A message as its author left it."""

    number: int
    link: str
    source: Where
    version: int = 1
    retracted: bool = False
    reactions: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # by network and person
    excused: set[tuple[str, str]] = field(default_factory=set)  # people who were told that a reaction failed


@dataclass(frozen=True, slots=True)
class Rules:
    """Where what is allowed."""

    links: Mapping[str, Sequence[Where]]
    face: Callable[[str, str, str], str | None]
    """(network, person, network there): who they are there; None: one of many behind an account that all share."""
    lenient: frozenset[str] = frozenset()  # networks where one repeat per chat and kill is allowed
    kills: int = 0


@dataclass(slots=True)
class Findings:
    """What is wrong; empty lists are what we want."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    resurrected: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)  # nothing failed, so nobody may be told that it did
    repeats: Counter[Where] = field(default_factory=Counter)  # allowed ones, by chat
    checked: int = 0

    @property
    def faults(self) -> dict[str, list[str]]:
        named = ("lost", "doubled", "reordered", "stale", "resurrected", "reactions", "notices")
        return {name: found for name in named if (found := getattr(self, name))}


def text_of(number: int, version: int) -> str:
    return f"m{number} v{version} the quick brown fox"


def number_of(text: str) -> int | None:
    """Which message a text is a version of; None for what is none of ours (a notice)."""
    token = _TOKEN.search(text)
    return int(token[1]) if token else None


def check(wanted: Sequence[Wanted], states: Mapping[Where, ChatState], rules: Rules) -> Findings:
    """Compare what is there with what must be."""
    findings = Findings()
    by_chat = {where: _copies(states[where]) for chats in rules.links.values() for where in chats}
    for message in wanted:
        for where in rules.links[message.link]:
            findings.checked += 1
            _one(findings, message, where, by_chat[where].get(message.number, []), rules)
    for link, chats in rules.links.items():
        for source in chats:
            for where in chats:
                own = [w for w in wanted if w.link == link and w.source == source]
                _order(findings, own, source, where, by_chat)
    for where, state in ((where, states[where]) for chats in rules.links.values() for where in chats):
        findings.notices += [f"{where}: {said.text}" for said in state.messages if number_of(said.text) is None]
    for where, number in findings.repeats.items():
        if number > rules.kills:
            findings.doubled.append(f"{where}: {number} repeats in {rules.kills} kills")
    return findings


def _copies(state: ChatState) -> dict[int, list[tuple[int, int, Said]]]:
    """(place, version, message) of every copy, by number."""
    found: dict[int, list[tuple[int, int, Said]]] = {}
    for place, said in enumerate(state.messages):
        token = _TOKEN.search(said.text)
        if token is not None:
            found.setdefault(int(token[1]), []).append((place, int(token[2]), said))
    return found


def _one(findings: Findings, message: Wanted, where: Where, copies: list[tuple[int, int, Said]], rules: Rules) -> None:
    name = f"m{message.number} {message.source} in {where}"
    if len(copies) > 1:
        if where.network in rules.lenient and where != message.source:
            findings.repeats[where] += len(copies) - 1
            copies = copies[-1:]  # the hub does not know what the first ones are called
        else:
            findings.doubled.append(name)
    visible = [(version, said) for _, version, said in copies if not said.gone]
    if message.retracted:
        if visible:
            findings.resurrected.append(name)
        return
    if not visible:
        findings.lost.append(name)
        return
    version, said = visible[-1]
    if version != message.version:
        findings.stale.append(f"{name}: version {version} instead of {message.version}")
    _reactions(findings, message, where, said, rules, name)


def _reactions(findings: Findings, message: Wanted, where: Where, said: Said, rules: Rules, name: str) -> None:
    faces: set[str | None] = set()
    for (network, person), wished in message.reactions.items():
        face = rules.face(network, person, where.network)
        faces.add(face)
        if face is None or ((network, person) in message.excused and network != where.network):
            continue
        shown = said.reactions.get(face, [])
        if sorted(shown) != sorted(wished):
            findings.reactions.append(f"{name}: {face} shows {shown} instead of {wished}")
    others = set(said.reactions) - faces
    if len(others) > (None in faces):
        findings.reactions.append(f"{name}: {sorted(others)} never reacted")


def _order(
    findings: Findings,
    own: Sequence[Wanted],
    source: Where,
    where: Where,
    by_chat: Mapping[Where, dict[int, list[tuple[int, int, Said]]]],
) -> None:
    """What was said in one chat comes in that order in every other."""
    said = [w.number for w in own if w.number in by_chat[source]]
    said.sort(key=lambda number: by_chat[source][number][0][0])
    last, before = -1, 0
    for number in said:
        copies = by_chat[where].get(number)
        if not copies:
            continue
        if copies[-1][0] < last:
            findings.reordered.append(f"m{number} from {source} before m{before} in {where}")
        else:
            last, before = copies[-1][0], number
