"""Invitations: unguessable, for one person, for seven days, a few at a time; nothing in the memory opens a door."""

import asyncio
import re

import pytest

from bridge.contract import Refused
from bridge.hub.workspace import PassingMemory
from connectors.telegram.operator.friends import Friend, Friends
from connectors.telegram.operator.invitations import OPEN, Invitations
from tests.support.asking import HandClock

DAY = 86_400


async def test_a_code_is_what_telegram_takes_and_says_nothing_of_its_user() -> None:
    memory = PassingMemory()
    invitations = Invitations(memory, HandClock())
    codes = {await invitations.make("romeo@example.org") for _ in range(10)}

    assert len(codes) == 10
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", code) and "romeo" not in code for code in codes)
    kept = "".join(memory._values.values())
    assert not any(code[10:] in kept for code in codes)


async def test_it_is_good_for_seven_days_and_for_one() -> None:
    clock = HandClock()
    invitations = Invitations(PassingMemory(), clock)
    code = await invitations.make("romeo@example.org")
    clock.now += 7 * DAY - 1
    found = await invitations.find(code)
    assert found is not None
    assert not invitations.expired(found)
    await invitations.follow(found, 5, 12)
    again = await invitations.find(code)
    assert again is not None
    assert (again.friend, again.message) == (5, 12)
    assert await invitations.follow(found, 6, 1)  # too late: the first stays
    assert (await invitations.find(code)) == again

    late = await invitations.make("romeo@example.org")
    clock.now += 7 * DAY
    expired = await invitations.find(late)
    assert expired is not None
    assert invitations.expired(expired)
    clock.now += 7 * DAY
    assert await invitations.find(late) is None


async def test_there_are_so_many_open_ones_of_a_user_and_others_have_their_own() -> None:
    clock = HandClock()
    invitations = Invitations(PassingMemory(), clock)
    codes = [await invitations.make("romeo@example.org") for _ in range(OPEN)]
    with pytest.raises(Refused, match="nobody has followed"):
        await invitations.make("romeo@example.org")
    assert await invitations.make("nurse@example.org")

    found = await invitations.find(codes[0])
    assert found is not None
    await invitations.follow(found, 5, 12)
    assert await invitations.make("romeo@example.org")
    await invitations.void("romeo@example.org")
    assert await invitations.find(codes[1]) is None
    assert await invitations.find(codes[0]) is not None, "who has followed it is told so"
    clock.now += 8 * DAY
    assert await invitations.make("romeo@example.org")


async def test_expired_ones_do_not_count_and_none_is_lost_to_another_made_at_once() -> None:
    class Slow(PassingMemory):
        async def get(self, key: str) -> str | None:
            await asyncio.sleep(0)
            return await super().get(key)

    clock = HandClock()
    invitations = Invitations(Slow(), clock)
    codes = await asyncio.gather(*(invitations.make("romeo@example.org") for _ in range(OPEN)))
    assert None not in [await invitations.find(code) for code in codes]
    with pytest.raises(Refused, match="nobody has followed"):
        await invitations.make("romeo@example.org")
    clock.now += 7 * DAY
    assert await invitations.make("romeo@example.org")


@pytest.mark.parametrize("odd", ["", "x", "é" * 32, "0" * 33, "../../etc", "0" * 10 + "A" * 21 + "\n"])
async def test_what_is_none_is_none(odd: str) -> None:
    assert await Invitations(PassingMemory(), HandClock()).find(odd) is None


async def test_people_with_the_same_name_are_shown_with_their_whole_address() -> None:
    friend = Friend(1)
    for user in ("romeo@example.org", "Romeo@evil.example", "nurse@example.org", "nursé@example.org"):
        friend.add(user)

    assert [friend.label(key) for key in friend.users] == [
        "romeo@example.org", "Romeo@evil.example", "nurse", "nursé@example.org",
    ]  # fmt: skip


async def test_a_friend_is_the_same_after_a_restart() -> None:
    memory = PassingMemory()
    friends = Friends(memory)
    friend = await friends.of(7)
    first, second = friend.add("romeo@example.org"), friend.add("nurse@example.org")
    friend.trail.put(3, first)
    friend.trail.put(4, second)
    friend.last, friend.blocked = 4, True
    await friends.save(friend)
    friend.drop(second)
    assert friend.chosen == first
    assert friend.add("third@example.org") not in (first, second), "keys are never given again"

    again = await Friends(memory).of(7)
    assert again.dump() != friend.dump()
    assert (again.chosen, again.last, again.blocked, again.users) == (
        second, 4, True, {first: "romeo@example.org", second: "nurse@example.org"},
    )  # fmt: skip
    assert (again.trail.of(3), again.trail.of(4)) == (first, second)
