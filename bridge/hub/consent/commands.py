"""Commands that people say in rooms, carried out: a few at once, from nobody and in no room too many.

Whoever is told no is told so once in a while; who goes on is not answered, so that nobody makes the gateway flood a
room.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bridge.contract import ChatId, ConnectorError, MessageReceived, NetworkId, Person
from bridge.hub.consent import words
from bridge.hub.consent.agreeing import Agreeing, No, Spot
from bridge.hub.keys import Keys
from bridge.hub.links import Links
from bridge.hub.opting import OptOuts
from bridge.hub.quota import Quota
from bridge.hub.sessions import Sessions
from bridge.hub.surroundings import Surroundings
from bridge.hub.wanted import End
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_OF_ONE, _OF_ROOM, _WITHIN = 6, 30, 60.0  # commands of one person and of one room that are carried out, in seconds
_AT_ONCE, _WAITING = 8, 100
_OLD = words.MINUTES * 60.0  # seconds after which nobody expects anything of a command any more
_KEPT = 1_000  # of which it is known that they were carried out
_LONGEST = 500  # characters


@dataclass(slots=True)
class RoomCommands:
    """`given` is told of each command when its event is durable; `close` ends what is under way."""

    agreeing: Agreeing
    opt_outs: OptOuts
    clock: Callable[[], float] = time.time
    _people: Quota = field(init=False)
    _rooms: Quota = field(init=False)
    _told: Quota = field(init=False)
    _seen: "OrderedDict[tuple[str, str, str], None]" = field(default_factory=OrderedDict)
    _few: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    @classmethod
    def of(
        cls, around: Surroundings, writer: Writer, sessions: Sessions, links: Links, keys: Keys,
        names: Mapping[NetworkId, str],
    ) -> "RoomCommands":  # fmt: skip
        secret = around.secrets.derive("codes").encode()
        agreeing = Agreeing(writer, sessions, links, keys, secret, names, around.clock)
        return cls(agreeing, around.people.choices.opt_outs, around.clock)

    def __post_init__(self) -> None:
        self._people = Quota(_OF_ONE, _WITHIN, self.clock)
        self._rooms = Quota(_OF_ROOM, _WITHIN, self.clock)
        self._told = Quota(1, _WITHIN, self.clock)

    def given(self, network: NetworkId, event: MessageReceived) -> None:
        """Somebody has said a command in a room."""
        key = (network, event.chat, event.id)
        if key in self._seen:
            return
        self._seen[key] = None
        if len(self._seen) > _KEPT:
            self._seen.popitem(last=False)
        who = Person(network, event.sender.id)
        refusal = self._refusal(who, event)
        if refusal is None or len(self._tasks) >= _WAITING:
            log.info("a command in a room is not answered network=%s", network)
            return
        task = asyncio.create_task(self._carry_out(who, event, refusal), name="a command in a room")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _refusal(self, who: Person, event: MessageReceived) -> str | None:
        """What to say instead of carrying it out, empty if nothing; None: nothing at all."""
        person, room = f"{who.network} {who.id}", f"{who.network} {event.chat}"
        if self._people.take(person) or self._rooms.take(room):
            return words.TOO_MANY if not self._told.take(person) and not self._told.take(room) else None
        return words.LATE if self.clock() - event.at > _OLD else ""

    async def _carry_out(self, who: Person, event: MessageReceived, refusal: str) -> None:
        async with self._few:
            try:
                spot = await self.agreeing.spot(who.network, event.chat, who)
            except (No, ConnectorError):
                return  # the room is not there any more
            text = refusal or await self._answer(spot, event.message.text)
            await self.agreeing.tell(spot.chat, text, event.message.thread)

    async def _answer(self, spot: Spot, said: str) -> str:
        verb, *rest = said.strip()[:_LONGEST].split()[1:] or ["help"]
        doing = _VERBS.get(verb.casefold())
        if doing is None:
            return words.UNKNOWN
        try:
            return await doing(self, spot, rest)
        except No as no:
            return str(no)
        except ConnectorError as error:
            return error.text
        except Exception:
            log.exception("a command in a room broke network=%s", spot.network)
            return words.FAULT

    async def _help(self, spot: Spot, rest: list[str]) -> str:
        return "\n".join(words.HELP)

    async def _status(self, spot: Spot, rest: list[str]) -> str:
        return await self.agreeing.status(spot)

    async def _link(self, spot: Spot, rest: list[str]) -> str:
        if not rest:
            return await self.agreeing.ask(spot)
        if len(rest) != 2:
            return words.HOW_TO_NAME
        names = self.agreeing.names
        network = next((n for n in names if rest[0].casefold() in (n.casefold(), names[n].casefold())), None)
        if network is None:
            return words.no_network(rest[0], list(names))
        return await self.agreeing.ask(spot, End(network, ChatId(rest[1])))

    async def _confirm(self, spot: Spot, rest: list[str]) -> str:
        return await self.agreeing.confirm(spot, " ".join(rest)) if rest else words.HOW_TO_CONFIRM

    async def _unlink(self, spot: Spot, rest: list[str]) -> str:
        return await self.agreeing.end(spot)

    async def _follow(self, spot: Spot, rest: list[str]) -> str:
        return await self.agreeing.follow(spot)

    async def _optout(self, spot: Spot, rest: list[str]) -> str:
        out = rest[:1] != ["off"]
        await self.opt_outs.choose(spot.who.network, spot.who.id, out=out, at=self.clock())
        return words.OPTED_OUT if out else words.OPTED_IN


_VERBS: dict[str, Callable[[RoomCommands, Spot, list[str]], Awaitable[str]]] = {
    "help": RoomCommands._help,
    "status": RoomCommands._status,
    "link": RoomCommands._link,
    "confirm": RoomCommands._confirm,
    "unlink": RoomCommands._unlink,
    "follow": RoomCommands._follow,
    "optout": RoomCommands._optout,
}
