"""The operator's appservice on a real Synapse, as the conformance suite wants a network: in a room with Juliet."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from bridge.contract import Account, AccountId, ChatId, NetworkId, Workspace
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance.network import connected, reading
from bridge.web.client import HttpClient
from connectors.matrix import MatrixConnector
from connectors.matrix.patience import Pace
from tests.conformance.matrix import MatrixUnderTest
from tests.support import folk
from tests.support.appservice import WithAppservice
from tests.support.clock import RealClock
from tests.support.folk import PASSWORD
from tests.support.proxy import Proxy


class AppserviceUnderTest(MatrixUnderTest):
    """What it says to Synapse goes through a proxy; Synapse calls it without one."""

    synapse: WithAppservice

    def ours(self, user: str) -> bool:
        return self.synapse.registered.ours(user)

    async def come_in(self, **levels: object) -> None:
        """Into a room of its own instead, that people come into only when they are asked; `levels` of power there."""
        me, element = self.synapse.registered.me, self.juliet
        wish = {"preset": "private_chat", "power_level_content_override": {"invite": 0, **levels}}
        self.room = str((await element.call("POST", "/createRoom", wish))["room_id"])
        async with connected(self) as session, reading(session):
            await element.call("POST", f"/rooms/{quote(self.room)}/invite", {"user_id": me})
            await element.expect(lambda e: e.get("state_key") == me and e["content"].get("membership") == "join")


async def linked(scope: str, chat: ChatId) -> bool:
    """All rooms are."""
    return True


@asynccontextmanager
async def appservice_network(synapse: WithAppservice, folder: Path) -> AsyncIterator[AppserviceUnderTest]:
    async with AsyncExitStack() as stack:
        routes = await stack.enter_async_context(synapse.routes())
        proxy = await stack.enter_async_context(Proxy(synapse.port))
        http = HttpClient()
        stack.push_async_callback(http.close)
        options = {"homeserver": f"http://127.0.0.1:{proxy.port}", "appservice": synapse.file}
        log = logging.getLogger("landbridge.matrix")
        workspace = Workspace(
            AccountId(1), options, http, PassingMemory(), RealClock(), log, folder, routes=routes.mount, linked=linked
        )
        juliet, somebody = folk.contact(synapse, "juliet"), folk.contact(synapse, "nurse")
        element = await stack.enter_async_context(folk.on_matrix(juliet, synapse))
        wish = {"preset": "public_chat", "name": "Square", "power_level_content_override": {"state_default": 0}}
        room = str((await element.call("POST", "/createRoom", wish))["room_id"])
        me = synapse.registered.me
        account = Account(AccountId(1), NetworkId("matrix"), "", me, {})
        made = AppserviceUnderTest(account, "", workspace, room, element, somebody.mxid, proxy)
        made.synapse, made.connector = synapse, MatrixConnector("matrix", Pace(silence=2.0, sign=2.0))
        async with connected(made) as session, reading(session):  # and whatever was for those before us
            await element.call("POST", f"/rooms/{quote(room)}/invite", {"user_id": me})
            await element.expect(lambda e: e.get("state_key") == me and e["content"].get("membership") == "join")
        async with connected(made) as session, reading(session):
            pass
        yield made


__all__ = ["PASSWORD", "AppserviceUnderTest", "appservice_network"]
