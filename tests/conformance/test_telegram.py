"""The Telegram connector passes the conformance suite over a Bot API server. Of the suite's classes those are not here
that ask for what the Bot API does not have: a place in the past to read from again, and deletions that bots are told of
(`ReadingChanges`; edits and reactions are in `tests/telegram`)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing import conformance
from tests.conformance.telegram import TelegramUnderTest, telegram_network


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[TelegramUnderTest]:
    async with telegram_network(tmp_path) as made:
        yield made


class TestReading(conformance.Reading):
    pass


class TestPerforming(conformance.Performing):
    pass


class TestBreaking(conformance.Breaking):
    pass


class TestOpening(conformance.Opening):
    pass


class TestLoggingIn(conformance.LoggingIn):
    pass


class TestEditing(conformance.Editing):
    pass


class TestRetracting(conformance.Retracting):
    pass


class TestReacting(conformance.Reacting):
    pass


class TestFiling(conformance.Filing):
    pass


class TestInASupergroup(
    conformance.Reading, conformance.Performing, conformance.Editing, conformance.Retracting, conformance.Reacting,
    conformance.Filing,
):  # fmt: skip
    """In a group of many as in a private chat."""

    @pytest.fixture
    async def network(self, tmp_path: Path) -> AsyncIterator[TelegramUnderTest]:
        async with telegram_network(tmp_path, supergroup=True) as made:
            yield made
