"""Nicks: what servers' preparation leaves of people's names."""

import pytest

from bridge.contract import Contact, ContactId
from bridge.xmpp.nicks import nick

ID = ContactId("@anna:example.org")


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("Anna", 1, "Anna"),
        ("Anna", 2, "Anna (2)"),
        ("  Anna \n  Magnani ", 1, "Anna Magnani"),
        ("", 1, "@anna:example.org"),
        ("", 3, "@anna:example.org (3)"),
        ("\0\u200b\u202e", 1, "@anna:example.org"),
        ("Anna\x00\u2028B", 1, "Anna B"),
        ("ﬁne Ⅷ", 1, "fine VIII"),
        ("😀 Anna", 1, "Anna"),
        ("😀", 1, "@anna:example.org"),
        ("אנה", 1, "אנה"),
        ("אנה", 2, "@anna:example.org (2)"),
        ("אנה Anna", 1, "@anna:example.org"),
        ("n" * 5_000, 1, "n" * 100),
        ("a/b@c", 1, "a/b@c"),
        ("\ud800Anna", 1, "Anna"),
    ],
)
def test_a_nick_is_what_can_be_used_of_a_name(name: str, number: int, expected: str) -> None:
    assert nick(Contact(ID, name), number) == expected


def test_who_has_nothing_that_can_be_used_is_somebody() -> None:
    assert nick(Contact(ContactId("\0"), "\0")) == "somebody"


@pytest.mark.parametrize("name", ["Anna", "ﬁne Ⅷ", "😀 Anna", "אנה", "Ünï ß", "a/b@c", "x" * 300])
def test_preparation_changes_no_nick(name: str) -> None:
    from slixmpp import JID

    made = nick(Contact(ID, name))

    assert JID(f"room@example.org/{made}").resource == made
