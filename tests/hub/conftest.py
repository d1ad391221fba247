"""What several tests of the hub stand on."""

from collections.abc import AsyncIterator

import pytest

from tests.hub.paced import Paced


@pytest.fixture
async def paced(database_url: str) -> AsyncIterator[Paced]:
    opened = await Paced.open(database_url)
    assert isinstance(opened, Paced)
    yield opened
    await opened.close()
