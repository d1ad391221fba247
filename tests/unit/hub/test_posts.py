"""Posts: the latest of each thing, none too often, nothing waits but what is kept."""

import asyncio
from collections.abc import Callable

from bridge.contract import Action, ChatId, SetTyping, Unavailable
from bridge.hub.posts import Post


class Network:
    """Shows what it is told, or fails."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, bool]] = []
        self.up = True
        self.full = 0
        self.tried = 0
        self.changed = asyncio.Event()
        self.left: list[Action] = []
        self.through: list[Action] = []
        self.post = Post(self.perform, self.overflow, self.keep, self.drop)

    async def perform(self, action: Action) -> None:
        assert isinstance(action, SetTyping)
        self.tried += 1
        self.changed.set()
        if not self.up:
            raise Unavailable("Away.")
        self.shown.append((action.chat, action.typing))

    async def keep(self, action: Action) -> None:
        self.left.append(action)
        self.changed.set()

    async def drop(self, action: Action) -> None:
        self.through.append(action)
        self.changed.set()

    def overflow(self) -> None:
        self.full += 1

    def put(self, chat: str, typing: bool, *, keep: bool = False) -> None:
        self.post.put(chat, SetTyping(chat=ChatId(chat), key="-", typing=typing), keep=keep)

    async def until(self, so: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not so():
                self.changed.clear()
                await self.changed.wait()
                await asyncio.sleep(0)


async def test_only_the_latest_is_shown() -> None:
    network = Network()
    for number in range(1_000):
        network.put("a", number % 2 == 0)
    network.put("b", True)
    await network.until(lambda: len(network.shown) == 2)
    await network.post.close()

    assert sorted(network.shown) == [("a", False), ("b", True)]


async def test_nothing_is_shown_twice_in_a_second() -> None:
    network = Network()
    loop = asyncio.get_running_loop()
    begun = loop.time()
    network.put("a", True)
    await network.until(lambda: len(network.shown) == 1)
    network.put("a", False)
    await network.until(lambda: len(network.shown) == 2)
    await network.post.close()

    assert loop.time() - begun >= 1.0


async def test_what_cannot_be_shown_is_forgotten_unless_it_is_kept() -> None:
    network = Network()
    network.up = False
    network.put("passes", True)
    network.put("kept", True, keep=True)
    await network.until(lambda: network.tried == 2 and bool(network.left))
    [left] = network.left
    network.up = True
    network.post.put("kept", left, keep=True)
    await network.until(lambda: bool(network.through))
    await network.post.close()

    assert network.shown == [("kept", True)]
    assert [one.chat for one in (left, *network.through)] == ["kept"] * 2


async def test_too_many_are_not_shown() -> None:
    network = Network()
    for number in range(3_000):
        network.put(str(number), True)
    await network.post.close()

    assert network.full == 2_000
