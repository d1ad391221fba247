"""Everything that a message of Telegram can be has a form or a line, also what Telegram thinks of next."""

from typing import Any

import pytest

from bridge.contract import MediaKind, NetworkId, Style
from connectors.telegram import ids, topics
from connectors.telegram.content import message_of

FILE = {"file_id": "AgACAgIAAxk-1_x", "file_unique_id": "u", "file_size": 1234}
PLACE = {"latitude": 45.4419, "longitude": 10.9973}
NET = NetworkId("telegram")


def message(**content: Any) -> dict[str, Any]:
    user = {"id": 7, "is_bot": False, "first_name": "Juliet"}
    return {"message_id": 5, "date": 1_700_000_000, "chat": {"id": 7, "type": "private"}, "from": user, **content}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ({"text": "plain"}, "plain"),
        ({"contact": {"first_name": "Nurse", "phone_number": "+39 045"}}, "[Contact: Nurse, +39 045]"),
        ({"contact": "?"}, "[Contact: no name]"),
        ({"location": PLACE}, "Location: geo:45.4419,10.9973"),
        ({"location": {**PLACE, "live_period": 60}}, "Live location: geo:45.4419,10.9973"),
        ({"location": {"latitude": 400, "longitude": "x"}}, "[Location: nowhere on Earth]"),
        ({"venue": {"location": PLACE, "title": "Balcony", "address": "Via Cappello"}},
         "Balcony, Via Cappello geo:45.4419,10.9973"),
        ({"poll": {"question": "A rose?", "options": [{"text": "yes"}, {"text": "no"}, 7]}},
         "[Poll: A rose?]\n- yes\n- no\n- "),
        ({"poll": {"question": "A rose?", "type": "quiz"}}, "[Quiz: A rose?]"),
        ({"dice": {"emoji": "🎯", "value": 6}}, "🎯 6"),
        ({"game": {"title": "Chess"}}, "[Game: Chess]"),
        ({"story": {"chat": {}, "id": 1}}, "[A story of somebody, which can be seen in Telegram apps]"),
        ({"invoice": {"title": "Poison"}}, "[Invoice: Poison]"),
        ({"checklist": {"title": "Feast", "tasks": [{"text": "wine"}]}}, "[Checklist: Feast]\n- wine"),
        ({"paid_media": {}}, "[Something that can be seen in Telegram apps]"),
        ({"giveaway": {}}, "[Giveaway: prizes for some winners.]"),
        ({"pinned_message": message(text="Two households")}, "has pinned a message: Two households"),
        ({"pinned_message": None}, "has pinned a message."),
        ({"new_chat_photo": []}, "has changed the group's picture."),
        ({"video_chat_started": {}}, "has begun a video chat, in which people with Telegram can take part."),
        ({"forum_topic_created": {"name": "Duels", "title": "x"}}, "[Topic: Duels]"),
        ({"forum_topic_edited": {"name": "Peace"}}, "[Topic changed: Peace]"),
        ({"forum_topic_closed": {}}, "has closed the topic."),
        ({"general_forum_topic_hidden": {}}, "has hidden the general topic."),
        ({"hologram": {"depth": 3}}, "[unsupported: hologram]"),
        ({"hologram\n\x07": {}}, "[unsupported: hologram]"),
        ({}, "[unsupported: an empty message]"),
        ({"text": ""}, "(an empty message)"),
    ],
)  # fmt: skip
def test_what_it_says(content: dict[str, Any], line: str) -> None:
    said = message_of(message(**content), NET)

    assert said is not None
    assert said.text == line


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("photo", {}, (MediaKind.IMAGE, "image/jpeg", "photo.jpg")),
        ("video", {"mime_type": "video/webm", "file_name": "duel.webm"}, (MediaKind.VIDEO, "video/webm", "duel.webm")),
        ("animation", {}, (MediaKind.VIDEO, "video/mp4", "animation.mp4")),
        ("audio", {}, (MediaKind.AUDIO, "audio/mpeg", "audio.mp3")),
        ("voice", {"duration": 3}, (MediaKind.VOICE, "audio/ogg", "voice message.ogg")),
        ("video_note", {"length": 240}, (MediaKind.VIDEO, "video/mp4", "video message.mp4")),
        ("document", {"mime_type": "image/png", "file_name": "a.png"}, (MediaKind.IMAGE, "image/png", "a.png")),
        ("document", {"mime_type": "not a type"}, (MediaKind.FILE, "application/octet-stream", "file")),
        ("sticker", {"emoji": "🌹"}, (MediaKind.STICKER, "image/webp", "sticker 🌹.webp")),
    ],
)
def test_files_of_every_kind(kind: str, more: dict[str, Any], expected: tuple[MediaKind, str, str]) -> None:
    held: Any = {**FILE, **more}
    if kind == "photo":
        held = [{"file_id": "small", "width": 1}, {**held, "width": 9}]
    said = message_of(message(**{kind: held, "caption": "look"}), NET)

    assert said is not None
    [file] = said.media
    assert (file.kind, file.mime, file.name) == expected
    assert (file.reference, file.size, said.text) == (FILE["file_id"], 1234, "look")


