"""What a presence to a room asks for."""

from xml.etree.ElementTree import fromstring

import pytest

from bridge.xmpp.hosted.wishes import Wish, wish

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ("", Wish(20)),
        ("<history/>", Wish(20)),
        ("<history maxstanzas='5'/>", Wish(5)),
        ("<history maxstanzas='0'/>", Wish(0)),
        ("<history maxchars='0'/>", Wish(20, None, 0)),
        ("<history maxchars='900' maxstanzas='5'/>", Wish(5, None, 900)),
        ("<history maxchars='-900'/>", Wish(20)),
        ("<history seconds='60'/>", Wish(200, NOW - 60)),
        ("<history since='2023-11-14T22:13:20Z'/>", Wish(200, NOW)),
        ("<history since='2023-11-14T22:13:20Z' maxstanzas='3'/>", Wish(3, NOW)),
        ("<history since='yesterday' seconds='-1' maxstanzas='many'/>", Wish(20)),
        ("<history since='2023-11-14T22:13:20'/>", Wish(20)),
        (f"<history maxstanzas='{'9' * 500}'/>", Wish(20)),
    ],
)
def test_history_is_given_as_asked_for(history: str, expected: Wish) -> None:
    stanza = fromstring(f"<presence><x xmlns='http://jabber.org/protocol/muc'>{history}</x></presence>")

    assert wish(stanza, NOW) == expected


def test_other_presences_want_nothing() -> None:
    assert wish(fromstring("<presence><show>away</show></presence>"), NOW) is None
