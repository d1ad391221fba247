"""Room events become messages, or one readable line, or a dead letter; never an error."""

from typing import Any

import pytest

from bridge.contract import (
    ChatId,
    ContactId,
    Message,
    MessageEdited,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Quote,
    ReactionsChanged,
    Span,
    SpanKind,
    Style,
    Unparsable,
)
from connectors.matrix import events, ids

ME, JULIET, NOW = ContactId("@romeo:hs.test"), "@juliet:hs.test", 1_700_000_000.0
READER = events.Reader(me=ME, direct=True, names={JULIET: "Juliet"}, network=NetworkId("matrix"), now=NOW)


def event(content: Any, kind: str = "m.room.message", **more: Any) -> Any:
    base = {"event_id": "$1", "sender": JULIET, "type": kind, "content": content, "origin_server_ts": 1_600_000_000_000}
    return {**base, **more}


def parsed(raw: Any) -> Any:
    found = events.parse(raw, ChatId("!r"), READER)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("kind", ["m.gallery", "dm.filament.gallery", "com.beeper.gallery"])
def test_several_files_of_one_event_come_in_order_with_what_is_said_of_them(kind: str) -> None:
    beeper = kind.startswith("com")
    type = "msgtype" if beeper else "itemtype"
    items: list[Any] = [
        {type: "m.image", "body": "a.png", "url": "mxc://hs.test/a"},
        {type: "m.video", "body": "The second", "filename": "b.mp4", "url": "mxc://hs.test/b"},
        {type: "m.file", "body": "c.pdf", "url": "mxc://hs.test/c"},
    ]
    where = ("com.beeper.gallery.images", "com.beeper.gallery.caption") if beeper else ("itemtypes", "body")
    content = {"msgtype": kind, "body": "for others", where[0]: items, where[1]: "Verona"}

    found = parsed(event(content)).message
    without = parsed(event({**content, where[1]: ""})).message
    many = parsed(event({**content, where[0]: items[:1] * 200})).message
    broken = parsed(event({"msgtype": kind, "body": "for others", where[0]: [*items, {type: "m.image"}]})).message

    assert [(one.reference, one.name, one.kind) for one in found.media] == [
        ("mxc://hs.test/a", "a.png", "image"), ("mxc://hs.test/b", "b.mp4", "video"),
        ("mxc://hs.test/c", "c.pdf", "file"),
    ]  # fmt: skip
    assert (found.text, without.text) == ("Verona\nb.mp4: The second", "b.mp4: The second")
    assert (len(many.media), many.text.rpartition("\n")[2]) == (
        100, "(There are 100 more files, which are not shown here.)"
    )  # fmt: skip
    assert (broken.media, broken.text) == ((), f"[Unsupported message of type {kind}] for others")


def said(body: str, **more: Any) -> Any:
    return event({"msgtype": "m.text", "body": body, **more})


def test_a_text_says_who_where_when_and_what() -> None:
    found = parsed(said("Wherefore art thou?"))

    assert isinstance(found, MessageReceived)
    assert (found.chat, found.id, found.sender.id, found.sender.name) == ("!r", "$1", JULIET, "Juliet")
    assert (found.at, found.key, found.message.text) == (1_600_000_000.0, None, "Wherefore art thou?")


@pytest.mark.parametrize(
    ("age", "at"),
    [
        (7_000, NOW - 7),
        (0, NOW),
        (-1, 1_600_000_000.0),
        ("7000", 1_600_000_000.0),
        (1 << 52, 1_600_000_000.0),
        (None, 1_600_000_000.0),
    ],
)
def test_how_long_ago_it_was_counts_more_than_what_a_clock_said(age: object, at: float) -> None:
    assert parsed({**said("late"), "unsigned": {"age": age}}).at == at


def test_formatting_becomes_spans() -> None:
    rich = {"format": "org.matrix.custom.html", "formatted_body": "so <b>bold</b>"}

    found = parsed(said("so **bold**", **rich))

    assert found.message.text == "so bold"
    assert found.message.spans == (Span(3, 7, SpanKind.BOLD),)


@pytest.mark.parametrize(
    ("msgtype", "style"), [("m.text", Style.TEXT), ("m.emote", Style.EMOTE), ("m.notice", Style.NOTICE)]
)
def test_styles(msgtype: str, style: Style) -> None:
    assert parsed(event({"msgtype": msgtype, "body": "x"})).message.style is style


def test_a_reply_names_its_target_and_loses_its_fallback() -> None:
    relation = {"m.relates_to": {"m.in_reply_to": {"event_id": "$0"}}}

    found = parsed(said(f"> <{JULIET}> old\n> words\n\nnew words", **relation))

    assert (found.message.reply_to, found.message.text) == ("$0", "new words")


def test_what_a_reply_has_quoted_is_kept_for_where_its_target_is_not_known() -> None:
    relation = {"m.relates_to": {"m.in_reply_to": {"event_id": "$0"}}}

    found = parsed(said(f"> <{JULIET}> old\n> words\n\nnew words", **relation))

    assert found.message.quote == Quote("old\nwords")


