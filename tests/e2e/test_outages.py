"""Servers that go away and come back: nothing is lost, authors are told once, and health says it in time."""

import asyncio
import os
import time
from xml.etree.ElementTree import Element

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.support import files, folk, mixture, muc, talks, views
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.kills import Killer
from tests.support.matrix_client import MatrixClient
from tests.support.ports import wait_until
from tests.support.synapse import Synapse
from tests.support.talks import InRoom
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of, shown
from tests.support.xmpp_servers import XmppServer

FULL = bool(os.environ.get("TESTS_FULL"))
OUTAGE, NOTICE = (120.0, 20.0) if FULL else (20.0, 5.0)
LATE, ENDED = "could not be delivered to Matrix yet", "late have now been delivered to Matrix"
RED_CLOSED, RED_SILENT, GREEN = 5.0, 90.0, 30.0


@ANY_SERVER
async def test_while_matrix_is_away_messages_wait_and_authors_are_told_once(
    server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    settings = {"limits": {"delay_notice": NOTICE}}
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as gateway:
        verona = await talks.in_a_room(app, romeo, gateway, element, synapse)
        app.message(juliet.at(gateway), "before")
        room = (await element.text("before"))["room_id"]
        await app.expect(lambda s: bool(receipt_of(s)))

        synapse.stop()
        try:
            begun = time.monotonic()
            red = await asyncio.to_thread(gateway.time_until, False, RED_CLOSED + 5)
            texts = [f"during {number}" for number in range(10)]
            ids = []
            for text in texts:
                ids.append(app.message(juliet.at(gateway), text))
                verona.say(text)
            await talks.until(lambda: not verona.pending(), verona.pending)  # the room shows it all the same
            for place in (gateway.jid, verona.jid):
                await app.expect(lambda s, at=place: is_notice(s, at, LATE), NOTICE + 30, "notice", again=True)  # type: ignore[misc]
            await asyncio.sleep(max(0.0, OUTAGE - (time.monotonic() - begun)))
        finally:
            synapse.start()
        green = await asyncio.to_thread(gateway.time_until, True, GREEN + 10)
        app.message(juliet.at(gateway), "after")
        verona.say("after")
        await talks.until(lambda: [e["content"].get("body") for e in element.events].count("after") == 2)
        for id in ids:
            await app.expect(lambda s, id=id: receipt_of(s) == id, 30, again=True)  # type: ignore[misc]

        assert red <= RED_CLOSED
        assert green <= GREEN
        assert await element.texts(room, romeo.mxid) == ["before", *texts, "after"]
        assert await element.texts(verona.room, romeo.mxid) == [*texts, "after"]
        for place in (gateway.jid, verona.jid):
            await app.expect(lambda s, at=place: is_notice(s, at, ENDED), 30, "its end", again=True)  # type: ignore[misc]
            assert [LATE in body(s) for s in app.received if is_notice(s, place)] == [True, False]
        assert (await muc.enter(app, verona.jid)).texts == [*texts, "after"]
        assert not [s for s in app.received if error_of(s)[0]]


@ANY_SERVER
async def test_after_a_night_without_the_gateway_a_room_gets_one_line_and_a_chat_every_message(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    verona = await talks.in_a_room(app, romeo, gateway, element, synapse)
    app.message(juliet.at(gateway), "good night")
    chat = (await element.text("good night"))["room_id"]
    await element.send(verona.room, "good night")
    await muc.said(app, verona.jid, "good night")

    await asyncio.to_thread(gateway.kill)  # so Romeo is still in the room
    gateway.was_down(9)
    texts = [f"line {number}" for number in range(5)]
    for text in texts:
        await element.send(verona.room, text)
        await element.send(chat, text)
    await asyncio.to_thread(gateway.start)
    for text in texts:
        await app.expect(lambda s, text=text: bare(s) == juliet.at(gateway) and body(s) == text, 30)  # type: ignore[misc]
    await element.send(verona.room, "good morning")
    await app.expect(lambda s: bare(s) == verona.jid and body(s) == "good morning", 30, again=True)

    first, line, last = dict.fromkeys(body(s) for s in app.received if bare(s) == verona.jid and body(s))
    assert (first, last) == ("good night", "good morning")
    assert line.startswith("5 messages were written while this room was cut off, from ")
    assert (await muc.enter(app, verona.jid)).texts == ["good night", *texts, "good morning"]


@ANY_SERVER
async def test_a_mixture_of_everything_waits_for_matrix_also_when_we_are_killed_meanwhile(
    server: XmppServer, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    """What is edited or taken back while it waits is said as it is then, or not at all."""
    async with files.website(mixture.picture) as place:
        settings = {"allow_private": ["127.0.0.1"]}
        with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as gateway:
            there = await talks.in_a_room(app, romeo, gateway, element, synapse)
            alone = await talks.opened(app, romeo, juliet.at(gateway), element)
            chats = [mixture.room(there, place), mixture.direct(alone, place)]
            killer = Killer(gateway, 1)

            async def talk(doings: int) -> None:
                await asyncio.gather(*(chat.talk_out(doings, killer.up, killer.own()) for chat in chats))

            await asyncio.gather(talk(20), *(chat.talk_back(20, killer.own()) for chat in chats))
            await talks.all_arrived(chats)
            synapse.stop()
            try:
                await talk(30)
                await killer.kill(chats, alone=True)
                await talk(10)
            finally:
                synapse.start()
            await talks.all_arrived(chats)
            for chat in chats:
                timeline = views.on_matrix(await element.timeline(chat.room), romeo.mxid)
                assert chat.differs(timeline, "on Matrix") == []
            assert gateway.metric("landbridge_dead_letters", network="matrix") == 0


async def test_a_restart_of_the_xmpp_server_in_a_burst_loses_nothing(
    server_kind: type[XmppServer], synapse: Synapse
) -> None:
    with (
        server_kind({MATRIX: "s"}) as server,
        Gateway(matrix("s", synapse.url), server.component_port) as gateway,
    ):
        romeo, juliet = folk.user(server, synapse), folk.contact(synapse)
        async with folk.on_xmpp(romeo, server) as app, folk.on_matrix(juliet, synapse) as element:
            await folk.connect(romeo, app, gateway, synapse)
            app.message(juliet.at(gateway), "before")
            room = (await element.text("before"))["room_id"]
            sent = {app.message(juliet.at(gateway), f"out {n}"): f"out {n}" for n in range(60)}
            back = [f"back {n}" for n in range(40)]
            answering = asyncio.create_task(say_all(element, room, back))
            await app.expect(lambda s: receipt_of(s) in sent, 30, again=True)

            app.ready.clear()
            await asyncio.to_thread(server.restart)
            await asyncio.wait_for(app.ready.wait(), 120)
            green = await asyncio.to_thread(gateway.time_until, True, GREEN + 10)
            await answering
            for id, text in sent.items():
                if id not in {receipt_of(s) for s in app.received}:
                    app.message(juliet.at(gateway), text, id=id)
            await app.expect(lambda s: body(s) == back[-1], 60, again=True)
            for id in sent:
                await app.expect(lambda s, id=id: receipt_of(s) == id, 60, again=True)  # type: ignore[misc]

            texts = await element.texts(room, romeo.mxid)
            at_once, kept = shown(s for s in app.received if bare(s) == juliet.at(gateway))
        assert green <= GREEN
        assert sorted(texts) == sorted(["before", *sent.values()])
        assert sorted(at_once + kept, key=back.index) == back
        assert at_once == sorted(at_once, key=back.index)
        assert kept == sorted(kept, key=back.index)


async def test_a_restart_of_the_xmpp_server_in_a_burst_in_a_room_loses_and_doubles_nothing(
    server_kind: type[XmppServer], synapse: Synapse
) -> None:
    with (
        server_kind({MATRIX: "s"}) as server,
        Gateway(matrix("s", synapse.url), server.component_port) as gateway,
    ):
        romeo, juliet = folk.user(server, synapse), folk.contact(synapse)
        async with folk.on_xmpp(romeo, server) as app, folk.on_matrix(juliet, synapse) as element:
            talk = await talks.in_a_room(app, romeo, gateway, element, synapse)
            for number in range(60):
                talk.say(f"out {number}")
            talk.back = [f"back {number}" for number in range(40)]
            answering = asyncio.create_task(say_all(element, talk.room, talk.back))
            await talks.until(lambda: len(talk.accepted()) > 5)

            app.ready.clear()
            await asyncio.to_thread(server.restart)
            await asyncio.wait_for(app.ready.wait(), 120)
            await entered_again(talk)
            talk.repeat()
            await answering
            await talks.all_arrived([talk])

            assert await element.texts(talk.room, romeo.mxid) == talk.out
            assert talk.came_back() == talk.back
            assert [text for _, text in talk.shown() if text.startswith("out")] == talk.out
            entered = await muc.enter(app, talk.jid, romeo.name, "<history maxstanzas='200'/>")
            assert muc.lines_of(entered.history) == talk.shown()


def is_notice(stanza: Element, place: str, words: str = "") -> bool:
    """Whether a gateway or a room says so itself."""
    said = stanza.get("from") == place and bool(body(stanza)) and words in body(stanza)
    return said and (LATE in body(stanza) or ENDED in body(stanza))


async def entered_again(talk: InRoom) -> None:
    """As an app does with a new stream: it is in no room, and asks until the gateway is there, too."""
    async with asyncio.timeout(60):
        while await muc.ping(talk.app, talk.jid.partition("@")[2]):
            await asyncio.sleep(0.2)
    await muc.enter(talk.app, talk.jid, talk.user.name, "<history maxstanzas='200'/>")


async def say_all(element: MatrixClient, room: str, texts: list[str]) -> None:
    for text in texts:
        await element.send(room, text)


async def test_a_closed_connection_to_xmpp_is_red_in_5_seconds_and_green_in_30(
    server_kind: type[XmppServer], synapse: Synapse
) -> None:
    with (
        server_kind({MATRIX: "s"}) as server,
        Gateway(matrix("s", synapse.url), server.component_port) as gateway,
    ):
        server.stop()
        red = await asyncio.to_thread(gateway.time_until, False, RED_CLOSED + 5)
        said = gateway.readiness()
        server.start()
        green = await asyncio.to_thread(gateway.time_until, True, GREEN + 10)

        assert red <= RED_CLOSED
        assert said["networks"]["matrix"]["connected"] is False
        assert said["networks"]["matrix"]["error"]
        assert gateway.metric("landbridge_up", network="matrix") == 1
        assert green <= GREEN


@ANY_SERVER
async def test_a_silent_homeserver_is_red_in_90_seconds(
    gateway: Gateway, synapse: Synapse, romeo: Person, app: XmppClient
) -> None:
    await folk.connect(romeo, app, gateway, synapse)
    await asyncio.to_thread(gateway.time_until, True, GREEN)

    synapse.pause()
    try:
        red = await asyncio.to_thread(gateway.time_until, False, RED_SILENT + 10)
    finally:
        synapse.resume()
    green = await asyncio.to_thread(gateway.time_until, True, GREEN + 10)

    assert red <= RED_SILENT
    assert green <= GREEN


async def test_a_wrong_secret_is_named_and_does_not_stop_the_gateway(server: XmppServer, synapse: Synapse) -> None:
    gateway = Gateway(matrix("wrong", synapse.url), server.component_port)
    try:
        gateway.start(ready=False)
        await asyncio.to_thread(wait_until, lambda: "secret" in gateway.ask("/readyz")[1], 15, "the secret is named")

        assert gateway.ask("/livez")[0] == 200
        assert gateway.ask("/readyz")[0] == 503
        assert await asyncio.to_thread(gateway.stop) == 0
    finally:
        gateway.close()
