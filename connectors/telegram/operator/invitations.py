"""Invitations: codes for one person and one week, of which nobody who reads our database learns the secret."""

import asyncio
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass, replace

from bridge.contract import Clock, Memory, Reason, Refused

DAYS = 7
OPEN = 20  # of one user, that nobody has followed
_DAY = 86_400.0
_CODE = re.compile(r"([0-9a-f]{10})([A-Za-z0-9_-]{22})")  # whose it is, and the secret; #deep-linking: at most 64
_TOO_MANY = f"You have {OPEN} invitations that nobody has followed. They end after {DAYS} days; wait for the first."


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation; who has followed it, and by which message."""

    user: str
    digest: str
    until: float
    friend: int = 0  # nobody has
    message: int = 0


class Invitations:
    """In the memory of the operator's account, by user."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._lock = asyncio.Lock()  # of who reads and then writes

    async def make(self, user: str) -> str:
        """A new code. Durable when this returns. Raises `Refused`."""
        tag = _tag(user)
        async with self._lock:
            kept = await self._kept(tag)
            if sum(one.user == user and not one.friend and not self.expired(one) for one in kept) >= OPEN:
                raise Refused(_TOO_MANY, Reason.POLICY)
            secret = secrets.token_urlsafe(16)
            made = Invited(user, _digest(secret), self._clock.time() + DAYS * _DAY)
            await self._keep(tag, [*kept, made])
        return tag + secret

    async def find(self, code: str) -> Invited | None:
        """The invitation of a code; None for what is none, or is none any more."""
        read = _CODE.fullmatch(code) if code.isascii() else None
        if read is None:
            return None
        digest = _digest(read[2])
        kept = await self._kept(read[1])
        return next((one for one in kept if hmac.compare_digest(one.digest, digest)), None)

    async def follow(self, found: Invited, friend: int, message: int) -> Invited:
        """Somebody follows it, if nobody has before. Durable when this returns."""
        now = replace(found, friend=friend, message=message)
        tag = _tag(found.user)
        async with self._lock:
            kept = await self._kept(tag)
            await self._keep(tag, [now if one.digest == found.digest and not one.friend else one for one in kept])
        return now

    async def void(self, user: str) -> None:
        """Those of a user that nobody has followed are good no more."""
        tag = _tag(user)
        async with self._lock:
            kept = await self._kept(tag)
            await self._keep(tag, [one for one in kept if one.user != user or one.friend])

    def expired(self, one: Invited) -> bool:
        return one.until <= self._clock.time()

    async def _kept(self, tag: str) -> list[Invited]:
        """Those that have not ended, and those that have lately: people are told which it is."""
        said = await self._memory.get(_name(tag))
        all_of_them = [Invited(**one) for one in json.loads(said or "[]")]
        return [one for one in all_of_them if one.until + DAYS * _DAY > self._clock.time()]

    async def _keep(self, tag: str, kept: list[Invited]) -> None:
        await self._memory.put(_name(tag), json.dumps([asdict(one) for one in kept[-10 * OPEN :]]))


def _name(tag: str) -> str:
    return f"invitations:{tag}"


def _tag(user: str) -> str:
    """Where a user's are kept; says nothing of who it is."""
    return hashlib.sha256(f"invitations of {user}".encode()).hexdigest()[:10]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