def test_who_is_mentioned_without_a_pill_is_found_by_name() -> None:
    mentions = {"m.mentions": {"user_ids": [JULIET, ME, "nobody", 7, "@absent:hs.test"]}}

    found = parsed(said(f"Juliet and {ME}: Juliets", **mentions))

    assert found.message.spans == (
        Span(0, 6, SpanKind.MENTION, JULIET), Span(11, 11 + len(ME), SpanKind.MENTION, ME),
    )  # fmt: skip
    assert found.called == ("@absent:hs.test",)


def test_a_message_in_a_thread_is_no_reply() -> None:
    relation = {
        "rel_type": "m.thread", "event_id": "$root", "is_falling_back": True, "m.in_reply_to": {"event_id": "$0"},
    }  # fmt: skip

    found = parsed(said(f"> <{JULIET}> before\n\nx", **{"m.relates_to": relation})).message

    assert (found.text, found.reply_to, found.quote) == ("x", None, None)


@pytest.mark.parametrize("more", [{"body": ""}, {"body": " "}, {}, {"body": 7}])
def test_a_file_comes_also_where_its_caption_is_empty(more: Any) -> None:
    found = parsed(event({"msgtype": "m.image", "filename": "cat.png", "url": "mxc://hs.test/cat", **more}))

    assert isinstance(found, MessageReceived)
    assert (found.message.text, [file.name for file in found.message.media]) == ("", ["cat.png"])


@pytest.mark.parametrize(
    ("key", "believed"), [("key-1.2", "key-1.2"), ("", None), ("a b", None), ("x" * 65, None), (7, None)]
)
def test_our_key_is_read_and_only_a_proper_one(key: Any, believed: str | None) -> None:
    assert parsed(said("x", **{events.KEY: key})).key == believed


LINES = {
    "image": (event({"msgtype": "m.image", "body": "cat.png", "info": {"size": 123_456}}), "[Image: cat.png, 123 kB]"),
    "captioned": (event({"msgtype": "m.image", "body": "My cat", "filename": "c.png"}), "[Image: c.png] My cat"),
    "voice": (
        event({"msgtype": "m.audio", "body": "x", "m.voice": {}, "info": {"duration": 61_000}}),
        "[Voice message: 1 min 1 s]",
    ),
    "place": (event({"msgtype": "m.location", "body": "Verona", "geo_uri": "geo:x"}), "[Location: Verona, geo:x]"),
    "sticker": (event({"body": "Wave"}, "m.sticker"), "[Sticker: Wave]"),
    "call": (event({"offer": {"sdp": "m=video"}}, "m.call.invite"), "Juliet is calling with video."),
    "unknown": (event({"body": "instead"}, "org.example.new"), "[Unsupported message of type org.example.new] instead"),
    "verification": (event({"msgtype": "m.key.verification.request", "body": "x"}), "Juliet asked to verify a device."),
    "empty": (said(""), "(an empty message)"),
    "unknown msgtype": (
        event({"msgtype": "org.example.new", "body": "instead"}),
        "[Unsupported message of type org.example.new] instead",
    ),
    "poll": (
        event(
            {
                "org.matrix.msc3381.poll.start": {
                    "question": {"org.matrix.msc1767.text": "Who?"},
                    "answers": [{"id": "1", "org.matrix.msc1767.text": n} for n in ("Romeo", "Paris")],
                }
            },
            "org.matrix.msc3381.poll.start",
        ),
        "[Poll: Who? Answers: Romeo / Paris]",
    ),
    "stable poll": (
        event({"m.poll": {"question": {"m.text": [{"body": "Who?"}]}, "answers": []}}, "m.poll.start"),
        "[Poll: Who?]",
    ),
    "vote": (event({"m.selections": ["1"]}, "m.poll.response"), "Juliet voted in a poll."),
    "poll over": (event({"m.text": [{"body": "over"}]}, "org.matrix.msc3381.poll.end"), "Juliet closed a poll."),
    "ringing": (event({"notification_type": "ring"}, "org.matrix.msc4075.rtc.notification"), "Juliet is calling."),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "line"), LINES.values(), ids=LINES)
def test_what_is_not_carried_yet_is_one_readable_line(raw: Any, line: str) -> None:
    text = parsed(raw).message.text

    assert text.startswith(line)
    assert "\n" not in text


def replacing(new: Any, kind: str = "m.room.message", **more: Any) -> Any:
    relation = {"rel_type": "m.replace", "event_id": "$0"}
    return event(
        {"msgtype": "m.text", "body": "* fallback", "m.new_content": new, "m.relates_to": relation}, kind, **more
    )


def test_an_edit_names_its_target_and_has_the_new_text() -> None:
    rich = {"format": "org.matrix.custom.html", "formatted_body": "<b>new</b>"}

    found = parsed(replacing({"msgtype": "m.text", "body": "new", **rich}))

    assert isinstance(found, MessageEdited)
    assert (found.id, found.target, found.message) == ("$1", "$0", Message("new", (Span(0, 3, SpanKind.BOLD),)))


