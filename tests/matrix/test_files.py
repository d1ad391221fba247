"""The content repository, as homeservers should have it and as they should not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import web

from bridge.contract import (
    ConnectorError,
    Kept,
    LoggedOut,
    Media,
    MediaKind,
    Reason,
    Refused,
    Scope,
    Thumbnail,
    Unavailable,
    Unconfirmed,
)
from bridge.web.client import HttpClient
from connectors.matrix.api import Api
from connectors.matrix.media import Repository, content
from connectors.matrix.tokens import Fixed
from tests.support.files import website

MXC = "mxc://example.org/AbC-_1"
NEW, OLD = "/_matrix/client/v1/media/download/example.org/AbC-_1", "/_matrix/media/v3/download/example.org/AbC-_1"
CONFIG = "/_matrix/client/v1/media/config"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.close()


async def got(http: HttpClient, answer: Answer, mxc: str = MXC, limit: int = 1_000_000) -> bytes:
    async with (
        website(answer) as url,
        Repository(Api(http, url, True, Fixed("token"))).open(Media(mxc), limit) as chunks,
    ):
        return b"".join([chunk async for chunk in chunks])


def error(status: int, code: str) -> web.Response:
    return web.json_response({"errcode": code, "error": "No"}, status=status)


async def test_it_is_asked_for_with_the_token(http: HttpClient) -> None:
    came: list[tuple[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        came.append((request.path, request.headers["Authorization"]))
        return web.Response(body=b"picture")

    assert await got(http, answer) == b"picture"
    assert came == [(NEW, "Bearer token")]


@pytest.mark.parametrize(
    "unknown", [error(404, "M_UNRECOGNIZED"), web.Response(status=404), error(405, "M_UNRECOGNIZED")]
)
async def test_an_old_homeserver_is_asked_at_the_old_path(http: HttpClient, unknown: web.Response) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"picture") if request.path == OLD else unknown

    assert await got(http, answer) == b"picture"


async def test_what_an_old_homeserver_says_is_what_counts(http: HttpClient) -> None:
    async def answer(request: web.Request) -> web.Response:
        return error(404, "M_NOT_FOUND") if request.path == OLD else error(404, "M_UNRECOGNIZED")

    with pytest.raises(Refused) as refused:
        await got(http, answer)

    assert refused.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "M_NOT_FOUND", Refused), (403, "M_FORBIDDEN", Refused), (401, "M_UNKNOWN_TOKEN", LoggedOut),
        (429, "M_LIMIT_EXCEEDED", Unavailable), (502, "M_UNKNOWN", Unavailable),
        (504, "M_NOT_YET_UPLOADED", Unavailable),
    ],
)  # fmt: skip
async def test_what_it_says_instead_is_an_error_of_the_contract(
    http: HttpClient, status: int, code: str, kind: type[ConnectorError]
) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return error(status, code)

    with pytest.raises(kind) as raised:
        await got(http, answer)

    assert asked == [NEW]
    if isinstance(raised.value, Unavailable):
        assert raised.value.scope is Scope.CHAT, "somebody else's homeserver may be the trouble"


@pytest.mark.parametrize(
    "mxc",
    ["", "mxc://", "mxc://example.org", "mxc://example.org/", "mxc://example.org/../../admin", "mxc://../x/y",
     "mxc://example.org/a/b", "mxc://example.org/a?b", "mxc://example.org/%2e%2e", "https://example.org/a",
     "mxc://exa mple/a", "mxc://example.org/a\n", "mxc://example.org/ü"],
)  # fmt: skip
async def test_what_is_no_address_is_not_asked_for(http: HttpClient, mxc: str) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    with pytest.raises(Refused):
        await got(http, answer, mxc)

    assert asked == []


async def test_no_more_is_read_than_the_limit_whatever_it_says(http: HttpClient) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(65_536))

    with pytest.raises(Refused) as refused:
        await got(http, endless, limit=300_000)

    assert refused.value.reason is Reason.RESOURCE


async def test_a_redirect_goes_where_it_may_and_takes_no_token_along(http: HttpClient) -> None:
    """MSC3860: to a store of files somewhere else; never into the operator's own network."""
    asked: list[str] = []

    async def inside(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"secret")

    async with website(inside) as private:

        async def answer(request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": f"{private}/metrics"})

        with pytest.raises(Refused, match="private network"):
            await got(http, answer)

    assert asked == []


def upload(largest: object, said: web.Response | None = None) -> tuple[Answer, list[tuple[str, str, bytes]]]:
    came: list[tuple[str, str, bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == CONFIG:
            return web.json_response({"m.upload.size": largest})
        came.append((request.query["filename"], request.headers["Content-Type"], await request.read()))
        return said or web.json_response({"content_uri": MXC})

    return answer, came


@dataclass
class Given:
    """A file of another network; `small` is what a converter makes of it."""

    path: Path
    media: Media
    small: Thumbnail | None = None
    id: str = "00"

    async def kept(self) -> Kept:
        return Kept(self.path, self.media)

    async def preview(self) -> Thumbnail | None:
        return self.small


async def published(http: HttpClient, answer: Answer, path: Path, media: Media) -> str:
    async with website(answer) as url:
        return await Repository(Api(http, url, True, Fixed("token"))).publish(Given(path, media))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"x" * 100)
    return tmp_path / "file"


async def test_an_upload_says_what_it_is(http: HttpClient, path: Path) -> None:
    answer, came = upload(100)

    assert await published(http, answer, path, Media("", "a&b ü.png", "image/png", 100)) == MXC
    assert came == [("a&b ü.png", "image/png", b"x" * 100)]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_large_picture_is_sent_with_a_smaller_one_or_without(
    http: HttpClient, tmp_path: Path, fails: bool
) -> None:
    file = tmp_path / "large"
    file.write_bytes(bytes(1_000_000))
    media = Media("", "a.png", "image/png", 1_000_000, MediaKind.IMAGE)
    came: list[tuple[str, int]] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == CONFIG:
            return web.json_response({})
        came.append((request.headers["Content-Type"], len(await request.read())))
        if len(came) == 2 and fails:
            return error(500, "M_UNKNOWN")
        return web.json_response({"content_uri": f"mxc://example.org/{len(came)}"})

    async with website(answer) as url:
        small = Thumbnail(b"small", 800, 600)
        reference = await Repository(Api(http, url, True, Fixed("token"))).publish(Given(file, media, small))
    said = content(replace(media, reference=reference), {})

    assert came == [("image/png", 1_000_000), ("image/jpeg", 5)]
    assert said["url"] == "mxc://example.org/1"
    assert said["info"].get("thumbnail_url") == (None if fails else "mxc://example.org/2")
    assert fails or said["info"]["thumbnail_info"] == {"mimetype": "image/jpeg", "w": 800, "h": 600, "size": 5}


async def test_what_is_too_large_for_the_homeserver_is_not_sent(http: HttpClient, path: Path) -> None:
    answer, came = upload(99)

    with pytest.raises(Refused) as refused:
        await published(http, answer, path, Media("", "a", "image/png", 100))

    assert refused.value.reason is Reason.RESOURCE
    assert came == []


@pytest.mark.parametrize("largest", [None, "many", -1, 1e30, [], True])
async def test_a_limit_that_is_none_limits_nothing(http: HttpClient, path: Path, largest: object) -> None:
    answer, came = upload(largest)

    await published(http, answer, path, Media("", "a\r\nb", "image/png\r\nX: y", 100))

    assert came == [("a b", "application/octet-stream", b"x" * 100)]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (error(413, "M_TOO_LARGE"), Refused), (error(403, "M_FORBIDDEN"), Refused),
        (error(502, "M_UNKNOWN"), Unavailable),
        (web.json_response({}), Refused), (web.json_response({"content_uri": "https://evil.example"}), Refused),
        (web.json_response({"content_uri": "mxc://a/../b"}), Refused),
        (web.json_response([]), Unavailable | Unconfirmed),
    ],
)  # fmt: skip
async def test_an_upload_that_gives_no_address_is_an_error_of_the_contract(
    http: HttpClient, path: Path, said: web.Response, kind: type[ConnectorError]
) -> None:
    answer, _ = upload(1_000, said)

    with pytest.raises(ConnectorError) as raised:
        await published(http, answer, path, Media("", "a", "image/png", 100))

    assert isinstance(raised.value, kind)
