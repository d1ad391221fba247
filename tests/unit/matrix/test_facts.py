"""What is shown of a Matrix room, whatever its state says; and how people type rooms."""

from typing import Any

import pytest

from bridge.contract import Contact, ContactId, Membership, Rank, Title
from connectors.matrix import ids
from connectors.matrix.facts import Facts

ME = ContactId("@me:x")


def facts(*events: dict[str, Any]) -> Facts:
    made = Facts("!r", ME)
    made.apply(events)
    return made


def state(kind: str, key: Any = "", **content: Any) -> dict[str, Any]:
    return {"type": kind, "state_key": key, "content": content, "sender": "@a:x"}


def test_name_topic_and_alias_are_shown() -> None:
    found = facts(
        state("m.room.name", name="Verona\n"), state("m.room.topic", topic="A feud"),
        state("m.room.canonical_alias", alias="#verona:x"),
    )  # fmt: skip

    assert (found.title, found.topic, found.alias, found.carried) == ("Verona", "A feud", "#verona:x", True)


def test_without_a_name_it_is_called_after_its_alias_or_its_people() -> None:
    members = [state("m.room.member", "@a:x", membership="join", displayname="Anna")]
    found = facts(*members)
    found.hear({"m.heroes": ["@a:x", "@b:x", 7, "nobody"]})

    assert found.title == "Anna, @b:x"
    found.apply([state("m.room.canonical_alias", alias="#verona:x")])
    assert found.title == "#verona:x"


def test_ranks_are_power_levels() -> None:
    """Room versions before 10 have levels as strings, too."""
    users = {"@a:x": 100, "@b:x": 50, "@c:x": " 100", "@e:x": "many", "@f:x": -1, "@g:x": 10}
    found = facts(state("m.room.power_levels", users=users, users_default=0, kick=10))

    assert {user: found.rank(ContactId(user)) for user in (*users, "@d:x")} == {
        "@a:x": Rank.OWNER, "@b:x": Rank.ADMIN, "@c:x": Rank.OWNER, "@e:x": Rank.MEMBER, "@f:x": Rank.VISITOR,
        "@g:x": Rank.MODERATOR, "@d:x": Rank.MEMBER,
    }  # fmt: skip


@pytest.mark.parametrize(("version", "made"), [("12", Rank.OWNER), ("11", Rank.MEMBER), ("?", Rank.MEMBER)])
def test_who_made_a_room_stands_above_power_levels_since_version_12(version: str, made: Rank) -> None:
    found = facts(
        state("m.room.create", room_version=version, additional_creators=["@b:x", 7]),
        state("m.room.power_levels", users={"@c:x": 50}),
    )

    ranks = [found.rank(ContactId(user)) for user in ("@a:x", "@b:x", "@c:x", "@d:x")]
    assert ranks == [made, made, Rank.ADMIN, Rank.MEMBER]


@pytest.mark.parametrize(("version", "creates"), [("12", True), ("11", False), ("?", False)])
def test_who_made_a_room_has_a_title_since_version_12_and_no_level_is_one(version: str, creates: bool) -> None:
    found = facts(
        state("m.room.create", room_version=version, additional_creators=["@b:x", 7]),
        state("m.room.power_levels", users={"@c:x": 75, "@d:x": 100}),
    )

    people = [found.occupant(Contact(ContactId(user)), Membership.JOINED) for user in ("@a:x", "@b:x", "@c:x", "@d:x")]
    creator = (Title("creator", "Creator"),) if creates else ()
    assert [one.titles for one in people] == [creator, creator, (), ()]


def test_of_whom_it_is_not_known_who_made_the_room_no_title_is_told() -> None:
    found = facts(state("m.room.power_levels", users={"@a:x": 100}))

    assert found.occupant(Contact(ME), Membership.JOINED).titles is None


def test_a_space_is_no_room_and_encryption_stays() -> None:
    found = facts(state("m.room.create", type="m.space"), state("m.room.encryption", algorithm="x"))
    found.apply([state("m.room.encryption")])

    assert (found.carried, found.encrypted) == (False, True)


@pytest.mark.parametrize("kind", ["m.room.name", "m.room.topic", "m.room.canonical_alias", "m.room.power_levels"])
@pytest.mark.parametrize("value", [None, 7, [], {}, "\ud800", "x" * 100_000])
def test_a_state_that_makes_no_sense_harms_nothing(kind: str, value: Any) -> None:
    found = facts({"type": kind, "state_key": "", "content": {"name": value, "alias": value, "users": value}})
    found.apply([{"type": kind, "state_key": "", "content": value}, {"type": kind, "state_key": value}, value])

    assert len(found.title) <= 255
    assert found.rank(ME) is Rank.MEMBER


@pytest.mark.parametrize(
    ("typed", "room"),
    [
        ("#cafe:example.org", "#cafe:example.org"),
        ("  #cafe:example.org ", "#cafe:example.org"),
        ("#cafe%example.org", "#cafe:example.org"),
        ("#cafe%example.org@matrix.home.example", "#cafe:example.org"),
        ("https://matrix.to/#/#cafe:example.org", "#cafe:example.org"),
        ("https://matrix.to/#/%23cafe:example.org?via=x", "#cafe:example.org"),
        ("!abc:example.org", "!abc:example.org"),
        ("!abc", "!abc"),
        ("cafe", None), ("", None), ("#", None), ("!", None), ("@anna:example.org", None), ("#ca fe:x", None),
    ],
)  # fmt: skip
def test_rooms_are_typed_in_many_ways(typed: str, room: str | None) -> None:
    assert ids.room(typed) == room


@pytest.mark.parametrize("user", ["@#cafe:x", "@%cafe:x", "@%#cafe:x", "@%%:x", "@cafe%b:x"])
def test_nobody_has_the_address_of_a_room(user: str) -> None:
    local = ids.localpart(ContactId(user))

    assert not local.startswith("#")
    assert ids.contact(local) == user
    assert ids.contact(ids.alias_localpart("#cafe:x")) is None
