"""A stage per test, or a Synapse with our appservice. The suite's assertions say what they compared, whoever imports it
first."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("bridge.testing.conformance")

from tests.conformance.appservice import AppserviceUnderTest, appservice_network  # noqa: E402
from tests.matrix.stage import Stage, stage  # noqa: E402
from tests.support.appservice import WithAppservice  # noqa: E402


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def registered() -> Iterator[WithAppservice]:
    with WithAppservice() as server:
        yield server


@pytest.fixture
async def network(registered: WithAppservice, tmp_path: Path) -> AsyncIterator[AppserviceUnderTest]:
    """It speaks in a public room of Juliet's."""
    async with appservice_network(registered, tmp_path) as made:
        yield made
