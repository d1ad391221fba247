"""Files that lie encrypted on an upload service, with the key in their link (XEP-0454). The gateway reads what it
carries, so it opens them."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

from bridge.contract import Reason, Refused

SCHEME = "aesgcm://"
TAG = 16  # bytes at the end
# XEP-0454 #protocol: the vector, of 12 bytes (older apps: 16), then the key.
_LINK = re.compile(r"aesgcm://([^#\s]{1,2000})#((?:[0-9A-Fa-f]{24}|[0-9A-Fa-f]{32}))([0-9A-Fa-f]{64})")


@dataclass(frozen=True, slots=True)
class Seal:
    url: str  # where the encrypted file lies
    vector: bytes
    key: bytes


def read(link: str) -> Seal | None:
    """None for what is no such link."""
    found = _LINK.fullmatch(link)
    return Seal(f"https://{found[1]}", bytes.fromhex(found[2]), bytes.fromhex(found[3])) if found is not None else None


async def opened(chunks: AsyncIterator[bytes], seal: Seal) -> AsyncIterator[bytes]:
    """The file. Raises `Refused` at its end if it is not what was sealed: until then nothing of it may be believed."""
    decryptor = Cipher(AES256(seal.key), GCM(seal.vector)).decryptor()
    held = b""
    async for chunk in chunks:
        held += chunk
        if len(held) > TAG:
            yield decryptor.update(held[:-TAG])
            held = held[-TAG:]
    try:
        yield decryptor.finalize_with_tag(held)
    except (InvalidTag, ValueError) as error:
        raise Refused("It is damaged: its link does not open it.", Reason.BAD_REQUEST) from error
