"""What tests of several folders share: a database of each kind, a desk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.store.database import Database
from tests.support.asking import Scene, scene


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(f"sqlite:///{tmp_path / 'test.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def at_desk(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(database, tmp_path) as made:
        yield made
