"""Signs of life in stanzas."""

from xml.etree.ElementTree import fromstring

import pytest

from bridge.contract import ChatId, MarkRead, MessageId, NetworkId, Persona, ReadUpTo, SetTyping, Target, TypingChanged
from bridge.xmpp import render, signs
from bridge.xmpp.showing import published

CHAT = ChatId("romeo@home.example juliet@far.example")
JULIET = Persona(key="far:juliet", network=NetworkId("far"), contact="juliet")


def told(inner: str, kind: str = "chat") -> list[tuple[str, object]]:
    stanza = fromstring(f"<message xmlns='jabber:component:accept' type='{kind}'>{inner}</message>")
    return [
        ("typing", one.typing) if isinstance(one, TypingChanged) else ("read", one.target)
        for one in signs.read(stanza, "romeo@home.example", CHAT)
    ]


def state(name: str) -> str:
    return f"<{name} xmlns='http://jabber.org/protocol/chatstates'/>"


@pytest.mark.parametrize(
    ("name", "typing"),
    [("composing", True), ("paused", False), ("active", False), ("inactive", False), ("gone", False)],
)
def test_chat_states(name: str, typing: bool) -> None:
    assert told(state(name)) == [("typing", typing)]


@pytest.mark.parametrize(
    "inner",
    [
        "", "<body>hi</body>" + state("composing"), "<composing xmlns='urn:x'/>", state("dancing"),
        "<displayed xmlns='urn:xmpp:chat-markers:0'/>", "<received xmlns='urn:xmpp:chat-markers:0' id='x'/>",
        f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{'x' * 1_001}'/>",
    ],
)  # fmt: skip
def test_what_says_nothing(inner: str) -> None:
    assert told(inner) == []


@pytest.mark.parametrize("kind", ["headline", "error"])
def test_stanzas_that_say_nothing(kind: str) -> None:
    assert told(state("composing"), kind) == []


def test_a_thousand_states_are_two() -> None:
    assert len(told(state("composing") * 1_000)) == 2


def test_a_mark() -> None:
    stanza = fromstring("<message><displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/></message>")
    (found,) = signs.read(stanza, "romeo@home.example", CHAT)
    assert isinstance(found, ReadUpTo)
    assert (found.sender.id, found.chat, found.target, found.private) == ("romeo@home.example", CHAT, "m1", False)


def test_signs_have_no_id_and_no_body() -> None:
    for action in (
        SetTyping(chat=CHAT, key="-", persona=JULIET, typing=True),
        MarkRead(chat=CHAT, key="k", persona=JULIET, target=Target((MessageId("m<1"),))),
    ):
        made = fromstring(render.stanza(action, "juliet@far.example", "romeo@home.example"))
        assert dict(made.attrib) == {"type": "chat", "from": "juliet@far.example", "to": "romeo@home.example"}
        assert made.find("body") is None
        assert (made[0].get("id", "m<1"), len(made)) == ("m<1", 2)


def test_what_was_read_in_a_room_is_published_under_its_name() -> None:
    """XEP-0490 #publish."""
    action = MarkRead(chat=ChatId("#verona@far.example"), key="k", target=Target((MessageId("a"), MessageId("b"))))
    item = fromstring(published(action)).find(".//{http://jabber.org/protocol/pubsub}item")
    assert item is not None
    name = item.find(".//{urn:xmpp:sid:0}stanza-id")
    assert name is not None
    assert (item.get("id"), name.get("by"), name.get("id")) == ("#verona@far.example", "#verona@far.example", "b")
