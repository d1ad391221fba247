"""Plays on XMPP servers that grant the gateway privileges (XEP-0356): Romeo's app with carbons and a contact list."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.conftest import Play, staged
from tests.support.prosody import Prosody
from tests.support.xmpp_client import CLIENT, XmppClient
from tests.support.xmpp_servers import SERVERS, XmppServer

ON_PROSODY = pytest.mark.parametrize("granting", ["prosody"], indirect=True)  # which does what it grants
ON_EJABBERD = pytest.mark.parametrize("granting", ["ejabberd"], indirect=True)


@pytest.fixture(scope="session", params=list(SERVERS))
def granting(request: pytest.FixtureRequest) -> Iterator[XmppServer]:
    """One for all tests that do not stop it, each in turn."""
    with SERVERS[request.param](COMPONENTS, privileges=True, archives=True) as server:
        yield server


@pytest.fixture
async def play(granting: XmppServer, tmp_path: Path) -> AsyncIterator[Play]:
    async with staged(granting, tmp_path) as made:
        await listening(made.app)
        yield made


@pytest.fixture
def takes_it_as_the_users(granting: XmppServer) -> bool:
    """Whether what is said in a user's name is the user's message to the server."""
    return isinstance(granting, Prosody)


async def listening(app: XmppClient) -> None:
    """Wanting carbons (XEP-0280 #enabling) and changes of the contact list (RFC 6121 #roster-login)."""
    await app.iq(app.bare, "get", "<query xmlns='jabber:iq:roster'/>")
    app.send("<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
    await app.expect(lambda s: s.tag == f"{CLIENT}iq" and s.get("id") == "carbons", again=True)
