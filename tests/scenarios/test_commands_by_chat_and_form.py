"""The same commands by chat and by form, with the same result."""

from collections.abc import Awaitable, Callable

import pytest

from tests.scenarios.conftest import PASSWORD, Play
from tests.support.commands import execute
from tests.support.gateway import MEMORY

Way = Callable[[Play, str, list[str]], Awaitable[str]]


async def by_chat(play: Play, verb: str, answers: list[str]) -> str:
    reply = await play.ask(verb)
    for answer in answers:
        reply = await play.ask(answer)
    return reply


async def by_form(play: Play, verb: str, answers: list[str]) -> str:
    forms = [dict(zip(("username", "password"), answers, strict=True))] if answers else []
    step = await execute(play.app, MEMORY, verb, *forms)
    assert step.status in ("executing", "completed"), step
    return step.text


@pytest.mark.parametrize("way", [by_chat, by_form])
async def test_login_status_logout(play: Play, way: Way) -> None:
    assert await way(play, "status", []) == "You are not logged in to Memory. Send `login` to connect your account."
    assert (await way(play, "login", ["romeo", "wrong"])).startswith("The name or the password is wrong.")
    if way is by_chat:
        assert await play.ask("cancel") == "`login` was cancelled."

    assert await way(play, "login", ["romeo", PASSWORD]) == "You are logged in to Memory as romeo."
    await play.world.until_accounts(lambda found: found["romeo"].attached)
    assert await way(play, "status", []) == "Your accounts on Memory:\nromeo: connected.\nNo messages are waiting."
    assert (await way(play, "logout", [])).startswith("You are logged out of Memory (romeo).")
    await play.world.until_accounts(lambda found: not found["romeo"].attached)
    assert "romeo: logged out." in await way(play, "status", [])


@pytest.mark.parametrize("way", [by_chat, by_form])
async def test_help(play: Play, way: Way) -> None:
    text = await way(play, "help", [])

    assert len(text) <= 2_000
    assert [verb for verb in ("help", "login", "logout", "status") if f"`{verb}`" not in text] == []


async def test_a_wrong_password_is_asked_again_by_form(play: Play) -> None:
    given = {"username": "romeo", "password": "wrong"}
    step = await execute(play.app, MEMORY, "login", given, given | {"password": PASSWORD})

    assert (step.status, step.text) == ("completed", "You are logged in to Memory as romeo.")


async def test_a_wrong_password_is_asked_again_by_chat(play: Play) -> None:
    replies = [await play.ask(line) for line in ("login", "romeo", "wrong", "-", PASSWORD)]

    assert replies[2] == "The name or the password is wrong.\nName? Send `-` for `romeo`.\nSend `cancel` to stop."
    assert replies[4] == "You are logged in to Memory as romeo."


async def test_commands_do_not_cross_the_bridge(play: Play) -> None:
    await play.met()
    await play.ask("status")
    play.app.message(play.juliet, "the end")
    await play.heard("the end")

    state = await play.world.state(play.chat)
    assert [said.text for said in state.visible] == ["Art thou not Romeo?", "the end"]
