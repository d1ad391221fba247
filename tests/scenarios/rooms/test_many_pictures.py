"""Hundreds with pictures come into a room: the picture of each is told once at most, and not again after a restart."""

import asyncio
from collections import Counter

from bridge.testing import files
from bridge.testing.wire import AddPerson
from tests.conftest import ANY_SERVER, FULL
from tests.scenarios.conftest import Play
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.files import png
from tests.support.xmpp_client import bare

pytestmark = ANY_SERVER
PEOPLE = 500
SPEAKERS = PEOPLE if FULL else 40  # whose pictures are fetched: a trickle of about twenty a second
PATIENCE = 300.0 if FULL else 90.0  # seconds
CONTACTS = 20
PHOTO = "{vcard-temp:x:update}photo"
METADATA = "urn:xmpp:avatar:metadata"


def told(verona: InVerona, since: int) -> Counter[str]:
    """How often an occupant was shown with a picture, by nick, in what came after `since` stanzas."""
    came = [s for s in verona.app.received[since:] if muc.is_presence(s, verona.room)]
    return Counter(muc.nick(one) for one in came if one.findtext(f".//{PHOTO}"))


def published(play: Play) -> Counter[str]:
    """How often a contact's picture was told as an event (XEP-0084 #process-subnotify)."""
    return Counter(bare(s) for s in play.app.received if any(i.get("node") == METADATA for i in s.iter()))


def kept(play: Play) -> dict[str, tuple[int, int]]:
    """The pictures on the disk; one that is fetched again is another file."""
    found = (play.gateway.folder / "data" / "avatars").iterdir()
    return {one.name: (one.stat().st_ino, one.stat().st_mtime_ns) for one in found}


async def all_speak(verona: InVerona, text: str) -> None:
    for number in range(SPEAKERS):
        await verona.says(f"p{number}", f"{text} {number}")
    await muc.said(verona.app, verona.room, f"{text} {SPEAKERS - 1}", 60)


async def until_shown(verona: InVerona) -> None:
    """Everybody who has spoken was shown with their picture."""
    for number in range(SPEAKERS):
        nick = f"P{number}"
        await verona.app.expect(
            lambda s, nick=nick: muc.is_presence(s, verona.room) and muc.nick(s) == nick and s.findtext(f".//{PHOTO}"),
            PATIENCE, f"picture of {nick}", again=True,
        )  # fmt: skip


async def test_five_hundred_with_pictures_are_each_told_of_once(verona: InVerona) -> None:
    play = verona.play
    for number in range(PEOPLE):
        picture = await files.have(play.world, "me.png", png(8, 1 + number, seed=number), "image/png")
        await play.world.do(AddPerson(id=f"p{number}", name=f"P{number}", avatar=picture))
    await verona.enter()
    for number in range(CONTACTS):
        contact = f"p{number}"
        await play.world.chat(f"with {contact}", "romeo", contact, kind="direct")
        await play.world.says(contact, f"with {contact}", "Good day.")
        assert await play.app.text_from(f"{contact}@memory.localhost") == "Good day."
        await play.app.befriend(f"{contact}@memory.localhost")

    begin = len(verona.app.received)
    for number in range(PEOPLE):
        await play.world.do(verona.comes(f"p{number}"))
    await all_speak(verona, "Hail")
    await until_shown(verona)
    await all_speak(verona, "Hail again")
    times = told(verona, begin)
    assert {f"P{number}" for number in range(SPEAKERS)} <= times.keys()
    assert max(times.values()) == 1, times.most_common(5)
    assert max(published(play).values(), default=0) <= 1

    before, events = kept(play), published(play)
    await asyncio.to_thread(play.gateway.stop)
    await asyncio.to_thread(play.gateway.start)
    begin = len(verona.app.received)
    await verona.enter()
    await all_speak(verona, "Hail once more")
    assert max(told(verona, begin).values(), default=0) <= 1
    assert published(play) == events, "published again although nothing has changed"
    after = kept(play)
    assert {name: after.get(name) for name in before} == before, "fetched again although nothing has changed"
