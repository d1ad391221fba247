"""Coming into rooms: so many at once, and nobody too often."""

import asyncio

import pytest

from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.turns import Turns


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(turns: Turns, user: str, times: int) -> int:
    """How often `user` may."""
    granted = 0
    for _ in range(times):
        try:
            turns.ask(user)
        except StanzaError:
            continue
        granted += 1
    return granted


def test_who_enters_two_thousand_rooms_in_a_minute_is_told_to_wait_and_nobody_else() -> None:
    clock = Clock()
    turns = Turns(clock)

    granted = 0
    for _ in range(60):
        granted += asked(turns, "flood", 34)
        clock.now += 1.0

    assert 1_200 < granted < 1_400
    asked(turns, "flood", 10)
    with pytest.raises(StanzaError, match="resource-constraint: You are entering rooms too often"):
        turns.ask("flood")
    assert asked(turns, "other", 500) == 500
    clock.now += 600.0
    assert asked(turns, "flood", 900) == 900


async def test_an_app_with_many_rooms_waits_for_its_turn_and_others_do_not_wait_for_it() -> None:
    turns, inside, most = Turns(), {"many": 0, "one": 0}, 0
    go = asyncio.Event()

    async def enter(user: str) -> None:
        nonlocal most
        async with turns.turn(user):
            inside[user] += 1
            most = max(most, inside["many"])
            await go.wait()
            inside[user] -= 1

    tasks = [asyncio.create_task(enter("many")) for _ in range(300)]
    tasks.append(asyncio.create_task(enter("one")))
    while not inside["one"]:
        await asyncio.sleep(0)
    assert inside["many"] == 20
    go.set()
    await asyncio.gather(*tasks)

    assert most == 20
    assert turns.waiting == 0


async def test_who_goes_while_waiting_leaves_nothing() -> None:
    turns, go = Turns(), asyncio.Event()

    async def enter() -> None:
        async with turns.turn("user"):
            await go.wait()

    tasks = [asyncio.create_task(enter()) for _ in range(30)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.gather(*tasks)
    await asyncio.wait(tasks)

    assert turns.waiting == 0
