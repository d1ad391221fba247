"""The demo's rooms that are one: a MUC, a Matrix room and a Telegram group, which the operator links."""

import asyncio
import sys
from collections.abc import Callable

from scripts.demo_telegram import Far
from tests.support import muc
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.xmpp_client import XmppClient, bare, body

CAFE, ALIAS = "cafe@conference.localhost", "#cafe:localhost"
FROM_XMPP, FROM_MATRIX = "Is the day so young?", "But new struck nine."
FROM_TELEGRAM = "Ay me! sad hours seem long."


async def prove(
    xmpp: XmppClient, matrix: MatrixClient, far: Far, gateway: Gateway, seconds: float, say: Callable[[str], None]
) -> None:
    """Raises TimeoutError or RuntimeError when it does not work."""
    nick = xmpp.bare.partition("@")[0]
    await muc.enter(xmpp, CAFE, nick, seconds=seconds)
    wish = {"preset": "public_chat", "name": "The café", "room_alias_name": "cafe"}
    room = (await matrix.call("POST", "/createRoom", wish))["room_id"]
    await _link(gateway, f"xmpp={CAFE}", f"matrix={ALIAS}", f"telegram={far.group.id}", seconds=seconds)
    say(f"The operator has linked {CAFE}, {ALIAS} and the Telegram group “{far.group.title}” ({far.group.id}).")

    world, visitor = far.api.world, far.visitor
    muc.say(xmpp, CAFE, FROM_XMPP, "cafe-1")
    await matrix.send(room, FROM_MATRIX)
    world.says(visitor, far.group, FROM_TELEGRAM)
    for text in (FROM_XMPP, FROM_TELEGRAM):
        await matrix.until(lambda app, text=text: bool(_event(app, room, text)), seconds)  # type: ignore[misc]
        say(f"{matrix.me} sees in {ALIAS} from {_event(matrix, room, text)}: {text}")
    for text in (FROM_MATRIX, FROM_TELEGRAM):
        stanza = await xmpp.expect(
            lambda s, text=text: bare(s) == CAFE and body(s) == text, seconds, repr(text), again=True  # type: ignore[misc]
        )  # fmt: skip
        say(f"{xmpp.bare} sees in {CAFE} from {muc.nick(stanza)}: {text}")
    for text in (FROM_XMPP, FROM_MATRIX):
        await world.until(lambda text=text: bool(_said(far, text)), seconds)  # type: ignore[misc]
        say(f"{visitor.first_name} sees in the group: {_said(far, text)}")


async def _link(gateway: Gateway, *rooms: str, seconds: float) -> None:
    """As an operator does it."""
    command = [sys.executable, "-m", "bridge", "link", "add", "cafe", *rooms, "-c", str(gateway.config)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the rooms could not be linked: {said.decode()}")
    async with asyncio.timeout(seconds):
        while gateway.log.count("a room is linked ") < len(rooms):
            await asyncio.sleep(0.1)  # the log alone tells of it


def _event(app: MatrixClient, room: str, text: str) -> str:
    """Who has said it; empty: nobody yet."""
    return next((e["sender"] for e in app.events if e["room_id"] == room and e["content"].get("body") == text), "")


def _said(far: Far, text: str) -> str:
    """The line in the group that has it; empty: none yet."""
    return next((said.text for said in far.group.visible if text in said.text), "")
