"""Telegram away, its answers lost, another program at the same bot, a token that has ended: what people see of it."""

import asyncio
from pathlib import Path

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.conftest import OnTelegram, staged
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import body, error_of, receipt_of
from tests.support.xmpp_servers import XmppServer


async def ask(stage: OnTelegram, line: str) -> str:
    stage.app.message(TELEGRAM, line, receipt=False)
    return await stage.app.text_from(TELEGRAM)


async def says(stage: OnTelegram, words: str) -> None:
    """Until `status` says so: nothing tells of it."""
    async with asyncio.timeout(60):
        while words not in await ask(stage, "status"):
            await asyncio.sleep(0.2)


@ANY_SERVER
async def test_troubles_of_a_bot_are_said_and_lose_nothing(server: XmppServer, tmp_path: Path) -> None:
    async with staged(server, tmp_path) as stage:
        await stage.met()
        app, world, chat = stage.app, stage.world, stage.chat

        await stage.api.__aexit__(None, None, None)
        id = app.message(stage.address, "Is she there?")
        world.says(stage.juliet, chat, "Where is he?")
        await says(stage, "Telegram cannot be reached.")
        await stage.api.__aenter__()
        assert await app.text_from(stage.address, 60) == "Where is he?"
        await stage.arrives("Is she there?")
        await app.expect(lambda s: receipt_of(s) == id, 60, again=True)

        stage.api.faults.lose("sendmessage")
        id = app.message(stage.address, "Twice, perhaps")
        await app.expect(lambda s: receipt_of(s) == id, 60)
        assert [s.text for s in chat.visible].count("Twice, perhaps") == 2
        assert stage.gateway.metric("landbridge_possible_duplicates_total", network="telegram") == 1

        await stage.polls()
        rival = asyncio.create_task(world.updates.get(stage.bot, 0, 100, 300.0, None))
        await says(stage, "Another program reads the messages of this bot.")
        rival.cancel()
        await asyncio.wait({rival})

        world.updates.interrupt()
        stage.bot.revoked = True
        await stage.gateway_restarts()
        await says(stage, "log in again")
        refused = app.message(stage.address, "Too late")
        error = await app.expect(lambda s: s.get("id") == refused and s.get("type") == "error", 60)
        assert "“login”" in error_of(error)[1]
        stage.bot.revoked = False
        await stage.log_in()
        app.message(stage.address, "As before")
        await stage.arrives("As before")
        assert [s.text for s in chat.visible].count("Is she there?") == 1


@ANY_SERVER
async def test_what_may_have_arrived_is_not_sent_again_if_the_operator_wants_that(
    server: XmppServer, tmp_path: Path
) -> None:
    async with staged(server, tmp_path, on_unknown="drop") as stage:
        await stage.met()
        stage.api.faults.lose("sendmessage")
        id = stage.app.message(stage.address, "Once")
        error = await stage.app.expect(lambda s: s.get("id") == id and s.get("type") == "error", 60)
        stage.app.message(stage.address, "Next")
        await stage.arrives("Next")

        assert error_of(error)[0] == "remote-server-timeout"
        assert "Nobody knows whether your message has arrived" in error_of(error)[1]
        assert [s.text for s in stage.chat.visible].count("Once") == 1
        assert not [s for s in stage.app.received if body(s) and receipt_of(s) == id]
