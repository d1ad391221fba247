"""Places and previews of links in Matrix events."""

from typing import Any

import pytest

from bridge.contract import (
    ChatId,
    ContactId,
    Edit,
    Message,
    MessageId,
    MessageReceived,
    NetworkId,
    Place,
    Preview,
    Send,
    Target,
)
from connectors.matrix import sending
from connectors.matrix.events import Reader, parse

READER = Reader(me=ContactId("@romeo:hs"), direct=True, names={}, network=NetworkId("matrix"))
LINK = "https://example.org/x"


def read(**content: Any) -> Message:
    raw = {
        "type": "m.room.message", "event_id": "$e", "sender": "@juliet:hs", "origin_server_ts": 1_700_000_000_000,
        "content": content,
    }  # fmt: skip
    (event,) = parse(raw, ChatId("!r"), READER)
    assert isinstance(event, MessageReceived)
    return event.message


@pytest.mark.parametrize(
    ("content", "text", "place"),
    [
        ({"body": "Verona", "geo_uri": "geo:1,2;u=35"}, "Verona geo:1,2;u=35", Place(1.0, 2.0, 35.0)),
        ({"body": "Location geo:1,2 at noon", "geo_uri": "geo:1,2"}, "geo:1,2", Place(1.0, 2.0)),
        ({"body": "x", "org.matrix.msc3488.location": {"uri": "geo:1,2", "description": "Verona"}}, "Verona geo:1,2",
         Place(1.0, 2.0)),
        ({"body": "Verona", "geo_uri": "nowhere"}, "[Location: Verona, nowhere]", None),
        ({"body": "Verona", "geo_uri": 7, "m.location": []}, "[Location: Verona]", None),
    ],
)  # fmt: skip
def test_places(content: dict[str, Any], text: str, place: Place | None) -> None:
    said = read(msgtype="m.location", **content)

    assert (said.text, said.place) == (text, place)


def test_a_place_there_and_back() -> None:
    said = Message("Verona geo:45.4384,10.9917", place=Place(45.4384, 10.9917))
    made = sending.content(said, "k")

    assert (made["msgtype"], made["geo_uri"], made["body"]) == ("m.location", "geo:45.4384,10.9917", said.text)
    assert read(**made) == said
    assert sending.edited(said, MessageId("$t"), "k")["geo_uri"] == "geo:45.4384,10.9917"


def test_previews_there_and_back() -> None:
    said = Message(f"see {LINK}", previews=(Preview(LINK, "Title", "Words", "Example"),))

    assert read(**sending.content(said, "k")) == said


@pytest.mark.parametrize(
    "listed",
    [
        "x", {}, [None, 1, "x", []], [{"matched_url": LINK}], [{"matched_url": 7, "og:title": "T"}],
        [{"matched_url": "https://elsewhere.example", "og:title": "T"}], [{"og:title": "T"}],
        [{"matched_url": LINK, "og:title": ["T"], "og:description": {}}],
        [{"matched_url": "javascript:x", "og:title": "T"}], [{"matched_url": "", "og:title": "T"}],
    ],
)  # fmt: skip
def test_previews_that_say_nothing(listed: Any) -> None:
    for field in ("m.url_previews", "com.beeper.linkpreviews"):
        assert read(msgtype="m.text", body=f"{LINK} javascript:x", **{field: listed}).previews == ()


def test_previews_are_few_and_short() -> None:
    listed = [{"matched_url": f"{LINK}{n}", "og:title": "T" * 9_000} for n in range(100)]
    found = read(msgtype="m.text", body=" ".join(f"{LINK}{n}" for n in range(100)), **{"m.url_previews": listed})

    assert [len(one.title) for one in found.previews] == [300] * 5


def test_only_the_first_part_of_a_long_message_is_a_place() -> None:
    long = Message("geo:1,2 " + "x" * 100_000, place=Place(1.0, 2.0), previews=(Preview(LINK, "T"),))
    sends = sending.parts(Send(chat=ChatId("!r"), key="k", message=long))
    edits = sending.parts(Edit(chat=ChatId("!r"), key="k", message=long, target=Target((MessageId("$1"),))))

    for parts in (sends, edits):
        messages = [part.message for part in parts if isinstance(part, Send | Edit)]
        assert "".join(one.text for one in messages) == long.text
        assert [one.place is not None for one in messages] == [True] + [False] * (len(messages) - 1)
        assert all(sending.size(one) <= sending.LARGEST for one in messages)
