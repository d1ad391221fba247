"""Pictures of users: what presences and cards say of them, and what is none."""

import asyncio
import base64
import hashlib
from xml.etree.ElementTree import fromstring

import pytest

from bridge.contract import NetworkId, Refused
from bridge.xmpp import files, own_pictures
from tests.unit.xmpp.known import DOMAIN, ROMEO
from tests.unit.xmpp.test_requests import FORBIDDEN, Wire

NETWORK, JULIET = NetworkId("matrix"), f"juliet@{DOMAIN}"
PICTURE = bytes(range(256)) * 1_000
SHA1 = hashlib.sha1(PICTURE, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("inner", "found"),
    [
        (f"<x xmlns='vcard-temp:x:update'><photo>{SHA1}</photo></x>", SHA1),
        (f"<x xmlns='vcard-temp:x:update'><photo> {SHA1.upper()} </photo></x>", SHA1),
        ("<x xmlns='vcard-temp:x:update'><photo/></x>", ""),
        ("<x xmlns='vcard-temp:x:update'/>", None),
        ("<x xmlns='vcard-temp:x:update'><photo>../../etc/passwd</photo></x>", None),
        ("", None),
    ],
)
def test_the_hash_in_a_presence(inner: str, found: str | None) -> None:
    assert own_pictures.hash_in(fromstring(f"<presence xmlns='jabber:client'>{inner}</presence>")) == found


@pytest.mark.parametrize("id", ["vcard-photo", " vcard-photo", " vcard-photo matrix a b c"])
def test_no_file_is_taken_for_one(id: str) -> None:
    url = "https://example.org/a.png"
    stanza = fromstring(f"<message xmlns='jabber:client'><x xmlns='jabber:x:oob'><url>{url}</url></x></message>")
    [media], _ = files.read(stanza, url, id)

    assert not own_pictures.is_picture(media.reference)


async def fetched(wire: Wire, card: str, kind: str = "result", limit: int = 1_000_000) -> bytes:
    """What comes of asking for Romeo's picture as Juliet, when his server answers so."""

    async def ask() -> bytes:
        reference = own_pictures.reference(NETWORK, ROMEO, JULIET, SHA1)
        assert own_pictures.is_picture(reference)
        async with own_pictures.opened({NETWORK: wire.requests}, reference, limit) as pieces:
            return b"".join([piece async for piece in pieces])

    asking = asyncio.create_task(ask())
    asked = await wire.asked.get()
    assert (asked.get("from"), asked.get("to"), asked.get("type")) == (JULIET, ROMEO, "get")
    wire.answer(asked, kind, card)
    return await asking


def card(data: str) -> str:
    return f"<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>{data}</BINVAL></PHOTO></vCard>"


async def test_the_picture_comes_from_the_card() -> None:
    lines = base64.encodebytes(PICTURE).decode()

    assert await fetched(Wire(), card(lines)) == PICTURE


@pytest.mark.parametrize(
    ("answer", "kind", "why"),
    [
        (card(base64.b64encode(b"another").decode()), "result", "another picture by now"),
        (card("%%%"), "result", "damaged"),
        ("<vCard xmlns='vcard-temp'/>", "result", "another picture by now"),
        (FORBIDDEN, "error", "does not give the picture"),
    ],
)
async def test_what_is_none_is_refused(answer: str, kind: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        await fetched(Wire(), answer, kind)


async def test_what_is_too_large_is_not_even_decoded() -> None:
    with pytest.raises(Refused, match="too large"):
        await fetched(Wire(), card("A" * 2_000), limit=1_000)
