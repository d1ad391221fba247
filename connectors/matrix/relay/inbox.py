"""What the homeserver calls us for: transactions, and whether there is somebody.

A transaction is answered when all of it is journaled, and one that has been is answered at once: which ones have been
is kept in the cursor, so it is durable with what they brought. A homeserver that has lost its database counts from one
again, so a transaction is known by its id and the events in it. Whatever else is wrong with one, it is taken: before
that a homeserver sends nothing more (what cannot be read is a dead letter).
Source: application service API #pushing-events, #pinging, #querying, #third-party-networks.
"""

import asyncio
import hashlib
import hmac
import json
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from bridge.contract import ContactId, NetworkId, Person, Refused, Unavailable
from bridge.contract.workspace import Call, Reply
from connectors.matrix import decoding, fields
from connectors.matrix.relay.registration import Registration

PREFIX = "/_matrix/app/v1/"
_HOME = NetworkId("xmpp")
_LARGEST = 32 * 1024 * 1024  # bytes; a hundred events and signs of 64 KiB, with what was before them, are 20 MB
_AT_ONCE = 64 * 1024  # bytes that are decoded between two turns of the event loop; about a millisecond
_SMALL = 64 * 1024
_KEPT = 50  # transactions that are known to be journaled
_CONNECTIONS = 100  # by which we have been called
_WAITING = 4  # calls that wait for one before them
_EPHEMERAL = ("ephemeral", "de.sorunome.msc2409.ephemeral")


@dataclass(frozen=True, slots=True)
class Transaction:
    """`wrong`: it cannot be read; then this is its beginning."""

    name: str
    events: Sequence[object] = ()
    signs: Sequence[object] = ()
    wrong: str = ""


