"""Being called by Telegram: who may call, when they are answered, and changing between asking and being called."""

import asyncio
import io
import json
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bridge.contract import (
    Contact,
    CursorMoved,
    Event,
    Live,
    MessageReceived,
    NetworkId,
    Session,
    Unavailable,
    Unparsable,
)
from bridge.contract.workspace import Workspace
from bridge.testing.conformance.network import Reader, reading
from bridge.web.routes import Routes
from connectors.telegram import TelegramConnector, ids
from connectors.telegram.about import About
from connectors.telegram.api import Api
from connectors.telegram.chats import Chats
from connectors.telegram.holding import Holding
from connectors.telegram.updates import Reader as Updates
from connectors.telegram.webhook import Webhook
from tests.support.ports import free_port
from tests.telegram.stage import Stage, stage

SECRET = "X-Telegram-Bot-Api-Secret-Token"


@dataclass
class Called:
    """A stage that Telegram can call."""

    play: Stage
    routes: Routes
    http: aiohttp.ClientSession
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/telegram/telegram/{self.play.bot.id}/"

    @property
    def secret(self) -> str:
        return self.play.api.webhooks.hooks[self.play.bot.id].secret

    def workspace(self, **options: Any) -> Workspace:
        return replace(self.play.workspace(options), routes=self.routes.mount)

    @asynccontextmanager
    async def connected(self, **options: Any) -> AsyncIterator[Session]:
        connector = TelegramConnector("telegram", self.play.pace)
        async with connector.connect(self.play.account, self.workspace(**options)) as session:
            yield session

    @asynccontextmanager
    async def live(self, cursor: str | None = "0", **options: Any) -> AsyncIterator[Reader]:
        async with self.connected(**{"webhook": True, **options}) as session, reading(session, cursor) as reader:
            yield reader

    async def post(self, body: bytes) -> int:
        async with self.http.post(self.url, data=io.BytesIO(body), headers={SECRET: self.secret}) as answer:
            return answer.status

    async def post_update(self, update: Any) -> int:
        return await self.post(json.dumps(update).encode())


async def caught_up(events: AsyncIterator[Event]) -> None:
    while not isinstance(await anext(events), Live):
        pass


@pytest.fixture
async def called(tmp_path: Path) -> AsyncIterator[Called]:
    async with AsyncExitStack() as stack:
        play = await stack.enter_async_context(stage(tmp_path))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        port = free_port()
        routes = Routes(f"http://127.0.0.1:{port}")
        application = web.Application()
        application.router.add_routes(routes.routes())
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield Called(play, routes, http, port)


async def test_what_is_said_comes_by_calls(called: Called) -> None:
    world, play = called.play.world, called.play
    async with called.live() as reader:
        for text in ("Art thou not Romeo?", "Answer me"):
            world.says(play.juliet, play.chat, text)
        await reader.until(lambda r: r.texts[-1:] == ["Answer me"])

        assert play.bot.webhook == called.url
        assert {"message", "message_reaction", "chat_member"} <= set(play.bot.allowed or ())
        await world.until(lambda: not play.bot.queue)
        assert set(play.api.webhooks.hooks[play.bot.id].calls) == {200}
        assert play.api.calls["getupdates"] == 0


async def test_a_call_is_answered_when_its_update_is_durable_and_not_before(called: Called) -> None:
    play = called.play
    play.bot.queue.clear()
    async with called.connected(webhook=True) as session:
        events = session.events("0")
        await caught_up(events)
        play.world.says(play.juliet, play.chat, "Art thou not Romeo?")
        seen: list[Event] = []
        while not isinstance(event := await anext(events), CursorMoved):
            seen.append(event)
        assert [e.message.text for e in seen if isinstance(e, MessageReceived)] == ["Art thou not Romeo?"]
        assert play.bot.queue, "it is Telegram's until it is durable"

        session.journaled("0-7")
        session.journaled(event.cursor)
        await play.world.until(lambda: not play.bot.queue)
        await events.aclose()  # type: ignore[attr-defined]
        play.world.says(play.juliet, play.chat, "Answer me")
        await play.world.until(lambda: 503 in play.api.webhooks.hooks[play.bot.id].calls)
    await play.world.until(lambda: 404 in play.api.webhooks.hooks[play.bot.id].calls)
    assert [u["message"]["text"] for u in play.bot.queue] == ["Answer me"]


async def test_who_does_not_know_the_secret_is_not_read(called: Called) -> None:
    async with called.live() as reader:
        await reader.until(lambda r: bool(r.texts) and isinstance(r.events[-1], CursorMoved))
        before = len(reader.events)
        given = ((None, 401), ("", 403), ("wrong", 403), ("\u00fc", 403), ("\udcff", 403), (called.secret + "x", 403))
        for secret, status in given:
            head = f"{SECRET}: {secret}\r\n" if secret is not None else ""
            streams = await asyncio.open_connection("127.0.0.1", called.port)
            path = f"/telegram/telegram/{called.play.bot.id}/"
            request = f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 9000000\r\n\r\n"
            streams[1].write(request.encode("utf-8", "surrogateescape"))
            async with asyncio.timeout(10):  # nothing of the body has been sent
                assert int((await streams[0].readline()).split()[1]) == status
            streams[1].close()
        async with called.http.get(called.url, headers={SECRET: called.secret}) as answer:
            assert answer.status == 405
        assert await called.post(b"x" * (1024 * 1024 + 1)) == 413
        assert len(reader.events) == before


