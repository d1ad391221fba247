"""A stage per test. The suite's assertions say what they compared, whoever imports it first."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("bridge.testing.conformance")

from tests.telegram.stage import Stage, stage  # noqa: E402


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made
