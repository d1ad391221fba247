"""Requests to the Bot API, by the HTTP of python-telegram-bot; answers as JSON, errors as the contract's four.

Its methods are not used: each makes objects of what Telegram answers, and one field that it does not expect would turn
a message that was sent into an error.

Source: https://core.telegram.org/bots/api#making-requests.
"""

import json
import logging
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from telegram.error import NetworkError
from telegram.request import HTTPXRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from bridge.contract import ConnectorError, Refused, Unavailable, Unconfirmed
from bridge.contract.workspace import Download, Http
from connectors.telegram import errors

UNREACHABLE = "Telegram cannot be reached."
URL = "https://api.telegram.org"
_SECONDS = 30.0  # for an answer
_CONNECTING = 10.0
_AT_ONCE = 32  # requests of one bot
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

# What they say below that has addresses in it, and so the token.
for _name in ("httpx", "httpcore", "telegram"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def base_of(option: object) -> str:
    """Where the Bot API is, from the configuration. Raises `Refused`."""
    if option is None:
        return URL
    base = str(option).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Refused(f"The option api_url of this network is no web address: {base!r}.")
    return base


class Api:
    """For one bot; used as a context manager."""

    def __init__(self, base: str, token: str, http: Http) -> None:
        self._base = base
        self._token = token
        self._http = http
        self.ended = False  # its session has been left
        self.always: Mapping[str, object] = {}  # what every request says that changes something
        self._request = HTTPXRequest(
            connection_pool_size=_AT_ONCE,
            connect_timeout=_CONNECTING,
            pool_timeout=_CONNECTING,
            httpx_kwargs={"verify": _trust(), "trust_env": False},
        )

    async def __aenter__(self) -> "Api":
        await self._request.initialize()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.ended = True
        await self._request.shutdown()

    async def ask(self, method: str, given: Mapping[str, object] | None = None, seconds: float = _SECONDS) -> Any:
        """The result of a method that changes nothing."""
        return await self._call(method, given or {}, seconds, changes=False)

    async def do(self, method: str, given: Mapping[str, object], seconds: float = _SECONDS) -> Any:
        """The result of a method that changes something. `telegram.InputFile` among what is given is uploaded."""
        return await self._call(method, {**given, **self.always}, seconds, changes=True)

    def download(self, path: str, limit: int) -> AbstractAsyncContextManager[Download]:
        """A file, by the path that Telegram gave."""
        where = f"{self._base}/file/bot{self._token}/{quote(path)}"
        return self._http.download(where, limit=limit, redirects=0, trusted=True)

    async def _call(self, method: str, given: Mapping[str, object], seconds: float, *, changes: bool) -> Any:
        if self.ended:
            raise Unavailable("The connection with Telegram has been ended here.")
        try:
            status, body = await self._request.do_request(
                f"{self._base}/bot{self._token}/{method}",
                "POST",
                RequestData(_parameters(given)),
                read_timeout=seconds,
                write_timeout=seconds,
            )
        except NetworkError as error:
            raise _trouble(error, changes=changes) from None  # its text may have the address in it
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if status == 200 and isinstance(answer, dict) and answer.get("ok") is True and "result" in answer:
            return answer["result"]
        raise errors.error_of(status, answer, changes=changes)


@cache
def _trust() -> ssl.SSLContext:
    """One for all bots: each costs 60 ms and a megabyte."""
    return ssl.create_default_context()


def _parameters(given: Mapping[str, object]) -> list[RequestParameter]:
    return [RequestParameter.from_input(key, value) for key, value in given.items() if value is not None]


def _trouble(error: NetworkError, *, changes: bool) -> ConnectorError:
    if changes and not isinstance(error.__cause__, _NOT_SENT):
        return Unconfirmed("Telegram's answer was lost.")
    return Unavailable(UNREACHABLE)
