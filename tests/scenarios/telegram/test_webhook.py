"""A gateway that Telegram calls (`webhook: true`): both ways, killed, logged in again, asking again, logged out."""

import asyncio
from pathlib import Path

import yaml

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.conftest import OnTelegram, staged
from tests.scenarios.telegram.test_albums import NAMED, PICTURES, came
from tests.support import commands
from tests.support.botapi.albums import sends_album
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import body, receipt_of, shown
from tests.support.xmpp_servers import XmppServer


async def calls(stage: OnTelegram) -> None:
    await stage.world.until(lambda: bool(stage.bot.webhook) and not stage.bot.queue)


async def restart(stage: OnTelegram, *, webhook: bool) -> None:
    """Killed, and configured anew."""

    def work() -> None:
        stage.gateway.kill()
        tree = yaml.safe_load(stage.gateway.config.read_text())
        tree["networks"]["telegram"]["webhook"] = webhook
        stage.gateway.config.write_text(yaml.safe_dump(tree))
        stage.gateway.start()

    await asyncio.to_thread(work)


async def log_in(stage: OnTelegram) -> None:
    step = await commands.execute(stage.app, TELEGRAM, "login", {"flow": "bot"}, {"token": stage.bot.token})
    assert step.status == "completed", step


@ANY_SERVER
async def test_a_bot_that_telegram_calls(server: XmppServer, tmp_path: Path) -> None:
    async with staged(server, tmp_path, webhook=True) as stage:
        app, world, chat = stage.app, stage.world, stage.chat
        await log_in(stage)
        await calls(stage)
        assert stage.bot.webhook == f"http://127.0.0.1:{stage.gateway.http}/telegram/telegram/{stage.bot.id}/"
        world.starts(stage.juliet, stage.bot)
        assert await app.text_from(stage.address) == "has opened the chat with your bot."
        id = app.message(stage.address, "Shall I hear more?")
        await stage.arrives("Shall I hear more?")
        await app.expect(lambda s: receipt_of(s) == id)

        for number in range(20):
            world.says(stage.juliet, chat, f"O Romeo {number}")
        await world.until(lambda: len(stage.bot.queue) < 15)
        await restart(stage, webhook=True)
        await calls(stage)
        await app.expect(lambda s: body(s) == "O Romeo 19")
        heard = [text for text in shown(app.received)[0] if text.startswith("O Romeo")]
        assert heard == [f"O Romeo {number}" for number in range(20)]  # what was under way may come twice, under one id

        said = sends_album(world, stage.juliet, chat, NAMED[:2], "Four views", name="four")
        await calls(stage)
        await asyncio.to_thread(stage.gateway.kill)  # the two were answered for
        said += sends_album(world, stage.juliet, chat, NAMED[2:], name="four")
        await asyncio.to_thread(stage.gateway.start)
        assert sorted(await came(app, stage.address, 4)) == sorted(PICTURES)
        assert await app.text_from(stage.address) == "Four views"

        await log_in(stage)
        world.says(stage.juliet, chat, "Art thou there?")
        assert await app.text_from(stage.address) == "Art thou there?"

        await restart(stage, webhook=False)
        await stage.polls()
        assert stage.bot.webhook == ""
        world.says(stage.juliet, chat, "And now?")
        await app.expect(lambda s: body(s) == "And now?")  # what was said just before may come twice, under one id

        await restart(stage, webhook=True)
        await calls(stage)
        step = await commands.execute(app, TELEGRAM, "logout")
        assert step.status == "completed", step
        assert stage.bot.webhook == ""
