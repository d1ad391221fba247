"""The Matrix connector passes the conformance suite over a real Synapse."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing import conformance
from tests.conformance.matrix import MatrixUnderTest, matrix_network
from tests.support.synapse import Synapse


@pytest.fixture
async def network(synapse: Synapse, tmp_path: Path) -> AsyncIterator[MatrixUnderTest]:
    async with matrix_network(synapse, tmp_path) as made:
        yield made


class TestReading(conformance.Reading):
    pass


class TestReplaying(conformance.Replaying):
    pass


class TestPerforming(conformance.Performing):
    pass


class TestBreaking(conformance.Breaking):
    pass


class TestOpening(conformance.Opening):
    pass


class TestLoggingIn(conformance.LoggingIn):
    pass


class TestReadingChanges(conformance.ReadingChanges):
    pass


class TestEditing(conformance.Editing):
    pass


class TestRetracting(conformance.Retracting):
    pass


class TestReacting(conformance.Reacting):
    pass


class TestIdempotent(conformance.Idempotent):
    pass


class TestEchoing(conformance.Echoing):
    pass


class TestSigning(conformance.Signing):
    pass


class TestAppearing(conformance.Appearing):
    pass


class TestPicturing(conformance.Picturing):
    pass


class TestFiling(conformance.Filing):
    pass


class TestFinding(conformance.Finding):
    @pytest.fixture
    async def network(self, synapse: Synapse, tmp_path: Path) -> AsyncIterator[MatrixUnderTest]:
        async with matrix_network(synapse, tmp_path, listed=True) as made:
            yield made


class TestBlocking(conformance.Blocking):
    pass


class TestReporting(conformance.Reporting):
    pass


class TestGoverning(conformance.Governing):
    pass


class TestRooming(conformance.Rooming):
    @pytest.fixture
    async def network(self, synapse: Synapse, tmp_path: Path) -> AsyncIterator[MatrixUnderTest]:
        async with matrix_network(synapse, tmp_path, room_of_many=True) as made:
            yield made


class TestRemembering(conformance.Remembering):
    @pytest.fixture
    async def network(self, synapse: Synapse, tmp_path: Path) -> AsyncIterator[MatrixUnderTest]:
        async with matrix_network(synapse, tmp_path, room_of_many=True) as made:
            yield made


class TestReadingRooms(conformance.Reading, conformance.Replaying, conformance.Performing, conformance.Echoing):
    """In a room of many as in a direct chat."""

    @pytest.fixture
    async def network(self, synapse: Synapse, tmp_path: Path) -> AsyncIterator[MatrixUnderTest]:
        async with matrix_network(synapse, tmp_path, room_of_many=True) as made:
            yield made
