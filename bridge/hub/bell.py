"""A bell: whoever waits for it now hears it. Thousands of lanes have several, and nobody waits for most."""

import asyncio


class Bell:
    """Unlike asyncio.Event it has no state to clear, and takes hardly any memory."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    def heard(self) -> "asyncio.Future[None]":
        """Done when it rings next; the caller's own, to await or to cancel."""
        self._waiting = [one for one in self._waiting if not one.done()]
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        return mine
