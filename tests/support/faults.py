"""An HTTP server some of whose answers are not what they should be."""

from collections.abc import Awaitable, Callable

from aiohttp import web

Answer = web.StreamResponse
Handler = Callable[[web.Request], Awaitable[Answer]]
Fault = Callable[[web.Request, Handler], Awaitable[Answer]]


class Faults:
    """`asked` has every request as "METHOD path", `met` those that met a fault; faults are used up in their order.
    `through` is the middleware."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.met: list[str] = []
        self.queries: list[dict[str, str]] = []
        self._faults: list[tuple[str, str, Fault, int]] = []

    def fault(self, method: str, part: str, fault: Fault, times: int = 1) -> None:
        """The next `times` requests whose path contains `part` meet `fault`; method "*" means any."""
        self._faults.append((method, part, fault, times))

    def heal(self) -> None:
        self._faults.clear()

    def count(self, part: str) -> int:
        """How many requests had `part` in "METHOD path"."""
        return sum(part in asked for asked in self.asked)

    @web.middleware
    async def through(self, request: web.Request, handler: Handler) -> Answer:
        self.asked.append(f"{request.method} {request.path}")
        self.queries.append(dict(request.query))
        for place, (method, part, fault, times) in enumerate(self._faults):
            if method in (request.method, "*") and part in request.path:
                self.met.append(self.asked[-1])
                if times == 1:
                    del self._faults[place]
                else:
                    self._faults[place] = (method, part, fault, times - 1)
                return await fault(request, handler)
        return await handler(request)
