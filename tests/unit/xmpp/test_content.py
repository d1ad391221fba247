"""What a message says as elements of a stanza, and back; long ones in parts."""

import time
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import ContactId, Message, MessageId, NetworkId, Person, Quote, Span, SpanKind, Style
from bridge.xmpp import content, parse, reading, text
from tests.support.texts import CASES, STYLES, formatted, texts
from tests.support.uncollected import uncollected

JULIET = Person(NetworkId("matrix"), ContactId("@juliet:hs"))
REPLY, FALLBACK = "{urn:xmpp:reply:0}reply", "{urn:xmpp:fallback:0}"
ROOM = "room@gateway"


def called(person: Person) -> content.Name:
    return content.Name(f"{ROOM}/Juliet C", "Juliet C", "j7") if person == JULIET else content.Name()


def stanza_of(message: Message, **more: str) -> Element:
    written = content.written(message, called=called, **more)
    return ElementTree.fromstring(f'<message xmlns="jabber:client">{written}</message>')


def read(stanza: Element) -> Message:
    body = parse.body(stanza)
    assert body is not None
    return reading.message(stanza, {child.tag: child for child in stanza}, body, lambda: {"Juliet C": JULIET})


def xml(inner: str) -> Message:
    return read(ElementTree.fromstring(f'<message xmlns="jabber:client">{inner}</message>'))


def a_fallback(*ranges: tuple[object, object], what: str = "urn:xmpp:reply:0") -> str:
    some = "".join(f'<body start="{start}" end="{end}"/>' for start, end in ranges)
    return (
        f'<reply xmlns="urn:xmpp:reply:0" id="m0"/><fallback xmlns="urn:xmpp:fallback:0" for="{what}">{some}</fallback>'
    )


def test_a_reply_has_its_quotation_marked_in_code_points() -> None:
    message = Message("Great!", reply_to=MessageId("m1"), quote=Quote("Bake 👩‍🍳\na cake"))

    stanza = stanza_of(message, to=f"{ROOM}/Anna", name="Anna")

    reply, mark = stanza.find(REPLY), stanza.find(f"{FALLBACK}fallback/{FALLBACK}body")
    assert reply is not None
    assert mark is not None
    body = parse.body(stanza) or ""
    assert body == "> Anna:\n> Bake 👩‍🍳\n> a cake\nGreat!"
    assert (reply.get("id"), reply.get("to")) == ("m1", f"{ROOM}/Anna")
    assert (mark.get("start"), body[int(mark.get("end", "")) :]) == ("0", "Great!")


@CASES
@given(texts, texts, st.text(max_size=10))
def test_a_reply_cut_is_exactly_what_was_said(said: str, quoted: str, name: str) -> None:
    said = f"{text.legal(said)}!"
    message = Message(said, reply_to=MessageId("m1"), quote=Quote(quoted))

    found = read(stanza_of(message, name=name))

    assert (found.text, found.reply_to) == (said, "m1")


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        ([(0, 4)], "hello"),
        ([(0, 2), (2, 4)], "hello"),
        ([(0, 3), (1, 4)], "hello"),  # they overlap
        ([], "> q\nhello"),
        ([(0, 10)], "> q\nhello"),  # beyond the text
        ([(0, 9)], "> q\nhello"),  # nothing would be left
        ([(4, 2)], "> q\nhello"),
        ([(-1, 4)], "> q\nhello"),
        ([(0, "9" * 5_000)], "> q\nhello"),
        ([("x", "y")], "> q\nhello"),
        ([(0, 4)] * 100, "> q\nhello"),
    ],
)
def test_a_quotation_that_makes_no_sense_is_not_cut(ranges: list[tuple[object, object]], said: str) -> None:
    found = xml(f"<body>&gt; q\nhello</body>{a_fallback(*ranges)}<unstyled xmlns='urn:xmpp:styling:0'/>")

    assert (found.text, found.reply_to) == (said, "m0")


