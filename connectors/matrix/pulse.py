"""Whether a homeserver is still there, while it lets us wait.

Some questions may take it minutes: a first sync of a large account, a page of a room that it has to fetch from others.
Beside those it is asked for something that it can tell at once; if it does not, they are given up, so that no account
counts as connected for long when its homeserver has fallen silent.
Source: client-server API #get_matrixclientversions.
"""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

from bridge.contract import Refused, Unavailable
from bridge.contract.workspace import Answer, Download
from connectors.matrix import errors
from connectors.matrix.api import VERSIONS, Api
from connectors.matrix.patience import Pace


class Pulse:
    """The `bridge.contract.workspace.Http` of one session, which speaks to the homeserver of `api` only."""

    def __init__(self, api: Api, pace: Pace) -> None:
        self.api = api
        self._pace = pace
        self._heard = time.monotonic()

    async def request(self, method: str, url: str, *, timeout: float = 30.0, **more: Any) -> Answer:
        """See the contract. A question that may take long ends with `Unavailable` when the homeserver falls silent."""
        asking = self.api.http.request(method, url, timeout=timeout, **more)
        if method != "GET" or timeout < self._pace.silence + self._pace.sign:
            answer = await asking
        else:
            answer = await self._while_there(asyncio.ensure_future(asking))
        self._note(answer)
        return answer

    def download(self, url: str, **more: Any) -> AbstractAsyncContextManager[Download]:
        """See the contract: it has a time-out for every piece."""
        return self.api.http.download(url, **more)

    async def check(self) -> None:
        """Ask for a sign of life, if there has been none for a while. Raises `Unavailable` when it does not come."""
        if time.monotonic() - self._heard < self._pace.silence:
            return
        try:
            answer = await self.api.ask("GET", VERSIONS, seconds=self._pace.sign)
        except Refused:  # the answer is too long
            self._heard = time.monotonic()
            return
        if not self._note(answer):
            raise Unavailable("The homeserver is away.")

    async def _while_there(self, asking: asyncio.Future[Answer]) -> Answer:
        watching = asyncio.ensure_future(self._silent())
        both: set[asyncio.Future[Any]] = {asking, watching}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                watching.result()
            return await asking
        finally:
            asking.cancel()
            watching.cancel()
            await asyncio.gather(*both, return_exceptions=True)

    async def _silent(self) -> None:
        """Raises `Unavailable` in the end."""
        begun = time.monotonic()
        while True:
            await asyncio.sleep(max(begun, self._heard) + self._pace.silence - time.monotonic())
            await self.check()

    def _note(self, answer: Answer) -> bool:
        """Whether it is the homeserver that has answered."""
        if errors.away(answer):
            return False
        self._heard = time.monotonic()
        return True
