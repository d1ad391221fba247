"""Nothing is lost, doubled or out of order in a linked MUC, whoever is killed or restarted in mid-traffic.

What the MUC has is read from its own archive.
"""

import asyncio
import random
from pathlib import Path

from tests.conftest import FULL
from tests.scenarios.links.conftest import ANY_HALL, A, Cafe, heard, opened
from tests.support import muc
from tests.support.prosody import Prosody
from tests.support.xmpp_servers import XmppServer

KILLS = 20 if FULL else 3
PER_LIFE = 40  # messages of each side


async def test_a_killed_gateway_loses_and_doubles_nothing(hall: XmppServer, tmp_path: Path) -> None:
    async with opened(hall, tmp_path) as cafe:
        await cafe.linked()
        talk = Talk(cafe)
        for _ in range(KILLS):
            moment = random.uniform(0.05, 1.0)
            speaking = asyncio.gather(talk.world(PER_LIFE), talk.muc(PER_LIFE))
            await asyncio.sleep(moment)  # the moment is what is tried
            await asyncio.to_thread(cafe.gateway.kill)
            await speaking  # also while nobody listens
            await asyncio.to_thread(cafe.gateway.start)
        await talk.over()


@ANY_HALL
async def test_a_restarted_server_loses_and_doubles_nothing(hall: XmppServer, tmp_path: Path) -> None:
    async with opened(hall, tmp_path) as cafe:
        await cafe.linked()
        talk = Talk(cafe)
        romeo = cafe.apps["romeo"]
        # What ejabberd has shown in the last moment before it is killed its archive does not have.
        for end in (hall.stop, hall.kill if isinstance(hall, Prosody) else hall.stop):
            await talk.muc(10)
            speaking = asyncio.create_task(talk.world(3 * PER_LIFE))
            await asyncio.sleep(0.3)  # in mid-traffic
            romeo.lost.clear()
            await asyncio.to_thread(end)
            await asyncio.to_thread(hall.start)
            await speaking
            await asyncio.wait_for(romeo.lost.wait(), 60)
            await asyncio.wait_for(romeo.ready.wait(), 60)
            await muc.enter(romeo, cafe.room, "romeo")
        await talk.muc(10)
        await talk.over()


class Talk:
    """Both sides speak; what everybody has said is to be everywhere, once, in the order in which they said it."""

    def __init__(self, cafe: Cafe) -> None:
        self.cafe = cafe
        self.there: list[str] = []
        self.here: list[str] = []

    async def world(self, number: int) -> None:
        for _ in range(number):
            who = ("juliet", "nurse")[len(self.there) % 2]
            text = f"there {len(self.there)}"
            self.there.append(text)
            await self.cafe.worlds[A].says(who, self.cafe.chat, text)
            await asyncio.sleep(0.01)

    async def muc(self, number: int) -> None:
        """Each is said when the MUC has shown the one before."""
        romeo = self.cafe.apps["romeo"]
        for _ in range(number):
            text = f"here {len(self.here)}"
            self.here.append(text)
            muc.say(romeo, self.cafe.room, text, text.replace(" ", "-"))
            await heard(romeo, self.cafe.room, text)

    async def over(self) -> None:
        cafe = self.cafe
        await cafe.shown(A, *self.here, seconds=90)
        await heard(cafe.apps["romeo"], cafe.room, self.there[-1], 90)
        state = await cafe.worlds[A].state(cafe.chat)
        archive = [text for _, text in await cafe.archive()]

        assert [said.text for said in state.visible if said.text.startswith("here ")] == self.here
        assert [text for text in archive if text.startswith("there ")] == self.there
        assert [text for text in archive if text.startswith("here ")] == self.here
