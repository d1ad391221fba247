"""Plays in a room: Romeo's account on the memory network is in the room `verona`, with Juliet and the Nurse."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.testing.wire import AddPerson, Comes, Goes, Invites
from tests.scenarios.conftest import Play, staged
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.muc import Entered
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

VERONA = f"#verona@{MEMORY}"


@dataclass
class InVerona:
    """`room` is the JID of the room on XMPP."""

    play: Play
    room: str = VERONA
    chat: str = "verona"

    @property
    def app(self) -> XmppClient:
        return self.play.app

    async def enter(self, app: XmppClient | None = None, wanted: str = "Romeo", history: str = "") -> Entered:
        return await muc.enter(app or self.app, self.room, wanted, history)

    def person(self, id: str, name: str) -> AddPerson:
        return AddPerson(id=id, name=name)

    def comes(self, person: str) -> Comes:
        return Comes(person=person, chat=self.chat)

    def goes(self, person: str) -> Goes:
        return Goes(person=person, chat=self.chat)

    def invites(self, person: str, chat: str, reason: str) -> Invites:
        return Invites(person=person, chat=chat, whom="romeo", reason=reason)

    async def says(self, person: str, text: str) -> str:
        return await self.play.world.says(person, self.chat, text)

    async def heard(self, text: str) -> None:
        """Return when the text is in the room on its own network."""
        await self.play.world.until(self.chat, lambda state: text in state.texts)


@pytest.fixture
async def verona(server: XmppServer, tmp_path: Path) -> AsyncIterator[InVerona]:
    async with staged(server, tmp_path) as play:
        await play.world.chat("verona", "juliet", "nurse", "romeo", name="Verona", subject="A feud", alias="#verona")
        await play.log_in()
        await muc.listed(play.app, MEMORY, VERONA)
        yield InVerona(play)
