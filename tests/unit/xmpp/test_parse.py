"""Stanzas → events: every kind, and what is none."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from bridge.contract import (
    ChatId,
    ContactId,
    MessageEdited,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Person,
    ReactionsChanged,
    Reason,
    Style,
)
from bridge.xmpp import parse
from bridge.xmpp.chats import Gateway, Whom
from bridge.xmpp.errors import StanzaError
from connectors.matrix import ids

USER = "romeo@home.example"
JULIET = "juliet%example.org@matrix.example.org"
CHAT = ChatId(f"{USER} {JULIET}")
GATEWAY = Gateway(
    NetworkId("matrix"), "Matrix", "matrix.example.org", "s", "127.0.0.1", 1, ids.localpart, ids.contact
)  # fmt: skip
WHOM = Whom(GATEWAY, ContactId("@juliet:example.org"), JULIET)


def stanza(inside: str, kind: str = "chat", id: str | None = "m1") -> Element:
    identity = f' id="{id}"' if id is not None else ""
    return ElementTree.fromstring(
        f'<message xmlns="jabber:component:accept" from="{USER}/app" to="{JULIET}/x" type="{kind}"{identity}>{inside}'
        "</message>"
    )


def read(inside: str, kind: str = "chat", id: str | None = "m1") -> object:
    return parse.message(stanza(inside, kind, id), USER, WHOM, CHAT, 12.5)


def test_a_text() -> None:
    event = read("<body>Hello &amp; good day</body>")

    assert isinstance(event, MessageReceived)
    assert (event.id, event.sender.id, event.at, event.chat) == ("m1", USER, 12.5, CHAT)
    assert event.message.text == "Hello & good day"
    assert event.addressee == Person(NetworkId("matrix"), ContactId("@juliet:example.org"))
    assert parse.Origin.read(event.origin) == parse.Origin(f"{USER}/app", f"{JULIET}/x", False)


def test_a_subject_stands_before_the_text_and_formatting_moves_with_it() -> None:
    event = read("<subject>The\nball</subject><body>*tonight*</body>", kind="normal")

    assert isinstance(event, MessageReceived)
    assert event.message.text == "The ball\ntonight"
    assert [(span.start, span.end) for span in event.message.spans] == [(9, 16)]


def test_a_receipt_is_asked_for() -> None:
    event = read('<body>x</body><request xmlns="urn:xmpp:receipts"/>')
    assert isinstance(event, MessageReceived)
    assert parse.Origin.read(event.origin).receipt


def test_an_emote() -> None:
    event = read("<body>/me waves</body>")
    assert isinstance(event, MessageReceived)
    assert (event.message.text, event.message.style) == ("waves", Style.EMOTE)


def test_the_body_without_a_language_comes_first() -> None:
    event = read('<body xml:lang="de">Hallo</body><body>Hello</body>')
    assert isinstance(event, MessageReceived)
    assert event.message.text == "Hello"


def test_without_an_id_it_gets_one() -> None:
    event, other = read("<body>x</body>", id=None), read("<body>x</body>", id=None)
    assert isinstance(event, MessageReceived)
    assert isinstance(other, MessageReceived)
    assert event.id
    assert event.id != other.id
    named = read('<body>x</body><origin-id xmlns="urn:xmpp:sid:0" id="o1"/>', id=None)
    assert isinstance(named, MessageReceived)
    assert named.id == "o1"


def test_an_edit() -> None:
    event = read('<body>new</body><replace xmlns="urn:xmpp:message-correct:0" id="m0"/>', id="m2")
    assert isinstance(event, MessageEdited)
    assert (event.id, event.target, event.message.text) == ("m2", "m0", "new")


@pytest.mark.parametrize(
    "inside",
    [
        '<retract xmlns="urn:xmpp:message-retract:1" id="m0"/><body>/me retracted</body>',
        '<apply-to xmlns="urn:xmpp:fasten:0" id="m0"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>',
    ],
)
def test_a_retraction(inside: str) -> None:
    event = read(inside)
    assert isinstance(event, MessageRetracted)
    assert event.target == "m0"


@pytest.mark.parametrize(
    "some", ["".join(f"<reaction>{n}</reaction>" for n in range(51)), f"<reaction>{'x' * 101}</reaction>"]
)
def test_too_many_reactions_are_refused_whole(some: str) -> None:
    with pytest.raises(StanzaError, match="not-acceptable"):
        read(f'<reactions xmlns="urn:xmpp:reactions:0" id="m0">{some}</reactions>')


def test_something_else_that_is_fastened_retracts_nothing() -> None:
    event = read('<apply-to xmlns="urn:xmpp:fasten:0" id="m0"><external name="body"/></apply-to><body>a link</body>')
    assert isinstance(event, MessageReceived)


def test_reactions_are_a_set() -> None:
    event = read('<reactions xmlns="urn:xmpp:reactions:0" id="m0"><reaction>👍</reaction><reaction> 👍 </reaction>'
                 "<reaction>🎉</reaction><reaction/><other/></reactions>")  # fmt: skip
    assert isinstance(event, ReactionsChanged)
    assert (event.target, event.reactions) == ("m0", ("👍", "🎉"))


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("", "chat"),
        ('<composing xmlns="http://jabber.org/protocol/chatstates"/>', "chat"),
        ('<received xmlns="urn:xmpp:receipts" id="x"/>', "chat"),
        ('<displayed xmlns="urn:xmpp:chat-markers:0" id="x"/>', "normal"),
        ("<body>news</body>", "headline"),
        ("<subject>only a subject</subject>", "normal"),
    ],
)
def test_what_says_nothing(inside: str, kind: str) -> None:
    assert read(inside, kind) is None


@pytest.mark.parametrize(
    ("inside", "kind", "condition"),
    [
        ("<body/>", "chat", "bad-request"),
        ("<body>all</body>", "groupchat", "service-unavailable"),
        ('<encryption xmlns="urn:xmpp:eme:0" namespace="x"/><body>cannot</body>', "chat", "not-acceptable"),
        ('<encrypted xmlns="eu.siacs.conversations.axolotl"/><body>cannot</body>', "chat", "not-acceptable"),
    ],
)
def test_what_cannot_be_carried_is_refused_with_a_sentence(inside: str, kind: str, condition: str) -> None:
    with pytest.raises(StanzaError) as refused:
        read(inside, kind)
    assert refused.value.condition == condition
    assert refused.value.text.endswith(".")


def test_an_absurd_id_is_refused() -> None:
    with pytest.raises(StanzaError):
        read("<body>x</body>", id="x" * 1_001)


def test_a_bounce() -> None:
    bounced = stanza('<body>x</body><error type="cancel"><service-unavailable '
                     'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/><text xmlns="urn:ietf:params:xml:ns:xmpp-stanzas">'
                     "No such user</text></error>", "error")  # fmt: skip
    failed = parse.failure(bounced, CHAT)
    assert failed is not None
    assert (failed.target, failed.reason, failed.text) == ("m1", Reason.SERVICE, "No such user")
    assert parse.failure(stanza("", "error", id=None), CHAT) is None
