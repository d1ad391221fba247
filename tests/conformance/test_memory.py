"""The memory network passes the conformance suite, however it is set."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing import conformance
from tests.conformance.memory import NETWORKS, MemoryUnderTest, memory_network


@pytest.fixture(params=sorted(NETWORKS))
async def network(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MemoryUnderTest]:
    async with memory_network(request.param, tmp_path) as made:
        yield made


def only(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("network", kinds, indirect=True)


class TestReading(conformance.Reading):
    pass


class TestReadingChanges(conformance.ReadingChanges):
    pass


class TestPerforming(conformance.Performing):
    pass


class TestBreaking(conformance.Breaking):
    pass


class TestOpening(conformance.Opening):
    pass


class TestLoggingIn(conformance.LoggingIn):
    pass


@only("a", "t", "seeing", "bare")
class TestReplaying(conformance.Replaying):
    pass


@only("a", "x", "t", "seeing")
class TestEditing(conformance.Editing):
    pass


@only("a", "x", "t", "seeing")
class TestRetracting(conformance.Retracting):
    pass


@only("a", "x", "t", "seeing")
class TestReacting(conformance.Reacting):
    pass


@only("bare")
class TestLacking(conformance.Lacking):
    pass


@only("a", "x")
class TestIdempotent(conformance.Idempotent):
    pass


@only("a")
class TestEchoing(conformance.Echoing):
    pass


@only("a", "x")
class TestPersonas(conformance.Personas):
    pass


@only("a", "t", "seeing", "bare")
class TestGoverning(conformance.Governing):
    pass


@only("a", "t", "seeing")
class TestRemembering(conformance.Remembering):
    pass


@only("a", "t", "seeing", "bare")
class TestRooming(conformance.Rooming):
    pass


@only("a", "t", "seeing")
class TestSigning(conformance.Signing):
    pass


@only("a", "t", "seeing")
class TestAppearing(conformance.Appearing):
    pass


@only("a", "t", "seeing")
class TestPicturing(conformance.Picturing):
    pass


@only("a", "x", "t", "seeing")
class TestFiling(conformance.Filing):
    pass


@only("x")
class TestAnswering(conformance.Answering):
    pass


@only("a", "t", "seeing")
class TestFinding(conformance.Finding):
    pass


@only("a", "t", "seeing")
class TestBlocking(conformance.Blocking):
    pass


@only("a", "t", "seeing")
class TestReporting(conformance.Reporting):
    pass
