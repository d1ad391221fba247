"""kill -9 amid traffic, on real servers: nothing accepted is lost, nothing doubled on Matrix, order is kept.

LANDBRIDGE_SEED repeats a run.
"""

import asyncio
import os
import random
from contextlib import AsyncExitStack

from tests.conftest import FULL
from tests.support import folk, talks
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.talks import Direct
from tests.support.xmpp_servers import XmppServer

KILLS = 20 if FULL else 5
MESSAGES = 500  # each way


async def test_kill_9_loses_nothing_and_doubles_nothing(gateway: Gateway, server: XmppServer, synapse: Synapse) -> None:
    seed = int(os.environ.get("LANDBRIDGE_SEED") or random.randrange(1_000_000))
    print(f"seed {seed}, {KILLS} kills")
    dice = random.Random(seed)
    async with AsyncExitStack() as apps:
        chats = await meet(apps, gateway, server, synapse)
        up = asyncio.Event()
        up.set()
        talking = [
            asyncio.create_task(one)
            for chat, share in talks.shares(MESSAGES, chats)
            for one in (talks.talk_out(chat, share, up, random.Random(dice.random())), talks.talk_back(chat, share))
        ]
        for moment in sorted(dice.sample(range(20, MESSAGES - 20), KILLS)):
            await talks.until(lambda moment=moment: sum(len(chat.out) for chat in chats) >= moment)  # type: ignore[misc]
            await asyncio.sleep(dice.uniform(0, 0.2))
            up.clear()
            gateway.kill()
            for chat in dice.sample(chats, 2):
                chat.say(f"{len(chat.out)} into the void")
            await talks.bounces_are_in(chats)
            await asyncio.to_thread(gateway.start)
            for chat in chats:
                chat.repeat()
            up.set()
        await asyncio.gather(*talking)
        await talks.all_arrived(chats)

        for chat in chats:
            assert await chat.element.texts(chat.room, chat.user.mxid) == chat.out
            assert [text for _, text in chat.shown()] == chat.back
        print(f"repeats at the XMPP apps: {sum(chat.repeats() for chat in chats)}")
    assert sum(len(chat.back) for chat in chats) == MESSAGES
    assert sum(len(chat.out) for chat in chats) >= MESSAGES
    assert gateway.metric("landbridge_dead_letters", network="matrix") == 0


async def meet(apps: AsyncExitStack, gateway: Gateway, server: XmppServer, synapse: Synapse) -> list[Direct]:
    """Two people and three contacts, everybody with everybody: six chats."""
    users = [folk.user(server, synapse) for _ in range(2)]
    contacts = [folk.contact(synapse) for _ in range(3)]
    clients = [await apps.enter_async_context(folk.on_xmpp(user, server)) for user in users]
    elements = [await apps.enter_async_context(folk.on_matrix(contact, synapse)) for contact in contacts]
    chats = []
    for user, client in zip(users, clients, strict=True):
        await folk.connect(user, client, gateway, synapse)
        for contact, element in zip(contacts, elements, strict=True):
            chat = Direct(client, contact.at(gateway), element, user)
            chat.say("begin")
            chat.room = await first_room(element, user)
            chats.append(chat)
    return chats


async def first_room(element: MatrixClient, user: Person) -> str:
    event = await element.expect(lambda e: e["sender"] == user.mxid and "body" in e["content"], 60)
    return str(event["room_id"])
