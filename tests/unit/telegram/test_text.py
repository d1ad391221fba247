"""Entities and spans: UTF-16 and code points, whatever stands there; and how long texts are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import (
    ChatId,
    Edit,
    Media,
    MediaKind,
    Message,
    MessageId,
    Retract,
    Send,
    Span,
    SpanKind,
    Style,
    Target,
)
from connectors.telegram.parts import CAPTION, LONGEST, parts
from connectors.telegram.text import entities_of, spans_of, units

LETTERS = st.text(st.sampled_from("a b\n👍👩\u200d\u0301<*_`x") | st.characters(exclude_categories=["Cs"]), max_size=60)
NUMBERS = st.integers(-5, 140)
ENTITIES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["bold", "code", "pre", "text_link", "text_mention", "blockquote", "new", 7]),
         "offset": NUMBERS, "length": NUMBERS},
        optional={"url": st.sampled_from(["https://x.example", "javascript:1", "", 5]), "user": st.just({"id": 7}),
                  "language": st.just("lua")},
    ),
    max_size=8,
)  # fmt: skip
SPANS = st.lists(
    st.builds(
        Span, NUMBERS, NUMBERS, st.sampled_from(list(SpanKind)),
        st.sampled_from(["", "https://x.example", "77", "javascript:alert(1)", "nobody"]), st.sampled_from(["", "far"]),
    ),
    max_size=8,
)  # fmt: skip


@given(LETTERS, ENTITIES)
def test_any_entities_give_spans_within_the_text_that_nest(text: str, entities: list[object]) -> None:
    spans = spans_of(text, entities)

    assert all(0 <= s.start < s.end <= len(text) for s in spans)
    for one in spans:
        for other in spans:
            crossing = one.start < other.start < one.end < other.end
            assert not crossing, (one, other)


@given(LETTERS, SPANS)
def test_any_spans_give_entities_that_telegram_takes(text: str, spans: list[Span]) -> None:
    raw = text.encode("utf-16-le")
    for one in entities_of(text, spans):
        start, end = 2 * one["offset"], 2 * (one["offset"] + one["length"])
        assert 0 <= start < end <= len(raw)
        raw[start:end].decode("utf-16-le")  # cuts no character in two
        assert one["type"] != "text_link" or one["url"].startswith("https:")


@given(LETTERS, st.integers(0, 30), st.integers(1, 30))
def test_there_and_back_is_the_same(text: str, start: int, length: int) -> None:
    span = Span(start, start + length, SpanKind.ITALIC)
    given_ = [span] if span.end <= len(text) else []

    assert list(spans_of(text, entities_of(text, given_))) == given_


@pytest.mark.parametrize(
    ("offset", "length", "expected"), [(1, 1, (0, 1)), (0, 1, (0, 1)), (1, 2, (0, 2)), (0, 99, (0, 3))]
)
def test_what_cuts_a_character_means_all_of_it(offset: int, length: int, expected: tuple[int, int]) -> None:
    [span] = spans_of("👍ab", [{"type": "bold", "offset": offset, "length": length}])

    assert (span.start, span.end) == expected


def send(text: str, spans: tuple[Span, ...] = (), **more: object) -> Send:
    return Send(chat=ChatId("7"), key="k", message=Message(text, spans, **more))  # type: ignore[arg-type]


@given(st.text(st.sampled_from("ab 👍\n"), min_size=1, max_size=40), st.integers(1, 900), SPANS)
def test_parts_are_the_whole_and_none_is_too_long(piece: str, times: int, spans: list[Span]) -> None:
    text = piece * times
    found = [part.message.text for part in parts(send(text, tuple(spans))) if isinstance(part, Send)]

    assert "".join(found) == text
    assert all(units(one) <= LONGEST for one in found)
    assert all(one.strip() for one in found) or not text.strip() or len(found) == 1 or units(text) > LONGEST


def test_a_caption_that_is_too_long_goes_before_its_file() -> None:
    files = (Media("file:/a", "a.png", "image/png", 1, MediaKind.IMAGE), Media("file:/b", "b.png"))
    short = parts(send("look", media=files))
    long = parts(send("x" * (CAPTION + 1), media=files, reply_to=MessageId("5")))

    assert [(p.message.text, len(p.message.media)) for p in short if isinstance(p, Send)] == [("look", 1), ("", 1)]
    assert [(len(p.message.text), len(p.message.media)) for p in long if isinstance(p, Send)] == [
        (CAPTION + 1, 0), (0, 1), (0, 1)
    ]  # fmt: skip
    assert [p.message.reply_to for p in long if isinstance(p, Send)] == ["5", None, None]


def test_an_edit_spreads_over_what_is_there() -> None:
    target = Target((MessageId("1"), MessageId("2")))
    longer = parts(Edit(chat=ChatId("7"), key="k", target=target, message=Message("word " * 2_000)))
    shorter = parts(Edit(chat=ChatId("7"), key="k", target=target, message=Message("word")))
    captioned = parts(Edit(chat=ChatId("7"), key="k", target=target, message=Message("word", media=(Media("x"),))))

    assert [(type(p), p.key) for p in longer] == [(Edit, "k"), (Edit, "k.1"), (Send, "k.2")]
    assert [(type(p), p.key) for p in shorter] == [(Edit, "k"), (Retract, "k.1")]
    assert [(type(p), p.key) for p in captioned] == [(Edit, "k")]


def test_an_emote_reads_as_one() -> None:
    [part] = parts(send("waves", (Span(0, 5, SpanKind.BOLD),), style=Style.EMOTE))

    assert isinstance(part, Send)
    assert part.message.text == "* waves"
    assert part.message.spans == (Span(2, 7, SpanKind.BOLD),)
