"""kill -9 amid traffic in rooms: nothing reflected is lost, nothing doubled on Matrix, in the room or in its history.

The XMPP app sends again, under the same id and before anything newer, what was neither reflected nor refused; what
bounced while the gateway was down its person sends anew. It comes back into a room by pinging itself (XEP-0410).
"""

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests.support import folk, muc
from tests.support.folk import Person
from tests.support.gateway import Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

FULL = bool(os.environ.get("LANDBRIDGE_FULL"))
KILLS, ROOMS, MESSAGES = (20, 10, 500) if FULL else (3, 3, 120)  # messages each way
SECONDS = 60.0


@dataclass
class Talk:
    """One room: what was said there, and what is known of it."""

    app: XmppClient
    jid: str
    room: str
    element: MatrixClient
    user: Person
    out: list[str] = field(default_factory=list)  # in the order in which they were first sent, XMPP to Matrix
    back: list[str] = field(default_factory=list)  # whose event id is known
    open: dict[str, str] = field(default_factory=dict)  # id: text, neither reflected nor refused

    def say(self, text: str) -> None:
        id = f"{len(self.out)}-{random.randrange(1 << 60):x}"
        self.out.append(text)
        self.open[id] = text
        muc.say(self.app, self.jid, text, id)

    def repeat(self) -> None:
        reflected, refused = self.reflected(), self.refused()
        before, self.open = self.open, {}
        for id, text in before.items():
            if id not in reflected:
                again = f"{id}-again" if id in refused else id
                muc.say(self.app, self.jid, text, again)
                self.open[again] = text

    def said(self) -> list[tuple[str, str]]:
        """(stanza-id, text) of everything in the room at the app, once each, in order."""
        found = {}
        for stanza in self.app.received:
            id = stanza.find(muc.STANZA_ID)
            if bare(stanza) == self.jid and body(stanza) and id is not None:
                found.setdefault(id.get("id", ""), body(stanza))
        return list(found.items())

    def reflected(self) -> set[str]:
        return {s.get("id", "") for s in self.app.received if bare(s) == self.jid and body(s)}

    def refused(self) -> set[str]:
        return {s.get("id", "") for s in self.app.received if error_of(s)[0]}


async def test_kill_9_in_rooms(gateway: Gateway, server: XmppServer, synapse: Synapse, element: MatrixClient) -> None:
    seed = int(os.environ.get("LANDBRIDGE_SEED") or random.randrange(1_000_000))
    print(f"seed {seed}, {KILLS} kills")
    dice = random.Random(seed)
    async with AsyncExitStack() as apps:
        talks = await meet(apps, gateway, server, synapse, element)
        up = asyncio.Event()
        up.set()
        talking = [
            asyncio.create_task(one)
            for talk in talks
            for one in (talk_out(talk, up, random.Random(dice.random())), talk_back(talk))
        ]
        for moment in sorted(dice.sample(range(10, MESSAGES - 10), KILLS)):
            await until(lambda moment=moment: sum(len(talk.out) for talk in talks) >= moment)  # type: ignore[misc]
            await asyncio.sleep(dice.uniform(0, 0.2))
            up.clear()
            gateway.kill()
            talks[0].say(f"{len(talks[0].out)} into the void")
            await talks[0].app.iq("localhost", "get", "<ping xmlns='urn:xmpp:ping'/>")  # bounces are in after it
            await asyncio.to_thread(gateway.start)
            for talk in talks:
                if await muc.ping(talk.app, f"{talk.jid}/{talk.user.name}"):
                    await muc.enter(talk.app, talk.jid, talk.user.name, "<history maxstanzas='200'/>")
                talk.repeat()
            up.set()
        await asyncio.wait_for(asyncio.gather(*talking), 2 * SECONDS)
        await until(lambda: all(not unreflected(talk) for talk in talks), lambda: [unreflected(talk) for talk in talks])
        await until(lambda: all(len(texts(talk, "back")) >= len(talk.back) for talk in talks))
        await until(
            lambda: all(len(on_matrix(talk)) >= len(talk.out) for talk in talks)
        )  # the room does not wait for it

        for talk in talks:
            assert await element.texts(talk.room, talk.user.mxid) == talk.out
            assert texts(talk, "back") == talk.back
            assert [text for _, text in talk.said() if not text.startswith("back")] == talk.out
            entered = await muc.enter(talk.app, talk.jid, talk.user.name, "<history maxstanzas='200'/>")
            assert entered.texts == [text for _, text in talk.said()][-200:]
    assert gateway.metric("landbridge_dead_letters", network="matrix") == 0


def on_matrix(talk: Talk) -> list[str]:
    events = [e for e in talk.element.events if (e["room_id"], e["sender"]) == (talk.room, talk.user.mxid)]
    return [str(event["content"]["body"]) for event in events if "body" in event["content"]]


def texts(talk: Talk, first: str) -> list[str]:
    return [text for _, text in talk.said() if text.startswith(first)]


async def meet(
    apps: AsyncExitStack, gateway: Gateway, server: XmppServer, synapse: Synapse, element: MatrixClient
) -> list[Talk]:
    """One user in all the rooms, which all are somebody's on Matrix."""
    user = folk.user(server, synapse)
    rooms = []
    async with folk.on_matrix(user, synapse) as matrix:
        for number in range(ROOMS):
            wish = {"preset": "public_chat", "name": f"Room {number}", "room_alias_name": f"r{number}-{user.name}"}
            room = str((await element.call("POST", "/createRoom", wish))["room_id"])
            await matrix.join(room)
            rooms.append((room, f"#r{number}-{user.name}%localhost@{gateway.jid}"))
    app = await apps.enter_async_context(folk.on_xmpp(user, server))
    await folk.connect(user, app, gateway, synapse)
    talks = []
    for room, jid in rooms:
        await muc.listed(app, gateway.jid, jid)
        await muc.enter(app, jid, user.name)
        talks.append(Talk(app, jid, room, element, user))
    return talks


async def talk_out(talk: Talk, up: asyncio.Event, dice: random.Random) -> None:
    for number in range(MESSAGES // ROOMS):
        await asyncio.sleep(dice.uniform(0, 0.2))
        await up.wait()
        talk.say(f"out {number}")


async def talk_back(talk: Talk) -> None:
    for number in range(MESSAGES // ROOMS):
        await talk.element.send(talk.room, f"back {number}")
        talk.back.append(f"back {number}")


def unreflected(talk: Talk) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Id, text and errors of what the room has not shown."""
    missing = set(talk.open) - talk.reflected()
    errors = {id: [error_of(s) for s in talk.app.received if s.get("id") == id and error_of(s)[0]] for id in missing}
    return [(id, talk.open[id], errors[id]) for id in sorted(missing)]


async def until(so: Callable[[], bool], instead: Callable[[], object] = lambda: "", seconds: float = SECONDS) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not so():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TimeoutError(f"instead: {instead()}") from None
