"""The proof that it works: an XMPP app and a Matrix app talk, in a direct chat and in a room, through real servers; the
same XMPP app through a bot with somebody on Telegram; and a MUC, a Matrix room and a Telegram group are one."""

import argparse
import asyncio
import secrets
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts import demo_links, demo_telegram
from scripts.demo_telegram import Telegram
from tests.support import muc, webchat
from tests.support.appservice import WithAppservice
from tests.support.commands import execute, log_in
from tests.support.gateway import TELEGRAM, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.ports import free_port, is_open
from tests.support.prosody import Prosody
from tests.support.webchat import WebChat
from tests.support.xmpp_client import XmppClient, bare, body, receipt_of

ROMEO, JULIET = "romeo", "juliet"
CONTACT = f"{JULIET}%localhost@matrix.localhost"
GARDEN = "#garden%localhost@matrix.localhost"
SECONDS = 60.0
LARGEST = 20_000_000  # bytes of a file


def say(text: str) -> None:
    print(text, flush=True)


def usual(port: int) -> int:
    """The port that apps expect, if it is free."""
    return free_port() if is_open(port) else port


@dataclass(frozen=True)
class Stage:
    """What runs; `words` are Romeo's and Juliet's passwords. Without npm's registry there is no web chat."""

    prosody: Prosody
    synapse: WithAppservice
    gateway: Gateway
    telegram: Telegram
    web: WebChat | None
    words: tuple[str, str]


async def prove(stage: Stage) -> None:
    """Raises TimeoutError, RuntimeError or aiohttp.ClientError when it does not work."""
    gateway, synapse = stage.gateway, stage.synapse
    romeo = stage.prosody.add_user(ROMEO, stage.words[0])
    synapse.register(ROMEO, stage.words[0])
    juliet = synapse.register(JULIET, stage.words[1])
    async with AsyncExitStack() as open_clients:
        xmpp = await open_clients.enter_async_context(XmppClient(romeo, stage.words[0], stage.prosody.c2s_port))
        matrix = await open_clients.enter_async_context(MatrixClient(synapse.url, JULIET, stage.words[1]))
        say(f"{romeo} is in with an XMPP app, {juliet} with a Matrix app.")

        step = await log_in(xmpp, gateway.jid, synapse.url, ROMEO, stage.words[0])
        if step.status != "completed":
            raise RuntimeError(f"the login through the gateway did not work: {step}")
        say(f"{gateway.jid} says to {romeo}: {step.text}")

        id = xmpp.message(CONTACT, "But soft, what light through yonder window breaks?")
        event = await matrix.expect(lambda e: e["type"] == "m.room.message", SECONDS, "message from XMPP")
        say(f"{juliet} sees from {event['sender']}: {event['content']['body']}")
        await xmpp.expect(lambda s: receipt_of(s) == id, SECONDS, "receipt", again=True)
        say(f"{romeo} sees that it was delivered.")

        await matrix.send(event["room_id"], "Romeo, Romeo! Wherefore art thou Romeo?")
        stanza = await xmpp.expect(lambda s: bare(s) == CONTACT and bool(body(s)), SECONDS, "message from Matrix")
        say(f"{romeo} sees from {CONTACT}: {body(stanza)}")

        await xmpp.befriend(CONTACT, SECONDS)
        say(f"{romeo} has {CONTACT} in the contact list.")
        await prove_room(xmpp, matrix, romeo)
        await demo_telegram.prove(xmpp, romeo, stage.telegram, SECONDS, say)
        if stage.telegram.far is not None:
            await demo_links.prove(xmpp, matrix, stage.telegram.far, gateway, SECONDS, say)
    if stage.web is not None:
        await stage.web.check(romeo, stage.words[0])
        say(f"The web chat is there, and {romeo} gets in with it.")


