"""What arrives on the streams, sorted: messages to contacts become events, questions are answered, and whatever cannot
be understood is answered with an error, except errors."""

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol
from xml.etree.ElementTree import Element

from bridge.contract import Authored, ChatId, ContactId, Event, Sign
from bridge.hub.facades import Caller
from bridge.xmpp import carbons, errors, parse, render, signs, text
from bridge.xmpp.chats import Addresses, Gateway, Where
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import inviting
from bridge.xmpp.questions import Answerer, Question

log = logging.getLogger(__name__)

_QUESTIONS = 200  # answered at once, in all
_QUESTIONS_EACH = 20  # of one user
_PRESENCES = 10_000  # waiting
_LINES = 20  # of one user to the gateways, waiting
_OF_ROOMS = ("", "unavailable", "error")  # presences that a room understands


class Outside(Protocol):
    """Whom the dispatcher hands things to."""

    def report(self, event: Event) -> None:
        """Something to be journaled."""
        ...

    def bounced(self, chat: ChatId, stanza: Element) -> None:
        """An error for something that we sent."""
        ...

    def server_said(self, gateway: Gateway, stanza: Element) -> bool:
        """A message of a server's own, or an error for one to it; False for one that says nothing to us."""
        ...

    def answered(self, gateway: Gateway, stanza: Element) -> None:
        """The answer to an IQ, perhaps of ours."""
        ...

    def send(self, gateway: Gateway, stanza: str) -> None: ...

    async def command(self, caller: Caller, line: str) -> str:
        """What a person typed to a gateway → the reply."""
        ...

    async def presence(self, stanza: Element) -> None: ...


class Hosted(Protocol):
    """The rooms on our domains (`bridge.xmpp.hosted.reception`). What raises, raises `StanzaError`."""

    def inside(self, where: Where, sender: str) -> bool: ...

    def presence(self, where: Where, stanza: Element) -> None: ...

    def message(self, where: Where, stanza: Element) -> Sequence[Authored | Sign]: ...

    def invite(self, where: Where, whom: ContactId, stanza: Element) -> None: ...

    def bounced(self, where: Where, stanza: Element) -> None: ...

    async def question(self, kind: str, payload: Element, sender: str, where: Where) -> str: ...


