"""Uploading to the XMPP server (XEP-0363): the service is found by disco, a slot is asked for as the user whom the file
is for (in a room one of those who are in), where the server lets us (XEP-0356), else as the component, and the file
goes there from our disk.

There is no service, it refuses, or it fails: then the gateway's own store has to do, and whoever asks here is told.
"""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from bridge.contract import Kept, Media, NetworkId, Reason, Refused, Scope, Unavailable
from bridge.contract.workspace import Http
from bridge.xmpp import files, own_pictures, sealed, text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.privilege import UPLOAD, Privileges
from bridge.xmpp.requests import Requests
from bridge.xmpp.stream import Stream

log = logging.getLogger(__name__)

NAMESPACE = UPLOAD
_ITEMS, _INFO = "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/disco#info"
_MOST_ITEMS = 50
_FOUND, _LACKING = 3_600.0, 300.0  # seconds for which it is believed that there is a service, or none
_ANSWER = 10.0  # seconds for a question
_CHUNK = 256 * 1024
# XEP-0363 #request: only these may be set, and no header may hold the end of another.
_HEADERS = frozenset({"authorization", "cookie", "expires"})
_VALUE = re.compile(r"[\t\x20-\x7e]{1,8000}")
_LONGEST_URL = 2_000
# What a browser would run is stored as something that it only saves.
_ACTIVE = re.compile(r".*(html|xml|svg|javascript|ecmascript|flash).*")


@dataclass(frozen=True, slots=True)
class Service:
    jid: str
    largest: int | None  # bytes


@dataclass(frozen=True, slots=True)
class Slot:
    put: str
    get: str
    headers: Mapping[str, str]


class Uploads:
    """For one gateway. `service` is the configured one, or empty: it is looked for. `private` tells which hosts and
    ports the operator has named, which may be spoken to in clear."""

    def __init__(
        self,
        domain: str,
        requests: Requests,
        http: Http,
        service: str,
        private: Callable[[str, int], bool],
        patience: float = 20.0,
        privileges: Privileges | None = None,
    ) -> None:
        """`patience`: seconds for an upload; what takes longer our own store has sooner."""
        self._privileges = privileges
        self._patience = patience
        self._domain = domain
        self._requests = requests
        self._http = http
        self._configured = service
        self._private = private
        self._service: Service | None = None
        self._looked = -_FOUND
        self._looking = asyncio.Lock()

    async def upload(self, kept: Kept, user: str = "") -> str:
        """The web address of the file there, which counts to the quota of `user` (empty: nobody's). Raises the errors
        of the contract. A service that hangs is left alone for a while."""
        service = await self.service()
        if service is None:
            raise Refused("There is no upload service.", Reason.SERVICE)
        try:
            async with asyncio.timeout(self._patience):
                return await self._upload_to(service, kept, user)
        except TimeoutError as error:
            self._service, self._looked = None, time.monotonic()
            raise Unavailable("The upload service takes too long.", scope=Scope.CHAT) from error

    async def _upload_to(self, service: Service, kept: Kept, user: str) -> str:
        size = kept.media.size or 0
        if service.largest is not None and size > service.largest:
            raise Refused("The upload service takes no file of this size.", Reason.RESOURCE)
        mime = kept.media.mime
        mime = "application/octet-stream" if _ACTIVE.fullmatch(mime) or not _VALUE.fullmatch(mime) else mime
        slot = await self._slot(service, files.name(kept.media.name) or "file", size, mime, user)
        headers = {**slot.headers, "Content-Type": mime, "Content-Length": str(size)}
        answer = await self._http.request(
            "PUT", slot.put, headers=headers, body=chunks(kept.path), timeout=2 * self._patience, limit=_CHUNK
        )
        if answer.status not in (200, 201):
            raise Unavailable(f"The upload service answers with status {answer.status}.", scope=Scope.CHAT)
        return slot.get

    async def service(self) -> Service | None:
        """The service, found by disco at the domain that ours belongs to."""
        async with self._looking:
            age = time.monotonic() - self._looked
            if age > (_FOUND if self._service is not None else _LACKING):
                self._service = await self._find()
                self._looked = time.monotonic()
                log.info("upload service domain=%s service=%s", self._domain, self._service)
            return self._service

    def forget(self) -> None:
        """The stream is new: the server may have another configuration."""
        self._looked = -_FOUND

    async def _find(self) -> Service | None:
        if self._configured:
            return await self._look_at(self._configured)
        server = self._domain.partition(".")[2]
        try:
            answer = await self._requests.ask("get", server, f'<query xmlns="{_ITEMS}"/>')
        except (StanzaError, Unavailable) as error:
            log.info("upload service not found domain=%s reason=%s", self._domain, error)
            return None
        items = [item.get("jid", "") for item in answer.iterfind(f"{{{_ITEMS}}}query/{{{_ITEMS}}}item")]
        for jid in dict.fromkeys([server, *items[:_MOST_ITEMS]]):
            if jid and jid != self._domain and (found := await self._look_at(jid)) is not None:
                return found
        return None

    async def _look_at(self, jid: str) -> Service | None:
        try:
            answer = await self._requests.ask("get", jid, f'<query xmlns="{_INFO}"/>')
        except (StanzaError, Unavailable):
            return None
        query = answer.find(f"{{{_INFO}}}query")
        if query is None or all(one.get("var") != NAMESPACE for one in query.iterfind(f"{{{_INFO}}}feature")):
            return None
        return Service(jid, _largest(query))

    async def _slot(self, service: Service, name: str, size: int, mime: str, user: str) -> Slot:
        request = (
            f'<request xmlns="{NAMESPACE}" filename="{text.attribute(name)}" size="{size}" '
            f'content-type="{text.attribute(mime)}"/>'
        )
        answer = await self._asked_as(user, service, request)
        try:
            answer = answer if answer is not None else await self._requests.ask("get", service.jid, request)
        except StanzaError as error:
            raise Refused(f"The upload service refuses: {error}.", Reason.NOT_ALLOWED) from error
        slot = read_slot(answer)
        for url in (slot.put, slot.get):
            parts = urlsplit(url)
            if parts.scheme != "https" and not self._private(parts.hostname or "", parts.port or 80):
                raise Refused("The upload service gives addresses that are not protected.", Reason.POLICY)
        return slot

    async def _asked_as(self, user: str, service: Service, request: str) -> Element | None:
        """What `user` is answered, for whose quota it counts; None if we may not ask so, or that brings nothing."""
        if not user or self._privileges is None or not self._privileges.may(user, "upload"):
            return None
        try:
            return await self._requests.ask_as("get", user, request, service.jid)
        except StanzaError as error:
            self._privileges.refused(user, "upload", error.condition)
        except Unavailable as error:
            log.info("no slot for a user domain=%s reason=%s", self._domain, error)
        return None


