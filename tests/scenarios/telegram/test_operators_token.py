"""The operator's bot and its token: revoked, renewed, of another bot, none. Nothing is lost, and everybody is told."""

import asyncio
from pathlib import Path

from tests.conftest import ANY_SERVER
from tests.scenarios.telegram.hosting import Hosted, hosted
from tests.support import commands
from tests.support.gateway import TELEGRAM
from tests.support.ports import wait_until
from tests.support.xmpp_client import body, error_of
from tests.support.xmpp_servers import XmppServer


async def reconfigured(play: Hosted, old: str, new: str) -> None:
    """The gateway is started again with another token."""

    def restart() -> None:
        play.gateway.stop()
        config = play.gateway.config
        config.write_text(config.read_text().replace(old, new))
        play.gateway.start()

    await asyncio.to_thread(restart)


@ANY_SERVER
async def test_a_token_that_is_not_good(server: XmppServer, tmp_path: Path) -> None:
    async with hosted(server, tmp_path, "romeo") as play:
        app, bot, address = play.apps["romeo"], play.bot, play.address()
        await play.meets(app)
        old, new = bot.token, f"{bot.id}:{'AAG' + 'n' * 32}"

        bot.revoked = True
        play.world.says(play.juliet, play.chat, "Perhaps the last that is heard")
        await asyncio.to_thread(wait_until, lambda: not play.gateway.is_ready(), 30, "it is not ready")
        state = play.gateway.readiness()["networks"]["telegram"]
        assert "no longer accepts the token" in state["error"]
        waiting = app.message(address, "In the meantime", id="w1")
        step = await commands.execute(app, TELEGRAM, "invite")
        assert "token" in step.text
        assert "t.me" not in step.text
        app.message(TELEGRAM, "status", receipt=False)
        assert "not connected. Telegram no longer accepts the token" in await app.text_from(TELEGRAM)

        bot.token, bot.revoked = new, False
        await reconfigured(play, old, new)
        await play.told("^In the meantime$")
        await play.says("At last")
        await app.expect(lambda s: body(s) == "At last")
        assert [body(s) for s in app.received].count("Perhaps the last that is heard") == 1
        assert not any(error_of(s)[0] for s in app.received if s.get("id") == waiting)
        assert old not in play.gateway.log
        assert new not in play.gateway.log

        other = play.world.bot("Mantua")
        await reconfigured(play, new, other.token)
        assert "The gateway has another bot on Telegram now" in await app.text_from(TELEGRAM)
        assert f"https://t.me/{other.username}?start=" in await play.link(app)

        await reconfigured(play, other.token, "")
        step = await commands.execute(app, TELEGRAM, "invite")
        assert "This gateway has no bot on Telegram" in step.text
