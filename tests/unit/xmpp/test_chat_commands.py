"""Commands by chat, on a real desk."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.hub.facades import Caller
from bridge.store.database import Database
from bridge.xmpp.chat_commands import ChatCommands
from tests.support.asking import EVE, JULIET, ROMEO, Scene, scene


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chat(at_desk: Scene, clock: Callable[[], float]) -> ChatCommands:
    return ChatCommands(at_desk.desk, clock)


async def talk(chat: ChatCommands, *lines: str, caller: Caller = ROMEO) -> str:
    """Say lines; the reply to the last one."""
    reply = ""
    for line in lines:
        reply = await chat.said(caller, line)
    return reply


async def test_a_login_is_asked_field_by_field(chat: ChatCommands) -> None:
    replies = [await chat.said(ROMEO, line) for line in (" Login ", "y", " x ", "open sesame", "-")]

    assert replies == [
        "Who are you?\nHomeserver?\nSend `cancel` to stop.",
        "User name?",
        "Password? Remove your message with it from this chat afterwards.",
        "Device name? Send `-` for none.",
        "You are logged in to Matrix as @x:y.",
    ]


async def test_a_wrong_password_is_asked_again_and_the_rest_can_be_kept(chat: ChatCommands) -> None:
    again = await talk(chat, "login", "y", "x", "guess", "-")

    assert again == "The password is wrong. Who are you?\nHomeserver?\nSend `cancel` to stop."
    assert await talk(chat, "y", "x", "open sesame", "-") == "You are logged in to Matrix as @x:y."


async def test_what_was_proposed_is_kept_with_a_dash(chat: ChatCommands) -> None:
    asked = await talk(chat, "login homeserver=y")

    assert asked == (
        "Please fill in: User name, Password.\nWho are you?\nHomeserver? Send `-` for `y`.\nSend `cancel` to stop."
    )
    assert await talk(chat, "-", "x", "open sesame", "-") == "You are logged in to Matrix as @x:y."


async def test_fields_may_follow_the_verb(chat: ChatCommands, at_desk: Scene) -> None:
    await at_desk.log_in("x")
    await at_desk.log_in("z")

    assert (await talk(chat, "logout account=@z:y")).startswith("You are logged out of Matrix (@z:y).")
    assert [row.active for row in await at_desk.accounts()] == [True, False]


async def test_a_password_may_have_spaces_and_be_a_dash(chat: ChatCommands) -> None:
    assert (await talk(chat, "login", "y", "x", " open sesame", "-")).startswith("The password is wrong.")
    assert (await talk(chat, "y", "x", "-", "-")).startswith("The password is wrong.")


async def test_cancel_ends_it_at_any_step(chat: ChatCommands, at_desk: Scene) -> None:
    for lines in (["login"], ["login", "y"], ["login", "y", "x"]):
        assert await talk(chat, *lines, " CANCEL ") == "`login` was cancelled."
    assert await talk(chat, "cancel") == "There is nothing to cancel. Send `help` to see what you can do."
    assert await at_desk.accounts() == []


async def test_the_verb_again_begins_again_but_not_as_a_password(chat: ChatCommands) -> None:
    assert await talk(chat, "login", "y", "login") == "Who are you?\nHomeserver?\nSend `cancel` to stop."
    assert await talk(chat, "y", "x", "login") == "Device name? Send `-` for none."


async def test_a_late_line_is_no_answer(chat: ChatCommands, clock: Clock) -> None:
    await talk(chat, "login", "y", "x")
    clock.now += 601

    reply = await talk(chat, "open sesame")

    assert reply == "`login` was ended, because there was no answer for a while. Send `login` to begin again."
    assert await talk(chat, "status") == "You are not logged in to Matrix. Send `login` to connect your account."


async def test_each_user_has_a_dialogue_of_their_own(chat: ChatCommands) -> None:
    await talk(chat, "login", "y")

    assert (await talk(chat, "status", caller=JULIET)).startswith("You are not logged in")
    assert await talk(chat, "x") == "Password? Remove your message with it from this chat afterwards."


async def test_who_may_not_is_told_so(chat: ChatCommands) -> None:
    for line in ("help", "login", "hello"):
        assert await talk(chat, line, caller=EVE) == "You may not use this gateway. Its operator can allow it."


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("hello there", "There is no command `hello`. Send `help` to see what you can do."),
        (" ", "Send `help` to see what you can do."),
        ("login me", "Send `login` alone: you will be asked for what is needed."),
        ("status =", "Send `status` alone: you will be asked for what is needed."),
        ("status now=yes", "`status` asks for nothing, so nothing can be given to it."),
    ],
)
async def test_what_is_no_command_is_answered_with_what_to_do(chat: ChatCommands, line: str, reply: str) -> None:
    assert await talk(chat, line) == reply


async def test_help_fits_and_names_every_verb(chat: ChatCommands, at_desk: Scene) -> None:
    reply = await talk(chat, "help")

    assert len(reply) <= 2_000
    assert [verb.name for verb in at_desk.desk.verbs(ROMEO) if f"`{verb.name}`" not in reply] == []


async def test_options_are_listed_and_may_be_said_by_label(tmp_path: Path) -> None:
    database = await Database.open(f"sqlite:///{tmp_path / 'options.db'}")
    async with scene(database, tmp_path, "password", "token") as at_desk:
        chat = ChatCommands(at_desk.desk)
        asked = await talk(chat, "login")
        assert asked.splitlines()[1] == (
            "Way to log in? Send `password` (Password) or `token` (Token). Send `-` for `password`."
        )
        assert (await talk(chat, "pigeon")).startswith("`pigeon` cannot be chosen for Way to log in.")
        assert (await talk(chat, "TOKEN")).startswith("Paste the token.\nToken? Remove")
        assert await talk(chat, "good") == "You are logged in to Matrix as @token:y."
    await database.close()


async def test_who_was_told_the_end_gives_commands_again(
    database: Database, tmp_path: Path, clock: Callable[[], float]
) -> None:
    async with scene(database, tmp_path, "password", "sso") as there:
        chat = ChatCommands(there.desk, clock)
        assert "Open this link." in await talk(chat, "login", "sso")

        there.connector.answered.set()
        await there.sessions.starting.wait()
        while not there.said:
            await asyncio.sleep(0)

        assert there.said == [(ROMEO.user, "You are logged in to Matrix as @browser:y.")]
        assert (await talk(chat, "status")).startswith("Your accounts on Matrix:")
