"""kill -9 amid a mixture of everything in rooms and direct chats: nothing accepted is lost, nothing doubled on Matrix,
in the rooms or in their history; order is kept; no edit comes before its message, and what was taken back stays away.

Apps come back into a room by pinging themselves (XEP-0410). TESTS_SEED repeats a run.
"""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from tests.conftest import COMPONENTS, FULL
from tests.support import files, folk, mixture, muc, talks, views
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway, matrix
from tests.support.kills import Killer
from tests.support.matrix_client import MatrixClient
from tests.support.mixture import Mixed, MixedDirect, MixedRoom
from tests.support.synapse import Synapse
from tests.support.views import View
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

KILLS, ROOMS, CHATS, DOINGS = (20, 10, 4, 800) if FULL else (5, 2, 1, 120)  # doings each way
HISTORY = "<history maxstanzas='500'/>"


@pytest.fixture
def gateway(server: XmppServer, synapse: Synapse) -> Iterator[Gateway]:
    settings = {"allow_private": ["127.0.0.1"], "media": {"wait": 120, "upload_service": "nobody.localhost"}}
    with Gateway(matrix(COMPONENTS[MATRIX], synapse.url), server.component_port, settings) as running:
        yield running


@dataclass
class Company:
    """Romeo talks in rooms and direct chats; the Nurse is in the rooms and listens."""

    rooms: list[MixedRoom]
    chats: list[MixedDirect]
    nurse: Person
    ear: XmppClient
    entered: int = 0  # how often somebody had to enter again

    @property
    def talks(self) -> list[Mixed]:
        return [*self.rooms, *self.chats]

    async def come_back(self) -> None:
        """As apps do by themselves."""
        for talk in self.rooms:
            for app, who in ((talk.app, talk.user), (self.ear, self.nurse)):
                if await muc.ping(app, f"{talk.jid}/{who.name}"):
                    await muc.enter(app, talk.jid, who.name, HISTORY)
                    self.entered += 1


async def test_kill_9_amid_a_mixture(
    gateway: Gateway, server: XmppServer, synapse: Synapse, element: MatrixClient
) -> None:
    killer = Killer(gateway, KILLS)
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(files.website(mixture.picture))
        company = await meet(stack, gateway, server, synapse, element, place)
        speaking = [
            one
            for talk, share in talks.shares(DOINGS, company.talks)
            for one in (talk.talk_out(share, killer.up, killer.own()), talk.talk_back(share, killer.own()))
        ]
        await killer.amid(company.talks, DOINGS, speaking, company.come_back)

        for talk in company.talks:
            there = views.on_matrix(await talk.element.timeline(talk.room), talk.user.mxid)
            assert talk.differs(there, "on Matrix") == []
            for line in (line for line in talk.of("out") if line.file and not line.taken_back):
                assert await files.matrix_file(element, there.shown[line.mark].address) == files.png(seed=line.number)
            for line in (line for line in talk.of("back") if line.file and not line.taken_back):
                url = talk.here().shown[line.mark].address
                assert (await files.get(url)).body == files.png(seed=line.number)
        for room in company.rooms:
            heard = lambda room=room: room.differs(room.seen_by(company.ear), "at the Nurse's")  # noqa: E731
            await talks.until(lambda heard=heard: heard() == [], heard)  # type: ignore[misc]
            entered = await muc.enter(room.app, room.jid, room.user.name, HISTORY)
            read = views.on_xmpp(entered.history, room.jid, room.user.name, View())
            assert [room.differs(read, "in the history", ())] == [[]]
        said = sum(len(talk.said) for talk in company.talks)
        print(f"{said} messages; entered again: {company.entered}")
    assert gateway.metric("landbridge_dead_letters", network="matrix") == 0


async def meet(
    stack: AsyncExitStack, gateway: Gateway, server: XmppServer, synapse: Synapse, element: MatrixClient, place: str
) -> Company:
    romeo, nurse = folk.user(server, synapse, "romeo"), folk.user(server, synapse, "nurse")
    places = []
    for number in range(ROOMS):
        wish = {"preset": "public_chat", "name": f"Room {number}", "room_alias_name": f"r{number}-{romeo.name}"}
        room = str((await element.call("POST", "/createRoom", wish))["room_id"])
        places.append((room, f"#r{number}-{romeo.name}%localhost@{gateway.jid}"))
    clients = []
    for one in (romeo, nurse):
        async with folk.on_matrix(one, synapse) as phone:
            for room, _ in places:
                await phone.join(room)
        client = await stack.enter_async_context(folk.on_xmpp(one, server))
        await folk.connect(one, client, gateway, synapse)
        clients.append(client)
        for _, jid in places:
            await muc.listed(client, gateway.jid, jid)
            await muc.enter(client, jid, one.name)
    app, ear = clients
    chats = []
    for _ in range(CHATS):
        contact = folk.contact(synapse)
        theirs = await stack.enter_async_context(folk.on_matrix(contact, synapse))
        chat = await talks.opened(app, romeo, contact.at(gateway), theirs)
        chats.append(mixture.direct(chat, place))
    rooms = [MixedRoom(app, jid, element, romeo, room, place=place) for room, jid in places]
    return Company(rooms, chats, nurse, ear)
