"""A MUC and a Matrix room that are to be one, through the operator's appservice; Romeo is in the one, Juliet in the
other."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.conftest import COMPONENTS
from tests.support import folk, muc
from tests.support.appservice import WithAppservice
from tests.support.folk import PASSWORD, Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.prosody import Prosody
from tests.support.xmpp_client import XmppClient


@dataclass
class Cafe:
    """`gateway` has the link in its configuration, and is not started."""

    synapse: WithAppservice
    gateway: Gateway
    app: XmppClient
    juliet: Person
    element: MatrixClient
    room: str  # the MUC
    there: str  # the Matrix room

    async def linked(self) -> None:
        """Return when both rooms are; only the gateway's log tells."""
        async with asyncio.timeout(120):
            while self.gateway.log.count("a room is linked ") < 2:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def cafe(**wish: Any) -> AsyncIterator[Cafe]:
    """`wish`: what else the Matrix room is to be."""
    room, alias = f"cafe-{uuid.uuid4().hex[:8]}@conference.localhost", f"cafe-{uuid.uuid4().hex[:8]}"
    with Prosody(COMPONENTS, rooms=True) as prosody, WithAppservice() as synapse:
        juliet = folk.contact(synapse, "juliet")
        jid = prosody.add_user("romeo", PASSWORD)
        async with folk.on_matrix(juliet, synapse) as element, XmppClient(jid, PASSWORD, prosody.c2s_port) as app:
            wish = {"preset": "public_chat", "room_alias_name": alias, **wish}
            there = str((await element.call("POST", "/createRoom", wish))["room_id"])
            await muc.enter(app, room, "Romeo")
            links = {"cafe": {"xmpp": room, "matrix": f"#{alias}:localhost"}}
            gateway = synapse.gateway(prosody.component_port, links=links)
            yield Cafe(synapse, gateway, app, juliet, element, room, there)
