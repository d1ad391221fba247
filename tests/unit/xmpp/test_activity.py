"""Apps hear that something was said in rooms that they are not in (XEP-0437)."""

import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import fromstring

import pytest

from bridge.contract import ChatId, ContactId, NetworkId
from bridge.xmpp.chats import Addresses
from bridge.xmpp.hosted import activity
from bridge.xmpp.hosted.activity import Activity
from tests.support.asking import NETWORK
from tests.unit.xmpp.known import DOMAIN, ROMEO, KnownByHeart, RoomsByHeart

VERONA, MANTUA = ChatId(f"#verona@{DOMAIN}"), ChatId(f"#mantua@{DOMAIN}")
PHONE, JULIET, ME, ANNA = f"{ROMEO}/phone", "juliet@example.org", ContactId("romeo"), ContactId("anna")


class Scene:
    """What an app is told, as (to, rooms); or the condition of an error."""

    def __init__(self, addresses: Addresses, people: KnownByHeart) -> None:
        self.rooms = RoomsByHeart(members={VERONA: {ROMEO: ME}, MANTUA: {ROMEO: ME, JULIET: ContactId("juliet")}})
        self.inside: set[tuple[ChatId, str]] = set()
        self.hidden: set[ContactId] = set()
        self.told: list[tuple[str, list[str]]] = []
        self.activity = Activity(addresses, self.rooms, lambda room, user: (room, user) in self.inside, self.write)
        self.activity.allowed = people.allowed
        self.activity.hides = lambda user, network, who: who in self.hidden

    def write(self, network: NetworkId, xml: str) -> None:
        stanza = fromstring(xml)
        assert (network, stanza.get("from")) == (NETWORK, DOMAIN)
        some = [one.text or "" for one in stanza.iter("{urn:xmpp:rai:0}activity")]
        error = [one.tag.rpartition("}")[2] for one in stanza.iterfind("error/*")][:1]
        self.told.append((stanza.get("to", ""), some or error))

    def shows(self, app: str = PHONE, kind: str = "", to: str = DOMAIN, payload: str = activity.RAI) -> None:
        of_kind = f"type='{kind}'" if kind else ""
        self.activity.presence(
            fromstring(f"<presence from='{app}' to='{to}' {of_kind}><rai xmlns='{payload}'/></presence>")
        )

    async def hears(self, *said: tuple[ChatId, ContactId]) -> list[tuple[str, list[str]]]:
        """What is told after this was said."""
        for room, who in said:
            self.activity.said(room, who)
        for _ in range(20):
            await asyncio.sleep(0)
        told, self.told = self.told, []
        return told


@pytest.fixture
async def scene(addresses: Addresses, people: KnownByHeart, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(activity, "_PAUSE", 0)
    made = Scene(addresses, people)
    task = asyncio.create_task(made.activity.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_each_room_is_told_once_until_one_was_in_it(scene: Scene) -> None:
    scene.shows()
    assert await scene.hears((VERONA, ANNA), (MANTUA, ANNA)) == [(PHONE, [VERONA, MANTUA])]
    scene.shows()
    assert await scene.hears((VERONA, ANNA)) == []
    scene.inside.add((VERONA, ROMEO))
    assert await scene.hears((VERONA, ANNA)) == []
    scene.inside.clear()
    scene.activity.left(NETWORK, VERONA, ROMEO)

    assert await scene.hears((VERONA, ANNA), (MANTUA, ANNA)) == [(PHONE, [VERONA])]


async def test_what_was_before_is_told_at_once_and_not_again(scene: Scene) -> None:
    scene.rooms.missed[ROMEO] = [VERONA, *(ChatId(f"#r{number}@{DOMAIN}") for number in range(60))]
    scene.shows()

    first, second = await scene.hears()

    assert (first[0], len(first[1]), len(second[1])) == (PHONE, 50, 11)
    assert await scene.hears((VERONA, ANNA)) == []


async def test_nobody_hears_of_rooms_that_they_are_not_in_of_themselves_or_of_whom_they_block(scene: Scene) -> None:
    scene.shows()
    scene.shows(f"{JULIET}/app")
    scene.hidden.add(ContactId("tybalt"))

    assert await scene.hears((VERONA, ME), (VERONA, ContactId("tybalt"))) == []
    assert await scene.hears((VERONA, ANNA)) == [(PHONE, [VERONA])]
    assert await scene.hears((ChatId("#verona@other.example"), ANNA)) == []


@pytest.mark.parametrize(
    "how",
    [{"app": ROMEO}, {"app": "paris@evil.example/app"}, {"app": f"romeo@{DOMAIN}/app"}, {"kind": "subscribe"},
     {"to": f"anna@{DOMAIN}"}, {"payload": "urn:xmpp:rai:1"}],
)  # fmt: skip
async def test_who_does_not_ask_or_may_not_is_told_nothing(scene: Scene, how: dict[str, str]) -> None:
    scene.rooms.members[VERONA] = {ROMEO: ME, "paris@evil.example": ContactId("p"), f"romeo@{DOMAIN}": ContactId("r")}
    scene.shows(**how)

    assert await scene.hears((VERONA, ANNA)) == []


@pytest.mark.parametrize("kind", ["unavailable", "error"])
async def test_who_is_gone_is_told_nothing_and_hears_all_anew_later(scene: Scene, kind: str) -> None:
    scene.shows()
    assert len(await scene.hears((VERONA, ANNA))) == 1
    scene.shows(kind=kind)
    assert await scene.hears((VERONA, ANNA), (MANTUA, ANNA)) == []
    scene.shows()

    assert await scene.hears((VERONA, ANNA)) == [(PHONE, [VERONA])]


async def test_too_many_apps_are_refused(scene: Scene) -> None:
    for number in range(21):
        scene.shows(f"{ROMEO}/{number}")

    assert await scene.hears() == [(f"{ROMEO}/20", ["resource-constraint"])]
    scene.shows(f"{ROMEO}/0", "unavailable")
    scene.shows(f"{ROMEO}/20")
    assert len(await scene.hears((VERONA, ANNA))) == 20
