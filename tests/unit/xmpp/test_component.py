"""One stream: what arrives in pieces."""

import asyncio
from xml.etree.ElementTree import Element, XMLPullParser

from bridge.xmpp.component import Component

OPEN = b"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='s'>"


async def test_a_stanza_in_pieces_is_there_with_its_last() -> None:
    got: list[Element] = []
    component = Component("far.example", "secret", lambda: None, got.append, lambda condition: None)
    component.parser, component.xml_depth = XMLPullParser(("start", "end")), 0
    stanza = f"<message id='{'i' * 9_000}'><body>{'b' * 9_000}</body></message>".encode()
    for start in range(0, len(OPEN), 40):
        component.data_received(OPEN[start : start + 40])
    for number in range(1, 4):
        for start in range(0, len(stanza), 4_096):
            assert len(got) == number - 1
            component.data_received(stanza[start : start + 4_096])
        assert len(got) == number
        component.data_received(b" ")
    await asyncio.sleep(0)  # it has written its handshake to nobody


async def test_what_has_no_end_is_not_kept_for_ever() -> None:
    component = Component("far.example", "secret", lambda: None, lambda stanza: None, lambda condition: None)
    component.parser, component.xml_depth = XMLPullParser(("start", "end")), 0
    component.data_received(OPEN + b"<message><body>")
    for _ in range(40):
        component.data_received(b"x" * 100_000)
    assert len(component._rest) < 2_000_000
    await asyncio.sleep(0)
