"""Actions → stanzas."""

from xml.etree import ElementTree

import pytest

from bridge.contract import (
    Action,
    ChatId,
    Confirm,
    Edit,
    Fail,
    Message,
    MessageId,
    React,
    Reason,
    Retract,
    Send,
    Style,
    Target,
)
from bridge.xmpp import render
from bridge.xmpp.parse import Origin

CHAT = ChatId("romeo@home.example juliet@far.example")
ORIGIN = Origin("romeo@home.example/app", "juliet@far.example/x", True).text()


def written(action: Action, nick: str = "") -> ElementTree.Element:
    return ElementTree.fromstring(render.stanza(action, "juliet@far.example", "romeo@home.example", nick))


def test_a_message() -> None:
    made = written(Send(chat=CHAT, key="k1", message=Message("a < b & c\0")), "Juliet & Co")

    assert dict(made.attrib) == {
        "type": "chat", "id": "k1", "from": "juliet@far.example", "to": "romeo@home.example",
    }  # fmt: skip
    assert made.findtext("body") == "a < b & c\ufffd"
    assert made.findtext("{http://jabber.org/protocol/nick}nick") == "Juliet & Co"
    origin = made.find("{urn:xmpp:sid:0}origin-id")
    assert origin is not None
    assert origin.get("id") == "k1"
    assert made.find("{urn:xmpp:delay}delay") is None


def test_a_late_message_carries_its_time() -> None:
    delay = written(Send(chat=CHAT, key="k", at=0.0, message=Message("x"))).find("{urn:xmpp:delay}delay")
    assert delay is not None
    assert delay.get("stamp") == "1970-01-01T00:00:00Z"


def test_an_emote() -> None:
    assert (
        written(Send(chat=CHAT, key="k", message=Message("waves", style=Style.EMOTE))).findtext("body") == "/me waves"
    )


def test_an_edit_names_the_first_id() -> None:
    made = written(Edit(chat=CHAT, key="k", target=Target((MessageId("m0"),)), message=Message("new")))
    found = made.find("{urn:xmpp:message-correct:0}replace")
    assert found is not None
    assert (found.get("id"), made.findtext("body")) == ("m0", "new")


def test_a_retraction_and_reactions() -> None:
    made = written(Retract(chat=CHAT, key="k", target=Target((MessageId("m0"),))))
    found = made.find("{urn:xmpp:message-retract:1}retract")
    assert found is not None
    assert found.get("id") == "m0"
    made = written(React(chat=CHAT, key="k", target=Target((MessageId("m0"),)), reactions=("👍", "🎉")))
    assert [r.text for r in made.iter("{urn:xmpp:reactions:0}reaction")] == ["👍", "🎉"]


def test_a_retraction_names_its_target_in_both_forms_and_in_words() -> None:
    made = written(Retract(chat=CHAT, key="k", target=Target((MessageId("m0"),))))
    before = made.find("{urn:xmpp:fasten:0}apply-to")
    assert before is not None
    assert before.get("id") == "m0"
    assert before.find("{urn:xmpp:message-retract:0}retract") is not None
    assert made.findtext("body") == "/me retracted an earlier message."


def test_in_a_direct_chat_what_another_removes_is_told_in_words() -> None:
    action = Retract(chat=CHAT, key="k", target=Target((MessageId("m0"),)), moderator=True, reason="spam")
    made = written(action)
    assert made.findtext("body") == "/me removed a message: spam"
    assert made.find("{urn:xmpp:message-retract:1}retract") is None


def test_every_part_of_a_long_message_is_retracted() -> None:
    two = Target((MessageId("m1"), MessageId("k.1")))
    parts = render.parts(Retract(chat=CHAT, key="r", target=two, own_id=MessageId("mine")), 60, 10_000)

    assert [(part.key, part.own_id) for part in parts] == [("r", "mine"), ("r.1", None)]
    assert [part.target.ids for part in parts if isinstance(part, Retract)] == [("m1",), ("k.1",)]


def test_a_receipt_goes_to_who_asked() -> None:
    made = written(Confirm(chat=CHAT, key="k", target=MessageId("m1"), origin=ORIGIN))
    assert (made.get("from"), made.get("to")) == ("juliet@far.example/x", "romeo@home.example/app")
    found = made.find("{urn:xmpp:receipts}received")
    assert found is not None
    assert found.get("id") == "m1"
    unasked = Origin("romeo@home.example/app", "juliet@far.example", False).text()
    assert render.stanza(Confirm(chat=CHAT, key="k", target=MessageId("m1"), origin=unasked), "a", "b") == ""


def test_an_error_has_the_id_of_what_failed() -> None:
    made = written(
        Fail(chat=CHAT, key="k", target=MessageId('m"1'), origin=ORIGIN, reason=Reason.NOT_FOUND, text="Nobody & none.")
    )
    assert (made.get("type"), made.get("id"), made.get("to")) == ("error", 'm"1', "romeo@home.example/app")
    assert made.find("error/{urn:ietf:params:xml:ns:xmpp-stanzas}item-not-found") is not None
    assert made.findtext("error/{urn:ietf:params:xml:ns:xmpp-stanzas}text") == "Nobody & none."


@pytest.mark.parametrize("letter", ["a", "&", "😀", "a b\n"])
def test_parts_stay_under_the_limit_and_make_the_whole(letter: str) -> None:
    limit = 10_000
    action = Send(chat=CHAT, key="k", message=Message(letter * 20_000, style=Style.EMOTE))
    parts = render.parts(action, 60, limit)

    assert [part.key for part in parts] == ["k", *(f"k.{n}" for n in range(1, len(parts)))]
    stanzas = [render.stanza(part, "juliet@far.example", "romeo@home.example", "n" * 200) for part in parts]
    assert max(len(one.encode()) for one in stanzas) <= limit
    whole = "".join(part.message.text for part in parts if isinstance(part, Send))
    assert whole == "/me " + letter * 20_000


def test_an_edit_is_spread_over_the_parts_there_are() -> None:
    two = Target((MessageId("a"), MessageId("b")))
    shorter = render.parts(Edit(chat=CHAT, key="k", target=two, message=Message("short")), 60, 10_000)
    longer = render.parts(Edit(chat=CHAT, key="k", target=two, message=Message("long " * 5_000)), 60, 10_000)

    assert [(type(one).__name__, one.key) for one in shorter] == [("Edit", "k"), ("Retract", "k.1")]
    assert [type(one).__name__ for one in longer[:3]] == ["Edit", "Edit", "Send"]
