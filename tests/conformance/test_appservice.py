"""The operator's appservice passes the conformance suite over a real Synapse, in a room of many."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bridge.contract import MarkRead, MessageReceived, Target
from bridge.testing import conformance
from bridge.testing.conformance import SigningNetwork
from bridge.testing.conformance.network import connected, reading
from tests.conformance.appservice import AppserviceUnderTest, appservice_network
from tests.support.appservice import WithAppservice


@pytest.fixture(scope="module")
def registered() -> Iterator[WithAppservice]:
    with WithAppservice() as server:
        yield server


@pytest.fixture
async def network(registered: WithAppservice, tmp_path: Path) -> AsyncIterator[AppserviceUnderTest]:
    async with appservice_network(registered, tmp_path) as made:
        yield made


class TestReading(conformance.Reading, conformance.ReadingChanges):
    pass


class TestPerforming(conformance.Performing):
    pass


class TestBreaking(conformance.Breaking):
    pass


class TestChanging(conformance.Editing, conformance.Retracting, conformance.Reacting):
    pass


class TestClaims(conformance.Idempotent, conformance.Echoing, conformance.Personas):
    pass


class TestSigning(conformance.Signing):
    async def test_reading_in_private_is_told_to_nobody_else(self, network: SigningNetwork) -> None:
        """Nor to us: there are no other apps of our own user."""
        async with connected(network) as session, reading(session) as reader:
            first, second = await network.say("one"), await network.say("two")
            await reader.until(lambda r: len(r.of(MessageReceived)) == 2)
            mark = MarkRead(chat=network.room, key="read-1", target=Target((second,)), private=True)
            await session.perform(mark)
            await session.perform(MarkRead(chat=network.room, key="read-2", target=Target((first,))))
            async with asyncio.timeout(20):
                while (await network.signs())[1] != first:
                    await asyncio.sleep(0.05)  # another client's view, which nothing tells of


class TestFiling(conformance.Filing):
    pass


class TestRemembering(conformance.Remembering):
    pass
