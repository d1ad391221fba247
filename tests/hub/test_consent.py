"""Links that people make: who may, with which codes, and what becomes of commands."""

import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Join,
    Leave,
    Message,
    MessageEdited,
    MessageId,
    NetworkId,
    Occupant,
    Person,
    Provenance,
    Rank,
    Send,
)
from bridge.hub.consent import words
from bridge.store.database import Database
from tests.support.house import House, house

CODE = re.compile(r"!bridge confirm (\S+)")
ROOMS = ("duels", "peace", "war")


class Verona:
    """Three rooms of far, with the operator's account in them. Romeo keeps order in duels, Juliet in peace, Paris in
    war; Benvolio is in all."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.account = 0
        self.turned = 0.0
        self._number = 0

    def now(self) -> float:
        return time.time() + self.turned

    async def begin(self) -> None:
        self.account = await self.home.account("", "relay")
        for room, keeper in zip(ROOMS, ("Romeo", "Juliet", "Paris"), strict=True):
            self.seen(room)
            self.home.far.occupants[room] = [person("Benvolio", Rank.MEMBER), person(keeper, Rank.OWNER)]

    def seen(self, room: str, *, encrypted: bool = False) -> None:
        event = ChatSeen(chat=ChatId(room), kind=ChatKind.ROOM, name=room.title(), encrypted=encrypted)
        self.home.far.report(self.account, event)

    def may(self, who: str, room: str, rank: Rank) -> None:
        others = [one for one in self.home.far.occupants[room] if one.contact.id != who]
        self.home.far.occupants[room] = [*others, person(who, rank)]

    def says(self, who: str, room: str, text: str) -> None:
        self._number += 1
        self.home.says(self.account, room, who, text, f"m{self._number}", at=self.now())

    async def asks(self, who: str, room: str, text: str) -> str:
        """What the gateway says next in the room, after that."""
        before = len(self.told(room))
        self.says(who, room, text)
        return await self.next(room, before)

    async def next(self, room: str, before: int) -> str:
        number = len(self.home.far.actions(Send))
        while len(found := self.told(room)) <= before:
            await self.home.far.until(number + 1, Send)
            number = len(self.home.far.actions(Send))
        return found[before]

    def told(self, room: str) -> list[str]:
        return [one.message.text for one in self.home.far.actions(Send) if one.chat == room]

    async def links(self) -> list[str]:
        assert self.home.hub is not None
        return [f"{one.chat}: {one.state}" for one in await self.home.hub.links.lines()]


def person(name: str, rank: Rank) -> Occupant:
    return Occupant(Contact(ContactId(name), name), rank=rank)


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found is not None, text
    return found[1]


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[Verona]:
    async with house(database, tmp_path) as home:
        made = Verona(home)
        await home.stop()
        home.clock = made.now
        await home.start()
        await made.begin()
        yield made


async def linked(verona: Verona) -> str:
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link far peace"))
    assert "linked now with “Duels” (duels) on FAR" in await verona.asks("Juliet", "peace", f"!bridge confirm {code}")
    return code


async def test_a_code_that_a_room_has_seen_needs_the_last_word_of_who_asked(verona: Verona) -> None:
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link"))
    asked = len(verona.told("duels"))
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code.lower()}") == words.LAST_WORD
    assert "“Peace” (peace) on FAR wants" in await verona.next("duels", asked)
    assert await verona.links() == []
    verona.may("Mercutio", "duels", Rank.ADMIN)
    assert await verona.asks("Mercutio", "duels", f"!bridge confirm {code}") == words.NOT_ASKER
    peace = len(verona.told("peace"))
    assert "linked now with “Peace”" in await verona.asks("Romeo", "duels", f"!bridge confirm {code}")
    assert (await verona.next("peace", peace)).startswith("This room is now linked with “Duels” (duels) on FAR: ")
    assert await verona.links() == ["duels: linked", "peace: linked"]


async def test_commands_are_carried_nowhere(verona: Verona) -> None:
    await linked(verona)
    begin = len(verona.told("peace"))
    await verona.asks("Benvolio", "duels", "!bridge status")
    await verona.asks("Benvolio", "duels", "  !Bridge nonsense of all kinds")
    edit = MessageEdited(
        chat=ChatId("duels"), id=MessageId("e1"), sender=Contact(ContactId("Benvolio"), "Benvolio"), at=verona.now(),
        target=MessageId("m2"), message=Message("!bridge unlink"),
    )  # fmt: skip
    verona.home.far.report(verona.account, edit)
    verona.says("Benvolio", "duels", "!bridges are not commands")
    assert await verona.next("peace", begin) == "Benvolio: !bridges are not commands"
    assert await verona.links() == ["duels: linked", "peace: linked"]


async def test_what_the_gateway_says_itself_is_not_carried_when_it_is_seen_again(verona: Verona) -> None:
    await linked(verona)
    said = next(one for one in verona.home.far.actions(Send) if one.chat == "duels")
    begin = len(verona.told("peace"))
    verona.home.says(verona.account, "duels", "relay", said.message.text, "own", at=verona.now(), key=said.key)
    verona.says("Benvolio", "duels", "Part, fools!")
    assert await verona.next("peace", begin) == "Benvolio: Part, fools!"


@pytest.mark.parametrize("rank", [Rank.OWNER, Rank.ADMIN, Rank.MODERATOR, Rank.MEMBER, Rank.VISITOR, None])
async def test_who_may_say_which_command(verona: Verona, rank: Rank | None) -> None:
    """Everybody: help, status, optout. Those who keep order: link, confirm, unlink."""
    if rank is not None:
        verona.may("Tybalt", "duels", rank)
    keeps = rank in (Rank.OWNER, Rank.ADMIN)
    answers = {
        "!bridge": "\n".join(words.HELP),
        "!bridge help": "\n".join(words.HELP),
        "!bridge status": words.NOT_LINKED,
        "!bridge optout": words.OPTED_OUT,
        "!bridge optout off": words.OPTED_IN,
        "!bridge dance": words.UNKNOWN,
        "!bridge confirm AAAA-BBBB-CCCC": words.NO_CODE if keeps else words.NOT_YOU,
        "!bridge unlink": words.NOT_LINKED if keeps else words.NOT_YOU,
    }
    for command, answer in answers.items():
        verona.turned += 61  # nobody says too many
        assert await verona.asks("Tybalt", "duels", command) == answer, command
    said = await verona.asks("Tybalt", "duels", "!bridge link")
    assert (CODE.search(said) is not None) is keeps
    assert keeps or said == words.NOT_YOU


async def test_a_code_that_was_refused_in_a_room_needs_the_last_word_of_who_asked(verona: Verona) -> None:
    """Though it was given to who asked alone: that room has read it now."""
    assert verona.home.hub is not None
    agreeing = verona.home.hub.commands.agreeing
    await verona.home.settled()
    far = NetworkId("far")
    spot = await agreeing.spot(far, ChatId("duels"), Person(far, ContactId("Romeo")))
    code = code_in(await agreeing.ask(replace(spot, shown=False)))
    assert await verona.asks("Benvolio", "peace", f"!bridge confirm {code}") == words.NOT_YOU
    assert await verona.asks("Paris", "war", f"!bridge confirm {code}") == words.LAST_WORD
    assert await verona.links() == []


async def test_who_reads_a_private_code_along_gets_nothing_by_being_quicker(verona: Verona) -> None:
    """Its owner confirms it in a room that others read; which of two rooms is heard first nobody knows."""
    assert verona.home.hub is not None
    agreeing = verona.home.hub.commands.agreeing
    await verona.home.settled()
    far = NetworkId("far")
    spot = replace(await agreeing.spot(far, ChatId("duels"), Person(far, ContactId("Romeo"))), shown=False)
    code = code_in(await agreeing.ask(spot))
    verona.may("Romeo", "peace", Rank.ADMIN)
    verona.says("Paris", "war", f"!bridge confirm {code}")
    assert await verona.asks("Romeo", "peace", f"!bridge confirm {code}") in (
        words.ELSEWHERE, words.LAST_WORD, words.NO_CODE,  # the last two where both are heard at once
    )  # fmt: skip
    assert await verona.links() == []
    verona.turned += 61
    code = code_in(await agreeing.ask(spot))
    assert await verona.asks("Romeo", "peace", f"!bridge confirm {code}") == words.LAST_WORD
    assert await verona.asks("Paris", "war", f"!bridge confirm {code}") == words.ELSEWHERE
    assert "linked now with “Peace”" in await agreeing.confirm(spot, code)
    assert await verona.links() == ["duels: linked", "peace: linked"]


async def test_a_code_that_nobody_else_has_read_needs_no_last_word(verona: Verona) -> None:
    assert verona.home.hub is not None
    agreeing = verona.home.hub.commands.agreeing
    await verona.home.settled()
    far = NetworkId("far")
    spots = [
        replace(await agreeing.spot(far, ChatId(room), Person(far, ContactId(who))), shown=False)
        for room, who in (("duels", "Romeo"), ("peace", "Juliet"))
    ]
    code = code_in(await agreeing.ask(spots[0]))
    assert "linked now with “Duels”" in await agreeing.confirm(spots[1], code)


@pytest.mark.parametrize("provenance", [Provenance.PROGRAM, Provenance.COPY])
async def test_no_program_gives_commands(verona: Verona, provenance: Provenance) -> None:
    """Whatever it may do in the room: it says what others have it say."""
    await linked(verona)
    verona.home.says(
        verona.account, "duels", "Romeo", "!bridge unlink", "p1", at=verona.now(), provenance=provenance
    )  # fmt: skip
    begin = len(verona.told("peace"))
    verona.says("Benvolio", "duels", "Part, fools!")
    assert await verona.next("peace", begin) == "Benvolio: Part, fools!"
    await verona.asks("Benvolio", "duels", "!bridge status")
    assert await verona.links() == ["duels: linked", "peace: linked"]


async def test_an_admin_of_a_third_room_cannot_confirm(verona: Verona) -> None:
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link far peace"))
    assert await verona.asks("Paris", "war", f"!bridge confirm {code}") == words.ELSEWHERE
    verona.turned += 61
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link"))
    asked = len(verona.told("duels"))
    assert await verona.asks("Paris", "war", f"!bridge confirm {code}") == words.LAST_WORD
    assert "“War” (war) on FAR wants" in await verona.next("duels", asked)
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.ELSEWHERE
    assert await verona.links() == [], "nothing is linked without the last word of who asked"


async def test_one_person_has_to_keep_order_on_both_sides(verona: Verona) -> None:
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link far peace"))
    verona.may("Romeo", "peace", Rank.MEMBER)
    assert await verona.asks("Romeo", "peace", f"!bridge confirm {code}") == words.NOT_YOU
    assert await verona.asks("Romeo", "duels", f"!bridge confirm {code}") == words.TO_CONFIRM
    verona.may("Romeo", "peace", Rank.ADMIN)
    assert "linked now" in await verona.asks("Romeo", "peace", f"!bridge confirm {code}")


async def test_who_keeps_order_no_more_has_agreed_to_nothing(verona: Verona) -> None:
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link far peace"))
    verona.home.far.occupants["duels"] = [person("Benvolio", Rank.MEMBER)]
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.ASKER_AWAY
    verona.may("Romeo", "duels", Rank.MEMBER)
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.ASKER_LOWER
    verona.may("Romeo", "duels", Rank.OWNER)
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.NO_CODE
    verona.turned += 61
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link"))
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.LAST_WORD
    verona.may("Juliet", "peace", Rank.MEMBER)
    assert await verona.asks("Romeo", "duels", f"!bridge confirm {code}") == words.AGREED_LOWER
    assert await verona.links() == []


async def test_a_code_is_good_once_and_not_for_long(verona: Verona) -> None:
    code = await linked(verona)
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.NO_CODE
    assert await verona.asks("Romeo", "duels", "!bridge unlink") == "The link duels is removed."
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.NO_CODE
    first = code_in(await verona.asks("Romeo", "duels", "!bridge link far peace"))
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link far peace"))
    verona.turned += 61
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {first}") == words.NO_CODE, "the last one counts"
    verona.turned += 15 * 60
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.NO_CODE
    assert await verona.links() == []


async def test_a_code_outlasts_a_restart_and_is_nowhere_to_be_read(verona: Verona) -> None:
    code = code_in(await verona.asks("Romeo", "duels", "!bridge link far peace"))
    rows = await verona.home.rows("SELECT * FROM link_codes")
    assert len(rows) == 1
    assert code not in str(rows)
    assert code.replace("-", "") not in str(rows)
    await verona.home.stop()
    await verona.home.start()
    assert "linked now" in await verona.asks("Juliet", "peace", f"!bridge confirm {code}")
    did = await verona.home.rows("SELECT network, person, did, link, room FROM audit ORDER BY id")
    assert did == [
        ("far", "Romeo", "asked for a code", "", "duels"),
        ("far", "Romeo", "asked for the link", "duels", "duels"),
        ("far", "Juliet", "agreed to the link", "duels", "peace"),
    ]


async def test_what_cannot_be_linked_is_refused(verona: Verona) -> None:
    assert await verona.asks("Romeo", "duels", "!bridge link far duels") == words.ITSELF
    assert "The gateway is not in a room nowhere on FAR" in await verona.asks(
        "Romeo", "duels", "!bridge link far nowhere"
    )
    assert "There is no network “near” here" in await verona.asks("Romeo", "duels", "!bridge link near peace")
    assert await verona.asks("Romeo", "duels", "!bridge link far") == words.HOW_TO_NAME
    verona.turned += 61
    verona.seen("war", encrypted=True)
    assert "It is encrypted" in await verona.asks("Romeo", "duels", "!bridge link far war")
    assert "It is encrypted" in await verona.asks("Paris", "war", "!bridge link")
    verona.seen("war")
    code = await linked(verona)
    verona.turned += 61
    assert await verona.asks("Romeo", "duels", "!bridge link") == words.LINKED
    assert await verona.asks("Paris", "war", "!bridge link far peace") == words.OTHER_LINKED
    code = code_in(await verona.asks("Paris", "war", "!bridge link"))
    assert await verona.asks("Juliet", "peace", f"!bridge confirm {code}") == words.LINKED


async def test_a_thousand_commands_are_answered_a_few_times_and_hold_up_nobody(verona: Verona) -> None:
    await linked(verona)
    verona.turned += 61
    begin, peace = len(verona.told("war")), len(verona.told("peace"))
    for _ in range(1_000):
        verona.says("Tybalt", "war", "!bridge link")
    verona.says("Benvolio", "duels", "Part, fools!")
    assert await verona.next("peace", peace) == "Benvolio: Part, fools!"
    verona.turned += 61
    assert await verona.asks("Tybalt", "war", "!bridge status") in (words.NOT_YOU, words.TOO_MANY, words.NOT_LINKED)
    while words.NOT_LINKED not in verona.told("war")[begin:]:
        await verona.next("war", len(verona.told("war")))
    said = verona.told("war")[begin:]
    assert said.count(words.NOT_YOU) == 6
    assert said.count(words.TOO_MANY) == 1
    assert len(said) == 8


async def test_what_was_said_long_ago_is_not_done(verona: Verona) -> None:
    verona.home.says(verona.account, "duels", "Romeo", "!bridge link", "old", at=verona.now() - 3_600)
    assert await verona.next("duels", 0) == words.LATE


@pytest.mark.parametrize("into", ["war", "peace", "elsewhere"])
async def test_a_room_that_was_ended_is_followed_by_the_word_of_who_keeps_order(verona: Verona, into: str) -> None:
    await linked(verona)
    can = verona.home.far.can
    verona.home.far.can = replace(can, actions=can.actions | {Join, Leave})
    why = "The room duels was ended."
    ended = ChatSeen(chat=ChatId("duels"), kind=ChatKind.ROOM, name="Duels", closed=why, moved=ChatId(into))
    begin = len(verona.told("peace"))
    verona.home.far.report(verona.account, ended)
    assert (await verona.next("peace", begin)).startswith(why)
    assert await verona.asks("Benvolio", "peace", "!bridge follow") == words.NOT_YOU
    said = await verona.asks("Juliet", "peace", "!bridge follow")
    if into == "peace":
        assert said == words.MOVED_LINKED
        return
    assert said.startswith("The link goes on in")
    begin = len(verona.told(into))
    verona.says("Benvolio", "peace", "I do but keep the peace")
    while await verona.next(into, begin) != "Benvolio: I do but keep the peace":
        begin += 1
    begin = len(verona.told("peace"))
    verona.says("Benvolio", into, "Part, fools!")
    assert await verona.next("peace", begin) == "Benvolio: Part, fools!"
    assert [one.chat for one in verona.home.far.actions(Leave)] == ["duels"]
    assert await verona.links() == ["duels: linked", "peace: linked"]
    verona.turned += 61
    assert await verona.asks("Juliet", "peace", "!bridge follow") == words.NOTHING_MOVED
