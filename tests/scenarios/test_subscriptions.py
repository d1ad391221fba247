"""Whose presence one has asked for: the gateway's and contacts'."""

import asyncio
from xml.etree.ElementTree import Element

from tests.scenarios.conftest import Play
from tests.scenarios.test_operator_commands import landbridge
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import CLIENT, XmppClient, bare, error_of

PRESENCE = f"{CLIENT}presence"
NICK = "{http://jabber.org/protocol/nick}nick"


async def with_roster(play: Play) -> XmppClient:
    """The app, told of changes of its roster (RFC 6121 #roster-login)."""
    await play.app.iq(play.app.bare, "get", "<query xmlns='jabber:iq:roster'/>")
    return play.app


async def presence_of(app: XmppClient, jid: str, kind: str | None = None) -> Element:
    return await app.expect(
        lambda s: s.tag == PRESENCE and bare(s) == jid and s.get("type") == kind, what=f"presence of {jid}"
    )


def presence(kind: str, to: str) -> str:
    return f"<presence type='{kind}' to='{to}'/>"


async def test_the_gateway_is_there_for_who_subscribes(play: Play) -> None:
    app = await with_roster(play)
    app.send(presence("subscribe", MEMORY))

    await presence_of(app, MEMORY, "subscribed")
    assert (await presence_of(app, MEMORY)).findtext(f"{CLIENT}status", "").startswith("Not connected.")
    roster = await app.iq(app.bare, "get", "<query xmlns='jabber:iq:roster'/>")
    [item] = roster.iter("{jabber:iq:roster}item")
    assert (item.get("jid"), item.get("subscription")) == (MEMORY, "to")


async def test_a_contact_is_refused_before_the_login_and_granted_after_it(play: Play) -> None:
    app = await with_roster(play)
    app.send(presence("subscribe", play.juliet))
    await presence_of(app, play.juliet, "unsubscribed")

    await play.met()
    app.send(presence("subscribe", play.juliet))
    await presence_of(app, play.juliet, "subscribed")
    there = await presence_of(app, play.juliet)
    assert there.get("from") == f"{play.juliet}/landbridge"
    assert there.findtext(NICK) == "Juliet"


async def test_nobody_is_asked_for_anything(play: Play) -> None:
    """Romeo wanted Juliet; neither she nor the nurse, who writes first, sends him a request."""
    app = await with_roster(play)
    app.send(presence("subscribe", MEMORY))
    await play.met()
    app.send(presence("subscribe", play.juliet))
    await presence_of(app, play.juliet)
    await play.world.chat("garden", "romeo", "nurse", kind="direct")
    await play.world.says("nurse", "garden", "Young sir!")
    await app.text_from(f"nurse@{MEMORY}")

    assert [s.get("from") for s in app.received if s.get("type") == "subscribe"] == []
    assert [s for s in app.received if s.tag == PRESENCE and bare(s) == f"nurse@{MEMORY}"] == []


async def test_a_contact_is_no_more_after_the_logout_until_somebody_subscribes_again(play: Play) -> None:
    """XEP-0100 #usecases-jabber-unregister. The gateway stays in the list, to log in again."""
    app = await with_roster(play)
    await play.met()
    for jid in (MEMORY, play.juliet):
        app.send(presence("subscribe", jid))
        await presence_of(app, jid)

    app.message(MEMORY, "logout", receipt=False)
    await presence_of(app, play.juliet, "unavailable")
    await presence_of(app, play.juliet, "unsubscribed")
    assert await subscriptions(app) == {MEMORY: "to", play.juliet: "none"}
    await play.log_in()
    app.send(presence("subscribe", play.juliet))
    await presence_of(app, play.juliet, "subscribed")
    assert (await presence_of(app, play.juliet)).findtext(NICK) == "Juliet"


async def subscriptions(app: XmppClient) -> dict[str | None, str | None]:
    roster = await app.iq(app.bare, "get", "<query xmlns='jabber:iq:roster'/>")
    return {item.get("jid"): item.get("subscription") for item in roster.iter("{jabber:iq:roster}item")}


async def test_who_is_logged_out_while_the_gateway_is_stopped_is_unsubscribed_when_it_starts(play: Play) -> None:
    app = await with_roster(play)
    await play.met()
    app.send(presence("subscribe", play.juliet))
    await presence_of(app, play.juliet)
    await asyncio.to_thread(play.gateway.stop)
    assert (await landbridge(play, "account", "remove", "2"))[0] == 0
    await asyncio.to_thread(play.gateway.start)

    await presence_of(app, play.juliet, "unsubscribed")
    assert await subscriptions(app) == {play.juliet: "none"}


async def test_who_leaves_hears_nothing_more(play: Play) -> None:
    app = await with_roster(play)
    await play.met()
    app.send(presence("subscribe", play.juliet))
    await presence_of(app, play.juliet)
    app.send(presence("unsubscribe", play.juliet))
    await presence_of(app, play.juliet, "unavailable")
    count = len(app.received)
    await play.ask("logout")
    await play.log_in()
    await app.iq(play.juliet, "get", "<ping xmlns='urn:xmpp:ping'/>")

    assert [s for s in app.received[count:] if s.tag == PRESENCE and bare(s) == play.juliet] == []


async def test_a_new_app_hears_who_is_there(play: Play) -> None:
    """The server probes for the roster of an app that comes (RFC 6121 #presence-probe)."""
    app = await with_roster(play)
    await play.met()
    app.send(presence("subscribe", play.juliet))
    await presence_of(app, play.juliet)

    async with play.on_stage("romeo") as other:
        there = await presence_of(other, play.juliet)
    assert there.findtext(NICK) == "Juliet"


async def test_subscriptions_outlast_a_restart_and_a_kill(play: Play) -> None:
    app = await with_roster(play)
    await play.met()
    for jid in (MEMORY, play.juliet):
        app.send(presence("subscribe", jid))
        await presence_of(app, jid)

    await asyncio.to_thread(play.gateway.stop)
    for jid in (MEMORY, play.juliet):
        await presence_of(app, jid, "unavailable")
    await asyncio.to_thread(play.gateway.start)
    await presence_of(app, play.juliet)
    play.gateway.kill()
    await asyncio.to_thread(play.gateway.start)
    assert (await presence_of(app, play.juliet)).findtext(NICK) == "Juliet"

    assert [s for s in app.received if s.get("type") in ("unsubscribed", "subscribe")] == []
    roster = await app.iq(app.bare, "get", "<query xmlns='jabber:iq:roster'/>")
    items = sorted((item.get("jid"), item.get("subscription")) for item in roster.iter("{jabber:iq:roster}item"))
    assert items == [(play.juliet, "to"), (MEMORY, "to")]


async def test_a_contact_is_not_a_room(play: Play) -> None:
    play.app.send(
        f"<presence to='{play.juliet}/romeo' id='join'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
    )

    answer = await play.app.expect(lambda s: s.get("id") == "join" and s.get("type") == "error")
    assert error_of(answer) == ("service-unavailable", "This address is not a room.")
