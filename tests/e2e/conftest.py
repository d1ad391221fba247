"""A gateway between a shared XMPP server and Synapse; one runs at a time, since each is the same component."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.conftest import COMPONENTS
from tests.e2e.logging_in import Homes, World, staged
from tests.support import folk
from tests.support.appservice import WithAppservice
from tests.support.auth_server import delegating
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.matrix_client import MatrixClient
from tests.support.ports import free_port
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


@pytest.fixture(scope="session")
def registered() -> Iterator[WithAppservice]:
    """A Synapse that has an appservice; one for all tests that do not stop it, for one gateway at a time."""
    with WithAppservice() as server:
        yield server


@pytest.fixture(scope="session")
def homes() -> Iterator[Homes]:
    """Two Synapses that let people in differently; one for all tests, give your users names of their own."""
    port, auth = free_port(), free_port()
    sso = {"cas_config": {"enabled": True, "server_url": f"http://127.0.0.1:{port}"}}
    short = {"refreshable_access_token_lifetime": "12s"}
    with Synapse(more=sso | short) as verona, Synapse(more=delegating(auth)) as mantua:
        yield Homes(verona, port, mantua, auth)


@pytest.fixture
async def world(homes: Homes, server: XmppServer) -> AsyncIterator[World]:
    async with staged(homes, server) as made:
        yield made
