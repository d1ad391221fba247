"""What people may do in a Matrix room, and how its levels are made so."""

from collections.abc import Mapping
from typing import Any

import pytest

from bridge.contract import ContactId, Past, Rank, Rules
from connectors.matrix.facts import Facts
from connectors.matrix.powers import Powers

MADE = {  # as Synapse makes a private room
    "users": {"@a:x": 100}, "users_default": 0, "events_default": 0, "state_default": 50, "ban": 50, "kick": 50,
    "redact": 50, "invite": 0, "events": {"m.room.name": 50, "m.room.power_levels": 100, "m.room.tombstone": 100},
}  # fmt: skip


def powers(content: Mapping[str, Any] | None = None, **more: Any) -> Powers:
    return Powers(content=MADE if content is None else content, **more)


@pytest.mark.parametrize("rank", list(Rank))
@pytest.mark.parametrize(
    "content",
    [
        MADE, {**MADE, "kick": 25, "redact": 10}, {**MADE, "events_default": 1}, {**MADE, "users_default": 20}, {},
        {**MADE, "events": {"m.room.message": 30}, "users_default": 10},
    ],
)  # fmt: skip
def test_who_is_given_a_rank_has_it_or_one_that_may_as_much(content: Mapping[str, Any], rank: Rank) -> None:
    before = powers(content)
    after = Powers(content=before.with_rank("@b:x", rank))

    assert after.rank("@b:x") is rank or (rank is Rank.MODERATOR and after.rank("@b:x") is Rank.ADMIN)
    for user in ("@a:x", "@c:x"):
        assert after.rank(user) is before.rank(user)


def test_who_is_as_anybody_else_is_not_named() -> None:
    once = Powers(content=powers().with_rank("@b:x", Rank.ADMIN))

    assert once.content is not None
    assert once.content["users"] == {"@a:x": 100, "@b:x": 50}
    assert once.with_rank("@b:x", Rank.MEMBER)["users"] == {"@a:x": 100}


def test_where_only_some_speak_others_listen_and_voice_is_given() -> None:
    quiet = Powers(content=powers().with_rules(moderated=True))

    assert (quiet.moderated, quiet.rank("@b:x"), quiet.rank("@a:x")) == (True, Rank.VISITOR, Rank.OWNER)
    voiced = Powers(content=quiet.with_rank("@b:x", Rank.MEMBER))
    assert (voiced.rank("@b:x"), voiced.rank("@c:x")) == (Rank.MEMBER, Rank.VISITOR)
    assert Powers(content=voiced.with_rules(moderated=False)).rank("@c:x") is Rank.MEMBER


def test_a_room_without_levels_belongs_to_who_made_it() -> None:
    found = Powers(maker="@a:x")

    assert (found.rank("@a:x"), found.rank("@b:x")) == (Rank.OWNER, Rank.MEMBER)
    assert found.ranks == (((ContactId("@a:x"), Rank.OWNER),), Rank.MEMBER)
    assert Powers(content=found.with_rank("@b:x", Rank.ADMIN)).rank("@a:x") is Rank.OWNER


def test_creators_stand_above_levels_and_are_told_with_the_others() -> None:
    found = powers({**MADE, "users": {"@b:x": 50}}, creators=frozenset({"@a:x"}), maker="@a:x")

    assert dict(found.ranks[0]) == {"@a:x": Rank.OWNER, "@b:x": Rank.ADMIN}
    assert "@a:x" not in found.with_rank("@c:x", Rank.ADMIN)["users"]


def test_rules_are_read_and_made() -> None:
    facts = Facts("!r", ContactId("@me:x"))
    facts.apply(
        {"type": f"m.room.{kind}", "state_key": "", "content": content}
        for kind, content in (
            ("power_levels", MADE), ("join_rules", {"join_rule": "public"}),
            ("history_visibility", {"history_visibility": "joined"}),
        )
    )  # fmt: skip

    assert facts.rules == Rules(True, False, Rank.MODERATOR, Rank.MEMBER, Past.JOINED)
    facts.apply(
        [
            {
                "type": "m.room.power_levels", "state_key": "",
                "content": facts.powers.with_rules(subject=Rank.MEMBER, invites=Rank.ADMIN),
            }
        ]
    )  # fmt: skip
    assert (facts.rules.subject, facts.rules.invites) == (Rank.MEMBER, Rank.MODERATOR)  # which is the same there


@pytest.mark.parametrize("value", [None, 7, [], "x", {"@b:x": []}, {"@b:x": 1 << 60}, {7: 1}])
def test_levels_that_make_no_sense_give_nobody_anything(value: Any) -> None:
    found = powers({"users": value, "ban": value, "events": value, "users_default": value})

    assert found.rank("@b:x") is Rank.MEMBER
    assert found.with_rank("@b:x", Rank.OWNER)["users"]["@b:x"] == 100
