"""People for end-to-end tests: each has a name of their own on shared servers, and what they need to take part."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.support.commands import log_in
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

PASSWORD = "open sesame"


@dataclass(frozen=True)
class Person:
    """Somebody with an account on XMPP, one on Matrix, or both."""

    name: str
    jid: str = ""
    mxid: str = ""

    @property
    def guest(self) -> str:
        """Their user on Matrix, of the gateway's, where they have no account of their own."""
        return f"@xmpp_{self.jid.replace('@', '=40')}:localhost"

    def at(self, gateway: Gateway) -> str:
        """Their address on XMPP through the gateway."""
        return f"{self.mxid[1:].replace(':', '%')}@{gateway.jid}"


def user(server: XmppServer, synapse: Synapse, prefix: str = "user") -> Person:
    """At home on XMPP, with a Matrix account of their own."""
    name = _name(prefix)
    return Person(name, server.add_user(name, PASSWORD), synapse.register(name, PASSWORD))


def at_home(server: XmppServer, prefix: str = "user") -> Person:
    """On XMPP only."""
    name = _name(prefix)
    return Person(name, server.add_user(name, PASSWORD))


def contact(synapse: Synapse, prefix: str = "contact") -> Person:
    """On Matrix only."""
    name = _name(prefix)
    return Person(name, "", synapse.register(name, PASSWORD))


@asynccontextmanager
async def on_xmpp(person: Person, server: XmppServer) -> AsyncIterator[XmppClient]:
    """Their XMPP app."""
    async with XmppClient(person.jid, PASSWORD, server.c2s_port) as client:
        yield client


@asynccontextmanager
async def on_matrix(person: Person, synapse: Synapse, presence: str = "online") -> AsyncIterator[MatrixClient]:
    """Their Matrix app."""
    async with MatrixClient(synapse.url, person.name, PASSWORD, presence=presence) as client:
        yield client


async def connect(person: Person, client: XmppClient, gateway: Gateway, synapse: Synapse) -> None:
    """Log in to Matrix through the gateway, by ad-hoc command."""
    step = await log_in(client, gateway.jid, synapse.url, person.name, PASSWORD)
    assert step.status == "completed", step
    assert person.mxid in step.text


def _name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"
