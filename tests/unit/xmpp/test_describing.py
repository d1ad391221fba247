"""What a hosted room says it is."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import ChatId, NetworkId
from bridge.hub.facades import Room
from bridge.xmpp.hosted.describing import described

FORM = "{jabber:x:data}"


def form(room: Room, kind: str) -> Element | None:
    query = fromstring(f"<query>{described(room, None, None)}</query>")
    forms = [one for one in query.iter(f"{FORM}x") if one.findtext(f"{FORM}field/{FORM}value") == kind]
    return forms[0] if forms else None


@pytest.mark.parametrize(
    ("most", "allowed", "said"),
    [
        (None, None, None),
        (1, None, {"max_reactions_per_user": ["1"]}),
        (1, ("👍", "<&>"), {"max_reactions_per_user": ["1"], "allowlist": ["👍", "<&>"]}),
        (None, (), {"allowlist": []}),
    ],
)
def test_which_reactions_are_allowed(
    most: int | None, allowed: tuple[str, ...] | None, said: dict[str, list[str]] | None
) -> None:
    """XEP-0444 #disco-restricted."""
    room = Room(ChatId("r@x"), NetworkId("x"), "R", "", reactions=most, allowed_reactions=allowed)
    found = form(room, "urn:xmpp:reactions:0:restrictions")
    told = None
    if found is not None:
        fields = {one.get("var", ""): [value.text for value in one] for one in found}
        del fields["FORM_TYPE"]
        told = fields

    assert told == said
    assert form(room, "http://jabber.org/protocol/muc#roominfo") is not None
