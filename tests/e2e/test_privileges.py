"""Privileges (XEP-0356) with real Matrix: Romeo writes in a Matrix app and sees it in his XMPP app."""

from collections.abc import Iterator

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.privileges.conftest import listening
from tests.scenarios.privileges.test_contact_lists import until_listed
from tests.scenarios.privileges.test_own_messages import owns, until_own
from tests.support import folk
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.prosody import Prosody
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, body, receipt_of


@pytest.fixture(scope="module")
def server() -> Iterator[Prosody]:
    with Prosody(COMPONENTS, privileges=True) as granting:
        yield granting


async def test_what_one_writes_in_a_matrix_app_is_seen_in_ones_xmpp_app(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    await listening(app)
    await folk.connect(romeo, app, gateway, synapse)
    room = await element.direct(romeo.mxid)
    await element.send(room, "Good pilgrim")
    assert await app.text_from(juliet.at(gateway)) == "Good pilgrim"
    await until_listed(app, juliet.at(gateway), (juliet.name, "both", ["Matrix"]))

    async with folk.on_matrix(romeo, synapse) as other:
        await other.send(room, "Have not saints lips?")
        carbon = await until_own(app, "Have not saints lips?")
        sent = app.message(juliet.at(gateway), "from XMPP")
        await app.expect(lambda s: receipt_of(s) == sent, again=True)
        await element.text("from XMPP")

    assert carbon.get("to") == juliet.at(gateway)
    assert [body(one) for one in owns(app)] == ["Have not saints lips?"]
    assert await element.texts(room) == ["Good pilgrim", "Have not saints lips?", "from XMPP"]
