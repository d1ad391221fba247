"""Rooms of one's own account as rooms at home: made when first seen, shared, told of, left."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import (
    AccountId,
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    Fail,
    Invite,
    Membership,
    Message,
    MessageId,
    MessageReceived,
    NetworkId,
    Occupant,
    OccupantChanged,
    Rank,
    Reason,
    Refused,
    RoomInvited,
    Send,
    Title,
    Unavailable,
)
from bridge.hub.facades import RoomNews
from bridge.hub.limits import Limits
from bridge.hub.wanted import End, WantedLink
from bridge.store.database import Database
from bridge.xmpp.hosted.describing import described
from bridge.xmpp.hosted.stanzas import BRIDGED
from tests.support.house import FAR, House, house

ROMEO, JULIET, PARIS = "romeo@home.example", "juliet@home.example", "paris@home.example"
VERONA = ChatId("#verona@far")


@pytest.fixture
async def home(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    async with house(database, tmp_path, limits=Limits(delay_notice=0.2, backoff_max=0.3)) as made:
        made.far.occupants["!verona"] = [
            Occupant(Contact(ContactId("@romeo"), "Romeo")),
            Occupant(Contact(ContactId("@anna"), "Anna"), rank=Rank.ADMIN),
        ]
        yield made


def seen(home: House, account: int, chat: str = "!verona", **more: Any) -> None:
    given = {"name": "Verona", "alias": "#verona", **more}
    home.far.report(account, ChatSeen(chat=ChatId(chat), kind=ChatKind.ROOM, **given))


def moved(home: House, account: int, who: str, membership: Membership, name: str = "", chat: str = "!verona") -> None:
    occupant = Occupant(Contact(ContactId(who), name), membership)
    home.far.report(account, OccupantChanged(chat=ChatId(chat), occupant=occupant))


def writes(home: House, user: str, text: str, identity: str = "m1", room: ChatId = VERONA) -> None:
    """A user says something in a hosted room."""
    home.xmpp.report(
        home.home_account,
        MessageReceived(
            chat=room, id=MessageId(identity), sender=Contact(ContactId(user)), at=1.0, origin=f"{user}/app {identity}",
            confirm=False, message=Message(text),
        ),
    )  # fmt: skip


async def in_verona(home: House, user: str = ROMEO, me: str = "@romeo") -> AccountId:
    account = await home.account(user, me)
    seen(home, account)
    await home.settled()
    return account


async def test_a_room_can_be_entered_by_whoever_is_in_it(home: House) -> None:
    await in_verona(home)

    entry = await home.rooms.enter(VERONA, ROMEO)

    assert (entry.me, entry.room.name, entry.room.network) == ("@romeo", "Verona", FAR)
    assert [(one.nick, one.rank) for one in entry.occupants] == [("Anna", Rank.ADMIN), ("Romeo", Rank.MEMBER)]


@pytest.mark.parametrize("room", [VERONA, ChatId("#nowhere@far")])
async def test_nobody_else_can_or_learns_anything(home: House, room: ChatId) -> None:
    await in_verona(home)

    with pytest.raises(Refused) as refused:
        await home.rooms.enter(room, PARIS)

    assert refused.value.reason is Reason.NOT_FOUND
    assert await home.rooms.describe(room, PARIS) is None
    assert await home.rooms.rooms(PARIS, FAR) == []
    with pytest.raises(Refused) as refused:
        await home.said_in(room, PARIS)
    assert refused.value.reason is Reason.FORBIDDEN


async def test_two_users_of_one_scope_share_the_room(home: House) -> None:
    first, second = await in_verona(home), await in_verona(home, JULIET, "@juliet")
    for account in (first, second):
        home.says(account, "!verona", "@anna", "hi", "$1")

    (sent,) = await home.xmpp.until(1, Send)
    writes(home, JULIET, "hello")
    (theirs,) = await home.far.until(1, Send)
    await home.xmpp.until(2, Send)

    assert (sent.chat, sent.message.text) == (VERONA, "hi")
    assert (theirs.chat, home.far.done[-1][0]) == ("!verona", second)
    assert len(await home.rows("SELECT * FROM links")) == 1


async def test_other_scopes_have_rooms_of_their_own(home: House) -> None:
    first = await in_verona(home)
    second = await home.account(JULIET, "@juliet")
    home.far.scopes = {first: "", second: "elsewhere"}
    seen(home, second)
    await home.settled()

    (romeos,), (juliets,) = [await home.rooms.rooms(user, FAR) for user in (ROMEO, JULIET)]

    assert romeos.jid == VERONA
    assert juliets.jid.startswith("!")
    assert await home.rooms.describe(VERONA, JULIET) is None


async def test_the_room_shows_its_own_people_what_they_say_under_their_id(home: House) -> None:
    await in_verona(home)

    writes(home, ROMEO, "hello", "m1")

    (echo,) = await home.xmpp.until(1, Send)
    assert (echo.chat, echo.own_id, echo.persona.contact) == (VERONA, "m1", ROMEO)
    (sent,) = await home.far.until(1, Send)
    assert (sent.own_id, sent.persona, sent.key) == (None, None, echo.key)


async def test_what_may_have_been_shown_before_a_crash_is_shown_again_under_the_same_key(home: House) -> None:
    await in_verona(home)
    home.xmpp.raises = lambda action: Unavailable("XMPP is away.")
    writes(home, ROMEO, "hello", "m1")
    await home.far.until(1, Send)
    await home.settled()
    await home.stop()
    home.xmpp.raises = lambda action: None
    await home.start()

    (echo,) = await home.xmpp.until(1, Send)
    (sent,) = home.far.actions(Send)
    assert (echo.own_id, echo.key) == ("m1", sent.key)


async def test_order_in_the_room_is_that_of_the_journal(home: House) -> None:
    account = await in_verona(home)
    for number in range(20):
        writes(home, ROMEO, f"x{number}", f"m{number}")
        home.says(account, "!verona", "@anna", f"a{number}", f"$a{number}")

    sent = await home.xmpp.until(40, Send)

    lines = await home.said_in(VERONA, ROMEO)
    assert [s.message.text for s in sent] == [line.message.text for line in lines]
    assert [s.key for s in sent] == [line.key for line in lines]


async def test_what_is_refused_is_taken_back(home: House) -> None:
    await in_verona(home)
    home.far.raises = lambda action: Refused("No swearing.", Reason.POLICY)

    writes(home, ROMEO, "A plague!", "m1")

    (failed,) = await home.xmpp.until(1, Fail)
    (echo,) = await home.xmpp.until(1, Send)
    assert (failed.chat, failed.target, failed.shown, failed.text) == (VERONA, "m1", echo.key, "No swearing.")
    assert await home.said_in(VERONA, ROMEO) == []


async def test_who_is_logged_out_is_told_and_nothing_is_shown(home: House) -> None:
    account = await in_verona(home)
    await in_verona(home, JULIET, "@juliet")
    news: list[RoomNews] = []
    home.rooms.watch(news.append)
    await home.log_out(account)

    writes(home, ROMEO, "hello")

    (failed,) = await home.xmpp.until(1, Fail)
    assert failed.reason is Reason.FORBIDDEN
    assert home.xmpp.actions(Send) == []
    assert [(one.jid, one.gone) for one in news] == [(VERONA, ROMEO)]


async def test_people_who_come_and_go_are_told_and_keep_their_names(home: House) -> None:
    account = await in_verona(home)
    await home.rooms.enter(VERONA, ROMEO)
    news: list[RoomNews] = []
    home.rooms.watch(news.append)

    moved(home, account, "@anna2", Membership.JOINED, "Anna")
    moved(home, account, "@anna2", Membership.JOINED, "Anna")
    moved(home, account, "@anna", Membership.LEFT)
    moved(home, account, "@anna2", Membership.JOINED, "Bella")
    moved(home, account, "@anna", Membership.JOINED, "Anna")
    await home.settled()

    told = [(one.occupant.contact, one.occupant.nick, one.occupant.present) for one in news if one.occupant]
    assert told == [
        ("@anna2", "Anna (2)", True), ("@anna", "Anna", False), ("@anna2", "Bella", True), ("@anna", "Anna", True),
    ]  # fmt: skip


async def test_who_came_in_before_the_network_answered_hears_who_is_there(home: House) -> None:
    await in_verona(home)
    news: list[RoomNews] = []
    home.rooms.watch(news.append)

    await home.rooms.enter(VERONA, ROMEO)

    assert [one.occupant.nick for one in news if one.occupant] == ["Anna", "Romeo"]


async def test_people_are_not_kept_before_somebody_enters(home: House) -> None:
    account = await in_verona(home)
    moved(home, account, "@carla", Membership.JOINED, "Carla")
    await home.settled()

    assert await home.rows("SELECT * FROM occupants") == []


async def test_who_leaves_the_room_there_is_out_here(home: House) -> None:
    account = await in_verona(home)
    news: list[RoomNews] = []
    home.rooms.watch(news.append)
    moved(home, account, "@romeo", Membership.LEFT)
    await home.settled()

    assert [(one.jid, one.gone) for one in news] == [(VERONA, ROMEO)]
    with pytest.raises(Refused):
        await home.rooms.enter(VERONA, ROMEO)


async def test_what_was_said_while_one_was_out_is_not_ones_to_read(home: House) -> None:
    account = await in_verona(home)
    other = await in_verona(home, JULIET, "@juliet")
    home.says(account, "!verona", "@anna", "one", "$1", at=time.time())
    moved(home, account, "@romeo", Membership.LEFT)
    home.says(other, "!verona", "@anna", "two", "$2")
    await home.settled()
    seen(home, account)
    await home.settled()
    home.says(account, "!verona", "@anna", "three", "$3", at=time.time())
    await home.settled()

    pages = [await home.said_in(VERONA, user) for user in (ROMEO, JULIET)]

    assert [[line.message.text for line in page] for page in pages] == [["three"], ["one", "two", "three"]]


async def test_a_first_sync_invites_to_nothing_and_later_rooms_do(home: House) -> None:
    account = await in_verona(home)
    assert home.xmpp.actions(Invite) == []

    seen(home, account, "!mantua", name="Mantua", alias="#mantua")

    (invited,) = await home.xmpp.until(1, Invite)
    assert (invited.chat, invited.whom) == ("#mantua@far", ROMEO)


async def test_an_invitation_is_passed_on_once(home: House) -> None:
    account = await in_verona(home)
    event = RoomInvited(
        chat=ChatId("!mantua"),
        inviter=Contact(ContactId("@anna"), "Anna"),
        name="Mantua",
        alias="#mantua",
        reason="Come",
    )
    home.far.report(account, event, event)
    await home.settled()

    (invited,) = await home.xmpp.until(1, Invite)
    assert (invited.by, invited.reason, invited.chat) == ("Anna", "Come", "#mantua@far")
    assert await home.rooms.describe(ChatId("#mantua@far"), ROMEO) is not None
    assert await home.rooms.rooms(ROMEO, FAR) == [await home.rooms.describe(VERONA, ROMEO)]


async def test_an_alias_that_another_room_has_gives_a_made_up_name(home: House) -> None:
    account = await in_verona(home)
    seen(home, account, "!other")
    await home.settled()

    jids = [room.jid for room in await home.rooms.rooms(ROMEO, NetworkId("far"))]

    assert VERONA in jids
    assert len([jid for jid in jids if jid.startswith("!")]) == 1


async def test_a_subject_that_is_new_is_told(home: House) -> None:
    account = await in_verona(home)
    news: list[RoomNews] = []
    home.rooms.watch(news.append)
    seen(home, account, subject="A feud")
    seen(home, account, subject="A feud")
    await home.settled()

    assert [one.room.subject for one in news if one.room] == ["A feud"]


async def test_without_the_network_one_sees_who_is_known(home: House) -> None:
    account = await in_verona(home)
    home.far.refuses_connections = Unavailable("FAR is away.")
    await home.hub.disconnect(account)  # type: ignore[union-attr]

    entry = await home.rooms.enter(VERONA, ROMEO)

    assert (entry.me, list(entry.occupants)) == ("@romeo", [])


async def test_titles_stay_until_others_are_told_or_they_go(home: House) -> None:
    heir = Title("heir", "Heir")
    home.far.occupants["!verona"] = [Occupant(Contact(ContactId("@romeo"), "Romeo"), titles=(heir,))]
    account = await in_verona(home)

    async def told(who: str, titles: tuple[Title, ...] | None, how: Membership = Membership.JOINED) -> None:
        occupant = Occupant(Contact(ContactId(who), "Anna"), how, titles=titles)
        home.far.report(account, OccupantChanged(chat=ChatId("!verona"), occupant=occupant))
        await home.settled()

    async def found() -> dict[str, tuple[str, ...]]:
        entry = await home.rooms.enter(VERONA, ROMEO)
        return {one.contact: tuple(title.name for title in one.titles) for one in entry.occupants}

    assert await found() == {"@romeo": ("Heir",)}
    await told("@anna", (heir, Title("guest", " Guest\u202e of\x00honour \n"), heir, Title("bare", "\x00")))
    await told("@anna", None)
    assert await found() == {"@anna": ("Heir", "Guest of honour"), "@romeo": ("Heir",)}
    await told("@anna", (Title("long", "x" * 1_000), *(Title(f"{n}", f"{n}") for n in range(100))))
    assert (await found())["@anna"] == ("x" * 100, *(f"{n}" for n in range(9)))
    await told("@anna", None, Membership.LEFT)
    await told("@anna", None)
    assert (await found())["@anna"] == ()


async def test_a_room_that_is_linked_with_others_says_so(home: House) -> None:
    """And what it says of itself tells apps (XEP-0030 #info)."""
    await in_verona(home)
    alone = await home.rooms.describe(VERONA, ROMEO)
    relay = await home.account("", "relay")
    assert home.hub is not None
    home.hub.links.configure([WantedLink("verona", (End(FAR, "!verona"), End(FAR, "!mantua")))])
    await home.until_rows("select count(*) from endpoints where typed <> ''", [(2,)])
    linked = await home.rooms.describe(VERONA, ROMEO)

    assert alone is not None
    assert linked is not None
    assert relay
    assert [BRIDGED in described(room, None, None) for room in (alone, linked)] == [False, True]
