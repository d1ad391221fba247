"""Our own store: links that nobody can make or prolong, and nothing that a browser would run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bridge.contract import Kept, Media, Reason, Refused, Unavailable
from bridge.web.media import Signer, routes
from tests.support.files import get

ID = "0123456789abcdef0123456789abcdef"
SAVED = "application/octet-stream"
KEY = b"the gateway's"


class Shelf:
    """One file, or a trouble."""

    def __init__(self, path: Path, media: Media | None = None, trouble: Exception | None = None) -> None:
        self.path, self.media, self.trouble = path, media, trouble

    async def serve(self, id: str) -> Kept | None:
        assert id == ID
        if self.trouble is not None:
            raise self.trouble
        return None if self.media is None else Kept(self.path, self.media)


@asynccontextmanager
async def serving(shelf: Shelf) -> AsyncIterator[Signer]:
    application = web.Application()
    runner = web.AppRunner(application)
    signer = Signer("http://unknown", KEY, 30)
    application.router.add_routes(routes(signer, shelf))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Signer(f"http://127.0.0.1:{runner.addresses[0][1]}/", KEY, 30)
    finally:
        await runner.cleanup()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_bytes(b"0123456789")
    return tmp_path / "file"


def test_a_link_is_read_by_who_made_it_until_it_ends() -> None:
    now = 1_000_000.0
    signer = Signer("https://gateway.example", KEY, 30, lambda: now)
    link = signer.link(ID, "a b/ü?.png")
    token = link.removeprefix("https://gateway.example/media/").partition("/")[0]

    assert link.endswith("/a%20b%2F%C3%BC%3F.png")
    assert signer.read(token) == ID
    assert signer.link(ID, "") == link.rpartition("/")[0] + "/file"
    now += 30 * 86_400
    assert signer.read(token) == ID
    now += 86_400
    assert signer.read(token) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("0", "1", 1),  # another file
        lambda t: t.replace("-", "-9", 1),  # a longer life
        lambda t: t[:-1],
        lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
        lambda t: "",
        lambda t: "../../etc/passwd",
        lambda t: t.replace("-", "-\u0661", 1),  # a digit, but not one of ours
    ],
)
def test_a_changed_link_means_nothing(change: object) -> None:
    signer = Signer("https://gateway.example", KEY, 30)
    token = signer.link(ID, "x").rpartition("/")[0].rpartition("/")[2]

    assert signer.read(token) == ID
    assert signer.read(change(token)) is None  # type: ignore[operator]
    assert Signer("https://gateway.example", b"another", 30).read(token) is None


@pytest.mark.parametrize(
    ("mime", "name", "shown", "disposition"),
    [
        ("image/png", "a.png", "image/png", "inline; filename=\"a.png\"; filename*=UTF-8''a.png"),
        ("text/plain", "a.txt", "text/plain; charset=utf-8", "inline; filename=\"a.txt\"; filename*=UTF-8''a.txt"),
        ("text/html", "a.html", SAVED, "attachment; filename=\"a.html\"; filename*=UTF-8''a.html"),
        ("image/svg+xml", "a.svg", SAVED, "attachment; filename=\"a.svg\"; filename*=UTF-8''a.svg"),
        ("application/xhtml+xml", "", SAVED, "attachment; filename=\"file\"; filename*=UTF-8''file"),
        ("image/png\r\nSet-Cookie: a=b", "x", SAVED,
         "attachment; filename=\"x\"; filename*=UTF-8''x"),
        ("image/gif", 'a"\r\nX: y\\.gif', "image/gif",
         "inline; filename=\"a_X_ y_.gif\"; filename*=UTF-8''a%22X%3A%20y%5C.gif"),
        ("image/gif", "\u202egpj.exe", "image/gif", "inline; filename=\"gpj.exe\"; filename*=UTF-8''gpj.exe"),
        ("image/gif", "ü\ud800", "image/gif", "inline; filename=\"_\"; filename*=UTF-8''%C3%BC"),
    ],
)  # fmt: skip
async def test_what_could_run_can_only_be_saved(path: Path, mime: str, name: str, shown: str, disposition: str) -> None:
    async with serving(Shelf(path, Media("", name, mime))) as signer:
        got = await get(signer.link(ID, name))

    assert (got.status, got.body) == (200, b"0123456789")
    assert got.headers["Content-Type"] == shown
    assert got.headers["Content-Disposition"] == disposition
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in got.headers


async def test_parts_are_served(path: Path) -> None:
    async with serving(Shelf(path, Media("", "a", "video/mp4"))) as signer:
        link = signer.link(ID, "a")
        some = await get(link, Range="bytes=2-4")
        none = await get(link, Range="bytes=10-20")
        async with aiohttp.ClientSession() as http, http.head(link) as head:
            length = head.headers["Content-Length"]

    assert (some.status, some.body, some.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    assert none.status == 416
    assert length == "10"


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (None, 410),
        (Refused("It is gone.", Reason.NOT_FOUND), 410),
        (Refused("It is larger than 1 MB.", Reason.RESOURCE), 502),
        (Unavailable("It is away."), 503),
    ],
)
async def test_what_cannot_be_served_is_said(path: Path, trouble: Exception | None, status: int) -> None:
    async with serving(Shelf(path, trouble=trouble)) as signer:
        got = await get(signer.link(ID, "a"))

    assert got.status == status
    assert got.body.decode().strip().endswith(".")


async def test_a_file_that_has_just_been_removed_is_an_answer(path: Path) -> None:
    await asyncio.to_thread(path.unlink)
    async with serving(Shelf(path, Media("", "a", "video/mp4"))) as signer:
        assert (await get(signer.link(ID, "a"))).status == 404
