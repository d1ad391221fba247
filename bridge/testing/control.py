"""What tests tell a memory network: people speak, networks fail, and what came of it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from bridge.contract import Refused
from bridge.testing import wire
from bridge.testing.client import Client
from bridge.testing.performs import Ask
from bridge.testing.states import AccountState, ChatState, Reported

T = TypeVar("T")
PATIENCE = 20.0  # seconds until a test gives up


class Control:
    """A test's connection to a world. What is refused raises `Refused`."""

    def __init__(self, client: Client, pid: int = 0) -> None:
        self._client = client
        self.pid = pid  # of the world, where it was started for this

    async def do(self, ask: Ask) -> Any:
        """Any of the asks of `bridge.testing.wire`; the answer, undecoded where it has a type of its own."""
        return await self._client.ask(ask, object)

    async def account(self, id: str, **more: Any) -> str:
        return str(await self.do(wire.AddAccount(id=id, **more)))

    async def people(self, *ids: str) -> None:
        for one in ids:
            await self.do(wire.AddPerson(id=one, name=one.capitalize()))

    async def chat(self, id: str, *members: str, **more: Any) -> str:
        """A room, or with `kind="direct"` a direct chat."""
        return str(await self.do(wire.AddChat(id=id, members=list(members), **more)))

    async def says(self, person: str, chat: str, text: str, **more: Any) -> str:
        return str(await self.do(wire.Says(person=person, chat=chat, text=text, **more)))

    async def edits(self, person: str, chat: str, target: str, text: str, **more: Any) -> str:
        return str(await self.do(wire.Edits(person=person, chat=chat, target=target, text=text, **more)))

    async def retracts(self, person: str, chat: str, target: str, **more: Any) -> str:
        return str(await self.do(wire.Retracts(person=person, chat=chat, target=target, **more)))

    async def reacts(self, person: str, chat: str, target: str, *reactions: str, **more: Any) -> str:
        ask = wire.Reacts(person=person, chat=chat, target=target, reactions=list(reactions), **more)
        return str(await self.do(ask))

    async def fault(self, kind: str, **more: Any) -> None:
        await self.do(wire.Fault(kind=kind, **more))

    async def mend(self, kind: str = "") -> None:
        await self.do(wire.Mend(kind=kind))

    async def state(self, chat: str) -> ChatState:
        return await self._client.ask(wire.State(chat), ChatState)

    async def accounts(self) -> dict[str, AccountState]:
        return {found.id: found for found in await self._client.ask(wire.Accounts(), list[AccountState])}

    async def reports(self) -> list[Reported]:
        return await self._client.ask(wire.Reports(), list[Reported])

    async def until(self, chat: str, so: Callable[[ChatState], bool], seconds: float = PATIENCE) -> ChatState:
        """The chat's state once it is `so`. Raises AssertionError that shows what it was instead."""
        found: ChatState | None = None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    since = await self._revision()
                    found = await self._there(chat)
                    if found is not None and so(found):
                        return found
                    await self._client.ask(wire.Changed(since), int)
        except TimeoutError:
            raise AssertionError(f"{chat} is not so after {seconds:.0f} s: {_shown(found)}") from None

    async def until_accounts(
        self, so: Callable[[dict[str, AccountState]], bool], seconds: float = PATIENCE
    ) -> dict[str, AccountState]:
        """The accounts once they are `so`. Raises AssertionError."""
        found: dict[str, AccountState] = {}
        try:
            async with asyncio.timeout(seconds):
                while True:
                    since = await self._revision()
                    found = await self.accounts()
                    if so(found):
                        return found
                    await self._client.ask(wire.Changed(since), int)
        except TimeoutError:
            raise AssertionError(f"the accounts are not so after {seconds:.0f} s: {found}") from None

    async def _revision(self) -> int:
        return await self._client.ask(wire.Changed(-1), int)

    async def _there(self, chat: str) -> ChatState | None:
        try:
            return await self.state(chat)
        except Refused:
            return None  # not yet


def _shown(state: ChatState | None) -> str:
    if state is None:
        return "there is no such chat"
    return "; ".join(f"{said.author}: {said.text}" for said in state.visible[-20:]) or "nothing visible"


@asynccontextmanager
async def controlled(socket: Path, pid: int = 0) -> AsyncIterator[Control]:
    """Control of a world that listens already; `pid` as in `Control`."""
    client = await Client.open(socket)
    try:
        yield Control(client, pid)
    finally:
        await client.close()


@asynccontextmanager
async def spawned(socket: Path, arguments: Sequence[str]) -> AsyncIterator[Control]:
    """A world in a process of its own, and control of it; ended with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge.testing.world", "--socket", str(socket), *arguments,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said = await process.stdout.readline()
        if said != b"ready\n":
            raise RuntimeError("the world did not start")
        async with controlled(socket, process.pid) as control:
            yield control
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
