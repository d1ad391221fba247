"""What one user may have of a network in a while; what others have of it is theirs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Invite,
    Listed,
    Listing,
    Membership,
    Reason,
    Refused,
)
from bridge.hub.finding import Finder
from bridge.store.database import Database
from tests.support.house import FAR, House, PlainHome, house

ROMEO, JULIET = "romeo@home.example", "juliet@home.example"
VERONA = ChatId("#verona@far")


@dataclass
class Library:
    """A directory that counts what it is asked."""

    asked: list[str] = field(default_factory=list)

    async def find(self, typed: str, most: int) -> Sequence[Contact]:
        self.asked.append(typed)
        return [Contact(ContactId("@anna"), "Anna")]

    async def profile(self, contact: ContactId) -> Contact | None:
        self.asked.append(contact)
        return Contact(contact, "Somebody")

    async def rooms(self, typed: str, where: str, after: str, most: int) -> Listing:
        self.asked.append(where)
        return Listing()

    async def inside(self, space: ChatId, after: str, most: int) -> Listing:
        self.asked.append(space)
        return Listing()

    async def spaces(self) -> Sequence[Listed]:
        self.asked.append("spaces")
        return []


@pytest.fixture
async def verona(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path) as home:
        home.far.can = replace(home.far.can, actions=home.far.can.actions | {Invite})
        for user, me in ((ROMEO, "@romeo"), (JULIET, "@juliet")):
            account = await home.account(user, me)
            event = ChatSeen(chat=ChatId("!verona"), kind=ChatKind.ROOM, name="Verona", alias="#verona")
            home.far.report(account, event)
        await home.settled()
        yield home


def invite(number: int) -> Invite:
    return Invite(chat=VERONA, key="-", whom=ContactId(f"@guest{number}"))


async def test_of_a_thousand_invitations_in_a_minute_ten_go_out_and_others_invite_as_ever(verona: House) -> None:
    async def one(user: str, number: int) -> Reason | None:
        try:
            await verona.rooms.change(user, invite(number))
        except Refused as refusal:
            return refusal.reason
        return None

    flood = [asyncio.create_task(one(ROMEO, number)) for number in range(1_000)]
    hers = await one(JULIET, 1_000)
    answers = await asyncio.gather(*flood)

    assert hers is None
    assert (answers.count(None), answers.count(Reason.RESOURCE)) == (10, 990)
    assert len(verona.far.actions(Invite)) == 11
    with pytest.raises(Refused, match="very many people in the last minute"):
        await verona.rooms.change(ROMEO, invite(1_001))


async def test_who_asks_too_much_is_told_to_wait_and_others_are_answered(verona: House) -> None:
    assert verona.hub is not None
    library = verona.far.directory = Library()
    finder = Finder(verona.database, verona.hub.sessions, verona.people.choices, PlainHome(), verona.hub.quotas.ask)
    for number in range(60):
        await finder.people(ROMEO, FAR, f"a{number}", 10)
        assert await finder.profile(ROMEO, FAR, ContactId(f"@p{number}")) is not None
    for question in (
        finder.people(ROMEO, FAR, "anna", 10), finder.rooms(ROMEO, FAR, "", "far.example", "", 10),
        finder.inside(ROMEO, FAR, "space", "", 10), finder.spaces(ROMEO, FAR),
        verona.rooms.standing(VERONA, ROMEO, Membership.BANNED),
    ):  # fmt: skip
        with pytest.raises(Refused, match="very much in the last minute") as refused:
            await question
        assert refused.value.reason is Reason.RESOURCE
    assert await finder.profile(ROMEO, FAR, ContactId("@nobody yet")) is None
    assert len(library.asked) == 120

    assert [one.id for one in await finder.people(JULIET, FAR, "anna", 10)] == ["@anna"]
    assert await verona.rooms.standing(VERONA, JULIET, Membership.BANNED) == []
    assert [one.contact for one in await verona.rooms.standing(VERONA, ROMEO, Membership.JOINED)] == []