@dataclass(frozen=True, slots=True)
class Storing:
    """Where files for XMPP go."""

    service: str = ""  # the upload service (XEP-0363); empty: it is looked for at the XMPP server
    link: Callable[[str, str], str] = lambda id, name: ""  # a web address of our own store, for a file's id and name
    private: Callable[[str, int], bool] = lambda host, port: False  # whether the operator has named such a place

    def over(self, streams: Mapping[NetworkId, Stream], http: Http) -> "Storage":
        return Storage(streams, http, self)


class Storage:
    """The upload services of all gateways, and whatever else has files."""

    def __init__(self, streams: Mapping[NetworkId, Stream], http: Http, storing: Storing) -> None:
        self.http = http
        self.requests = {network: Requests(s.gateway.domain, s.send, _ANSWER) for network, s in streams.items()}
        self._uploads = {
            network: Uploads(
                s.gateway.domain,
                self.requests[network],
                http,
                storing.service,
                storing.private,
                privileges=s.privileges,
            )
            for network, s in streams.items()
        }

    @asynccontextmanager
    async def open(self, media: Media, limit: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """What lies at the address that somebody sent, which may be anybody's; or the picture of a user."""
        if own_pictures.is_picture(media.reference):
            async with own_pictures.opened(self.requests, media.reference, limit) as picture:
                yield picture
            return
        url, seal = files.url_of(media), sealed.read(files.url_of(media))
        if seal is not None:
            url, limit = seal.url, limit + sealed.TAG
        async with self.http.download(url, limit=limit) as found:
            if found.status != 200:
                host = urlsplit(url).hostname
                raise Refused(f"It is not to be had: {host} answers with status {found.status}.", Reason.NOT_FOUND)
            yield found.chunks if seal is None else sealed.opened(found.chunks, seal)

    async def upload(self, network: NetworkId, kept: Kept, user: str = "") -> str:
        """See `Uploads.upload`."""
        return await self._uploads[network].upload(kept, user)

    def forget(self, network: NetworkId) -> None:
        self._uploads[network].forget()

    def answered(self, network: NetworkId, stanza: Element) -> None:
        """An answer has come, perhaps to a question of ours."""
        self.requests[network].answered(stanza)


def read_slot(answer: Element) -> Slot:
    """XEP-0363 #request. Raises `Refused` for what is none."""
    slot = answer.find(f"{{{NAMESPACE}}}slot")
    put = slot.find(f"{{{NAMESPACE}}}put") if slot is not None else None
    get = slot.find(f"{{{NAMESPACE}}}get") if slot is not None else None
    urls = [one.get("url", "") if one is not None else "" for one in (put, get)]
    if put is None or not all(_is_url(url) for url in urls):
        raise Refused("The upload service gave no slot.", Reason.SERVICE)
    headers = {}
    for header in put.iterfind(f"{{{NAMESPACE}}}header"):
        name, value = header.get("name", "").lower(), (header.text or "").strip()
        if name in _HEADERS and _VALUE.fullmatch(value):
            headers[name] = value
    return Slot(urls[0], urls[1], headers)


async def chunks(path: Path) -> AsyncIterator[bytes]:
    """A file, piece by piece."""
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _CHUNK):
            yield piece


def _is_url(url: str) -> bool:
    if not url.startswith(("https://", "http://")) or len(url) > _LONGEST_URL or not url.isprintable() or " " in url:
        return False
    try:
        return bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:
        return False


def _largest(query: Element) -> int | None:
    """XEP-0363 #disco: the form's max-file-size."""
    for field in query.iter("{jabber:x:data}field"):
        value = (field.findtext("{jabber:x:data}value") or "").strip()
        if field.get("var") == "max-file-size" and value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
    return None
