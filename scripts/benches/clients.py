"""Plain slixmpp clients that are answered: how often in a second, and how soon. A process of its own; prints JSON."""

import asyncio
import contextlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

from slixmpp import ClientXMPP

from scripts.benches.machine import Meter

PADDING = "x" * 180  # texts of about 200 bytes
WARM = 1.0  # seconds under load before counting
PATIENCE = 30.0  # seconds for the slowest answer


class Client(ClientXMPP):
    """One account. `heard` is told the text of every chat message."""

    def __init__(self, jid: str, password: str, heard: Callable[[str], None]) -> None:
        super().__init__(jid, password)
        self.enable_plaintext, self.enable_starttls, self.enable_direct_tls = True, False, False
        self.plugin["feature_mechanisms"].unencrypted_scram = True
        self.there = asyncio.Event()
        self.add_event_handler("session_start", self._begin)
        self.add_event_handler("message", lambda message: heard(message["body"]))
        self.add_event_handler("message_error", lambda message: print(message, file=sys.stderr, flush=True))

    def say(self, to: str, id: str, text: str, kind: Literal["chat", "groupchat"] = "chat") -> None:
        message = self.make_message(to, text, mtype=kind)
        message["id"] = id
        message.send()

    async def enter(self, room: str, nick: str) -> None:
        """Return when the room has told everything up to its subject (XEP-0045 #enter)."""
        self.register_plugin("xep_0045")
        await self["xep_0045"].join_muc_wait(room, nick, timeout=PATIENCE)

    def _begin(self, _: Any) -> None:
        self.send_presence()
        self.there.set()


class Crowd:
    """All clients with all their chats, and every message under way. A conversation is one client and one contact."""

    def __init__(self) -> None:
        self.conversations: list[tuple[Client, str]] = []
        self.answered: Callable[[int, float], None] = lambda conversation, seconds: None
        self._under_way: dict[str, tuple[int, float]] = {}  # by number: conversation, and when
        self._said = 0
        self._landed = asyncio.Event()

    def say(self, conversation: int) -> None:
        self._said += 1
        number = str(self._said)
        client, contact = self.conversations[conversation]
        self._under_way[number] = (conversation, time.perf_counter())
        client.say(contact, number, f"{number} {PADDING}")

    def heard(self, text: str) -> None:
        found = self._under_way.pop(text.partition(" ")[0], None)
        if found is None:
            return  # what a gateway says by itself
        self._landed.set()
        self.answered(found[0], time.perf_counter() - found[1])

    async def landed(self) -> None:
        """Wait for every answer. Raises TimeoutError: one is lost."""
        while self._under_way:
            self._landed.clear()
            await asyncio.wait_for(self._landed.wait(), PATIENCE)


async def load(crowd: Crowd, each: int, seconds: float, processes: dict[str, int]) -> dict[str, Any]:
    """`each` messages under way in every conversation, a new one for every answer."""
    counted = 0
    going = True

    def answered(conversation: int, _: float) -> None:
        nonlocal counted
        counted += 1
        if going:
            crowd.say(conversation)

    crowd.answered = answered
    for _ in range(each):
        for conversation in range(len(crowd.conversations)):
            crowd.say(conversation)
    await asyncio.sleep(WARM)
    meter, begun, before = Meter(processes), time.perf_counter(), counted
    await asyncio.sleep(seconds)
    took, number, cpu = time.perf_counter() - begun, counted - before, meter.read()
    going = False
    await crowd.landed()
    if not number:
        raise RuntimeError("nothing was answered")
    return {"per_s": number / took, "cpu": {name: used / number * 1000 for name, used in cpu.items()}}


async def trickle(crowd: Crowd, rate: float, seconds: float, processes: dict[str, int]) -> dict[str, Any]:
    """`rate` messages a second, evenly, over all conversations in turn."""
    took: list[float] = []
    crowd.answered = lambda conversation, one: took.append(one)
    loop, meter = asyncio.get_running_loop(), Meter(processes)
    begun = loop.time()
    for number in range(int(rate * seconds)):
        loop.call_at(begun + number / rate, crowd.say, number % len(crowd.conversations))
    await asyncio.sleep(seconds)
    await crowd.landed()
    cpu = {name: used / len(took) * 1000 for name, used in meter.read().items()}
    return {"ms": statistics.median(took) * 1000, "p95_ms": statistics.quantiles(took, n=20)[-1] * 1000, "cpu": cpu}


async def main(order: dict[str, Any]) -> None:
    crowd = Crowd()
    clients = [Client(jid, order["password"], crowd.heard) for jid in order["jids"]]
    processes = {**order["processes"], "clients": os.getpid()}
    try:
        for client in clients:
            client.connect("127.0.0.1", order["port"])
            await asyncio.wait_for(client.there.wait(), PATIENCE)
        crowd.conversations = [(client, contact) for contact in order["contacts"] for client in clients]
        loaded = await load(crowd, order["each"], order["seconds"], processes)
        quiet = await trickle(crowd, order["rate"], order["seconds"], processes)
        print(json.dumps({"load": loaded, "trickle": quiet}), flush=True)
    finally:
        for client in clients:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(client.disconnect(), 5)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
