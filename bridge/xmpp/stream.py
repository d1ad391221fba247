"""A component's connection, kept: connects again with back-off, probes for silence, and fences what it has written."""

import asyncio
import contextlib
import gc
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import Scope, Unavailable, Unconfirmed
from bridge.xmpp.chats import Gateway
from bridge.xmpp.component import Component
from bridge.xmpp.fence import Fence, unconfirmed
from bridge.xmpp.privilege import Privileges
from bridge.xmpp.rival import Rival

log = logging.getLogger(__name__)

_PATIENCE = 5  # refusals in a row before they count as lasting
_RIVAL = 180.0  # seconds of refusals after which it is somebody else, and for which one who was met is spoken of

# RFC 6120 #streams-error-conditions, in words.
_SENTENCES = {
    # COMPAT ejabberd: it says so for a domain that it does not know, too.
    "not-authorized": (
        "The XMPP server refuses the component's secret, or does not know its domain. "
        "Compare both with the server's configuration."
    ),
    "host-unknown": "The XMPP server does not know the component's domain. Compare it with the server's configuration.",
    "conflict": (
        "On the XMPP server somebody else is connected under the component's domain: a second gateway, "
        "or a connection that has died and that the server has not noticed yet."
    ),
    "system-shutdown": "The XMPP server has shut down.",
}


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. A dead stream is noticed after `probe` and `answer`, well under 90."""

    probe: float = 25.0  # of silence, after which the server is asked whether it is there
    answer: float = 30.0  # that it has to answer
    repeat: float = 10.0  # after which it is asked again
    connect: float = 15.0  # for a connection and its handshake
    first: float = 0.5  # before the second attempt; doubled for each further one
    longest: float = 20.0  # between attempts, for what may pass: a server that is back is noticed within 30
    lasting: float = 300.0  # for what will not pass by itself


class Stream:
    """One gateway's stream. `run` keeps it up; `received` and `changed` are called on the loop."""

    def __init__(
        self,
        gateway: Gateway,
        received: Callable[[Gateway, Element], None],
        changed: Callable[[Gateway, bool], None],
        timing: Timing = Timing(),  # frozen
    ) -> None:
        self._timing = timing
        self.gateway = gateway
        self.connected = False
        self.since = time.time()
        self.last_inbound = 0.0
        self.privileges = Privileges(gateway.network)
        self._received = received
        self._changed = changed
        self._component: Component | None = None
        self._over = asyncio.Event()
        self._ready = asyncio.Event()
        self.condition = ""  # of the stream error that ended the last connection, if one did
        self._open = False  # after the handshake, and before it is known whether the domain is ours alone
        self._error = ""
        self._shared_at = 0.0
        self._rival = Rival(gateway.domain, _RIVAL)
        self._fence = Fence(gateway.domain, timing.repeat, self.send, self._entered, self._met)
        self._held = False
        self._early: list[Element] = []  # what came before it is known whether the domain is ours alone

    @property
    def error(self) -> str:
        """Why it is not connected, or what is wrong although it is: a sentence, or empty."""
        if self.connected and time.time() - self._shared_at < _RIVAL:
            return _SENTENCES["conflict"]
        return self._error

    @property
    def served_by_others(self) -> bool:
        """While we were not connected another gateway was, under our domain; until `changed` has been called."""
        return self._rival.served

    @property
    def notes(self) -> Sequence[str]:
        """What the XMPP server lets us do, and what not: sentences."""
        return self.privileges.lines() if self.connected else ()

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        attempt = 0
        try:
            while True:
                was_up = await self._once()
                # slixmpp's object refers to itself and is large: hundreds of them would stay until somebody looks.
                gc.collect()
                attempt = 0 if was_up else attempt + 1
                self._error = self._rival.ended(self.condition, was_up=was_up) or self._error
                pause = self._pause(attempt)
                log.info("stream down network=%s pause=%.1f reason=%s", self.gateway.network, pause, self.error)
                await asyncio.sleep(pause)
        finally:
            if self._component is not None:
                self._component.close()
                self._lost("")

    def send(self, stanza: str) -> bool:
        """Write one stanza; False when there is no stream."""
        if self._component is None or not self._open:
            return False
        self._component.write(stanza)
        return True

    async def ready(self) -> None:
        """Wait until the server reads. Raises `Unavailable` when there is no stream."""
        if self._component is None or not self.connected:
            raise Unavailable(self._error or "The connection to the XMPP server is not up.", scope=Scope.CHAT)
        if not self._component.writable.is_set():
            await self._component.writable.wait()
            await self.ready()

    async def fence(self) -> None:
        """Return when the server has handled everything written so far. Raises `Unconfirmed` if the stream breaks."""
        if not self.connected:
            raise unconfirmed()
        await self._fence.handled()

    def hold(self, held: bool) -> None:
        """Stop reading from the server, or go on."""
        self._held = held
        self._fence.forgive()
        if self._component is not None and self.connected:
            self._component.hold(held)

    async def _once(self) -> bool:
        """One connection, from beginning to end; whether it was ever accepted."""
        self.condition = ""
        self._early.clear()
        self._over.clear()
        self._ready.clear()
        component = Component(
            self.gateway.domain, self.gateway.secret, self._opened, self._inbound, lambda c: self._closed(component, c)
        )
        self._component = component
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timing.connect):
                await loop.create_connection(lambda: component, self.gateway.host, self.gateway.port)
                await _first(self._ready, self._over)
        except (OSError, TimeoutError):
            self.condition = "silence" if self._open else ""
            where = f"{self.gateway.host}:{self.gateway.port}"
            self._error = self._sentence() if self._open else f"The XMPP server cannot be reached at {where}."
            self._end(component)
            return False
        if not self._ready.is_set():
            self._error = self._sentence()
            self._end(component)
            return False
        try:
            await self._watch()
        finally:
            self._end(component)
        return True

    async def _watch(self) -> None:
        """Until the stream is over; a silent one is asked, and ended if it does not answer. So is one that says much
        and never answers: what we write may not arrive."""
        while not self._over.is_set():
            # Not `wait_for`: when the stream breaks in the moment in which we are cancelled, that would go on.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.probe / 25):
                    await self._over.wait()
            if self._over.is_set() or self._held:
                continue
            if self._fence.waited > 2 * self._timing.answer:
                self.condition = "silence"
                return
            if time.time() - self.last_inbound < self._timing.probe:
                if time.time() - self._fence.answered_at > self._timing.probe and not self._fence.waited:
                    self._fence.handled().cancel()  # the ping is wanted, and nobody waits for it
                continue
            try:
                async with asyncio.timeout(self._timing.answer):
                    await self.fence()
            except TimeoutError:
                self.condition = "silence"
                return
            except Unconfirmed:
                return

    def _end(self, component: Component) -> None:
        """Whatever is left of a connection."""
        component.abort()
        self._lost(self._sentence())

    def _opened(self) -> None:
        self._open = True
        self._fence.enter()

    def _entered(self, alone: bool) -> None:
        if not alone:
            self.condition = "conflict"
            self._over.set()
            return
        self.connected, self._error, self.since = True, "", time.time()
        self._shared_at = 0.0
        self._ready.set()
        self.hold(self._held)
        self._changed(self.gateway, True)
        self._rival.served = False
        early, self._early = self._early, []
        for stanza in early:
            self._received(self.gateway, stanza)

    def _met(self) -> None:
        """Somebody else is connected under our domain. Who came first stays, who comes second will not get in."""
        if self.connected and time.time() - self._shared_at > _RIVAL:
            log.warning("shared domain network=%s: %s", self.gateway.network, _SENTENCES["conflict"])
        self._shared_at = time.time()

    def _inbound(self, stanza: Element) -> None:
        self.last_inbound = time.time()
        if self._fence.takes(stanza):
            return
        if self._open and not self.connected:
            # It may be meant for whoever has our domain: to take it in would be to answer for them.
            self._early.append(stanza)
        else:
            self._received(self.gateway, stanza)

    def _closed(self, component: Component, condition: str) -> None:
        if component is self._component:
            self.condition = self.condition or condition
            self._lost(self._sentence())
            self._over.set()

    def _lost(self, error: str) -> None:
        self._component, self._open = None, False
        self.privileges.forget()
        was, self.connected = self.connected, False
        self._fence.broken()
        if was:
            self._error, self.since = error, time.time()
            self._changed(self.gateway, False)

    def _sentence(self) -> str:
        if self.condition == "silence":
            return "The XMPP server does not answer any more."
        return _SENTENCES.get(self.condition) or (
            f"The XMPP server ended the connection ({self.condition})."
            if self.condition
            else "The XMPP server closed the connection."
        )

    def _pause(self, attempt: int) -> float:
        """Seconds until the next attempt: soon after a stream that worked. A conflict may be our own stream that the
        server still believes in, so it is always tried again like what may pass."""
        wrong = self.condition in ("not-authorized", "host-unknown") and attempt > _PATIENCE
        if self._rival.took_over:
            return self._timing.lasting
        longest = self._timing.lasting if wrong else self._timing.longest
        return min(longest, self._timing.first * 2.0 ** min(attempt, 10)) * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load, hides nothing


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
