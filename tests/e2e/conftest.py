"""A gateway between the shared Prosody and Synapse; one runs at a time, since each is the same component."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import COMPONENTS
from tests.support import folk
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient


@pytest.fixture
def gateway(prosody: Prosody, synapse: Synapse) -> Iterator[Gateway]:
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), prosody.component_port) as running:
        yield running


@pytest.fixture
def romeo(prosody: Prosody, synapse: Synapse) -> Person:
    return folk.user(prosody, synapse, "romeo")


@pytest.fixture
def juliet(synapse: Synapse) -> Person:
    return folk.contact(synapse, "juliet")


@pytest.fixture
async def app(romeo: Person, prosody: Prosody) -> AsyncIterator[XmppClient]:
    """Romeo's XMPP app; he has not logged in to Matrix."""
    async with folk.on_xmpp(romeo, prosody) as client:
        yield client


@pytest.fixture
async def element(juliet: Person, synapse: Synapse) -> AsyncIterator[MatrixClient]:
    """Juliet's Matrix app."""
    async with folk.on_matrix(juliet, synapse) as client:
        yield client
