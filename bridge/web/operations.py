"""What the command line asks of a running gateway at its control socket, and the asking.

`Operations` is stated here; `bridge.app` wires what answers it. A command does not know whether it has what works on a
database at rest, or `Asked`, which asks a gateway.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from bridge.hub import wanted
from bridge.hub.operator import ID
from bridge.hub.overview import AccountLine, DeadLine, DeadList, DeedLine, LinkLine, Said
from bridge.hub.wanted import WantedLink
from bridge.web import control

_PATIENCE = 45.0  # seconds: a network that is told of a logout has twenty
_NUMBER = "[1-9][0-9]{0,8}"


class Operations(Protocol):
    """See `bridge.hub.operator`."""

    async def accounts(self) -> Sequence[AccountLine]: ...

    async def remove_account(self, account: int) -> Said:
        """Log it out; its chats stay."""
        ...

    async def links(self) -> Sequence[LinkLine]: ...

    async def add_link(self, link: WantedLink) -> Said: ...

    async def remove_link(self, name: str) -> Said: ...

    async def resume_link(self, name: str) -> Said: ...

    async def deeds(self) -> Sequence[DeedLine]: ...

    async def dead(self) -> DeadList: ...

    async def show(self, identity: str) -> Sequence[tuple[str, str]]:
        """Names and values; empty when there is no such."""
        ...

    async def retry(self, identity: str) -> Said: ...

    async def drop(self, identity: str) -> Said: ...


def routes(operations: Operations) -> list[web.RouteDef]:
    """For the control socket, and for nothing else."""

    async def accounts(_: web.Request) -> web.Response:
        return web.json_response([asdict(line) for line in await operations.accounts()])

    async def remove_account(request: web.Request) -> web.Response:
        return _said(await operations.remove_account(int(request.match_info["id"])))

    async def links(_: web.Request) -> web.Response:
        return web.json_response([asdict(line) for line in await operations.links()])

    async def add_link(request: web.Request) -> web.Response:
        asked = await request.json()
        return _said(await operations.add_link(wanted.read(asked["name"], asked["ends"])))

    async def remove_link(request: web.Request) -> web.Response:
        return _said(await operations.remove_link(str((await request.json())["name"])))

    async def resume_link(request: web.Request) -> web.Response:
        return _said(await operations.resume_link(str((await request.json())["name"])))

    async def deeds(_: web.Request) -> web.Response:
        return web.json_response([asdict(line) for line in await operations.deeds()])

    async def dead(_: web.Request) -> web.Response:
        return web.json_response(asdict(await operations.dead()))

    async def show(request: web.Request) -> web.Response:
        return web.json_response(await operations.show(request.match_info["id"]))

    async def retry(request: web.Request) -> web.Response:
        return _said(await operations.retry(request.match_info["id"]))

    async def drop(request: web.Request) -> web.Response:
        return _said(await operations.drop(request.match_info["id"]))

    one = f"/dead/{{id:{ID.pattern.replace('(', '(?:')}}}"
    return [
        web.get("/accounts", accounts),
        web.post(f"/accounts/{{id:{_NUMBER}}}/remove", remove_account),
        web.get("/links", links),
        web.post("/links/add", add_link),
        web.post("/links/remove", remove_link),
        web.post("/links/resume", resume_link),
        web.get("/links/audit", deeds),
        web.get("/dead", dead),
        web.get(one, show),
        web.post(f"{one}/retry", retry),
        web.post(f"{one}/drop", drop),
    ]


class Asked:
    """The operations of the gateway whose control socket this is. Every method raises `control.NotRunning`, or OSError
    when it does not answer in time or with nothing sensible."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def accounts(self) -> Sequence[AccountLine]:
        return [AccountLine(**line) for line in await self._ask("GET", "/accounts")]

    async def remove_account(self, account: int) -> Said:
        return Said(**await self._ask("POST", f"/accounts/{account}/remove"))

    async def links(self) -> Sequence[LinkLine]:
        return [LinkLine(**line) for line in await self._ask("GET", "/links")]

    async def add_link(self, link: WantedLink) -> Said:
        return Said(**await self._ask("POST", "/links/add", {"name": link.name, "ends": link.text()}))

    async def remove_link(self, name: str) -> Said:
        return Said(**await self._ask("POST", "/links/remove", {"name": name}))

    async def resume_link(self, name: str) -> Said:
        return Said(**await self._ask("POST", "/links/resume", {"name": name}))

    async def deeds(self) -> Sequence[DeedLine]:
        return [DeedLine(**line) for line in await self._ask("GET", "/links/audit")]

    async def dead(self) -> DeadList:
        found = await self._ask("GET", "/dead")
        return DeadList(tuple(DeadLine(**line) for line in found["lines"]), found["more"])

    async def show(self, identity: str) -> Sequence[tuple[str, str]]:
        return [(name, value) for name, value in await self._ask("GET", f"/dead/{identity}")]

    async def retry(self, identity: str) -> Said:
        return Said(**await self._ask("POST", f"/dead/{identity}/retry"))

    async def drop(self, identity: str) -> Said:
        return Said(**await self._ask("POST", f"/dead/{identity}/drop"))

    async def _ask(self, method: str, what: str, given: Any = None) -> Any:
        return await asyncio.to_thread(control.ask, self._socket, what, _PATIENCE, method, given)


def _said(said: Said) -> web.Response:
    found: Mapping[str, Any] = asdict(said)
    return web.json_response(found)
