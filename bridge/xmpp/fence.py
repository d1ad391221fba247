"""Pings to ourselves (XEP-0199): they tell what the server has handled, and whether the domain is ours alone.

XEP-0114 has no acknowledgements. A server handles the stanzas of a stream in order, so when a ping that we send to our
own domain comes back to us, everything written before it has been handled. One ping serves all.

COMPAT ejabberd: it takes any number of connections under one domain, also while one is half open, and gives each stanza
to any of them. So a stream counts only after some pings in a row have come back over it, a ping that went elsewhere is
written again, and each carries a nonce by which somebody else's are known.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from xml.etree.ElementTree import Element

from bridge.contract import Unconfirmed

ENTRANCE = 16  # pings; that all fall to us by chance while there is another connection happens once in 65,536 times
_ID = re.compile(r"fence-([0-9a-f]{16})-(\d{1,15})")


class Fence:
    """The pings of one domain, over one connection after the other. `write` sends a stanza; `entered` is told whether
    the connection is the domain's only one; `met` is called for every ping of somebody else's. A ping is written again
    after `repeat` seconds."""

    def __init__(
        self,
        domain: str,
        repeat: float,
        write: Callable[[str], object],
        entered: Callable[[bool], None],
        met: Callable[[], None],
    ) -> None:
        self._domain = domain
        self._repeat = repeat
        self._write = write
        self._entered = entered
        self._met = met
        self._nonce = secrets.token_hex(8)
        self._last = 0  # number of the last ping that was written
        self._entering = 0  # number of the one that has to come back next before the stream counts; 0 once it does
        self._asked = 0  # number of the ping that is waited for; 0 if none is
        self._asked_at = 0.0
        self.answered_at = 0.0  # when a ping came back last, in seconds since the epoch
        self._again: asyncio.TimerHandle | None = None
        self._behind: list[asyncio.Future[None]] = []  # wait for the ping under way
        self._next: list[asyncio.Future[None]] = []  # wait for the one after it

    @property
    def waited(self) -> float:
        """Seconds for which a ping has been waited for; 0 if none is."""
        return time.time() - self._asked_at if self._asked else 0.0

    def enter(self) -> None:
        """A connection is there: find out whether it is the only one."""
        self._entering = self._last + 1
        self._last += ENTRANCE
        for number in range(self._entering, self._last + 1):
            self._stanza(number)

    def forgive(self) -> None:
        """What nobody read until now is not late."""
        self._asked_at = time.time()

    def handled(self) -> "asyncio.Future[None]":
        """Done when the server has handled everything written so far; fails with `Unconfirmed` if the stream breaks.
        The caller's own, to await or to cancel."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._asked:
            self._behind.append(future)
            self._ask()
        else:
            self._next.append(future)
        return future

    def broken(self) -> None:
        """The connection is over."""
        waiting, self._behind, self._next = self._behind + self._next, [], []
        self._entering = 0
        self._answered()
        for future in waiting:
            if not future.done():
                future.set_exception(unconfirmed())

    def takes(self, stanza: Element) -> bool:
        """Whether a stanza that arrived is one of these pings."""
        found = _ID.fullmatch(stanza.get("id", "")) if stanza.get("from") == self._domain else None
        if found is None:
            return False
        if found[1] != self._nonce:
            self._met()
        elif self._entering:
            self._enters(int(found[2]))
        elif int(found[2]) == self._asked:
            self._pong()
        return True

    def _enters(self, number: int) -> None:
        """In order as they were written: one that is missing went elsewhere."""
        if number < self._entering:
            return
        alone = number == self._entering
        self._entering = self._entering + 1 if alone and number < self._last else 0
        if not self._entering:
            self.answered_at = time.time()
            self._entered(alone)

    def _ask(self) -> None:
        self._last += 1
        self._asked, self._asked_at = self._last, time.time()
        self._write_asked()

    def _write_asked(self) -> None:
        self._stanza(self._asked)
        self._again = asyncio.get_running_loop().call_later(self._repeat, self._write_asked)

    def _answered(self) -> None:
        self._asked = 0
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _pong(self) -> None:
        self._answered()
        self.answered_at = time.time()
        done, self._behind, self._next = self._behind, self._next, []
        for future in done:
            if not future.done():
                future.set_result(None)
        if self._behind:
            self._ask()

    def _stanza(self, number: int) -> None:
        addresses = f'from="{self._domain}" to="{self._domain}"'
        self._write(f'<iq type="get" id="fence-{self._nonce}-{number}" {addresses}><ping xmlns="urn:xmpp:ping"/></iq>')


def unconfirmed() -> Unconfirmed:
    return Unconfirmed("The connection to the XMPP server broke before it had confirmed.")
