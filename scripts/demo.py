"""The proof that it works: a message each way between an XMPP app and a Matrix app, through real servers."""

import argparse
import asyncio
import secrets
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.commands import log_in
from tests.support.gateway import Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.ports import free_port, is_open
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, receipt_of

ROMEO, JULIET = "romeo", "juliet"
SECONDS = 60.0


def say(text: str) -> None:
    print(text, flush=True)


def usual(port: int) -> int:
    """The port that apps expect, if it is free."""
    return free_port() if is_open(port) else port


async def prove(prosody: Prosody, synapse: Synapse, gateway: Gateway, words: tuple[str, str]) -> None:
    """Raises TimeoutError or RuntimeError when it does not work."""
    romeo = prosody.add_user(ROMEO, words[0])
    synapse.register(ROMEO, words[0])
    juliet = synapse.register(JULIET, words[1])
    contact = f"{juliet[1:].replace(':', '%')}@{gateway.jid}"
    async with AsyncExitStack() as open_clients:
        xmpp = await open_clients.enter_async_context(XmppClient(romeo, words[0], prosody.c2s_port))
        matrix = await open_clients.enter_async_context(MatrixClient(synapse.url, JULIET, words[1]))
        say(f"{romeo} is in with an XMPP app, {juliet} with a Matrix app.")

        step = await log_in(xmpp, gateway.jid, synapse.url, ROMEO, words[0])
        if step.status != "completed":
            raise RuntimeError(f"the login through the gateway did not work: {step}")
        say(f"{gateway.jid} says to {romeo}: {step.text}")

        id = xmpp.message(contact, "But soft, what light through yonder window breaks?")
        event = await matrix.expect(lambda e: e["type"] == "m.room.message", SECONDS, "message from XMPP")
        say(f"{juliet} sees from {event['sender']}: {event['content']['body']}")
        await xmpp.expect(lambda s: receipt_of(s) == id, SECONDS, "receipt", again=True)
        say(f"{romeo} sees that it was delivered.")

        await matrix.send(event["room_id"], "Romeo, Romeo! Wherefore art thou Romeo?")
        stanza = await xmpp.expect(lambda s: bare(s) == contact and bool(body(s)), SECONDS, "message from Matrix")
        say(f"{romeo} sees from {contact}: {body(stanza)}")


async def demo(once: bool) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    secret, words = secrets.token_hex(16), (secrets.token_hex(4), secrets.token_hex(4))
    c2s, client_api = usual(5222), usual(8008)
    with (
        Prosody({"matrix.localhost": secret}, tls=True, archives=True, c2s_port=c2s) as prosody,
        Synapse(port=client_api) as synapse,
        Gateway(matrix(secret, synapse.url), prosody.component_port) as gateway,
    ):
        say("Prosody, Synapse and Landbridge run on loopback, with throw-away data.")
        proof = asyncio.create_task(prove(prosody, synapse, gateway, words))
        stopped = asyncio.create_task(ended.wait())
        await asyncio.wait({proof, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not proof.done():
            proof.cancel()
        await asyncio.gather(proof, return_exceptions=ended.is_set())
        if not once and not ended.is_set():
            say(
                f"\nTry it yourself, and press Ctrl-C to end:\n"
                f"  any XMPP app     {ROMEO}@localhost, password {words[0]}, server 127.0.0.1 port {c2s}\n"
                f"                   (accept its certificate); write to {JULIET}%localhost@{gateway.jid}\n"
                f"  any Matrix app   @{JULIET}:localhost, password {words[1]}, homeserver {synapse.url}"
            )
            await stopped
        stopped.cancel()
    say("Everything has ended.")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the proof, with an exit status")
    given = parser.parse_args()
    try:
        asyncio.run(demo(given.once))
    except (TimeoutError, RuntimeError, OSError) as error:
        print(f"It did not work: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
