"""The access token of an account as it is now: some end after minutes, and are renewed with a refresh token.

A refresh token is good until what it gave is used for the first time (client-server API #refreshing-access-tokens; RFC
6749 #section-6 lets servers do the same). So what is new is kept durably before it is used, and a crash at any moment
leaves a pair that works. One renewal at a time: a refresh token that is used twice can end a login.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from bridge.contract import Clock, Unavailable

_SOON, _SHARE = 60.0, 0.2  # seconds, and share of its life, before its end that a token is renewed; the lesser
_NOT_NOW = "The login cannot be renewed at the moment."
_PAUSE = 30.0  # seconds between two tries to renew a token that still may be good


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a refresh token gave."""

    token: str
    refresh: str  # the next one; the same again where they do not rotate
    seconds: float | None  # that the token is good for; None: until it is refused


class Bearer(Protocol):
    """Who knows the token that is sent with requests."""

    @property
    def since(self) -> float:
        """Since when transaction ids count: homeservers before version 1.7 know them by token, not by device."""
        ...

    async def token(self) -> str:
        """The one to use now; empty for none. Raises `Unavailable` and `LoggedOut`."""
        ...

    async def renewed(self, refused: str) -> bool:
        """The homeserver did not know `refused`: whether there is another one now. Raises as `token` does."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """A token that nothing renews. `lacks`: what the operator has to do when it is refused, if it is theirs."""

    value: str = field(default="", repr=False)
    since: float = 0.0
    lacks: str = ""

    async def token(self) -> str:
        return self.value

    async def renewed(self, refused: str) -> bool:
        if self.lacks:
            raise Unavailable(self.lacks, lasting=True)
        return False


class Renewable:
    """The credentials of one account, with a refresh token. `secret` as `credentials` makes it."""

    def __init__(
        self,
        secret: Mapping[str, str],
        renew: Callable[[str], Awaitable[Renewed]],
        keep: Callable[[Mapping[str, str]], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """`renew` asks for new ones with a refresh token; it raises `Unavailable` and `LoggedOut`."""
        self._secret = secret
        self._renew = renew
        self._keep = keep
        self._clock = clock
        self._one = asyncio.Lock()
        self._failed = -_PAUSE  # when renewing was last tried in vain

    @property
    def since(self) -> float:
        return float(self._secret.get("since", "0"))

    async def token(self) -> str:
        token = self._secret["token"]
        if self._clock.time() < float(self._secret.get("renew", "inf")):
            return token
        if time.monotonic() - self._failed < _PAUSE:
            return token
        with suppress(Unavailable):  # it may still be good; if it is not, the homeserver says so
            await self.renewed(token)
        return self._secret["token"]

    async def renewed(self, refused: str) -> bool:
        asked = time.monotonic()
        async with self._one:
            if self._secret["token"] == refused:
                if self._failed > asked:  # for somebody else who wanted the same, just now
                    raise Unavailable(_NOT_NOW)
                try:
                    found = await self._renew(self._secret["refresh"])
                    fresh = {**self._secret, **lasting(found, self._clock.time())}
                    await self._keep(fresh)
                except Unavailable:
                    self._failed = time.monotonic()
                    raise
                self._secret = fresh
        return True


def lasting(found: Renewed, now: float) -> dict[str, str]:
    """The part of an account's secret that changes. What was sent with the last token is looked for before it is sent
    again, so it is noted since when this one counts."""
    secret = {"token": found.token, "refresh": found.refresh, "since": str(now), "renew": "inf"}
    if found.seconds is not None:
        secret["renew"] = str(now + found.seconds - min(_SOON, found.seconds * _SHARE))
    return secret
