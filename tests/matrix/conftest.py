"""A stage per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.matrix.stage import Stage, stage


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made
