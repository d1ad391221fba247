"""Somebody's own chats through a connected bot pass the conformance suite. Of the suite's classes those are not here
that ask for what the Bot API does not have there (reactions, opening chats, a past to read from again); logging in
takes more than one form, and is in `tests/telegram/test_business_login.py`."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.contract import Account, MessageId
from bridge.testing import conformance
from bridge.testing.conformance import Shown
from connectors.telegram import ids
from tests.conformance.telegram import TelegramUnderTest
from tests.support.botapi import BotApi
from tests.support.botapi.business import OwnChat
from tests.support.botapi.state import Said
from tests.support.botapi.uploads import file_of
from tests.support.proxy import Proxy

HELLO = "Romeo!"  # she has written first: else nothing could be said to her


class BusinessUnderTest(TelegramUnderTest):
    """Romeo's own chat with Juliet."""

    own: OwnChat
    business: Account

    @property
    def account(self) -> Account:
        self._proxy.mend()
        return self.business

    async def say(self, text: str) -> MessageId:
        return self._id(self.api.business.says(self.juliet, self.own, text))

    async def say_file(self, name: str, mime: str, data: bytes) -> None:
        self.api.business.sends_file(self.juliet, self.own, name, mime, data)

    async def edit(self, target: MessageId, text: str) -> None:
        self.api.business.edits(self._said(target), self.own, text)

    async def retract(self, target: MessageId) -> None:
        self.api.business.deletes(self.own, self._said(target))

    async def shown_files(self) -> list[tuple[str, bytes]]:
        mine = [said for said in self.own.visible if said.author is self.own.owner]
        files = [(said, file) for said in mine if (file := file_of(said.content)) is not None]
        return [(said.text or file.name, file.data) for said, file in files]

    async def shown(self) -> list[Shown]:
        return [
            Shown(self._id(said), said.text, ours=said.author is self.own.owner, edited=bool(said.edited))
            for said in self.own.visible
            if said.text not in ("", HELLO)
        ]

    def _id(self, said: Said) -> MessageId:
        return ids.message(self.own.id, self.api.business.number(self.own, said))

    def _said(self, id: MessageId) -> Said:
        return next(said for said in self.own.messages if self._id(said) == id)


@pytest.fixture(params=[False, True], ids=["silent", "echoing"])
async def network(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BusinessUnderTest]:
    """Whether or not Telegram tells the bot what the bot has said for Romeo."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApi())
        proxy = await stack.enter_async_context(Proxy(api.port))
        world = api.world
        bot, romeo, juliet, nurse = world.bot("Way"), *(world.person(name) for name in ("Romeo", "Juliet", "Nurse"))
        bot.business, api.business.echoes = True, request.param
        connection = api.business.connects(romeo, bot)
        made = BusinessUnderTest(api, bot, api.business.chat(romeo, juliet), juliet, nurse, proxy, tmp_path)
        made.own = api.business.chat(romeo, juliet)
        api.business.says(juliet, made.own, HELLO).date -= 1_000
        secret = {"token": bot.token, "connection": connection.id, "name": "Romeo"}
        made.business = replace(made._account, me=ids.person(romeo.id), secret=secret)
        stack.push_async_callback(made.http.close)
        yield made


class TestReading(conformance.Reading):
    pass


class TestPerforming(conformance.Performing):
    pass


class TestBreaking(conformance.Breaking):
    pass


class TestEditing(conformance.Editing):
    pass


class TestRetracting(conformance.Retracting):
    pass


class TestLacking(conformance.Lacking):
    pass


class TestFiling(conformance.Filing):
    pass
