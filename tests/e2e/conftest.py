"""A gateway between a shared XMPP server and Synapse; one runs at a time, since each is the same component."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import COMPONENTS
from tests.support import folk
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer


@pytest.fixture
def gateway(server: XmppServer, synapse: Synapse) -> Iterator[Gateway]:
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port) as running:
        yield running


@pytest.fixture
def romeo(server: XmppServer, synapse: Synapse) -> Person:
    return folk.user(server, synapse, "romeo")


@pytest.fixture
def juliet(synapse: Synapse) -> Person:
    return folk.contact(synapse, "juliet")


@pytest.fixture
async def app(romeo: Person, server: XmppServer) -> AsyncIterator[XmppClient]:
    """Romeo's XMPP app; he has not logged in to Matrix."""
    async with folk.on_xmpp(romeo, server) as client:
        yield client


@pytest.fixture
async def element(juliet: Person, synapse: Synapse) -> AsyncIterator[MatrixClient]:
    """Juliet's Matrix app."""
    async with folk.on_matrix(juliet, synapse) as client:
        yield client
