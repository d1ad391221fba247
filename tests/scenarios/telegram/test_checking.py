"""`landbridge check` with bots that are logged in: while the gateway runs, and while it does not."""

import asyncio

import pytest
import yaml

from bridge.cli import main
from tests.scenarios.telegram.conftest import OnTelegram
from tests.support import muc
from tests.support.gateway import TELEGRAM

PRIVACY = "/setprivacy, choose the bot, Disable"


async def test_check_says_what_is_wrong_with_bots(stage: OnTelegram, capsys: pytest.CaptureFixture[str]) -> None:
    async def check() -> tuple[int, str]:
        status = await asyncio.to_thread(main, ["check", "-c", str(stage.gateway.config)])
        said = capsys.readouterr()
        assert stage.bot.token not in said.out + said.err
        return status, said.err

    await stage.log_in()
    assert await check() == (0, "")

    group = stage.world.group("Verona", stage.juliet, stage.bot)
    await muc.listed(stage.app, TELEGRAM, f"{group.id}@{TELEGRAM}")
    status, running = await check()
    await asyncio.to_thread(stage.gateway.stop)
    status_then, stopped = await check()
    whose = f"networks.telegram: account 2 ({stage.bot.id}, of {stage.app.jid.partition('/')[0]}): "
    assert (status, status_then) == (1, 1)
    assert running == stopped
    assert running.startswith(whose)
    assert PRIVACY in running

    stage.bot.reads_all = True
    assert await check() == (0, "")
    operators = stage.world.bot("Landbridge")
    tree = yaml.safe_load(stage.gateway.config.read_text())
    tree["networks"]["telegram"]["bot_token"] = operators.token
    stage.gateway.config.write_text(yaml.safe_dump(tree))
    status, before = await check()  # no gateway has run with it yet
    operators.reads_all, operators.webhook = True, "https://elsewhere.example/"
    status_then, stale = await check()
    operators.webhook = ""
    assert (status, status_then) == (1, 1)
    assert before.startswith("networks.telegram: the gateway's account: Privacy mode is on")
    assert stale.startswith("networks.telegram: the gateway's account: This bot gives its messages to another program")
    assert (await check())[0] == 0
    stage.bot.revoked = True
    status, ended = await check()
    assert (status, ended.startswith(f"{whose}Telegram no longer accepts the token of your bot.")) == (1, True)
