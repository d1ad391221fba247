"""Traffic: people on every network write, edit, retract and react, half of the time at once after writing."""

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field

from bridge.testing.control import Control
from tests.hub.oracle import Wanted, Where, number_of, text_of
from tests.hub.stage import LINKS, OWN, PEOPLE, Stage

EMOJI = ("👍", "🎉", "😀", "❤")


@dataclass(slots=True)
class Mine:
    """A message, and what it is called where it was written."""

    wanted: Wanted
    author: str
    id: str


@dataclass(slots=True)
class Traffic:
    """`run` until cancelled; then `wanted` says how it must end."""

    stage: Stage
    chance: random.Random
    rate: float = 150.0  # per second, of everything
    wanted: list[Wanted] = field(default_factory=list)
    events: int = 0
    reacted: dict[str, tuple[Wanted, str, str]] = field(default_factory=dict)  # by event id
    _recent: dict[Where, deque[Mine]] = field(default_factory=dict)

    async def run(self) -> None:
        while True:
            before = self.events
            await self._something()
            await asyncio.sleep((self.events - before) / self.rate)  # a rate, not a wait for something

    async def _something(self) -> None:
        link = self.chance.choice(list(LINKS))
        where = self.chance.choice(LINKS[link])
        world = self.stage.worlds[where.network]
        recent = self._recent.setdefault(where, deque(maxlen=20))
        dice = self.chance.random()
        if dice < 0.6 or not recent:
            mine = await self._say(world, link, where)
            recent.append(mine)
            if self.chance.random() < 0.3:
                await self._change(world, where, mine)  # at once
        elif dice < 0.96:
            await self._change(world, where, self.chance.choice(recent))
        else:
            await self._react_to_others(world, where)

    async def _say(self, world: Control, link: str, where: Where) -> Mine:
        author = self.chance.choice(PEOPLE[where.network])
        wanted = Wanted(len(self.wanted) + 1, link, where)
        self.wanted.append(wanted)
        identity = await world.says(author, where.chat, text_of(wanted.number, 1), id=self._id(where))
        self.events += 1
        return Mine(wanted, author, identity)

    async def _change(self, world: Control, where: Where, mine: Mine) -> None:
        wanted = mine.wanted
        if wanted.retracted:
            return
        self.events += 1
        dice = self.chance.random()
        if dice < 0.5:
            wanted.version += 1
            text = text_of(wanted.number, wanted.version)
            await world.edits(mine.author, where.chat, mine.id, text, id=self._id(where))
        elif dice < 0.85:
            wanted.retracted = True
            await world.retracts(mine.author, where.chat, mine.id, id=self._id(where))
        else:
            await self._react(world, where, wanted, mine.id)

    async def _react_to_others(self, world: Control, where: Where) -> None:
        """To a message that was brought here. On t a repeat's first copy has a name that nobody knows."""
        if where.network == "t":
            return
        state = await world.state(where.chat)
        brought = [(said, n) for said in state.visible[-20:] if said.by != "person" and (n := number_of(said.text))]
        if brought:
            said, number = self.chance.choice(brought)
            await self._react(world, where, self.wanted[number - 1], said.id)
            self.events += 1

    async def _react(self, world: Control, where: Where, wanted: Wanted, target: str) -> None:
        # Whoever writes from XMPP with an account of his own on a has one set of reactions there, from both sides.
        person = self.chance.choice([p for p in PEOPLE[where.network] if p not in OWN.values()])
        some = self.chance.sample(EMOJI, self.chance.choice((0, 1, 1, 2)))
        identity = self._id(where)
        wanted.reactions[where.network, person] = some
        if identity is not None:  # only where people choose ids are they answered
            self.reacted[identity] = (wanted, where.network, person)
        await world.reacts(person, where.chat, target, *some, id=identity)

    def _id(self, where: Where) -> str | None:
        """Ids are chosen by people's apps on XMPP, by the network elsewhere."""
        return f"x{self.chance.getrandbits(64):x}" if where.network == "xmpp" else None
