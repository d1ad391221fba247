"""What `landbridge check` finds out: the Bot API, the section, the operator's bot, and bots that people are logged in
with."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bridge.contract import ChatId, Finding
from connectors.telegram import TelegramConnector, ids
from tests.support.botapi.state import Chat
from tests.support.botapi.updates import Conflict
from tests.telegram.stage import Stage


async def section(play: Stage, **options: Any) -> list[tuple[str, str]]:
    found = await TelegramConnector().check(play.workspace(options))
    assert all(one.fault for one in found)
    return [(one.key, one.text) for one in found]


async def account(play: Stage, *rooms: Chat, trouble: str | None = None, **options: Any) -> Sequence[Finding]:
    names = [ids.chat(room.id) for room in rooms]
    return await TelegramConnector().check_account(play.account, names, trouble, play.workspace(options))


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, []),
        ({"on_unknown": "drop"}, []),
        ({"on_unknown": "shrug"}, [("on_unknown", "'shrug' is neither resend nor drop.")]),
        ({"topics": "shrug"}, [("topics", "'shrug' is neither threads nor rooms.")]),
        ({"api_url": "ftp://x"}, [("api_url", "The option api_url of this network is no web address: 'ftp://x'.")]),
        ({"bot_token": "sesame"}, [("bot_token", "this is no token of a bot: they look like 123456789:AAF… Copy it "
                                    "from @BotFather.")]),
    ],
)  # fmt: skip
async def test_the_section(play: Stage, options: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert await section(play, **options) == found


async def test_where_nobody_is_and_what_is_no_bot_api(play: Stage) -> None:
    [(key, _)] = await section(play, api_url="http://127.0.0.1:1")
    assert key == "api_url"
    for status, body in ((200, "<html>"), (404, "Not Found"), (401, {"error": "?"})):
        play.api.faults.answer("getme", status, body)
        [(key, text)] = await section(play)
        assert (key, "is no Bot API" in text) == ("api_url", True)


async def test_the_operators_bot_must_see_all_that_is_said_in_groups(play: Stage) -> None:
    async def operators() -> list[Finding]:
        mine = replace(play.account, user="")
        return [*await TelegramConnector().check_account(mine, (), "", play.workspace())]

    assert await operators() == []
    play.bot.reads_all = False
    [privacy] = await operators()
    play.bot.revoked = True
    [unknown] = await operators()

    assert (privacy.fault, unknown.fault) == (True, True)
    assert "@BotFather, /setprivacy, choose the bot, Disable" in privacy.text
    assert unknown.text == "Telegram knows no bot with this token (bot_token). Copy it from @BotFather."


async def test_a_bot_that_is_well(play: Stage) -> None:
    group = play.world.group("Verona", play.juliet, play.bot)

    assert not await account(play, group)
    assert play.bot.queue, "nothing was confirmed"


async def test_a_token_that_has_ended_and_a_bot_api_that_is_away(play: Stage) -> None:
    play.bot.revoked = True
    [ended] = await account(play)

    assert ended.fault
    assert "log in again" in ended.text
    assert not await account(play, api_url="http://127.0.0.1:1"), "that is told once, of the section"


async def test_who_else_reads_the_same_bot(play: Stage) -> None:
    play.bot.queue.clear()
    ends = asyncio.Event()

    async def rival() -> None:
        while not ends.is_set():
            with contextlib.suppress(Conflict):
                await play.world.updates.get(play.bot, 0, 100, 0.3, None)

    reading = asyncio.create_task(rival())
    [found] = await account(play)
    ends.set()
    await asyncio.wait({reading})
    play.bot.webhook = "https://elsewhere.example/hook"
    [stale] = await account(play)

    assert found.text.startswith("Another program reads the messages of this bot.")
    assert stale.text.endswith("It is https://elsewhere.example/hook.")


async def test_beside_a_gateway_that_runs_nobody_is_disturbed(play: Stage) -> None:
    assert not await account(play, trouble="")
    [found] = await account(play, trouble="Another program reads the messages of this bot.")

    assert found == Finding("Another program reads the messages of this bot.")
    assert play.api.calls["getupdates"] == 0


async def test_privacy_mode_matters_where_the_bot_is_no_administrator(play: Stage) -> None:
    play.bot.reads_all = False
    group = play.world.group("Verona", play.juliet, play.bot)

    [alone] = await account(play)
    [member] = await account(play, group)
    play.world.promotes(play.juliet, group, play.bot)
    [administrator] = await account(play, group)

    assert [one.fault for one in (alone, member, administrator)] == [False, True, False]
    assert "/setprivacy" in member.text


async def test_what_a_bot_lacks_in_its_groups(play: Stage) -> None:
    world, names = play.world, ("Left", "Mute", "Quiet", "Powerless", "Moved")
    left, mute, quiet, powerless, moved = (world.group(name, play.juliet, play.bot) for name in names)
    world.goes(play.juliet, left, play.bot)
    mute.members[play.bot.id] = "restricted"
    quiet.permissions["can_send_messages"] = False
    world.promotes(play.juliet, powerless, play.bot)
    powerless.rights[play.bot.id] = {"can_delete_messages": False}
    new = world.migrates(play.juliet, moved)
    await play.memory.put("moved", f'{{"{moved.id}": "{new.id}"}}')

    found = await account(play, left, mute, quiet, powerless, moved)
    beyond = await TelegramConnector().check_account(
        play.account, [ChatId("nonsense"), ids.chat(-999)], None, play.workspace()
    )

    assert [one.text for one in found] == [
        f"The bot is not in the group {left.id} any more. Add it again, or leave the room.",
        f"The group “Mute” ({mute.id}) does not let the bot write. One of its administrators can let the bot: open the "
        "group's settings, Permissions, or make the bot an administrator.",
        f"The group “Quiet” ({quiet.id}) does not let members write. One of its administrators can let the bot: open "
        "the group's settings, Permissions, or make the bot an administrator.",
        f"The bot is an administrator of “Powerless” ({powerless.id}) without the right “Delete messages”. Who owns "
        "the group can give it: open the group's settings, Administrators, and choose the bot.",
    ]
    assert [one.text for one in beyond] == [
        "The bot is not in the group -999 any more. Add it again, or leave the room."
    ]