@pytest.mark.parametrize("new", [None, "x", []])
def test_an_edit_without_new_content_has_the_text_for_old_apps(new: Any) -> None:
    assert parsed(replacing(new)).message.text == "fallback"


def test_an_edited_poll_is_a_new_line() -> None:
    answers = [{"id": "1", "m.text": "yes"}]
    poll = {"m.poll": {"question": {"m.text": "Now?"}, "answers": answers}}

    found = parsed(replacing(poll, "m.poll.start"))

    assert (found.target, found.message.text) == ("$0", "[Poll: Now? Answers: yes]")


@pytest.mark.parametrize(
    ("content", "emoji"),
    [({}, "👍"), ({"key": "mxc://hs.test/x", "shortcode": ":party:"}, ":party:"), ({"key": "mxc://x"}, "[picture]"),
     ({"key": "two\nlines"}, "two lines")],
)  # fmt: skip
def test_a_reaction_is_one_more(content: Any, emoji: str) -> None:
    relation = {"rel_type": "m.annotation", "event_id": "$0", "key": content.get("key", "👍")}

    found = parsed(event({**content, "m.relates_to": relation}, "m.reaction"))

    assert isinstance(found, ReactionsChanged)
    assert (found.target, found.reactions, found.added) == ("$0", (emoji,), True)


@pytest.mark.parametrize("where", ["content", "event"])
def test_a_redaction_names_its_target_in_every_room_version(where: str) -> None:
    named = {"redacts": "$0"}
    raw = event({"reason": "oops", **(named if where == "content" else {})}, "m.room.redaction")

    found = parsed({**raw, **(named if where == "event" else {})})

    assert isinstance(found, MessageRetracted)
    assert (found.target, found.moderator, found.reason) == ("$0", True, "oops")


def test_a_redaction_that_names_two_events_is_not_believed() -> None:
    """A homeserver judges one of the places only, and the author of the event writes the other."""
    found = parsed(event({"redacts": "$0"}, "m.room.redaction", redacts="$own"))

    assert isinstance(found, Unparsable)
    assert found.reason == "a redaction of two events"


@pytest.mark.parametrize(("sender", "key"), [(ME, "key-1"), (JULIET, None)])
def test_ones_own_redaction_is_known_by_its_transaction(sender: str, key: str | None) -> None:
    raw = event({"redacts": "$0"}, "m.room.redaction", sender=sender, unsigned={"transaction_id": "key-1"})

    assert parsed(raw).key == key


@pytest.mark.parametrize(
    "raw",
    [event({"name": "x"}, "m.room.name", state_key=""), event({"membership": "join"}, "m.room.member", state_key=ME),
     event({"ciphertext": "x"}, "m.room.encrypted"), event({}), {}, None, event({"typing": []}, "m.typing"),
     event({"x": 1}, "org.example.silent"), said("x", unsigned=1) | {"unsigned": {"redacted_because": {"type": "x"}}}],
)  # fmt: skip
def test_what_says_nothing_to_people_is_silent(raw: Any) -> None:
    assert parsed(raw) is None


@pytest.mark.parametrize(
    "raw",
    [said("x", ) | {"event_id": 7}, said("x") | {"event_id": "x"}, said("x") | {"sender": "juliet"},
     said("x") | {"type": None}, said("x") | {"content": "x"}, event({"msgtype": "m.text"}),
     event({"msgtype": "m.text", "body": {}}), "event", 7, ["x"], event({"reason": "x"}, "m.room.redaction"),
     event({"m.relates_to": {"event_id": "$0"}}, "m.reaction"), event({"m.relates_to": {"key": "x"}}, "m.reaction"),
     {k: v for k, v in said("x").items() if k != "content"}],
)  # fmt: skip
def test_what_makes_no_sense_is_a_dead_letter_with_its_reason(raw: Any) -> None:
    found = parsed(raw)

    assert isinstance(found, Unparsable)
    assert found.reason
    assert found.source.startswith("matrix !r")


@pytest.mark.parametrize("stamp", [None, "x", -1, 0, 1 << 60, 1e300, True, float("inf"), 4e12])
def test_a_time_that_cannot_be_true_is_now(stamp: Any) -> None:
    assert parsed(said("x") | {"origin_server_ts": stamp}).at == NOW


@pytest.mark.parametrize(
    ("user", "valid"),
    [("@a:b.c", True), ("@A/=_.-+B:hs.test:8448", True), ("@ü:b.c", True), ("@a:[::1]:1", True), ("@:b", False),
     ("@a", False), ("a:b.c", False), ("@a:", False), ("@a b:c.d", False), ("@a:b c", False), ("@a:b/c", False),
     ("@\0:b.c", False), ("@\ud800:b.c", False), ("@" + "x" * 255 + ":b.c", False), ("", False), ("@a:b:c", False)],
)  # fmt: skip
def test_user_ids(user: str, valid: bool) -> None:
    assert ids.valid_user(user) is valid
    if valid:
        assert ids.contact(ids.localpart(ContactId(user))) == user