async def prove_room(xmpp: XmppClient, matrix: MatrixClient, romeo: str) -> None:
    """A Matrix room that Romeo comes into by command, and a message each way in it."""
    wish = {"preset": "public_chat", "name": "The garden", "topic": "By moonlight", "room_alias_name": "garden"}
    room = (await matrix.call("POST", "/createRoom", wish))["room_id"]
    step = await execute(xmpp, "matrix.localhost", "join", {"room": "#garden:localhost"})
    if step.status != "completed":
        raise RuntimeError(f"the room could not be joined: {step}")
    await muc.listed(xmpp, "matrix.localhost", GARDEN, SECONDS)
    entered = await muc.enter(xmpp, GARDEN, ROMEO, seconds=SECONDS)
    people = ", ".join([*entered.nicks, entered.nick])
    say(f"{romeo} is in the room {GARDEN}: {people} are there, and it is about {entered.subject!r}.")

    muc.say(xmpp, GARDEN, "He jests at scars that never felt a wound.", "garden-1")
    event = await matrix.text("He jests at scars that never felt a wound.", SECONDS)
    say(f"{matrix.me} sees in the room from {event['sender']}: {event['content']['body']}")
    await matrix.send(room, "By whose direction found'st thou out this place?")
    stanza = await muc.said(xmpp, GARDEN, "By whose direction found'st thou out this place?", SECONDS)
    say(f"{romeo} sees in the room from {muc.nick(stanza)}: {body(stanza)}")


def invite(stage: Stage) -> None:
    """Say how to log in."""
    password, port = f"password {stage.words[0]}", stage.prosody.c2s_port
    say("\nTry it yourself, and press Ctrl-C to end:")
    if stage.web is not None:
        say(f"  a browser        {stage.web.url} with {ROMEO}@localhost, {password}")
    say(f"  any XMPP app     {ROMEO}@localhost, {password}, server 127.0.0.1 port {port}")
    say(f"                   (accept its certificate); write to {CONTACT}, enter the room {GARDEN}")
    say(f"  any Matrix app   @{JULIET}:localhost, password {stage.words[1]}, homeserver {stage.synapse.url}")
    say(f"  {demo_telegram.invitation(stage.telegram)}")
    if stage.telegram.far is not None:
        say(f"  linked rooms     {demo_links.CAFE} on XMPP and {demo_links.ALIAS} on Matrix are one with a group there")


async def demo(once: bool) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    secret, words = secrets.token_hex(16), (secrets.token_hex(4), secrets.token_hex(4))
    async with AsyncExitStack() as stack:
        components = {"matrix.localhost": secret, TELEGRAM: secret}
        telegram = await stack.enter_async_context(demo_telegram.telegram())
        prosody = stack.enter_context(
            Prosody(components, tls=True, archives=True, rooms=True, web=True, uploads=LARGEST, c2s_port=usual(5222))
        )
        synapse = stack.enter_context(WithAppservice(("xmpp", "telegram"), port=usual(8008)))
        settings = {
            "allow_private": [f"localhost:{prosody.http_port}"],  # where files go that the web chat sends
            "http": {"listen": f"127.0.0.1:{synapse.ours}"},
            "networks": {"matrix": {"appservice": str(synapse.file)}},
        }
        networks = {**matrix(secret, synapse.url), **telegram.network(secret)}
        gateway = Gateway(networks, prosody.component_port, settings)
        gateway.http = synapse.ours  # where Synapse calls
        stack.push(gateway)
        await asyncio.to_thread(gateway.start)  # Telegram answers from this very loop
        web = None
        if webchat.has_files():
            web = stack.enter_context(WebChat(prosody.websocket, chats=(CONTACT,), rooms=(GARDEN,), port=usual(8090)))
        stage = Stage(prosody, synapse, gateway, telegram, web, words)
        say("Prosody, Synapse and Landbridge run on loopback, with throw-away data.")
        proof = asyncio.create_task(prove(stage))
        stopped = asyncio.create_task(ended.wait())
        await asyncio.wait({proof, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not proof.done():
            proof.cancel()
        await asyncio.gather(proof, return_exceptions=ended.is_set())
        if not once and not ended.is_set():
            invite(stage)
            async with demo_telegram.answering(telegram):
                await stopped
        stopped.cancel()
    say("Everything has ended.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the proof, with an exit status")
    given = parser.parse_args()
    try:
        asyncio.run(demo(given.once))
    except (TimeoutError, RuntimeError, OSError, aiohttp.ClientError) as error:
        print(f"It did not work: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
