"""Affiliations by version (XEP-0463): what somebody who knows a version is told."""

import hashlib
from collections.abc import Sequence
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ChatId, ContactId, Membership, Rank
from bridge.hub.facades import Room, RoomNews, RoomOccupant
from bridge.xmpp.chats import Addresses
from bridge.xmpp.hosted import stanzas
from bridge.xmpp.hosted.house import House
from bridge.xmpp.hosted.room import LARGE, Attendee, HostedRoom
from tests.support.asking import NETWORK
from tests.unit.xmpp.known import DOMAIN, GATEWAY, ROMEO, AvatarsByHeart, RoomsByHeart, own_link

VERONA = ChatId(f"#verona@{DOMAIN}")
ME, JULIET, TYBALT, NURSE = (ContactId(id) for id in ("romeo", "juliet", "tybalt", "nurse"))
USER, MAV = f"{{{stanzas.USER}}}", f"{{{stanzas.VERSIONS}}}mav"
LIMIT = 10_000
BANNED, INVITED, LEFT = Membership.BANNED, Membership.INVITED, Membership.LEFT


class Verona:
    """The room, with Romeo in it; what he hears."""

    def __init__(self, rank: Rank = Rank.MEMBER) -> None:
        people = [RoomOccupant(ME, "Romeo", rank), RoomOccupant(JULIET, "Juliet", Rank.OWNER)]
        self.rooms = RoomsByHeart({VERONA: Room(VERONA, NETWORK, "", "")}, {VERONA: {ROMEO: ME}}, {VERONA: people})
        self.rooms.version = lambda room, words: hashlib.md5(words.encode()).hexdigest()  # type: ignore[method-assign]
        self.rooms.outside[VERONA] = {TYBALT: BANNED}
        self.written: list[str] = []
        self.house = self.again()

    def again(self) -> House:
        """As after a restart."""
        self.house = House(
            Addresses([GATEWAY]), self.rooms, lambda _, stanza: self.written.append(stanza), own_link, AvatarsByHeart()
        )
        return self.house

    async def open(self) -> HostedRoom:
        self.room, _ = await self.house.opened(VERONA, ROMEO)
        self.room.attendees[f"{ROMEO}/app"] = Attendee(f"{ROMEO}/app", ROMEO, ME, entering=None, versed=True)
        return self.room

    @property
    def version(self) -> str:
        assert self.room.rolls is not None
        found = fromstring(self.room.rolls.until(orderly=self.room.keeps_order(ME)))
        return found.get("until", "")

    def stands(self, contact: ContactId, membership: Membership) -> None:
        self.house.changed(RoomNews(VERONA, outside=(contact, membership)))

    def comes(self, contact: ContactId, rank: Rank = Rank.MEMBER, *, present: bool = True) -> None:
        self.house.changed(RoomNews(VERONA, occupant=RoomOccupant(contact, str(contact).title(), rank, present)))

    def answer(self, since: str, limit: int = LIMIT) -> Sequence[Element]:
        assert self.room.rolls is not None
        return list(parsed(self.room.rolls.answer(self.room, ME, ROMEO, since, limit)))

    def told(self) -> list[Element]:
        found = [one for stanza in self.written for one in parsed(stanza)]
        self.written.clear()
        return found


def parsed(stanza: str) -> Element:
    return fromstring(f"<all>{stanza.replace(chr(0), 'to')}</all>")


def affiliations(*stanzas: Element) -> dict[str, str]:
    return {
        item.get("jid", "").partition("@")[0]: item.get("affiliation", "")
        for stanza in stanzas
        for item in stanza.iter(f"{USER}item")
    }


def versions(stanza: Element) -> tuple[str | None, str | None]:
    [mav] = stanza.iter(MAV)
    return mav.get("since"), mav.get("until")


async def test_a_list_is_told_whole_or_what_is_new_or_not_at_all() -> None:
    verona = Verona(Rank.ADMIN)
    await verona.open()
    first = verona.version
    for unknown in ("", "nonsense", "<&\"'", "x" * 100_000):
        [whole] = verona.answer(unknown)
        assert affiliations(whole) == {"romeo": "admin", "juliet": "owner", "tybalt": "outcast"}
        assert versions(whole) == (None, first)
    assert verona.answer(first) == []

    verona.comes(NURSE)
    verona.stands(TYBALT, LEFT)
    [new] = verona.answer(first)
    assert affiliations(new) == {"nurse": "member", "tybalt": "none"}
    assert versions(new) == (first, verona.version)
    verona.stands(TYBALT, BANNED)
    verona.comes(NURSE, present=False)
    assert verona.version == first  # as it was: nobody has anything to learn
    assert verona.answer(first) == []


