"""4,000 people come into a Matrix room of 1,000 while an app is there; the app of another user comes into the room of
5,000; and all of them may say nothing any more. For how long the gateway's loop was held at most, as it says itself
(`landbridge_loop_lag_seconds`): on a busy machine it is the machine's as well. The homeserver is the one of the tests.
"""

import asyncio
import secrets
from collections.abc import Awaitable
from contextlib import AsyncExitStack

from tests.support import commands, muc
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.homeserver import Homeserver
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient

BEFORE, COME = 1_000, 4_000
PASSWORD = "open sesame"
PATIENCE = 120.0  # seconds
REMEMBERED = 16.0  # seconds after which the gateway has forgotten what was before
FIGURE = f"{COME:,} arrive: ms of the loop's worst lag"


async def measure() -> dict[str, float]:
    async with AsyncExitStack() as stack:
        secret = secrets.token_hex(16)
        homeserver = await stack.enter_async_context(Homeserver())
        prosody = stack.enter_context(Prosody({MATRIX: secret}, log_level="warn"))
        owner, users = homeserver.add_user("owner"), ("romeo", "benvolio")
        room = homeserver.create_room(owner)
        homeserver.populate(room, BEFORE)
        for user in users:
            homeserver.join(room, homeserver.add_user(user))
        networks = matrix(secret, homeserver.url)
        gateway = stack.enter_context(Gateway(networks, prosody.component_port, log_level="warning"))
        apps = []
        for user in users:
            jid = await asyncio.to_thread(prosody.add_user, user, PASSWORD)
            apps.append(await stack.enter_async_context(XmppClient(jid, PASSWORD, prosody.c2s_port)))
            await commands.log_in(apps[-1], gateway.jid, homeserver.url, user, PASSWORD)
        jid = await muc.any_listed(apps[0], gateway.jid)
        await muc.enter(apps[0], jid, "romeo", seconds=PATIENCE)

        async def arrive() -> None:
            homeserver.populate(room, COME, BEFORE)
            homeserver.say(room, owner, "What a crowd!")
            await muc.said(apps[0], jid, "What a crowd!", PATIENCE)

        async def enter() -> None:
            await muc.enter(apps[1], jid, "benvolio", seconds=PATIENCE)

        async def silence() -> None:
            homeserver.put_state(room, owner, "m.room.power_levels", {"events_default": 50})
            homeserver.say(room, owner, "Silence!")
            await muc.said(apps[0], jid, "Silence!", PATIENCE)

        return {
            FIGURE: await _lag(gateway, arrive()),
            f"{BEFORE + COME:,}, another enters: ms of the loop's worst lag": await _lag(gateway, enter()),
            f"{BEFORE + COME:,} are silenced: ms of the loop's worst lag": await _lag(gateway, silence()),
        }


async def _lag(gateway: Gateway, happens: Awaitable[None]) -> float:
    """The worst while it `happens`, in milliseconds."""
    await asyncio.sleep(REMEMBERED)
    happening, worst = asyncio.ensure_future(happens), 0.0
    while not happening.done():
        await asyncio.wait({happening}, timeout=REMEMBERED / 4)
        worst = max(worst, await asyncio.to_thread(gateway.metric, "landbridge_loop_lag_seconds"))
    await happening
    return worst * 1000
