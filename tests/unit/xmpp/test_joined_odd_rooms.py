"""Rooms elsewhere that tell who we are twice or never, and people in them who are called as ours, or as others."""

import unicodedata
from typing import Any, cast
from xml.etree.ElementTree import Element, fromstring

import pytest
from slixmpp import JID

from bridge.contract import Contact, ContactId, Event, Persona
from bridge.xmpp.joined.door import Door
from bridge.xmpp.joined.people import LISTENER, OurPeople, Ours
from bridge.xmpp.looks import looks
from bridge.xmpp.nicks import nick
from tests.unit.xmpp.test_joined import _CLIENT, _USER, FAR, ROOM, Muc

NAMES = (
    "Romeo", "Romeo\n", "Ro\nmeo", "Romeo\r\nTybalt: I did it", "Romeo\u2028Tybalt", "\u202eoemoR", "Ro\u200bmeo",
    "Romeo\u202c\u2066", "\ufeffRomeo", "Ro\u00admeo", "Rom\u0435o", "R\u043eme\u043e", "ROMEO", "romeo ", " romeo",
    "Rome\u0301o", "𝐑𝐨𝐦𝐞𝐨", "Ｒｏｍｅｏ", "Ⓡomeo", "Romeo (2)", "Romeo/x", "romeo@home.example", "room/Romeo", "/", "@",
    "'", '"<>&', "]]>", "\x00", "\x1f\x7f\x85", "\ud800", "\U000e0041", "\u0378", "\ufdd0", "🙂", "👨\u200d👩\u200d👧",
    "Z̸̢a̶l̷g̶o̸" + "\u0336" * 200, "n" * 10_000, "ﷺ" * 1_000, "אנה", "אנה Romeo", "שלום (2)", "ﬁ", "İstanbul", "ß",
    "null", "undefined", "%s%n", "../../x", "bridge", "", " ", "\t\n", "（Romeo）",
)  # fmt: skip


def door_of(muc: Muc) -> tuple[Door, OurPeople]:
    people = OurPeople()
    return Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, list[Event]().append), people


def ours(people: OurPeople, number: int) -> Ours:
    return people.add(Ours(f"far:{number}", FAR, str(number), f"{number}@far.example/bridge"))


def persona(number: int, name: str) -> Persona:
    return Persona(f"far:{number}", FAR, str(number), name)


class Unsure(Muc):
    """A room that says so many times which presence is one's own."""

    times = 0

    def _answer(self, stanza: Element) -> None:
        if stanza.tag != "presence" or stanza.get("type") is not None:
            super()._answer(stanza)
            return
        head = f"xmlns='{_CLIENT}' from='{stanza.get('to')}' to='{stanza.get('from')}'"
        code = "<status code='110'/>" if self.times else ""
        for _ in range(max(1, self.times)):
            self.shows(fromstring(f"<presence {head}><x xmlns='{_USER}'>{code}</x></presence>"))


@pytest.mark.parametrize("times", [0, 2, 5])
async def test_a_room_that_never_or_often_says_which_presence_is_ours_lets_us_in_once(times: int) -> None:
    muc = Unsure()
    muc.times = times
    door, people = door_of(muc)
    one = ours(people, 1)
    muc.door = (door, one)

    await door.enter(one, persona(1, "Juliet"))
    await door.enter(one, persona(1, "Juliet"))

    assert (one.inside, one.nick, muc.comings) == (True, "Juliet", 1)
    assert door.others == {}
    door.leave(one)
    assert not one.inside


async def test_who_is_called_as_somebody_in_the_room_is_told_apart() -> None:
    """Whatever tricks the name has in it."""
    for name in ("Romeo", "romeo", "Rom\u0435o", "Ro\u200bmeo", "Romeo\n", "\u202dRomeo", "R O M E O", "Ｒｏｍｅｏ"):
        muc = Muc()
        door, people = door_of(muc)
        listener = people.add(Ours(LISTENER, FAR, "", "far.example/bridge", inside=True, nick="bridge"))
        item = f"<x xmlns='{_USER}'><item affiliation='owner' role='moderator'/></x>"
        door.presence(listener, fromstring(f"<presence xmlns='{_CLIENT}' from='{ROOM}/Romeo'>{item}</presence>"))
        one = ours(people, 1)
        muc.door = (door, one)

        await door.enter(one, persona(1, name))

        assert one.nick.endswith("(2)"), name
        assert looks(one.nick) != looks("Romeo"), name


async def test_two_of_ours_of_one_name_are_told_apart_and_nobody_is_called_as_the_gateway() -> None:
    muc = Muc()
    door, people = door_of(muc)
    people.add(Ours(LISTENER, FAR, "", "far.example/bridge", inside=True, nick="bridge"))
    found = []
    for number, name in enumerate(("Juliet", "Juliet", "JULIET", "bridge", "Brid\u200bge")):
        one = ours(people, number)
        muc.door = (door, one)
        await door.enter(one, persona(number, name))
        found.append(one.nick)

    assert found == ["Juliet", "Juliet (2)", "JULIET (3)", "bridge (2)", "Bridge (3)"]


@pytest.mark.parametrize("name", NAMES)
def test_whatever_somebody_is_called_their_nick_is_one_line_that_servers_take(name: str) -> None:
    one, other = (nick(Contact(ContactId("@anna:example.org"), name), number) for number in (1, 2))

    assert one.strip() == one != ""
    assert other != one
    for made in (one, other):
        assert JID(f"{ROOM}/{made}").resource == made
        assert len(made.encode()) <= 1_023
        odd = [c for c in made if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")]
        assert odd == [], name
