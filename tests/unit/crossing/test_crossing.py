"""What people say, between Matrix and XMPP and in parts: nothing is lost, whatever letters it has."""

from xml.etree import ElementTree

from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.contract import ChatId, ContactId, Edit, Message, MessageId, NetworkId, Send, Span, SpanKind, Target
from bridge.xmpp import content, parse, reading, styling, text
from bridge.xmpp.chats import Addresses, Gateway
from connectors.matrix import ids, sending
from connectors.matrix.text import html_of, spans_of
from tests.support.texts import CASES, formatted, texts

MATRIX = NetworkId("matrix")
ADDRESSES = Addresses(
    [Gateway(MATRIX, "Matrix", "matrix.example.org", "s", "127.0.0.1", 5347, ids.localpart, ids.contact, "matrix")]
)
# With what ids of old may have in them (appendices #user-identifiers); those that begin with xmpp+ are our own people.
people = st.builds(
    lambda name, host: f"@{name}:{host}",
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters=":"), min_size=1, max_size=40)
    | st.text("%#\\@/'aA1é👍\u0301א", min_size=1, max_size=20),
    st.sampled_from(["example.org", "example.org:8448", "1.2.3.4", "[::1]:80", "xn--bcher-kva.example", "a-b.example"]),
).filter(lambda person: ids.valid_user(person) and not person.startswith("@xmpp+"))


def through_xmpp(message: Message) -> Message:
    """As it is written there, and read again."""
    stanza = ElementTree.fromstring(f'<message xmlns="jabber:client">{content.written(message)}</message>')
    return reading.message(stanza, {child.tag: child for child in stanza}, parse.body(stanza) or "", dict)


@CASES
@given(formatted())
def test_formatting_that_styling_can_say_comes_back_to_matrix_as_it_was(given_: tuple[str, tuple[Span, ...]]) -> None:
    """From then on nothing changes any more, however often it crosses."""
    said, spans = spans_of("", html_of(*given_) or "")
    message = Message(text.legal(said).strip(), spans)
    assume(not styling.write(message.text, message.spans).unstyled and not message.text.startswith("/me "))

    once = through_xmpp(message)
    again = Message(*spans_of(once.text, html_of(once.text, once.spans) or ""))

    assert once.text == message.text
    assert {span.kind for span in once.spans} <= {span.kind for span in message.spans}
    assert "".join(again.text.split()) == "".join(once.text.split())
    assert {span.kind for span in again.spans} == {span.kind for span in once.spans}


@CASES
@given(formatted())
def test_with_markup_beside_it_a_text_stays_what_it_is(given_: tuple[str, tuple[Span, ...]]) -> None:
    """For apps that know XEP-0394; quotations are in the body nevertheless, and links have their address there."""
    kinds = {SpanKind.BOLD, SpanKind.ITALIC, SpanKind.STRIKE, SpanKind.CODE, SpanKind.PRE}
    said, spans = spans_of("", html_of(*given_) or "")
    assume(text.legal(said) == said and not said.startswith("/me ") and said)
    message = Message(said, tuple(span for span in spans if span.kind in kinds))

    stanza = ElementTree.fromstring(f'<message xmlns="jabber:client">{content.written(message, beside=True)}</message>')
    back = reading.message(stanza, {child.tag: child for child in stanza}, parse.body(stanza) or "", dict)

    assert back.text == parse.body(stanza) == said
    assert {span.kind for span in back.spans} <= {span.kind for span in message.spans}
    assert all(0 <= span.start < span.end <= len(said) for span in back.spans)


@CASES
@given(texts)
def test_plain_text_is_the_same_text_everywhere(said: str) -> None:
    said = text.legal(said).strip()
    crossed = through_xmpp(Message(said))

    if said.startswith("/me "):
        said = said[4:]
    assert (crossed.text, crossed.spans) == (said, ())
    assert sending.content(crossed, "k")["body"] == said


@CASES
@given(formatted(), st.integers(1, 4_000), st.booleans())
def test_parts_for_matrix_fit_and_rejoin(given_: tuple[str, tuple[Span, ...]], times: int, edit: bool) -> None:
    words, spans = given_
    message = Message(words * times, spans)
    where, key = ChatId("!r"), "k" * 60
    action = (
        Edit(chat=where, key=key, target=Target((MessageId("$1"),)), message=message)
        if edit
        else Send(chat=where, key=key, message=message)
    )

    parts = [part.message for part in sending.parts(action) if isinstance(part, Send | Edit)]

    assert "".join(part.text for part in parts) == message.text
    assert all(sending.size(part) <= sending.LARGEST for part in parts)
    assert all(0 <= span.start < span.end <= len(part.text) for part in parts for span in part.spans)


@CASES
@given(texts, st.lists(st.tuples(st.integers(-2, 70), st.integers(-2, 70)), max_size=4))
def test_whatever_is_marked_as_a_quotation_is_cut_or_left_whole(body: str, ranges: list[tuple[int, int]]) -> None:
    """Also beyond the text, overlapping, backwards."""
    body = text.legal(body)
    marks = "".join(f'<body start="{start}" end="{end}"/>' for start, end in ranges)
    stanza = ElementTree.fromstring(
        f'<message xmlns="jabber:client"><body>{text.escape(body)}</body><reply xmlns="urn:xmpp:reply:0" id="m0"/>'
        f'<unstyled xmlns="urn:xmpp:styling:0"/>'
        f'<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0">{marks}</fallback></message>'
    )
    found = reading.message(stanza, {child.tag: child for child in stanza}, body, dict)

    outside = "".join(c for at, c in enumerate(body) if not any(start <= at < end for start, end in ranges))
    sense = all(0 <= start <= end <= len(body) for start, end in ranges)
    wanted = outside if ranges and sense and outside.strip() else body
    assert found.text == (wanted[4:] if wanted.startswith("/me ") else wanted)
    assert found.reply_to == "m0"


@CASES
@given(people)
def test_everybody_on_matrix_has_one_address_and_it_is_theirs_alone(person: str) -> None:
    jid = ADDRESSES.jid(MATRIX, ContactId(person))

    assert ADDRESSES.whom(jid).contact == person
    assert ADDRESSES.whom(f"{jid}/any").contact == person
    assert jid == jid.lower()
