"""Keeping users' lists: for whom, when, and that a refusal disturbs nobody."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bridge.contract import Unavailable
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.privilege import Grant, Privileges
from bridge.xmpp.servers import Keeper
from tests.unit.xmpp.known import GATEWAY, ROMEO, ListsByHeart

ALL = Grant(2, frozenset({"get", "set"}), message=True)
OTHER = "mercutio@example.org"


@dataclass
class Kept:
    """A list that is kept; `raises` by user."""

    access: str = "roster"
    done: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    raises: dict[str, Exception] = field(default_factory=dict)
    gone: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)

    async def keep(self, user: str) -> None:
        self.done.put_nowait(user)
        if user in self.raises:
            raise self.raises[user]

    async def part(self, user: str) -> None:
        self.gone.put_nowait(user)
        if user in self.raises:
            raise self.raises[user]

    async def until(self, *users: str) -> None:
        assert [await asyncio.wait_for(self.done.get(), 5) for _ in users] == list(users)


@dataclass
class Scene:
    kept: Kept = field(default_factory=Kept)
    lists: ListsByHeart = field(default_factory=lambda: ListsByHeart(connected=[OTHER, ROMEO]))
    privileges: Privileges = field(default_factory=lambda: Privileges("far"))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Keeper]:
        keeper = Keeper(GATEWAY, self.privileges, self.lists, [self.kept], together=0.0)
        self.privileges.watch(keeper.granted)
        task = asyncio.create_task(keeper.run())
        try:
            yield keeper
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_everybody_whose_server_grants_it_and_whose_account_is_connected() -> None:
    scene = Scene()
    scene.lists.connected.append("eve@elsewhere.example")
    async with scene.running() as keeper:
        scene.privileges.heard("example.org", ALL)
        await scene.kept.until(OTHER, ROMEO)
        keeper.changed("eve@elsewhere.example")
        keeper.changed("benvolio@example.org")  # who is not connected
        keeper.changed(ROMEO)
        keeper.changed(ROMEO)
        await scene.kept.until(ROMEO)

    assert scene.kept.done.empty()


async def test_what_was_granted_before_the_stream_counted() -> None:
    scene = Scene()
    scene.privileges.heard("example.org", ALL)
    async with scene.running():
        await scene.kept.until(OTHER, ROMEO)


async def test_less_than_both_ways_is_not_enough() -> None:
    scene = Scene()
    async with scene.running() as keeper:
        scene.privileges.heard("example.org", Grant(2, frozenset({"set"}), message=True))
        keeper.changed(ROMEO)
        scene.privileges.heard("example.org", ALL)
        await scene.kept.until(OTHER, ROMEO)

    assert scene.kept.done.empty()


async def test_a_server_that_refuses_is_left_alone_until_the_next_connection() -> None:
    scene = Scene()
    scene.kept.raises[OTHER] = StanzaError("forbidden")
    async with scene.running() as keeper:
        scene.privileges.heard("example.org", ALL)
        await scene.kept.until(OTHER)
        keeper.changed(ROMEO)
        scene.privileges.forget()
        del scene.kept.raises[OTHER]
        scene.privileges.heard("example.org", ALL)
        await scene.kept.until(OTHER, ROMEO)

    assert scene.kept.done.empty()


@pytest.mark.parametrize("trouble", [Unavailable("Later."), KeyError("bug"), StanzaError("item-not-found")])
async def test_one_users_trouble_is_not_the_others(trouble: Exception, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()
    scene.kept.raises[OTHER] = trouble
    with caplog.at_level(logging.INFO):
        async with scene.running() as keeper:
            scene.privileges.heard("example.org", ALL)
            await scene.kept.until(OTHER, ROMEO)
            keeper.changed(OTHER)
            await scene.kept.until(OTHER)


async def test_what_needs_no_permission_is_done_for_whoever_has_ended_all_accounts() -> None:
    scene = Scene(kept=Kept(access=""))
    scene.lists.connected.clear()
    scene.lists.parted_users = [ROMEO]
    async with scene.running() as keeper:
        assert await asyncio.wait_for(scene.kept.gone.get(), 5) == ROMEO
        scene.lists.parted_users = [OTHER]
        keeper.changed("eve@elsewhere.example")  # who is not connected, and comes back
        keeper.changed(OTHER)
        assert await asyncio.wait_for(scene.kept.gone.get(), 5) == OTHER

    assert scene.kept.done.empty()


async def test_who_has_ended_all_accounts_is_looked_at_when_a_server_grants_something() -> None:
    scene = Scene()
    scene.lists.connected.clear()
    scene.lists.parted_users = [ROMEO]
    async with scene.running():
        scene.privileges.heard("example.org", Grant(2, frozenset({"get", "set"}), message=True))
        assert await asyncio.wait_for(scene.kept.gone.get(), 5) == ROMEO
