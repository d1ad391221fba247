"""kill -9 amid traffic, on real servers: nothing accepted is lost, nothing doubled on Matrix, order is kept.

The XMPP app sends again, under the same id and before anything newer, what got neither receipt nor error; what bounced
while the gateway was down its person sends anew. LANDBRIDGE_SEED repeats a run.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

from tests.support import folk
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of, receipt_of
from tests.support.xmpp_servers import XmppServer

KILLS = 20 if os.environ.get("LANDBRIDGE_FULL") else 5
MESSAGES = 500  # each way
SECONDS = 240.0


@dataclass
class Chat:
    """One direct chat: what was said, and what is known of it."""

    app: XmppClient
    to: str  # the contact's JID
    element: MatrixClient
    user: Person
    room: str = ""
    out: list[str] = field(default_factory=list)  # texts in the order they were first sent, XMPP to Matrix
    back: list[str] = field(default_factory=list)  # texts whose event id is known, Matrix to XMPP
    open: dict[str, str] = field(default_factory=dict)  # id: text, without receipt or error, in order

    def say(self, text: str) -> None:
        self.out.append(text)
        self.open[self.app.message(self.to, text)] = text

    def repeat(self) -> None:
        """Send everything again that has neither receipt nor error, under its id; what bounced, under a new one."""
        receipts, bounced = answers(self.app)
        before, self.open = self.open, {}
        for id, text in before.items():
            if id not in receipts:
                again = self.app.message(self.to, text, id="" if id in bounced else id)
                self.open[again] = text


def answers(app: XmppClient) -> tuple[set[str], set[str]]:
    """Ids of messages with a receipt, and with an error."""
    return (
        {receipt_of(s) for s in app.received} - {""},
        {s.get("id", "") for s in app.received if error_of(s)[0]},
    )


async def test_kill_9_loses_nothing_and_doubles_nothing(gateway: Gateway, server: XmppServer, synapse: Synapse) -> None:
    seed = int(os.environ.get("LANDBRIDGE_SEED") or random.randrange(1_000_000))
    print(f"seed {seed}, {KILLS} kills")
    dice = random.Random(seed)
    async with AsyncExitStack() as apps:
        chats = await meet(apps, gateway, server, synapse)
        up = asyncio.Event()
        up.set()
        shares = [MESSAGES // len(chats) + (n < MESSAGES % len(chats)) for n in range(len(chats))]
        talking = [
            asyncio.create_task(one)
            for chat, share in zip(chats, shares, strict=True)
            for one in (talk_out(chat, share, up, random.Random(dice.random())), talk_back(chat, share))
        ]
        for moment in sorted(dice.sample(range(20, MESSAGES - 20), KILLS)):
            await until(partial(have_said, chats, moment))
            await asyncio.sleep(dice.uniform(0, 0.2))
            up.clear()
            gateway.kill()
            for chat in dice.sample(chats, 2):
                chat.say(f"{len(chat.out)} into the void")
            await bounces_are_in(chats)
            await asyncio.to_thread(gateway.start)
            for chat in chats:
                chat.repeat()
            up.set()
        await asyncio.gather(*talking)
        await until(lambda: all(not unanswered(chat) for chat in chats))
        await until(lambda: all(len(seen(chat)) >= len(chat.back) for chat in chats))

        for chat in chats:
            assert await chat.element.texts(chat.room, chat.user.mxid) == chat.out
            assert seen(chat) == chat.back
        print(f"repeats at the XMPP apps: {sum(repeats(chat) for chat in chats)}")
    assert sum(len(chat.back) for chat in chats) == MESSAGES
    assert sum(len(chat.out) for chat in chats) >= MESSAGES
    assert gateway.metric("landbridge_dead_letters", network="matrix") == 0


async def meet(apps: AsyncExitStack, gateway: Gateway, server: XmppServer, synapse: Synapse) -> list[Chat]:
    """Two people and three contacts, everybody with everybody: six chats."""
    users = [folk.user(server, synapse) for _ in range(2)]
    contacts = [folk.contact(synapse) for _ in range(3)]
    clients = [await apps.enter_async_context(folk.on_xmpp(user, server)) for user in users]
    elements = [await apps.enter_async_context(folk.on_matrix(contact, synapse)) for contact in contacts]
    chats = []
    for user, client in zip(users, clients, strict=True):
        await folk.connect(user, client, gateway, synapse)
        for contact, element in zip(contacts, elements, strict=True):
            chat = Chat(client, contact.at(gateway), element, user)
            chat.say("begin")
            chat.room = await first_room(element, user)
            chats.append(chat)
    return chats


async def first_room(element: MatrixClient, user: Person) -> str:
    event = await element.expect(lambda e: e["sender"] == user.mxid and "body" in e["content"], 60)
    return str(event["room_id"])


def have_said(chats: list[Chat], number: int) -> bool:
    return sum(len(chat.out) for chat in chats) >= number


async def talk_out(chat: Chat, share: int, up: asyncio.Event, dice: random.Random) -> None:
    for number in range(share):
        await asyncio.sleep(dice.uniform(0, 0.3))
        await up.wait()
        chat.say(f"out {number}")


async def talk_back(chat: Chat, share: int) -> None:
    for number in range(share):
        text = f"back {number}"
        await chat.element.send(chat.room, text)
        chat.back.append(text)


async def until(so: Callable[[], bool], seconds: float = SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not so():
            await asyncio.sleep(0.02)


async def bounces_are_in(chats: list[Chat]) -> None:
    """A ping to the server comes back after the errors it made for what was written before."""
    for app in {id(chat.app): chat.app for chat in chats}.values():
        await app.iq("localhost", "get", "<ping xmlns='urn:xmpp:ping'/>")


def unanswered(chat: Chat) -> set[str]:
    return set(chat.open) - answers(chat.app)[0]


def stanzas(chat: Chat) -> list[tuple[str, str]]:
    """(id, body) of everything from the contact at the app."""
    return [(s.get("id", ""), body(s)) for s in chat.app.received if bare(s) == chat.to and body(s)]


def seen(chat: Chat) -> list[str]:
    """The texts at the app, a repeat under the same id counted once."""
    return list(dict(stanzas(chat)).values())


def repeats(chat: Chat) -> int:
    return sum(number - 1 for number in Counter(id for id, _ in stanzas(chat)).values())
