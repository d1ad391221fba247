"""What Romeo writes in another app on Juliet's network appears in his XMPP apps as his own, and nowhere twice."""

import asyncio
from pathlib import Path
from xml.etree.ElementTree import Element

from tests.conftest import COMPONENTS
from tests.scenarios.conftest import Play, staged
from tests.scenarios.privileges.conftest import listening
from tests.support.xmpp_client import CLIENT, XmppClient, bare, body, receipt_of
from tests.support.xmpp_servers import XmppServer

SENT = "{urn:xmpp:carbons:2}sent/{urn:xmpp:forward:0}forwarded/" + f"{CLIENT}message"


def own(stanza: Element) -> Element | None:
    """The user's own message that a carbon holds (XEP-0280 #outbound); None for anything else."""
    sent = stanza.find(SENT)
    return sent if sent is not None and sent.get("from", "").partition("/")[0] == bare(stanza) else None


def owns(app: XmppClient) -> list[Element]:
    return [found for stanza in app.received if (found := own(stanza)) is not None]


async def until_own(app: XmppClient, text: str) -> Element:
    def fits(stanza: Element) -> bool:
        found = own(stanza)
        return found is not None and body(found) == text

    found = own(await app.expect(fits, what=f"carbon of {text}", again=True))
    assert found is not None
    return found


async def test_every_app_shows_it_as_the_users_own(play: Play) -> None:
    async with play.on_stage("romeo") as other:
        await listening(other)
        await play.met()
        await play.world.says("romeo", play.chat, "Neither, fair <saint>")

        for app in (play.app, other):
            carbon = await until_own(app, "Neither, fair <saint>")
            assert (carbon.get("to"), carbon.get("type")) == (play.juliet, "chat")
            assert len(owns(app)) == 1


async def test_it_does_not_come_back_to_the_other_network(play: Play) -> None:
    await play.met()
    for number in range(20):
        await play.world.says("romeo", play.chat, f"mine {number}")
    await until_own(play.app, "mine 19")
    id = play.app.message(play.juliet, "from XMPP")
    await play.app.expect(lambda s: receipt_of(s) == id)

    assert [body(one) for one in owns(play.app)] == [f"mine {number}" for number in range(20)]
    state = await play.world.state(play.chat)
    assert [said.text for said in state.visible][1:] == [f"mine {number}" for number in range(20)] + ["from XMPP"]


async def test_edits_retractions_and_reactions_of_ones_own(play: Play) -> None:
    await play.met()
    sent = await play.world.says("romeo", play.chat, "frist")
    first = await until_own(play.app, "frist")
    await play.world.edits("romeo", play.chat, sent, "first")
    edit = await until_own(play.app, "first")
    replaced = edit.find("{urn:xmpp:message-correct:0}replace")
    assert replaced is not None
    assert replaced.get("id") == first.get("id")

    theirs = await play.world.says("juliet", play.chat, "wherefore")
    heard = await play.app.expect(lambda s: body(s) == "wherefore", again=True)
    await play.world.reacts("romeo", play.chat, theirs, "🌹")
    reaction = own(await play.app.expect(lambda s: (c := own(s)) is not None and bool(reactions(c)), again=True))
    assert reaction is not None
    assert reactions(reaction) == (heard.get("id"), ["🌹"])

    await play.world.retracts("romeo", play.chat, sent)
    await play.app.expect(
        lambda s: (c := own(s)) is not None and (r := c.find("{urn:xmpp:message-retract:1}retract")) is not None
        and r.get("id") == first.get("id"), what="retraction", again=True,
    )  # fmt: skip


def reactions(message: Element) -> tuple[str | None, list[str | None]] | None:
    found = message.find("{urn:xmpp:reactions:0}reactions")
    return None if found is None else (found.get("id"), [one.text for one in found])


async def test_the_archive_has_it_as_the_users(play: Play, takes_it_as_the_users: bool) -> None:
    await play.met()
    await play.world.says("romeo", play.chat, "for later")
    carbon = await until_own(play.app, "for later")
    count = len(play.app.received)
    await play.app.iq(play.app.bare, "set", "<query xmlns='urn:xmpp:mam:2'/>")

    path = "{urn:xmpp:mam:2}result/{urn:xmpp:forward:0}forwarded/" + f"{CLIENT}message"
    kept = [found for stanza in play.app.received[count:] if (found := stanza.find(path)) is not None]
    mine = [one.get("id") for one in kept if one.get("from") == play.app.bare and body(one)]
    assert mine == ([carbon.get("id")] if takes_it_as_the_users else [])


async def test_after_a_kill_it_has_the_same_id(play: Play) -> None:
    await play.met()
    await play.world.says("romeo", play.chat, "before")
    first = await until_own(play.app, "before")
    play.gateway.kill()
    await play.world.says("romeo", play.chat, "while it was down")
    await asyncio.to_thread(play.gateway.start)
    await until_own(play.app, "while it was down")

    assert {one.get("id") for one in owns(play.app) if body(one) == "before"} == {first.get("id")}
    assert len({one.get("id") for one in owns(play.app)}) == 2


async def test_what_was_granted_is_granted_anew_by_a_server_that_comes_back(
    server_kind: type[XmppServer], tmp_path: Path
) -> None:
    """What was written meanwhile no app of theirs was there to see."""
    with server_kind(COMPONENTS, privileges=True) as server:
        async with staged(server, tmp_path) as play:
            await listening(play.app)
            await play.met()
            await play.world.says("romeo", play.chat, "before")
            await until_own(play.app, "before")

            await asyncio.to_thread(server.stop)
            await asyncio.wait_for(play.app.lost.wait(), 60)
            await play.world.says("romeo", play.chat, "meanwhile")
            play.app.ready.clear()
            await asyncio.to_thread(server.start)
            await asyncio.wait_for(play.app.ready.wait(), 60)
            await listening(play.app)
            await play.world.says("romeo", play.chat, "afterwards")
            await until_own(play.app, "afterwards")

            state = await play.world.state(play.chat)
            assert [said.text for said in state.visible][1:] == ["before", "meanwhile", "afterwards"]