class Dispatcher:
    """Owns the tasks that answer questions; `close` ends them."""

    def __init__(
        self,
        addresses: Addresses,
        outside: Outside,
        hosted: Hosted,
        answerers: Mapping[tuple[str, str], Answerer],
    ) -> None:
        self._addresses = addresses
        self._outside = outside
        self._hosted = hosted
        self._answerers = answerers
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking: Counter[str] = Counter()
        self._lines: dict[str, asyncio.Queue[tuple[Gateway, Caller, str, Element]]] = {}
        self._presences: asyncio.Queue[Element] = asyncio.Queue(_PRESENCES)
        self._task(self._answer_presences())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def waiting(self) -> int:
        """Presences that nobody has looked at yet."""
        return self._presences.qsize()

    def received(self, gateway: Gateway, stanza: Element) -> None:
        """One stanza; never raises."""
        name = stanza.tag.rpartition("}")[2]
        try:
            if name == "message":
                self._message(gateway, stanza)
            elif name == "presence":
                self._presence(gateway, stanza)
            elif name == "iq":
                self._iq(gateway, stanza)
            else:
                log.warning("unknown stanza network=%s tag=%s", gateway.network, stanza.tag[:100])
        except StanzaError as error:
            self._refuse(gateway, stanza, name, error)
        except Exception:
            identity = uuid.uuid4().hex[:8]
            log.exception("a stanza broke its handler network=%s fault=%s", gateway.network, identity)
            self._refuse(gateway, stanza, name, _fault(identity))

    def _presence(self, gateway: Gateway, stanza: Element) -> None:
        where = self._addresses.where(stanza.get("to", ""))
        if where is not None and where.gateway is gateway and stanza.get("type", "") in _OF_ROOMS:
            self._hosted.presence(where, stanza)
        elif self._presences.full():
            log.warning("too many presences, one is dropped network=%s", gateway.network)
        else:
            self._presences.put_nowait(stanza)

    def _message(self, gateway: Gateway, stanza: Element) -> None:
        sender = stanza.get("from", "")
        user = sender.partition("/")[0]
        if user == sender and (self._outside.server_said(gateway, stanza) if "@" not in user else carbons.ours(stanza)):
            return
        where = self._addresses.where(stanza.get("to", ""))
        if where is not None and where.gateway is gateway and self._in_room(where, stanza):
            return
        whom = self._addresses.whom(stanza.get("to", ""))
        if stanza.get("type") == "error":
            if whom.gateway is gateway:
                self._outside.bounced(ChatId(f"{user} {whom.bare}"), stanza)
            return
        if whom.contact is None:
            self._line(gateway, stanza, user)
            return
        into = self._addresses.where(inviting.room_of(stanza))
        if into is not None and into.gateway is gateway and whom.gateway is gateway:
            self._hosted.invite(into, whom.contact, stanza)
            return
        chat = ChatId(f"{user} {whom.bare}")
        said = parse.message(stanza, user, whom, chat, time.time())
        self._report([said] if said is not None else signs.read(stanza, user, chat))

    def _in_room(self, where: Where, stanza: Element) -> bool:
        """A message for a room; False when it is none."""
        kind = stanza.get("type")
        if kind == "error":
            self._hosted.bounced(where, stanza)
            return True
        if kind != "groupchat" and not self._hosted.inside(where, stanza.get("from", "")):
            return False
        self._report(self._hosted.message(where, stanza))
        return True

    def _report(self, events: Sequence[Authored | Sign]) -> None:
        for event in events:
            self._outside.report(event)  # type: ignore[arg-type]  # every Authored that is made is an Event

    def _line(self, gateway: Gateway, stanza: Element, user: str) -> None:
        """A command, typed. Those of one user are answered one after the other."""
        line = parse.body(stanza)
        if line is None or stanza.get("type") in ("headline", "groupchat"):
            return
        if self._addresses.gateway(user.rpartition("@")[2]) is not None:
            return  # our own people do not talk to gateways: two of them would never stop
        if "@" not in user:
            raise StanzaError("not-allowed", "Only people can give commands.")
        lines = self._lines.get(user)
        if lines is None:
            lines = self._lines[user] = asyncio.Queue(_LINES)
            self._task(self._answer_lines(user, lines))
        if lines.full():
            raise StanzaError("resource-constraint", "Too many commands are waiting. Wait for their answers.")
        lines.put_nowait((gateway, Caller(user, gateway.network), line, stanza))

    async def _answer_lines(self, user: str, lines: "asyncio.Queue[tuple[Gateway, Caller, str, Element]]") -> None:
        while not lines.empty():
            gateway, caller, line, stanza = lines.get_nowait()
            try:
                reply = await self._outside.command(caller, line)
            except Exception:
                identity = uuid.uuid4().hex[:8]
                log.exception("a command broke network=%s fault=%s", gateway.network, identity)
                self._refuse(gateway, stanza, "message", _fault(identity))
                continue
            for piece in text.split(reply, 20_000):
                self._outside.send(gateway, _said(gateway, stanza, piece))
        del self._lines[user]

    async def _answer_presences(self) -> None:
        while True:
            stanza = await self._presences.get()
            try:
                await self._outside.presence(stanza)
            except Exception:
                log.exception("a presence broke its handler")

    def _iq(self, gateway: Gateway, stanza: Element) -> None:
        kind = stanza.get("type", "")
        where = self._addresses.where(stanza.get("to", ""))
        if kind in ("result", "error"):
            if where is None:
                self._outside.answered(gateway, stanza)
            elif kind == "error":  # those in rooms are asked whether they are there
                self._hosted.bounced(where, stanza)
            return
        if kind not in ("get", "set") or len(stanza) != 1:
            raise StanzaError("bad-request", "This is not a question.")
        if where is not None and where.gateway is gateway:
            self._ask(gateway, stanza, self._hosted.question(kind, stanza[0], stanza.get("from", ""), where))
            return
        whom = self._addresses.whom(stanza.get("to", ""))
        answerer = self._answerers.get((kind, stanza[0].tag))
        if answerer is None:
            raise StanzaError("service-unavailable", "This is not offered here.")
        sender = stanza.get("from", "")
        question = Question(kind, stanza[0], sender, sender.partition("/")[0], whom)
        self._ask(gateway, stanza, answerer(question))

    def _ask(self, gateway: Gateway, stanza: Element, work: Coroutine[Any, Any, str]) -> None:
        """Have `work` answer, unless too much is being asked."""
        user = stanza.get("from", "").partition("/")[0]
        if self._asking.total() >= _QUESTIONS or self._asking[user] >= _QUESTIONS_EACH:
            work.close()
            raise StanzaError("resource-constraint", "There are too many questions at once. Try again later.")
        self._asking[user] += 1
        self._task(self._answer(gateway, stanza, user, work))

    async def _answer(self, gateway: Gateway, stanza: Element, user: str, work: Coroutine[Any, Any, str]) -> None:
        try:
            payload = await work
        except StanzaError as error:
            self._refuse(gateway, stanza, "iq", error)
            return
        except Exception:
            identity = uuid.uuid4().hex[:8]
            log.exception("a question broke network=%s fault=%s", gateway.network, identity)
            self._refuse(gateway, stanza, "iq", _fault(identity))
            return
        finally:
            self._asking[user] -= 1
            if not self._asking[user]:
                del self._asking[user]
        to, sender = text.attribute(stanza.get("to", "")), text.attribute(stanza.get("from", ""))
        identity = text.attribute(stanza.get("id", ""))
        self._outside.send(gateway, f'<iq type="result" id="{identity}" from="{to}" to="{sender}">{payload}</iq>')

    def _refuse(self, gateway: Gateway, stanza: Element, name: str, error: StanzaError) -> None:
        """An error is never answered with an error (RFC 6120 #stanzas-error-rules), nor is a result."""
        if stanza.get("type") in ("error", "result") or not stanza.get("from"):
            log.debug("not answered network=%s condition=%s", gateway.network, error.condition)
            return
        payload = errors.render(error.condition, error.text, error.extra)
        to = stanza.get("to") or gateway.domain
        self._outside.send(gateway, render.error(stanza.get("id", ""), to, stanza.get("from", ""), payload, name))

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _fault(identity: str) -> StanzaError:
    return StanzaError("internal-server-error", f"The gateway has a fault; its operator finds it as {identity}.")


def _said(gateway: Gateway, answered: Element, reply: str) -> str:
    """What the gateway says, and the receipt for what it answers."""
    wanted = any(child.tag == "{urn:xmpp:receipts}request" for child in answered)
    identity = answered.get("id")
    receipt = ""
    if wanted and identity:
        receipt = f'<received xmlns="urn:xmpp:receipts" id="{text.attribute(identity)}"/>'
    return (
        f'<message type="chat" id="{uuid.uuid4().hex}" from="{gateway.domain}" '
        f'to="{text.attribute(answered.get("from", ""))}"><body>{text.escape(reply)}</body>{receipt}</message>'
    )
