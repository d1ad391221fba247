"""Files with their key in the link (XEP-0454)."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.contract import Media, Refused
from bridge.contract.workspace import Download
from bridge.xmpp.sealed import Seal, opened, read
from bridge.xmpp.upload import Storing
from tests.support.asking import NoHttp

KEY, VECTOR = bytes(range(32)), bytes(range(12))
SEAL = Seal("https://upload.example/a", VECTOR, KEY)


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def test_a_link_says_where_and_how() -> None:
    assert read(f"aesgcm://upload.example/a#{VECTOR.hex()}{KEY.hex()}") == SEAL
    assert read(f"https://upload.example/a#{VECTOR.hex()}{KEY.hex()}") is None


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100_000])
@pytest.mark.parametrize("piece", [1_000, 7, 65_536])
async def test_a_file_is_opened_however_it_comes(size: int, piece: int) -> None:
    plain = os.urandom(size)
    sealed = AESGCM(KEY).encrypt(VECTOR, plain, None)

    assert b"".join([chunk async for chunk in opened(pieces(sealed, piece), SEAL)]) == plain


@pytest.mark.parametrize(
    "damage",
    [lambda s: s[:-1], lambda s: b"x" + s[1:], lambda s: s + b"x", lambda s: s[:10], lambda s: b""],
)
async def test_a_damaged_one_is_refused_in_the_end(damage: object) -> None:
    sealed = damage(AESGCM(KEY).encrypt(VECTOR, b"y" * 1_000, None))  # type: ignore[operator]

    with pytest.raises(Refused, match="damaged"):
        async for _ in opened(pieces(sealed, 100), SEAL):
            pass


class OnePlace(NoHttp):
    """A web server that has one file, and any number of bytes of it."""

    def __init__(self, url: str, data: bytes, status: int = 200) -> None:
        self.url, self.data, self.status = url, data, status
        self.limits: list[int] = []

    @asynccontextmanager
    async def download(self, url: str, *, limit: int, **more: object) -> AsyncIterator[Download]:  # type: ignore[override]
        assert url == self.url
        self.limits.append(limit)
        yield Download(self.status, {}, pieces(self.data, 1_000))


async def test_who_carries_it_opens_it() -> None:
    place = OnePlace(SEAL.url, AESGCM(KEY).encrypt(VECTOR, b"y" * 5_000, None))
    media = Media(f"m1 aesgcm://upload.example/a#{VECTOR.hex()}{KEY.hex()}")

    async with Storing().over({}, place).open(media, 5_000) as chunks:
        content = b"".join([chunk async for chunk in chunks])

    assert content == b"y" * 5_000
    assert place.limits == [5_016], "the tag is no part of the file"


async def test_what_is_not_there_is_said() -> None:
    with pytest.raises(Refused, match="answers with status 404"):
        async with Storing().over({}, OnePlace(SEAL.url, b"no", 404)).open(Media(f"m1 {SEAL.url}"), 10):
            pass