async def test_each_change_is_broadcast_with_the_versions_around_it() -> None:
    verona = Verona(Rank.ADMIN)
    await verona.open()
    verona.told()
    known = verona.version
    changes = (
        lambda: verona.stands(NURSE, INVITED),
        lambda: verona.comes(JULIET, Rank.ADMIN),
        lambda: verona.comes(ME, Rank.OWNER),
        lambda: verona.stands(NURSE, BANNED),
        lambda: verona.comes(JULIET, present=False),
    )
    for change in changes:
        change()
        [stanza] = verona.told()
        assert versions(stanza) == (known, verona.version)
        known = verona.version
    verona.comes(JULIET)
    verona.told()
    verona.comes(JULIET, Rank.VISITOR)  # another role, no other affiliation
    [stanza] = verona.told()
    assert not list(stanza.iter(MAV))


async def test_who_is_banned_hear_only_those_who_keep_order() -> None:
    verona = Verona()
    await verona.open()
    known = verona.version
    [whole] = verona.answer("")
    assert affiliations(whole) == {"romeo": "member", "juliet": "owner"}
    verona.told()
    verona.stands(NURSE, BANNED)
    assert (verona.told(), verona.version) == ([], known)

    verona.comes(ME, Rank.MODERATOR)  # from now on it is another list
    whole, own = verona.told()
    assert affiliations(whole) == {"romeo": "member", "juliet": "owner", "tybalt": "outcast", "nurse": "outcast"}
    assert versions(whole) == versions(own) == (None, verona.version) != (None, known)


async def test_nobody_is_told_of_when_they_were_not_there() -> None:
    verona = Verona()
    await verona.open()
    verona.comes(ME, present=False)
    before = verona.version
    verona.comes(NURSE)
    verona.comes(ME)
    [error] = verona.answer(before)
    assert error.get("type") == "error"
    assert error.find(".//{urn:ietf:params:xml:ns:xmpp-stanzas}forbidden") is not None


async def test_a_version_holds_over_a_restart() -> None:
    verona = Verona()
    await verona.open()
    version = verona.version
    verona.again()
    await verona.open()
    assert verona.version == version
    verona.rooms.people[VERONA].append(RoomOccupant(NURSE, "Nurse"))
    verona.again()
    await verona.open()
    [whole] = verona.answer(version)
    assert versions(whole) == (None, verona.version) != (None, version)


async def test_a_long_list_comes_in_parts_that_follow_each_other() -> None:
    verona = Verona(Rank.ADMIN)
    verona.rooms.outside[VERONA] = {ContactId(f"p{number}"): BANNED for number in range(300)}
    await verona.open()
    parts = verona.answer("", limit=4_000)
    ends = [versions(part) for part in parts]
    assert len(parts) > 5
    assert (ends[0][0], ends[-1][1]) == (None, verona.version)
    assert [end for _, end in ends[:-1]] == [begin for begin, _ in ends[1:]]
    assert len(affiliations(*parts)) == 302
    assert affiliations(*verona.answer(ends[0][1] or "")) == affiliations(*parts)  # a part is no version


async def test_a_room_without_versions_has_none() -> None:
    verona = Verona()
    del verona.rooms.outside[VERONA]
    assert (await verona.open()).rolls is None
    verona = Verona()
    await verona.open()
    verona.told()
    for number in range(LARGE):
        verona.comes(ContactId(f"p{number}"))
    told = verona.told()
    assert verona.room.rolls is None
    [configured] = [one for one in told if one.find(f".//{USER}status[@code='104']") is not None]
    assert told.index(configured) in (LARGE - 2, LARGE - 1)
    assert not list(told[-1].iter(MAV))


@pytest.mark.parametrize("steps", [99, 101])
async def test_only_so_many_changes_are_kept(steps: int) -> None:
    verona = Verona()
    await verona.open()
    first = verona.version
    for number in range(steps):
        verona.comes(ContactId(f"p{number}"))
    assert versions(verona.answer(first)[0])[0] == (first if steps < 100 else None)
