"""Signs of life in a sync, as any homeserver may send them."""

from typing import Any

import pytest

from bridge.contract import ContactId, PresenceChanged, ReadUpTo, TypingChanged
from connectors.matrix.api import Api
from connectors.matrix.signs import Signs
from tests.support.asking import NoHttp

ME, JULIET, ROOM = "@romeo:hs", "@juliet:hs", "!room:hs"


@pytest.fixture
def signs() -> Signs:
    return Signs(Api(NoHttp(), "https://hs.example", False), ContactId(ME))


def news(*events: Any) -> dict[str, Any]:
    return {"ephemeral": {"events": list(events)}}


def typing(*users: Any) -> dict[str, Any]:
    return news({"type": "m.typing", "content": {"user_ids": list(users)}})


def receipts(**content: Any) -> dict[str, Any]:
    return news({"type": "m.receipt", "content": {f"${event}": about for event, about in content.items()}})


def told(signs: Signs, something: dict[str, Any], *, live: bool = True) -> list[Any]:
    return list(signs.of_room(ROOM, something, live=live))


def test_only_changes_of_others_are_told(signs: Signs) -> None:
    found = [told(signs, typing(*who)) for who in ((JULIET, ME), (JULIET,), ("@nurse:hs",), ())]

    assert [[(s.sender.id, s.typing) for s in some] for some in found] == [
        [(JULIET, True)], [], [(JULIET, False), ("@nurse:hs", True)], [("@nurse:hs", False)]
    ]  # fmt: skip
    assert isinstance(found[0][0], TypingChanged)


def test_nobody_is_told_who_wrote_before(signs: Signs) -> None:
    assert told(signs, typing(JULIET), live=False) == []


def test_a_crowd_that_writes_is_nobody(signs: Signs) -> None:
    assert told(signs, typing(*(f"@u{n}:hs" for n in range(10_000)))) == []


def test_who_has_read_what(signs: Signs) -> None:
    found = told(
        signs,
        receipts(
            one={"m.read": {JULIET: {"ts": 1}, "@nurse:hs": {"thread_id": "main"}, "@paris:hs": {"thread_id": "$t"}}},
            two={"m.read.private": {ME: {"ts": 1}, "@thief:hs": {"ts": 1}}},
        ),
    )

    assert found == [
        ReadUpTo(chat=ROOM, sender=found[0].sender, target="$one"),  # type: ignore[arg-type]
        ReadUpTo(chat=ROOM, sender=found[1].sender, target="$one"),  # type: ignore[arg-type]
        ReadUpTo(chat=ROOM, sender=found[2].sender, target="$two", private=True),  # type: ignore[arg-type]
    ]
    assert [s.sender.id for s in found] == [JULIET, "@nurse:hs", ME]


def test_how_people_are(signs: Signs) -> None:
    def of(sender: Any, **content: Any) -> dict[str, Any]:
        return {"type": "m.presence", "sender": sender, "content": content}

    found = list(
        signs.of_people(
            [
                of(JULIET, presence="online", currently_active=True, last_active_ago=5, status_msg="a\nb"),
                of(JULIET, presence="unavailable", last_active_ago=60_000),
                of(JULIET, presence="offline"),
                of(ME, presence="online"),
            ],
            1_000.0,
        )
    )

    assert [(p.available, p.away, p.status, p.idle) for p in found if isinstance(p, PresenceChanged)] == [
        (True, False, "a b", None), (True, True, "", 940.0), (False, False, "", None)
    ]  # fmt: skip


NONSENSE: list[Any] = [
    None, 1, "x", [], [None], {"type": "m.typing"}, {"type": "m.typing", "content": {"user_ids": "x"}},
    {"type": "m.typing", "content": {"user_ids": [None, 1, "no id", {}]}},
    {"type": "m.receipt", "content": []}, {"type": "m.receipt", "content": {"no id": {"m.read": {JULIET: {}}}}},
    {"type": "m.receipt", "content": {"$x": {"m.read": [JULIET], "m.read.private": 3}}},
    {"type": "m.receipt", "content": {"$x": {"m.read": {"no id": {}}}}},
    {"type": "m.presence", "sender": JULIET, "content": {"presence": "everywhere"}},
    {"type": "m.presence", "sender": 7, "content": {"presence": "online"}},
]  # fmt: skip


@pytest.mark.parametrize("what", NONSENSE, ids=repr)
def test_nonsense_says_nothing(signs: Signs, what: Any) -> None:
    assert told(signs, news(what)) == []
    assert told(signs, {"ephemeral": what}) == []
    assert list(signs.of_people([what], 0.0)) == []
    assert list(signs.of_people(what, 0.0)) == []


def test_more_marks_than_are_worth_it_are_left_out(signs: Signs) -> None:
    many = {f"e{n}": {"m.read": {f"@u{n}:hs": {}}} for n in range(2_000)}

    assert len(told(signs, receipts(**many))) == 500
