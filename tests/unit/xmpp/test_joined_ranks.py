"""What people may do in a room elsewhere, by what the room shows its listener."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import Rank
from bridge.xmpp.joined import ranks

ROOM = "cafe@conference.example.org"


def presence(affiliation: str, role: str, jid: str = "") -> Element:
    real = f" jid='{jid}'" if jid else ""
    return fromstring(
        f"<presence from='{ROOM}/x'><x xmlns='http://jabber.org/protocol/muc#user'>"
        f"<item affiliation='{affiliation}' role='{role}'{real}/></x></presence>"
    )


@pytest.mark.parametrize(
    ("affiliation", "role", "rank"),
    [
        ("owner", "moderator", Rank.OWNER),
        ("admin", "moderator", Rank.ADMIN),
        ("member", "moderator", Rank.MODERATOR),
        ("member", "participant", Rank.MEMBER),
        ("none", "visitor", Rank.VISITOR),
        ("king", "queen", Rank.MEMBER),
    ],
)
def test_an_affiliation_counts_before_a_role(affiliation: str, role: str, rank: Rank) -> None:
    assert ranks.read(presence(affiliation, role)) == ranks.Standing(rank, "")


def test_somebody_without_a_word_about_them_is_a_member() -> None:
    assert ranks.read(fromstring("<presence/>")).rank is Rank.MEMBER


def test_people_are_known_by_occupant_id_by_nick_and_by_address() -> None:
    others = {"Romeo": "o1", "Juliet": ""}
    standings = {
        "Romeo": ranks.read(presence("owner", "moderator", "Romeo@example.org/phone")),
        "Juliet": ranks.read(presence("member", "participant")),
    }

    def rank(contact: str) -> Rank | None:
        return ranks.of(contact, ROOM, others, standings)

    assert rank(f"{ROOM}/o1") is Rank.OWNER
    assert rank(f"{ROOM}/Juliet") is Rank.MEMBER
    assert rank("romeo@example.org") is Rank.OWNER
    assert rank(f"{ROOM}/Romeo") is None, "where people have ids a nick names nobody"
    assert rank("juliet@example.org") is None, "the room hides who that is"
    assert rank("other@conference.example.org/o1") is None


def test_of_several_apps_of_one_person_the_most_counts() -> None:
    others = {"a": "", "b": ""}
    standings = {
        "a": ranks.read(presence("none", "participant", "romeo@example.org/a")),
        "b": ranks.read(presence("admin", "moderator", "romeo@example.org/b")),
    }
    assert ranks.of("romeo@example.org", ROOM, others, standings) is Rank.ADMIN


def test_who_has_left_is_nobody() -> None:
    standings = {"Romeo": ranks.read(presence("owner", "moderator", "romeo@example.org"))}
    assert ranks.of("romeo@example.org", ROOM, {}, standings) is None
