"""Guests of the operator's bot pass the conformance suite, too: their sessions go through the operator's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import ChatSeen
from bridge.testing import conformance
from bridge.testing.conformance.network import connected, reading
from tests.conformance.guests import GuestUnderTest, guest_network


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[GuestUnderTest]:
    async with guest_network(tmp_path) as made:
        yield made


class TestReading(conformance.Reading):
    async def test_a_first_sync_reports_chats_and_no_old_messages(self, network: conformance.NetworkUnderTest) -> None:
        """There is nothing old: whatever somebody says after they have followed an invitation is for the guest."""
        async with connected(network) as session, reading(session) as reader:
            pass
        await network.say("meanwhile")
        async with connected(network) as session, reading(session) as reader:
            await reader.until(lambda r: "meanwhile" in r.texts)

        assert network.room in [seen.chat for seen in reader.of(ChatSeen)]


class TestPerforming(conformance.Performing):
    pass


class TestBreaking(conformance.Breaking):
    pass


class TestOpening(conformance.Opening):
    async def test_who_has_a_direct_chat_is_a_contact(self, network: conformance.NetworkUnderTest) -> None:
        """Chats are opened by those who follow an invitation, and by nobody else."""
        async with connected(network) as session:
            assert network.somebody in {contact.id for contact in await session.contacts()}


class TestEditing(conformance.Editing):
    pass


class TestRetracting(conformance.Retracting):
    pass


class TestReacting(conformance.Reacting):
    pass


class TestFiling(conformance.Filing):
    pass
