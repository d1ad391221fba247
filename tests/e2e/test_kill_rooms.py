"""kill -9 amid traffic in rooms and direct chats: nothing accepted is lost, nothing doubled on Matrix, in the rooms or
in their history, and order is kept.

Apps come back into a room by pinging themselves (XEP-0410). LANDBRIDGE_SEED repeats a run.
"""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.conftest import FULL
from tests.support import folk, muc, talks
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.talks import Direct, InRoom, Talk
from tests.support.xmpp_client import XmppClient
from tests.support.xmpp_servers import XmppServer

KILLS, ROOMS, CHATS, MESSAGES = (20, 10, 4, 500) if FULL else (5, 3, 1, 90)  # messages each way
HISTORY = "<history maxstanzas='200'/>"


@dataclass
class Company:
    """Romeo talks in rooms and direct chats; the Nurse is in the rooms and listens."""

    rooms: list[InRoom]
    chats: list[Direct]
    nurse: Person
    ear: XmppClient

    @property
    def talks(self) -> list[Talk]:
        return [*self.rooms, *self.chats]

    async def come_back(self) -> int:
        """As apps do by themselves; how often somebody had to enter again."""
        again = 0
        for talk in self.rooms:
            for app, who in ((talk.app, talk.user), (self.ear, self.nurse)):
                if await muc.ping(app, f"{talk.jid}/{who.name}"):
                    await muc.enter(app, talk.jid, who.name, HISTORY)
                    again += 1
        return again


async def test_kill_9_in_rooms(gateway: Gateway, server: XmppServer, synapse: Synapse, element: MatrixClient) -> None:
    seed = int(os.environ.get("LANDBRIDGE_SEED") or random.randrange(1_000_000))
    print(f"seed {seed}, {KILLS} kills, {ROOMS} rooms, {CHATS} direct chats, {MESSAGES} messages each way")
    dice = random.Random(seed)
    async with AsyncExitStack() as apps:
        company = await meet(apps, gateway, server, synapse, element)
        everything, again = company.talks, 0
        up = asyncio.Event()
        up.set()
        talking = [
            asyncio.create_task(one)
            for talk, share in talks.shares(MESSAGES, everything)
            for one in (talks.talk_out(talk, share, up, random.Random(dice.random())), talks.talk_back(talk, share))
        ]
        for moment in sorted(dice.sample(range(10, MESSAGES - 10), KILLS)):
            await talks.until(lambda moment=moment: sum(len(talk.out) for talk in everything) >= moment)  # type: ignore[misc]
            await asyncio.sleep(dice.uniform(0, 0.2))
            up.clear()
            gateway.kill()
            for talk in (dice.choice(company.rooms), dice.choice(company.chats)):
                talk.say(f"{len(talk.out)} into the void")
            await talks.bounces_are_in(everything)
            await asyncio.to_thread(gateway.start)
            again += await company.come_back()
            for talk in everything:
                talk.repeat()
            up.set()
        await asyncio.gather(*talking)
        await talks.all_arrived(everything)

        for talk in everything:
            assert await talk.element.texts(talk.room, talk.user.mxid) == talk.out
            assert talk.came_back() == talk.back
        for room in company.rooms:
            assert [text for _, text in room.shown() if not text.startswith("back")] == room.out
            await talks.until(lambda room=room: heard(company, room) == room.shown())  # type: ignore[misc]
            entered = await muc.enter(room.app, room.jid, room.user.name, HISTORY)
            assert muc.lines_of(entered.history) == room.shown()[-200:]
        print(f"entered again: {again}, repeats in direct chats: {sum(chat.repeats() for chat in company.chats)}")
    assert sum(len(talk.back) for talk in everything) == MESSAGES
    assert gateway.metric("landbridge_dead_letters", network="matrix") == 0


def heard(company: Company, room: InRoom) -> list[tuple[str, str]]:
    return muc.lines(company.ear, room.jid)


async def meet(
    apps: AsyncExitStack, gateway: Gateway, server: XmppServer, synapse: Synapse, element: MatrixClient
) -> Company:
    romeo, nurse = folk.user(server, synapse, "romeo"), folk.user(server, synapse, "nurse")
    places = []
    for number in range(ROOMS):
        wish = {"preset": "public_chat", "name": f"Room {number}", "room_alias_name": f"r{number}-{romeo.name}"}
        room = str((await element.call("POST", "/createRoom", wish))["room_id"])
        places.append((room, f"#r{number}-{romeo.name}%localhost@{gateway.jid}"))
    clients = []
    for one in (romeo, nurse):
        async with folk.on_matrix(one, synapse) as matrix:
            for room, _ in places:
                await matrix.join(room)
        client = await apps.enter_async_context(folk.on_xmpp(one, server))
        await folk.connect(one, client, gateway, synapse)
        clients.append(client)
        for _, jid in places:
            await muc.listed(client, gateway.jid, jid)
            await muc.enter(client, jid, one.name)
    app, ear = clients
    chats = []
    for _ in range(CHATS):
        contact = folk.contact(synapse)
        theirs = await apps.enter_async_context(folk.on_matrix(contact, synapse))
        chat = Direct(app, contact.at(gateway), theirs, romeo)
        chat.say("begin")
        event = await theirs.expect(lambda e: e["sender"] == romeo.mxid and "body" in e["content"], 60)
        chat.room = str(event["room_id"])
        chats.append(chat)
    return Company([InRoom(app, jid, element, romeo, room) for room, jid in places], chats, nurse, ear)
