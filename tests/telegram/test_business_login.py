"""Logging in with one's own account: the bot, the connection, and whose it is."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from bridge.contract import Form, LoginRefused, Unavailable
from connectors.telegram import TelegramConnector, ids
from connectors.telegram.connector import BUSINESS
from tests.support.botapi.business import Business
from tests.telegram.stage import Stage

Answer = Mapping[str, str] | Callable[[], Mapping[str, str]]


class Person:
    """Answers in turn; what was asked and shown is kept."""

    def __init__(self, *answers: Answer) -> None:
        self.forms: list[Form] = []
        self.shown: list[str] = []
        self._answers = list(answers)

    async def ask(self, form: Form) -> Mapping[str, str]:
        self.forms.append(form)
        answer = self._answers.pop(0)
        given = answer() if callable(answer) else answer
        return {field.name: given.get(field.name, field.value) for field in form.fields}

    async def show(self, text: str) -> None:
        self.shown.append(text)


@pytest.fixture
def business(play: Stage) -> Business:
    play.bot.business = True
    play.bot.queue.clear()
    return play.api.business


async def log_in(play: Stage, person: Person) -> tuple[str, Mapping[str, str]]:
    found = await TelegramConnector().login(BUSINESS, person, play.workspace())
    return found.me, found.secret


async def test_the_bot_and_then_the_connection(play: Stage, business: Business) -> None:
    romeo, tybalt = play.world.person("Romeo", "Montague"), play.world.person("Tybalt")
    play.bot.business = False
    business.says(play.juliet, business.chat(romeo, play.juliet), "before")

    def switch_on() -> Mapping[str, str]:
        play.bot.business = True
        return {"token": play.bot.token}

    def connect() -> Mapping[str, str]:
        business.connects(tybalt, play.bot)
        return {}

    def connect_too() -> Mapping[str, str]:
        connection = business.connects(romeo, play.bot)
        business.disconnects(connection)
        business.connects(romeo, play.bot)
        business.says(play.juliet, business.chat(romeo, play.juliet), "while logging in")
        return {}

    person = Person(
        {"token": "x"}, {"token": play.bot.token}, switch_on, connect, {"account": "none"}, connect_too,
        {"account": ids.person(romeo.id)},
    )  # fmt: skip
    me, secret = await log_in(play, person)

    texts = [form.text for form in person.forms]
    assert "/newbot" in texts[0]
    assert "no token of a bot" in texts[1]
    assert "Business Mode, Turn on" in texts[2]
    assert f"Connect the bot @{play.bot.username}" in texts[3]
    assert f"Tybalt ({tybalt.id})" in texts[4]
    assert "not connected with yours yet" in texts[5]
    assert f"Romeo Montague ({romeo.id})" in texts[6]
    assert "Tybalt" not in texts[6]
    assert "within 24 hours" in person.shown[0]
    assert me == ids.person(romeo.id)
    assert secret["connection"] == list(business.connections)[-1]
    assert any("business_message" in update for update in play.bot.queue), "it is for the session"


async def test_who_is_connected_already_is_found_by_what_is_said_to_them(play: Stage, business: Business) -> None:
    romeo = play.world.person("Romeo")
    connection = business.connects(romeo, play.bot)
    play.bot.queue.clear()
    business.says(play.juliet, business.chat(romeo, play.juliet), "Romeo!")

    me, secret = await log_in(play, Person({"token": play.bot.token}, {}, {}))
    assert (me, secret["connection"]) == (ids.person(romeo.id), connection.id)


async def test_a_bot_that_another_program_reads_is_refused(play: Stage, business: Business) -> None:
    def rival() -> Mapping[str, str]:
        loop = asyncio.get_running_loop()
        loop.call_later(0.3, play.world.updates.interrupt)
        return {}

    with pytest.raises(Unavailable, match="Another program reads"):
        await log_in(play, Person({"token": play.bot.token}, rival))
    play.bot.webhook = "https://elsewhere.example/"
    with pytest.raises(LoginRefused, match="gives its messages to another program"):
        await log_in(play, Person({"token": play.bot.token}))
    assert play.bot.webhook
