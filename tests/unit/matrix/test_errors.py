"""What answers mean; JSON of every kind; notes within their limits."""

import json
from typing import Any

import pytest

from bridge.contract import LoggedOut, Reason, Refused, Unavailable, Unconfirmed
from bridge.contract.workspace import Answer
from bridge.hub.workspace import PassingMemory
from connectors.matrix import decoding, errors
from connectors.matrix.notes import Notes


def answer(status: int, said: Any = None, **headers: str) -> Answer:
    return Answer(status, {n.replace("_", "-"): v for n, v in headers.items()}, json.dumps(said).encode())


@pytest.mark.parametrize(
    ("status", "said", "asked", "changed"),
    [(500, None, errors.Faulty, Unconfirmed), (502, None, Unavailable, Unconfirmed),
     (200, [], errors.Faulty, Unconfirmed),
     (404, None, errors.Faulty, Unconfirmed), (302, None, errors.Faulty, Unconfirmed),
     (408, {"errcode": "M_UNKNOWN"}, errors.Faulty, Unconfirmed), (429, None, Unavailable, Unavailable),
     (403, {"errcode": "M_FORBIDDEN"}, Refused, Refused), (404, {"errcode": "M_NOT_FOUND"}, Refused, Refused),
     (401, {"errcode": "M_UNKNOWN_TOKEN"}, LoggedOut, LoggedOut),
     (401, {"errcode": "M_USER_LOCKED"}, errors.Locked, errors.Locked),
     (403, {"errcode": "M_USER_DEACTIVATED"}, LoggedOut, LoggedOut), (401, None, Unavailable, Unavailable)],
)  # fmt: skip
def test_answers_mean_one_of_the_four(status: int, said: Any, asked: type[Exception], changed: type[Exception]) -> None:
    for changes, kind in ((False, asked), (True, changed)):
        with pytest.raises(kind) as caught:
            errors.read(answer(status, said), changes=changes)

        assert type(caught.value) is kind
        assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("said", "headers", "seconds"),
    [({"retry_after_ms": 2500}, {}, 2.5), ({}, {}, 5.0), ({}, {"retry_after": "12"}, 12.0),
     ({"retry_after_ms": 1}, {}, 1.0),
     ({"retry_after_ms": 10**9}, {}, 300.0), ({"retry_after_ms": "x"}, {}, 5.0), ({"retry_after_ms": -5}, {}, 5.0),
     ({}, {"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 5.0), ({}, {"retry_after": "9" * 50}, 5.0),
     ({"retry_after_ms": 9000}, {"retry_after": "3"}, 3.0)],
)  # fmt: skip
def test_how_long_to_wait_is_believed_within_reason(said: Any, headers: dict[str, str], seconds: float) -> None:
    found = errors.error_of(answer(429, said, **headers), changes=True)

    assert isinstance(found, Unavailable)
    assert found.retry_after == seconds


def test_what_a_homeserver_says_is_shown_as_one_line() -> None:
    found = errors.error_of(
        answer(403, {"errcode": "M_FORBIDDEN", "error": "no\n\x1b[31m way" + "x" * 999}), changes=True
    )

    assert isinstance(found, Refused)
    assert found.reason is Reason.FORBIDDEN
    assert found.text.isprintable()
    assert len(found.text) < 300


@pytest.mark.parametrize(
    ("source", "value"),
    [(b'{"a": 1}', {"a": 1}), (b'{"a": "\\ud800"}', {"a": "\ud800"}),
     (b'{"a": ' + b"9" * 5_000 + b"}", {"a": float("inf")}),
     (b'{"a": 1e999}', {"a": float("inf")}), (b"[" * 50_000, None), (b"{", None), (b"\xff", None), (b"", None),
     (b'{"a": 1, "a": 2}', {"a": 2})],
)  # fmt: skip
def test_json_of_every_kind_is_read_or_none(source: bytes, value: Any) -> None:
    assert decoding.decoded(source) == value


def test_pieces_of_strange_json_are_the_same_pieces() -> None:
    plain = decoding.pieces(b'{"a": {"b": 1}, "c": [2]}')
    strange = decoding.pieces(b'{"a": {"b": 1}, "c": [2], "\\ud800": "\\udfff"}')

    assert [decoding.decoded(plain[key]) for key in "ac"] == [decoding.decoded(strange[key]) for key in "ac"]
    assert all(key.encode() for key in strange)


@pytest.mark.parametrize("source", [b"[]", b"7", b"null", b"{", b"", b'"x"', b"[" * 50_000])
def test_what_is_no_object_has_no_pieces(source: bytes) -> None:
    assert decoding.pieces(source) == {}


async def test_notes_are_durable_and_stay_within_a_memory() -> None:
    memory = PassingMemory()
    notes = Notes(memory, "notes")
    await notes.load()
    room = "!" + "é" * 100
    kept = 0
    while await notes.put(f"{room}{kept}", "x" * 100):
        kept += 1
    await notes.drop(f"{room}0")

    again = Notes(memory, "notes")
    await again.load()

    assert kept > 100
    assert again.all() == notes.all()
    assert len(again.all()) == kept - 1


async def test_notes_that_must_be_kept_push_out_the_oldest() -> None:
    notes = Notes(PassingMemory(), "notes")
    for n in range(2_000):
        await notes.keep(f"room {n}", "x" * 100)

    assert notes.get("room 1999")
    assert notes.get("room 0") is None
