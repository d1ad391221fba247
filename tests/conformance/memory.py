"""The memory network, as the conformance suite wants one."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from bridge.contract import Account, AccountId, ChatId, Connector, ContactId, MessageId, NetworkId, Workspace
from bridge.hub.workspace import PassingMemory
from bridge.testing import files
from bridge.testing.conformance import Shown, Way
from bridge.testing.connector import MemoryConnector
from bridge.testing.control import Control, controlled
from bridge.testing.traits import Traits
from bridge.testing.wire import Appears, Reads, SignIn, Types, Wears
from bridge.testing.world import VARIANTS, World, serve
from tests.support.asking import HandClock, NoHttp

NETWORKS: dict[str, Traits] = {
    "a": VARIANTS["a"],
    "x": VARIANTS["x"],
    "t": VARIANTS["t"],
    "seeing": VARIANTS["t"],  # its account is shown its own doings, without a key
    "bare": Traits(replays=True, unique_ids=True, without=("edit", "retract", "react"), media=False, finds=False),
}


class MemoryUnderTest:
    """Romeo's account, and Benvolio, who speaks when asked."""

    def __init__(self, world: World, control: Control, socket: Path, token: str) -> None:
        self.connector: Connector = MemoryConnector("memory")
        self.account = Account(
            AccountId(1), NetworkId("memory"), "romeo@example.org", ContactId("romeo"), {"token": token}
        )
        self.workspace = Workspace(
            AccountId(1), {"socket": str(socket)}, NoHttp(), PassingMemory(), HandClock(),
            logging.getLogger("landbridge.memory"), socket.parent,
        )  # fmt: skip
        self.room = ChatId("square")
        self.somebody = ContactId("juliet")
        self.nobody = ContactId("rosaline")
        self.somebody_name = "Juliet"
        self.square, self.space = ChatId("square-1"), ChatId("verona")
        romeo = {"username": "romeo"}
        self.ways = [Way("password", romeo | {"password": "open sesame"}, romeo | {"password": "let me in"})]
        self.elsewhere: Mapping[str, str] = {}
        self.control = control
        self._world = world

    async def say(self, text: str) -> MessageId:
        return MessageId(await self.control.says("benvolio", self.room, text))

    async def say_file(self, name: str, mime: str, data: bytes) -> None:
        await self.control.says("benvolio", self.room, "", media=[await files.have(self.control, name, data, mime)])

    async def shown_files(self) -> list[tuple[str, bytes]]:
        said = [one for one in (await self.control.state(self.room)).visible if one.by != "person"]
        return [(one.text, await files.content(self.control, media)) for one in said for media in one.media]

    async def edit(self, target: MessageId, text: str) -> None:
        await self.control.edits("benvolio", self.room, target, text)

    async def retract(self, target: MessageId) -> None:
        await self.control.retracts("benvolio", self.room, target)

    async def react(self, target: MessageId, *reactions: str) -> None:
        await self.control.reacts("benvolio", self.room, target, *reactions)

    async def types(self, typing: bool) -> None:
        await self.control.do(Types(person="benvolio", chat=self.room, typing=typing))

    async def reads(self, target: MessageId) -> None:
        await self.control.do(Reads(person="benvolio", chat=self.room, target=target))

    async def appears(self, away: bool, status: str) -> None:
        await self.control.do(Appears(person="benvolio", away=away, status=status))

    async def signs(self) -> tuple[bool, str]:
        state = await self.control.state(self.room)
        return "romeo" in state.typing, "" if "romeo" in state.private else state.read.get("romeo", "")

    async def presence(self) -> str:
        return (await self.control.accounts())["romeo"].presence

    async def picture(self) -> str:
        return (await self.control.accounts())["romeo"].picture

    async def chooses(self) -> str:
        chosen = await files.have(self.control, "chosen.png", b"chosen", "image/png")
        await self.control.do(Wears(person="romeo", picture=chosen))
        return chosen

    async def shown(self) -> Sequence[Shown]:
        return [
            Shown(
                MessageId(said.id),
                said.text,
                ours=said.by != "person",
                edited=said.edited > 0,
                reactions=tuple(r for who, some in said.reactions.items() if who != "benvolio" for r in some),
            )
            for said in (await self.control.state(self.room)).visible
        ]

    async def told(self) -> Sequence[tuple[str, str]]:
        return [(given.target, given.reason) for given in (await self.control.state(self.room)).answers]

    async def cut(self) -> None:
        self._world.disconnect("")


@asynccontextmanager
async def memory_network(kind: str, folder: Path) -> AsyncIterator[MemoryUnderTest]:
    """One of `NETWORKS`, in this process but over its real wire."""
    socket = folder / "world.sock"
    async with serve(NETWORKS[kind], socket) as world, controlled(socket) as control:
        own = True if kind == "seeing" else None
        await control.account("romeo", password="open sesame", name="Romeo", relay=True, own=own)
        await control.people("benvolio", "juliet")
        await control.chat("square", "romeo", "benvolio")
        for number in (1, 2):
            await control.chat(f"square-{number}", "benvolio", name=f"Square {number}", public=True)
        await control.chat("verona", "benvolio", name="Spaces of Verona", public=True, holds=["square-1"])
        signed = msgspec.convert(await control.do(SignIn("romeo", "open sesame")), dict[str, str])
        yield MemoryUnderTest(world, control, socket, signed["token"])
