"""The client-server API for one account: requests, answers, and whose word they are.

Source: client-server API; every request is `/_matrix/client/…` below the homeserver's base URL.
"""

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from bridge.contract import Reason, Refused, Scope, Unavailable
from bridge.contract.workspace import Answer, Download, Http
from connectors.matrix import errors
from connectors.matrix.tokens import Bearer, Fixed

VERSIONS = "/_matrix/client/versions"
_SECONDS = 60.0  # for a request that answers at once; a homeserver may first ask others
_LARGEST = 20 * 1024 * 1024  # bytes of an answer


def path(*segments: str, version: str = "v3") -> str:
    """`/_matrix/client/VERSION/…`, every segment escaped."""
    return "/".join([f"/_matrix/client/{version}", *(quote(segment, safe="") for segment in segments)])


def scope(base: str) -> str:
    """Whose word it is (`Session.scope`): the homeserver, as we reach it. What its accounts report, they report to each
    other."""
    parts = urlsplit(base)
    return parts.netloc + parts.path


@dataclass(frozen=True, slots=True)
class Api:
    """`base` without a slash at its end; `trusted` when it comes from the configuration and may be private."""

    http: Http
    base: str
    trusted: bool
    bearer: Bearer = field(default=Fixed(), repr=False)
    also: Mapping[str, str] = field(default_factory=dict)
    """Part of the query of every request: as whom an appservice asks (#identity-assertion)."""

    async def get(
        self, where: str, query: Mapping[str, str] | None = None, *, seconds: float = _SECONDS, largest: int = _LARGEST
    ) -> Mapping[str, Any]:
        """Raises `Unavailable`, `Refused`, `LoggedOut`."""
        answer = await self.ask("GET", where, None, query, seconds=seconds, largest=largest)
        return errors.read(answer, changes=False)

    async def put(
        self, where: str, body: Mapping[str, Any], query: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """Raises the four errors."""
        return errors.read(await self.ask("PUT", where, body, query), changes=True, throttles=Scope.ACCOUNT)

    async def post(self, where: str, body: Mapping[str, Any], *, seconds: float = _SECONDS) -> Mapping[str, Any]:
        """Raises the four errors."""
        return errors.read(await self.ask("POST", where, body, seconds=seconds), changes=True)

    async def ask(
        self,
        method: str,
        where: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        *,
        seconds: float = _SECONDS,
        largest: int = _LARGEST,
    ) -> Answer:
        """One request; any status is an answer. Raises `Unavailable` and `Unconfirmed`; `LoggedOut` when a token ended
        and there is no new one.

        Raises `Refused` only for an answer that is too large. An address that may not be contacted is no fault of what
        is asked: the account waits for its operator.
        """
        query = {**(query or {}), **self.also}
        url = f"{self.base}{where}" + (f"{'&' if '?' in where else '?'}{urlencode(query)}" if query else "")
        more: dict[str, Any] = {"timeout": seconds, "limit": largest, "trusted": self.trusted}
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
            more["body"] = encoded(body)
        token = await self.bearer.token()
        try:
            answer = await self.http.request(method, url, headers={**headers, **_authorized(token)}, **more)
            if _unknown(answer) and await self.bearer.renewed(token):
                token = await self.bearer.token()
                answer = await self.http.request(method, url, headers={**headers, **_authorized(token)}, **more)
        except Refused as refusal:
            if refusal.reason is Reason.RESOURCE:
                raise
            raise Unavailable(refusal.text, lasting=True) from refusal
        return answer

    @asynccontextmanager
    async def download(self, where: str, largest: int) -> AsyncIterator[Download]:
        """A file of at most `largest` bytes, wherever the homeserver sends us for it (MSC3860). Raises `Unavailable`
        and `Refused`."""
        headers = _authorized(await self.bearer.token())
        async with self.http.download(
            f"{self.base}{where}", headers=headers, limit=largest, trusted=self.trusted
        ) as found:
            yield found

    async def upload(
        self, where: str, body: AsyncIterable[bytes], headers: Mapping[str, str], seconds: float
    ) -> Answer:
        """POST a file. Raises the four errors."""
        token = await self.bearer.token()
        answer = await self.http.request(
            "POST", f"{self.base}{where}", headers={"Accept": "application/json", **_authorized(token), **headers},
            body=body, timeout=seconds, limit=_LARGEST, trusted=self.trusted,
        )  # fmt: skip
        if _unknown(answer) and await self.bearer.renewed(token):
            raise Unavailable("The login had to be renewed first.", retry_after=1.0, scope=Scope.CHAT)
        return answer


def _authorized(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _unknown(answer: Answer) -> bool:
    """#soft-logout: whether a token has ended. With a refresh token at hand it does not matter what the homeserver says
    of soft or hard: one that delegates its logins cannot tell."""
    return answer.status == 401 and errors.code_of(answer) == "M_UNKNOWN_TOKEN"


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON. Lone surrogates, which no encoding takes, become question marks."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
