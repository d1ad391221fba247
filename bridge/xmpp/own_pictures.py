"""Pictures of users: which one they show, by the hash in their presences (XEP-0153 #publish, which servers see to for
apps that only publish them, XEP-0398), and the picture itself, from their card (XEP-0054).

It is asked for as whoever was shown it, since servers give pictures to those only who may see them.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from xml.etree.ElementTree import Element

from bridge.contract import NetworkId, Reason, Refused
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.requests import Requests

_X, _PHOTO = "{vcard-temp:x:update}x", "{vcard-temp:x:update}photo"
_BINARY = "{vcard-temp}vCard/{vcard-temp}PHOTO/{vcard-temp}BINVAL"
_SCHEME = " vcard-photo"  # with a space before it: no reference to a file begins so (`files.read`)
_SHA1 = re.compile(r"[0-9a-f]{40}")
_PIECE = 64 * 1024


def hash_in(presence: Element) -> str | None:
    """The hash of the picture that a presence shows; empty: there is none; None: it says nothing of that."""
    found = presence.find(f"{_X}/{_PHOTO}")
    if found is None:
        return None
    said = (found.text or "").strip().lower()
    return said if not said or _SHA1.fullmatch(said) else None


def reference(network: NetworkId, user: str, asker: str, sha1: str) -> str:
    """What the picture with this hash is called; `asker` is the bare JID of ours to which it was shown."""
    return f"{_SCHEME} {network} {user} {asker} {sha1}" if sha1 else ""


def is_picture(reference: str) -> bool:
    return reference.startswith(f"{_SCHEME} ")


@asynccontextmanager
async def opened(
    requests: Mapping[NetworkId, Requests], reference: str, limit: int
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The picture. Raises `Unavailable`, and `Refused` if it is none, or another one than its hash says."""
    network, user, asker, sha1 = reference.removeprefix(f"{_SCHEME} ").split(" ")
    try:
        answer = await requests[NetworkId(network)].ask("get", user, '<vCard xmlns="vcard-temp"/>', sender=asker)
    except StanzaError as error:
        raise Refused(f"The XMPP server does not give the picture: {error}.", Reason.NOT_FOUND) from error
    text = "".join((answer.findtext(_BINARY) or "").split())
    if len(text) > limit * 4 // 3 + 4:
        raise Refused("The picture is too large.", Reason.RESOURCE)
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise Refused("The picture is damaged.", Reason.NOT_ACCEPTABLE) from error
    if hashlib.sha1(data, usedforsecurity=False).hexdigest() != sha1:
        raise Refused("The card has another picture by now.", Reason.NOT_FOUND)
    yield _pieces(data)


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]