def test_what_an_app_has_quoted_is_kept() -> None:
    found = xml(f"<body>&gt; Anna:\n&gt; hi\nhello</body>{a_fallback((0, 13))}")

    assert (found.text, found.quote) == ("hello", Quote("Anna:\nhi"))


def test_a_fallback_for_something_else_is_no_quotation() -> None:
    assert xml(f"<body>words</body>{a_fallback((0, 3), what='urn:xmpp:reactions:0')}").text == "words"


@CASES
@given(formatted())
def test_what_is_written_is_read_again(given_: tuple[str, tuple[Span, ...]]) -> None:
    words, spans = given_
    said = text.legal(words)

    stanza = stanza_of(Message(said, spans))
    found = read(stanza)

    unstyled = stanza.find("{urn:xmpp:styling:0}unstyled") is not None
    if not said.startswith("/me ") and not (unstyled and any(span.kind is SpanKind.QUOTE for span in spans)):
        assert found.text == said
    assert {span.kind for span in found.spans} <= {span.kind for span in spans}


def test_plain_text_is_never_reinterpreted() -> None:
    stanza = stanza_of(Message("*not bold*"))

    assert stanza.find("{urn:xmpp:styling:0}unstyled") is not None
    assert read(stanza) == Message("*not bold*")


def test_what_xml_cannot_hold_is_replaced_before_it_is_looked_at() -> None:
    stanza = stanza_of(Message("`\x1cno code`"))

    assert read(stanza) == Message("`\ufffdno code`")


def test_what_styling_cannot_say_is_said_beside_it() -> None:
    message = Message("midword 👍x", (Span(1, 3, SpanKind.BOLD), Span(8, 9, SpanKind.CODE)))

    stanza = stanza_of(message)

    assert parse.body(stanza) == message.text
    assert read(stanza) == message


def test_a_link_has_its_address_behind_it() -> None:
    span = Span(0, 4, SpanKind.LINK, "https://example.org/")
    bare = Span(0, 11, SpanKind.LINK, "https://example.org/")

    assert parse.body(stanza_of(Message("here it is", (span, Span(0, 10, SpanKind.BOLD))))) == (
        "*here <https://example.org/> it is*"
    )
    assert parse.body(stanza_of(Message("example.org", (bare,)))) == "example.org"


def test_a_mention_is_called_as_people_are_there_and_referred_to() -> None:
    mention = Span(3, 13, SpanKind.MENTION, JULIET.id, JULIET.network)

    stanza = stanza_of(Message("hi @juliet:hs 👍", (mention, Span(3, 15, SpanKind.BOLD))))

    reference = stanza.find("{urn:xmpp:reference:0}reference")
    assert reference is not None
    body = parse.body(stanza) or ""
    assert body == "hi *Juliet C 👍*"
    assert body[int(reference.get("begin", "")) : int(reference.get("end", ""))] == "Juliet C"
    assert reference.get("uri") == "xmpp:room@gateway/Juliet%20C"
    found = [span for span in read(stanza).spans if span.kind is SpanKind.MENTION]
    assert found == [Span(3, 11, SpanKind.MENTION, JULIET.id, JULIET.network)]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("Juliet C: hi", (0, 8)), ("Juliet C, hi", (0, 8)), ("Juliet C:", (0, 8)), ("hi @Juliet C!", (3, 12)),
        ("hi Juliet C", None), ("Juliet Cs: hi", None), ("Juliet C:hi", None), ("x@Juliet C", None),
        ("@Juliet Cs", None), ("@Juliet", None), ("", None), ("@" * 1_000, None), ("a: " * 500, None),
    ],
)  # fmt: skip
def test_who_is_named_in_a_text(body: str, where: tuple[int, int] | None) -> None:
    stanza = ElementTree.fromstring('<message xmlns="jabber:client"/>')
    found = reading.message(stanza, {}, body, lambda: {"Juliet C": JULIET})

    mentions = [(span.start, span.end, span.value) for span in found.spans]
    assert mentions == ([(*where, JULIET.id)] if where else [])