def test_an_animation_is_not_the_document_that_comes_with_it() -> None:
    said = message_of(message(animation=FILE, document={**FILE, "file_id": "OTHER_1"}), NET)

    assert said is not None
    assert [one.reference for one in said.media] == [FILE["file_id"]]


def test_a_file_that_cannot_be_asked_for_is_a_line() -> None:
    for reference in ("file:/etc/passwd", "../x", "", 7, None, "x" * 400):
        said = message_of(message(document={"file_id": reference}), NET)
        assert said is not None
        assert (said.media, said.text) == ((), "[unsupported: document]")


@pytest.mark.parametrize(
    ("origin", "head"),
    [
        ({"type": "user", "sender_user": {"id": 9, "first_name": "Nurse"}}, "Forwarded from Nurse:\n"),
        ({"type": "hidden_user", "sender_user_name": "Somebody"}, "Forwarded from Somebody:\n"),
        ({"type": "channel", "chat": {"id": -100, "title": "News"}}, "Forwarded from News:\n"),
        ({"type": "alien"}, "Forwarded:\n"),
    ],
)
def test_what_is_forwarded_says_from_whom(origin: dict[str, Any], head: str) -> None:
    entities = [{"type": "bold", "offset": 0, "length": 4}]
    said = message_of(message(text="Hark", entities=entities, forward_origin=origin), NET)

    assert said is not None
    assert said.text == f"{head}Hark"
    assert (said.spans[0].start, said.spans[0].end) == (len(head), len(head) + 4)


def test_replies_quote_what_was_chosen_and_topics_are_no_replies() -> None:
    answered = message(text="What's in a name? That which we call a rose")
    answered["message_id"] = 4
    whole = message_of(message(text="Aye", reply_to_message=answered), NET)
    part = message_of(message(text="Aye", reply_to_message=answered, quote={"text": "a rose"}), NET)
    topic = message_of(message(text="Aye", reply_to_message=answered, is_topic_message=True, message_thread_id=4), NET)

    assert whole is not None
    assert part is not None
    assert topic is not None
    assert (whole.reply_to, whole.quote and whole.quote.text) == ("4", answered["text"])
    assert (whole.quote and whole.quote.author and whole.quote.author.id, whole.quote and whole.quote.name) == (
        "7",
        "Juliet",
    )
    assert (part.reply_to, part.quote and part.quote.text) == ("4", "a rose")
    assert (topic.reply_to, topic.quote) == (None, None)


@pytest.mark.parametrize(
    "key", ["new_chat_members", "left_chat_member", "new_chat_title", "migrate_to_chat_id", "group_chat_created"]
)
def test_what_is_told_as_who_and_what_a_room_is_says_nothing(key: str) -> None:
    assert message_of(message(**{key: True}), NET) is None


def test_lines_are_notices_and_places_are_places() -> None:
    poll = message_of(message(poll={"question": "?"}), NET)
    place = message_of(message(location=PLACE), NET)

    assert poll is not None
    assert place is not None
    assert (poll.style, place.style) == (Style.NOTICE, Style.TEXT)
    assert place.place is not None
    assert place.place.latitude == PLACE["latitude"]


FORUM = {"id": -1001234567890, "type": "supergroup", "is_forum": True}


@pytest.mark.parametrize(
    ("raw", "topic"),
    [
        ({"is_topic_message": True, "message_thread_id": 12}, 12),
        ({"is_topic_message": True, "message_thread_id": 7, "message_id": 7, "forum_topic_created": {}}, 7),
        ({"message_id": 7, "forum_topic_created": {}}, 7),
        ({"message_thread_id": 12}, 1),  # an answer in the general topic
        ({"is_topic_message": True}, 1),
        ({"is_topic_message": "yes", "message_thread_id": 12}, 1),
        ({"is_topic_message": True, "message_thread_id": 2**53}, 1),
        ({"message_thread_id": 12, "chat": {"id": -1001234567890, "is_forum": "yes"}}, None),
    ],
)
def test_in_which_topic_a_message_is(raw: dict[str, Any], topic: int | None) -> None:
    assert topics.place({"message_id": 5, "chat": FORUM, **raw}) == topic


@pytest.mark.parametrize(
    ("chat", "topic", "whole"),
    [
        ("-1001234567890/12", 12, "-1001234567890"),
        ("-45/1", 1, "-45"),
        ("-1001234567890", None, "-1001234567890"),
        ("-1001234567890/012", None, "-1001234567890/012"),
        ("-1001234567890/12/3", None, "-1001234567890/12/3"),
        ("-1001234567890/" + "9" * 17, None, "-1001234567890/" + "9" * 17),
        ("-1/\u0661", None, "-1/\u0661"),
        ("45/12", None, "45/12"),
    ],
)
def test_what_a_topic_is_called(chat: str, topic: int | None, whole: str) -> None:
    assert (ids.topic(chat), ids.whole(chat)) == (topic, whole)
    assert ids.number(chat) is None or topic is None
