"""Logging in: from the last form to "you are logged in", and what of it the homeserver's own /login takes.

People log in through a gateway, with an XMPP client, and directly, in turn; everybody is new. With `peer` the same is
done with matridge on the same servers.
"""

import asyncio
import secrets
import statistics
import time
from pathlib import Path

from scripts.benches.gateways import PASSWORD, Beside, Figures, compared
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient

TIMES = 8


async def measure(run: int, peer: Path | None = None) -> Figures:
    return await compared(run, peer, _log_in)


async def _log_in(gateway: Beside, prosody: Prosody, synapse: Synapse) -> Figures:
    through, direct = [], []
    for _ in range(TIMES):
        name = f"romeo-{secrets.token_hex(4)}"
        jid = await asyncio.to_thread(prosody.add_user, name, PASSWORD)
        await asyncio.to_thread(synapse.register, name, PASSWORD)
        direct.append(await asyncio.to_thread(_directly, synapse, name))
        async with XmppClient(jid, PASSWORD, prosody.c2s_port) as app:
            await gateway.ready(app)
            through.append(await gateway.log_in(app, name))
    ours, own = statistics.median(through), statistics.median(direct)
    return {"s through it": ours, "s of /login": own, "s more": ours - own}


def _directly(synapse: Synapse, name: str) -> float:
    wish = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": name}, "password": PASSWORD}
    begun = time.perf_counter()
    synapse.ask("POST", "/_matrix/client/v3/login", wish)
    return time.perf_counter() - begun