@pytest.mark.parametrize(("begin", "end"), [("0", "99"), ("5", "2"), ("-1", "3"), ("x", "y"), ("9" * 5_000, "3")])
def test_a_reference_that_makes_no_sense_is_none(begin: str, end: str) -> None:
    places = f"begin='{begin}' end='{end}' uri='xmpp:r@g/Juliet%20C'"
    reference = f"<reference xmlns='urn:xmpp:reference:0' type='mention' {places}/>"
    assert xml(f"<body>hello</body>{reference}").spans == ()


def test_a_spoiler_is_the_whole_message_with_its_hint() -> None:
    message = Message("Romeo dies", (Span(6, 10, SpanKind.SPOILER, "the end"),))

    assert read(stanza_of(message)) == Message("Romeo dies", (Span(0, 10, SpanKind.SPOILER, "the end"),))


def test_an_emote_with_formatting() -> None:
    message = Message("waves wildly", (Span(6, 12, SpanKind.ITALIC),), Style.EMOTE)

    assert parse.body(stanza_of(message)) == "/me waves _wildly_"
    assert read(stanza_of(message)) == message


@CASES
@given(formatted(STYLES), st.integers(300, 2_000), st.integers(1, 60))
def test_parts_fit_and_rejoin(given_: tuple[str, tuple[Span, ...]], budget: int, times: int) -> None:
    words, spans = text.legal(given_[0]), given_[1]
    message = Message(words * times, spans)

    parts = content.split(message, budget)

    assert "".join(part.text for part in parts) == message.text
    assert all(len(content.written(part).encode()) <= budget + 60 or len(part.text) == 1 for part in parts)


def test_parts_have_room_for_those_who_are_named_in_them() -> None:
    """A nick and a reference to it are far longer than what stands for them in the text."""
    mentions = tuple(Span(2 * n, 2 * n + 1, SpanKind.MENTION, JULIET.id, JULIET.network) for n in range(1_000))
    message = Message("j " * 1_000, mentions)

    parts = content.split(message, 10_000, called)

    assert "".join(part.text for part in parts) == message.text
    assert all(len(content.written(part, called=called).encode()) <= 10_000 for part in parts)


def test_quotations_in_quotations_do_not_make_a_message_large() -> None:
    lines = 400
    quotes = tuple(Span(0, 2 * (lines - n) - 1, SpanKind.QUOTE) for n in range(lines))

    written = content.written(Message("\n".join("x" * lines), quotes))

    assert len(written) < 40 * lines + 100 * lines  # ten signs for each line, and the markup


def test_markup_says_each_thing_once_and_not_too_much() -> None:
    both = "<strong/><code/>" * 100
    many = "".join(f"<span start='{n}' end='{n + 1}'><strong/><emphasis/></span>" for n in range(400))
    space = "urn:xmpp:markup:0"

    once = xml(f"<body>hello</body><markup xmlns='{space}'><span start='0' end='5'>{both}</span></markup>")
    assert sorted(span.kind for span in once.spans) == sorted([SpanKind.BOLD, SpanKind.CODE])
    assert len(xml(f"<body>{'x' * 400}</body><markup xmlns='{space}'>{many}</markup>").spans) == 500


def test_many_references_into_a_long_text_cost_no_more_than_one() -> None:
    """Where the places of a text have gone is found out once."""
    body = "*ab* cd " * 1_000  # as much formatting as is read

    def spent(number: int) -> float:
        places = "".join(
            f"<reference xmlns='urn:xmpp:reference:0' type='mention' begin='{8 * n + 5}' end='{8 * n + 7}' "
            "uri='xmpp:r@g/Juliet%20C'/>"
            for n in range(number)
        )
        before = time.process_time()
        assert sum(span.kind is SpanKind.MENTION for span in xml(f"<body>{body}</body>{places}").spans) == number
        return time.process_time() - before

    with uncollected():
        assert min(spent(50) for _ in range(5)) < 15 * min(spent(1) for _ in range(5))
