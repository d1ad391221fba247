"""Files with their key in the event: what is one, and what comes of it."""

import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from bridge.contract import Refused
from connectors.matrix import media, sealed

KEY, COUNTER = bytes(range(32)), bytes(range(16))
FILE: dict[str, Any] = {
    "v": "v2", "url": "mxc://example.org/abc", "iv": "AAECAwQFBgcICQoLDA0ODw",
    "key": {"alg": "A256CTR", "kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
    "hashes": {"sha256": "A" * 43},
}  # fmt: skip


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def test_a_reference_holds_all_that_opens_it() -> None:
    found = sealed.read(sealed.reference(FILE))

    assert found == sealed.Seal("mxc://example.org/abc", KEY, COUNTER, bytes(32))
    assert sealed.read("mxc://example.org/abc") is None


@pytest.mark.parametrize(
    "change",
    [
        {"v": "v1"}, {"v": None}, {"url": "mxc://example.org/../x"}, {"url": None}, {"iv": "AAAA"}, {"iv": 5},
        {"key": {"alg": "A256GCM", "k": FILE["key"]["k"]}}, {"key": "key"}, {"key": {"alg": "A256CTR", "k": "AAAA"}},
        {"hashes": {}}, {"hashes": {"sha256": "A" * 42 + "!"}}, {"hashes": [1]},
    ],
)  # fmt: skip
def test_what_cannot_be_opened_is_no_file(change: dict[str, Any]) -> None:
    assert sealed.reference({**FILE, **change}) == ""
    assert (
        media.read("m.image", {"body": "a.png", "file": {**FILE, **change}, "url": "mxc://example.org/plain"}) is None
    )


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100_000])
@pytest.mark.parametrize("piece", [1_000, 7, 65_536])
async def test_a_file_is_opened_however_it_comes(size: int, piece: int) -> None:
    plain = os.urandom(size)
    encrypted = Cipher(AES256(KEY), CTR(COUNTER)).encryptor().update(plain)
    seal = sealed.Seal("", KEY, COUNTER, hashlib.sha256(encrypted).digest())

    assert b"".join([chunk async for chunk in sealed.opened(pieces(encrypted, piece), seal)]) == plain


async def test_what_is_not_what_was_encrypted_is_not_believed() -> None:
    seal = sealed.Seal("", KEY, COUNTER, bytes(32))

    with pytest.raises(Refused, match="damaged"):
        async for _ in sealed.opened(pieces(b"something", 4), seal):
            pass