async def test_poison_twice_the_same_and_out_of_order(called: Called) -> None:
    play, world = called.play, called.play.world
    async with called.live() as reader:
        poison = (b"", b"\xff\xfe", b"{", b"[" * 50_000, b"[1]", b'"x"', b'{"update_id": "x"}', b'{"update_id": 7}')
        for body in poison:
            assert await called.post(body) == 200
        assert len(reader.of(Unparsable)) == len(poison)

        said = world.says(play.juliet, play.chat, "Art thou not Romeo?")
        await world.until(lambda: not play.bot.queue)
        update = {"update_id": 3, "message": world.state.view(play.chat, said, play.bot)}
        for number in (3, 900, 1, 2**52, 3):
            assert await called.post_update(update | {"update_id": number}) == 200
        same = [e for e in reader.of(MessageReceived) if e.message.text == said.text]
        assert {e.id for e in same} == {play.id(said)}
        assert len(same) == 6
        world.says(play.juliet, play.chat, "Answer me")
        await reader.until(lambda r: r.texts[-1] == "Answer me")


async def test_a_bot_that_is_new_here_is_not_told_what_was_said_before(called: Called) -> None:
    play, world = called.play, called.play.world
    old = world.says(play.juliet, play.chat, "Long ago")
    old.date -= 1_000
    for update in play.bot.queue:
        update["message"]["date"] = old.date
    play.secret["since"] = str(old.date + 500)
    async with called.live(None) as reader:
        world.says(play.juliet, play.chat, "Now")
        await reader.until(lambda r: "Now" in r.texts)

        assert reader.texts == ["Now"]


async def test_from_asking_to_being_called_and_back(called: Called) -> None:
    """What was not confirmed comes the other way."""
    play, world = called.play, called.play.world
    async with called.live() as reader:
        cursor = reader.cursor
    world.says(play.juliet, play.chat, "Between")
    async with called.connected(webhook=False) as session, reading(session, cursor) as reader:
        assert play.bot.webhook == ""
        await reader.until(lambda r: r.texts[-1:] == ["Between"])
        await world.until(lambda: play.bot.id in world.updates.waiting)
        cursor = reader.cursor
    world.says(play.juliet, play.chat, "Again")
    async with called.live(cursor) as reader:
        await reader.until(lambda r: r.texts[-1:] == ["Again"])
        assert reader.texts == ["Again"]
    await TelegramConnector().log_out(play.account, called.workspace())
    assert play.bot.webhook == ""


@pytest.mark.parametrize("webhook", [True, False])
async def test_a_webhook_of_somebody_else_is_left_alone(called: Called, webhook: bool) -> None:
    called.play.bot.webhook = "https://elsewhere.example/hook"

    with pytest.raises(Unavailable, match="gives its messages to another program"):
        async with called.connected(webhook=webhook):
            pass
    await TelegramConnector().log_out(called.play.account, called.workspace())
    assert called.play.bot.webhook == "https://elsewhere.example/hook"


async def test_where_telegram_cannot_call(called: Called) -> None:
    called.play.api.webhooks.local = False
    async with called.connected(webhook=True) as session:
        with pytest.raises(Unavailable, match=f"does not want to call {called.url}.*An HTTPS URL") as caught:
            [event async for event in session.events("0")]
    assert caught.value.lasting
    with pytest.raises(Unavailable, match=r"needs http\.public_url"):
        async with called.play.connected(webhook=True):
            pass


async def test_another_program_that_takes_the_bot_is_noticed(called: Called) -> None:
    play = called.play
    async with Api(play.api.url, play.bot.token, play.http) as api:
        chats = Chats(play.memory)
        me = Contact(ids.person(play.bot.id))
        reads = Updates(chats, About(api), me, NetworkId("telegram"), reads_all=True)
        hook = Webhook(api, reads, Holding(play.memory), math.inf, 0.05)
        for url, words in (("https://elsewhere.example/", "to another program"), ("", "Another program reads")):
            hook.url = called.url
            events = hook.events("0")
            await caught_up(events)
            play.bot.webhook = url
            with pytest.raises(Unavailable, match=words):
                [event async for event in events]


async def test_check_says_how_calling_goes(called: Called) -> None:
    play, connector = called.play, TelegramConnector()

    async def check(trouble: str | None) -> list[str]:
        found = await connector.check_account(play.account, (), trouble, called.workspace(webhook=True))
        return [one.text for one in found]

    async with called.live() as reader:
        await reader.until(lambda r: bool(r.texts))
        await play.world.until(lambda: not play.bot.queue)
        assert await check("") == []
    play.world.says(play.juliet, play.chat, "Is he gone?")
    await play.world.until(lambda: 404 in play.api.webhooks.hooks[play.bot.id].calls)

    [text] = await check(None)
    assert f"cannot deliver what is said to the bot (1 waiting) to {called.url}: Wrong response" in text
    assert "pass /telegram/ on to http.listen" in text
    public = called.workspace(webhook=True, api_url="https://api.telegram.org")
    assert ("webhook", "Telegram calls only web addresses with https. Set http.public_url.") in [
        (one.key, one.text) for one in await connector.check(replace(public, http=play.http))
    ]


async def test_who_does_not_say_since_when_is_told_what_is_said_from_now_on(called: Called) -> None:
    """The operator's bot has no login, and so no time of one."""
    play, world = called.play, called.play.world
    async with called.live(None) as reader:
        world.says(play.juliet, play.chat, "Now")
        await reader.until(lambda r: "Now" in r.texts)


async def test_two_accounts_of_one_bot_are_not_both_called(called: Called) -> None:
    async with called.connected(webhook=True):
        with pytest.raises(Unavailable, match="Another program reads") as caught:
            async with called.connected(webhook=True):
                pass
    assert caught.value.lasting
    async with called.connected(webhook=True):
        pass