@dataclass(slots=True)
class Inbox:
    """For one session. `user` is asked whether a person of another network may be called; then there is a user."""

    registration: Registration
    user: Callable[[Person], Awaitable[bool]]
    _known: "OrderedDict[str, None]" = field(default_factory=OrderedDict)
    _next: "asyncio.Queue[Transaction]" = field(default_factory=asyncio.Queue)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _under_way: "asyncio.Future[None] | None" = None
    _awaited: str = ""  # the cursor of what is under way
    pinged: bool = False
    """The homeserver has called only to see whether we are there."""
    anew: bool = False
    """It has called by another connection than before, or finds that we take again what it sends."""
    _refused: bool = False  # the last that it has sent
    _connections: "deque[int]" = field(default_factory=lambda: deque(maxlen=_CONNECTIONS))
    _waiting: int = 0
    _closed: bool = False

    def begin(self, cursor: str | None) -> None:
        """`cursor`: the last one that was journaled."""
        self._known = OrderedDict.fromkeys(filter(None, (cursor or "").split(",")))

    async def take(self) -> Transaction:
        """The next one."""
        return await self._next.get()

    def cursor(self, transaction: Transaction) -> str:
        """That of everything up to `transaction`."""
        self._awaited = ",".join([*self._known, transaction.name][-_KEPT:])
        return self._awaited

    def journaled(self, cursor: str) -> bool:
        """Whether that was the transaction under way."""
        if self._under_way is not None and not self._under_way.done() and cursor == self._awaited:
            self.begin(cursor)
            self._under_way.set_result(None)
            return True
        return False

    def close(self) -> None:
        """Nobody takes any more."""
        self._closed = True
        if self._under_way is not None and not self._under_way.done():
            self._under_way.set_exception(Unavailable("The gateway is not ready."))

    async def __call__(self, call: Call) -> Reply | None:
        """See `bridge.contract.workspace.Answerer`."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        given, wanted = token.strip().encode("utf-8", "surrogateescape"), self.registration.hs_token.encode()
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, wanted):
            return None
        if call.connection not in self._connections:
            self._connections.append(call.connection)
            self.anew = True
        match call.method, [unquote(part) for part in call.path.split("/")]:
            case "PUT", ["transactions", id]:
                return await self._transaction(id, call)
            case "POST", ["ping"]:
                await call.body(_SMALL)
                self.pinged = True
                return Reply()
            case "GET", ["users", user]:
                person = self.registration.person(user)
                known = user == self.registration.me or (person is not None and await self.user(person))
                return Reply() if known else _NOT_FOUND
            case "GET", ["thirdparty", "protocol", "xmpp"]:
                return _json(_PROTOCOL)
            case "GET", ["thirdparty", "user", "xmpp"]:
                return _json(self._looked_up(call.query.get("jid", "")))
            case "GET", ["rooms" | "thirdparty", *_]:
                return _NOT_FOUND
        return Reply(404, b'{"errcode": "M_UNRECOGNIZED", "error": "There is no such thing here."}')

    async def _transaction(self, id: str, call: Call) -> Reply:
        if self._waiting >= _WAITING or self._closed:
            self._refused = True
            return Reply(503, b'{"errcode": "M_UNKNOWN", "error": "Not now."}')
        self._waiting += 1
        try:
            async with self._turn:
                body = await call.body(_LARGEST)
                transaction = await _read(id, body)
                if transaction.name not in self._known:
                    await self._taken(transaction)
        except BaseException:
            self._refused = True
            raise
        finally:
            self._waiting -= 1
        self.anew, self._refused = self.anew or self._refused, False
        return Reply()

    async def _taken(self, transaction: Transaction) -> None:
        """Return when it is journaled. Raises `Unavailable`."""
        if self._closed:
            raise Unavailable("The gateway is not ready.")
        self._under_way = asyncio.get_running_loop().create_future()
        self._next.put_nowait(transaction)
        try:
            await self._under_way
        finally:
            self._under_way = None

    def _looked_up(self, typed: str) -> Sequence[Mapping[str, Any]]:
        jid = typed.strip().lower()
        local, _, domain = jid.partition("@")
        if not (local and domain) or "/" in jid:
            return []
        try:
            user = self.registration.user(Person(_HOME, ContactId(jid)))
        except Refused:
            return []
        return [{"userid": user, "protocol": _HOME, "fields": {"jid": jid}}]


async def _read(id: str, body: bytes | None) -> Transaction:
    found = await decoding.arrays(body) if body is not None else None
    if found is None:
        beginning = "it is too large" if body is None else repr(body[:1_000])
        return Transaction(_name(id, ()), wrong=f"{id[:100]}: {beginning}")
    events = await _decoded(found.get("events", ()))
    signs = await _decoded(next((found[key] for key in _EPHEMERAL if found.get(key)), ()))
    return Transaction(_name(id, events), events, signs)


async def _decoded(pieces: Sequence[bytes]) -> Sequence[object]:
    """What cannot be decoded is a text that shows it."""
    values, left = list[object](), _AT_ONCE
    for piece in pieces:
        if (left := left - len(piece)) < 0:
            await asyncio.sleep(0)
            left = _AT_ONCE
        value = decoding.decoded(piece)
        values.append(repr(piece[:1_000]) if value is None else value)
    return values


def _name(id: str, events: Sequence[object]) -> str:
    named = "\0".join([id, *(fields.string(fields.mapping(raw).get("event_id")) for raw in events)])
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:16]


def _json(value: object) -> Reply:
    return Reply(200, json.dumps(value).encode())


_NOT_FOUND = Reply(404, b'{"errcode": "M_NOT_FOUND", "error": "There is nobody."}')
_PROTOCOL = {
    "user_fields": ["jid"],
    "location_fields": [],
    "icon": "",
    "field_types": {"jid": {"regexp": "[^@/ ]+@[^@/ ]+", "placeholder": "romeo@example.org"}},
    "instances": [{"network_id": "xmpp", "desc": "XMPP", "fields": {}}],
}
