"""What every connector passes. Say what your network is once (`NetworkUnderTest`), then take over the classes that fit:

    @pytest.fixture
    async def network() -> AsyncIterator[NetworkUnderTest]: ...

    class TestReading(conformance.Reading): ...

| class | for |
|---|---|
| Reading, Performing, Breaking, Opening, LoggingIn | every network |
| Replaying | networks that are read from a cursor |
| ReadingChanges | networks that report edits, retractions and reactions as what they are |
| Editing, Retracting, Reacting | sessions that name the action in `Capabilities.actions` |
| Lacking | sessions that do not name all of them |
| Signing, Appearing | sessions that name `SetTyping` and `MarkRead`, and `SetPresence` |
| Remembering | sessions that claim `history` |
| Filing | sessions that can publish files |
| Finding | sessions that have a `directory` |
| Blocking, Reporting | sessions that name `Block`, `Report` |
| Idempotent, Echoing, Personas, Answering | sessions that claim so in their capabilities |

Tests are coroutines (pytest-asyncio, `asyncio_mode = "auto"`). Over the real wire, please: a fake server, not a patched
client. `pytest.register_assert_rewrite("bridge.testing.conformance")` in a conftest makes failures readable.
"""

from bridge.testing.conformance.breaking import Breaking
from bridge.testing.conformance.changing import Editing, Lacking, Reacting, Retracting
from bridge.testing.conformance.claims import Answering, Echoing, Idempotent, Personas
from bridge.testing.conformance.files import Filing, FilingNetwork
from bridge.testing.conformance.finding import Blocking, Finding, FindingNetwork, Reporting
from bridge.testing.conformance.login import LoggingIn, Opening, Person
from bridge.testing.conformance.network import NetworkUnderTest, Reader, Shown, Way
from bridge.testing.conformance.performing import Performing
from bridge.testing.conformance.pictures import PicturedNetwork, Picturing
from bridge.testing.conformance.reading import Reading, ReadingChanges, Remembering, Replaying
from bridge.testing.conformance.rooms import Governing, Rooming
from bridge.testing.conformance.signs import Appearing, Signing, SigningNetwork

__all__ = [
    "Answering",
    "Appearing",
    "Blocking",
    "Breaking",
    "Echoing",
    "Editing",
    "Filing",
    "FilingNetwork",
    "Finding",
    "FindingNetwork",
    "Governing",
    "Idempotent",
    "Lacking",
    "LoggingIn",
    "NetworkUnderTest",
    "Opening",
    "Performing",
    "Person",
    "Personas",
    "PicturedNetwork",
    "Picturing",
    "Reacting",
    "Reader",
    "Reading",
    "ReadingChanges",
    "Remembering",
    "Replaying",
    "Reporting",
    "Retracting",
    "Rooming",
    "Shown",
    "Signing",
    "SigningNetwork",
    "Way",
]
