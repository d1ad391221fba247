"""kill -9 amid traffic, on real servers: nothing accepted is lost, nothing doubled on Matrix, order is kept.

TESTS_SEED repeats a run.
"""

from contextlib import AsyncExitStack

from tests.conftest import FULL
from tests.support import folk, talks
from tests.support.gateway import Gateway
from tests.support.kills import Killer
from tests.support.synapse import Synapse
from tests.support.talks import Direct
from tests.support.xmpp_servers import XmppServer

KILLS = 20 if FULL else 5
MESSAGES = 500  # each way


async def test_kill_9_loses_nothing_and_doubles_nothing(gateway: Gateway, server: XmppServer, synapse: Synapse) -> None:
    killer = Killer(gateway, KILLS)
    async with AsyncExitStack() as apps:
        chats = await meet(apps, gateway, server, synapse)
        speaking = [
            one
            for chat, share in talks.shares(MESSAGES, chats)
            for one in (talks.talk_out(chat, share, killer.up, killer.own()), talks.talk_back(chat, share))
        ]
        await killer.amid(chats, MESSAGES, speaking)

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
            chats.append(await talks.opened(client, user, contact.at(gateway), element))
    return chats
