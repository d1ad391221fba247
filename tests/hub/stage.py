"""Three networks that outlive the hub, six links between their rooms, and accounts that see them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.store.database import Database
from bridge.testing.control import Control, spawned
from tests.hub.building import home_account, hub_over, put_account
from tests.hub.oracle import Where

PEOPLE: Mapping[str, Sequence[str]] = {
    "xmpp": ("alice", "bob", "xaver"),
    "a": ("anna", "andy", "alice-a"),
    "t": ("tina", "tom"),
}
OWN = {"alice": "alice-a", "bob": "bob-a"}  # users on XMPP with an account of their own on a
LINKS: Mapping[str, Sequence[Where]] = {
    "one": (Where("a", "one"), Where("xmpp", "one")),
    "two": (Where("xmpp", "two"), Where("t", "two")),
    "three": (Where("a", "three"), Where("t", "three")),
    **{name: (Where("a", name), Where("xmpp", name), Where("t", name)) for name in ("four", "five", "six")},
}


@dataclass(frozen=True, slots=True)
class Stage:
    """`seen`: whether a second account on t sees what the first one does."""

    url: str
    folder: Path
    worlds: Mapping[str, Control]
    seen: bool

    @property
    def sockets(self) -> dict[str, Path]:
        return {name: self.folder / f"{name}.sock" for name in self.worlds}

    def face(self, network: str, person: str, there: str) -> str | None:
        """Who somebody is on another network; None where all share one account."""
        if network == there:
            return person
        if there == "t":
            return None
        if there == "a" and network == "xmpp" and person in OWN:
            return OWN[person]
        return f"{network}_{person}"

    async def attached(self) -> None:
        """Return when every account is connected."""
        for world in self.worlds.values():
            await world.until_accounts(lambda found: all(account.attached for account in found.values()))


@asynccontextmanager
async def staged(url: str, folder: Path, *, seen: bool) -> AsyncIterator[Stage]:
    """Start the worlds, fill them, and link their rooms with a hub that then ends in good order."""
    async with AsyncExitStack() as stack:
        worlds = {}
        for name, like in (("xmpp", "x"), ("a", "a"), ("t", "t")):
            worlds[name] = await stack.enter_async_context(spawned(folder / f"{name}.sock", ["--like", like]))
        stage = Stage(url, folder, worlds, seen)
        await _fill(stage)
        await _link(stage)
        yield stage


async def _fill(stage: Stage) -> None:
    await stage.worlds["xmpp"].account("xmpp", relay=True, everywhere=True)
    await stage.worlds["a"].account("relay", relay=True, everywhere=True)
    for own in OWN.values():
        # Sessions that know the network's personas: only such a session's word is taken for whose doing an event is.
        await stage.worlds["a"].account(own, relay=True, everywhere=True)
    await stage.worlds["t"].account("bot", everywhere=True)
    if stage.seen:
        await stage.worlds["t"].account("watcher", everywhere=True)
    for network, people in PEOPLE.items():
        await stage.worlds[network].people(*(p for p in people if p not in OWN.values()))
    for chats in LINKS.values():
        for where in chats:
            await stage.worlds[where.network].chat(where.chat)


async def _link(stage: Stage) -> None:
    database = await Database.open(stage.url)
    hub = await hub_over(database, stage.sockets, stage.folder)
    await hub.start()
    try:
        speaks = {
            "xmpp": await home_account(database),
            "a": await put_account(database, "a", "", "relay"),
            "t": await put_account(database, "t", "", "bot"),
        }
        for name, chats in LINKS.items():
            assert await hub.linking.add(name, [(w.network, "", w.chat, speaks[w.network]) for w in chats])
        accounts = [speaks["a"], speaks["t"]]
        accounts += [await put_account(database, "a", user, own) for user, own in OWN.items()]
        if stage.seen:
            accounts.append(await put_account(database, "t", "carol", "watcher"))
        for account in accounts:
            await hub.connect(account)
        async with asyncio.timeout(60):
            for account in accounts:  # until one is known to be in a room, another speaks there for its user
                seat = hub.sessions.seat(account)
                assert seat is not None
                await seat.live.wait()
        await hub.writer.drained()
    finally:
        await hub.stop()
        await database.close()
