"""Files that lie encrypted in the content repository, with the key in their event (client-server API
#sending-encrypted-attachments). They appear in rooms that are not encrypted, too: forwarded, or sent by a bridge. Pure.

A reference to one is its `mxc` URI with what opens it behind a number sign.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from bridge.contract import Reason, Refused
from connectors.matrix import fields


@dataclass(frozen=True, slots=True)
class Seal:
    url: str  # the mxc URI of what is encrypted
    key: bytes
    counter: bytes  # where AES-CTR begins
    sha256: bytes  # of what is encrypted


def reference(file: Mapping[str, Any]) -> str:
    """Of an `EncryptedFile`; empty for what is none, or none of version 2."""
    key, hashes = fields.mapping(file.get("key")), fields.mapping(file.get("hashes"))
    parts = [_decoded(key.get("k"), 32), _decoded(file.get("iv"), 16), _decoded(hashes.get("sha256"), 32)]
    url = fields.mxc(file.get("url"))
    if not url or file.get("v") != "v2" or key.get("alg") != "A256CTR" or not all(parts):
        return ""
    return f"{url}#{'.'.join(part.hex() for part in parts)}"


def read(reference: str) -> Seal | None:
    """None for a reference to what is not encrypted."""
    url, sign, rest = reference.partition("#")
    parts = rest.split(".")
    if not sign or len(parts) != 3:
        return None
    key, counter, sha256 = (bytes.fromhex(part) for part in parts)
    return Seal(url, key, counter, sha256)


async def opened(chunks: AsyncIterator[bytes], seal: Seal) -> AsyncIterator[bytes]:
    """The file. Raises `Refused` at its end if it is not what was encrypted: until then nothing of it may be
    believed."""
    decryptor, digest = Cipher(AES256(seal.key), CTR(seal.counter)).decryptor(), hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
        yield decryptor.update(chunk)
    if not hmac.compare_digest(digest.digest(), seal.sha256):
        raise Refused("It is damaged: it is not what its sender has encrypted.", Reason.BAD_REQUEST)


def _decoded(value: object, size: int) -> bytes:
    """Base64 of either alphabet, padded or not; empty for what is none, or not of this size."""
    text = fields.string(value).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return found if len(found) == size else b""
