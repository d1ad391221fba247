"""Fixtures of the XMPP side: addresses, people, and a real desk on a small database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.store.database import Database
from bridge.xmpp.chats import Addresses
from tests.support.asking import Scene, scene
from tests.unit.xmpp.known import GATEWAY, KnownByHeart


@pytest.fixture
def addresses() -> Addresses:
    return Addresses([GATEWAY])


@pytest.fixture
def people() -> KnownByHeart:
    return KnownByHeart()


@pytest.fixture
async def at_desk(tmp_path: Path) -> AsyncIterator[Scene]:
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    async with scene(database, tmp_path) as made:
        yield made
    await database.close()
