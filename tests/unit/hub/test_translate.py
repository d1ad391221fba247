"""From events to actions, and what is done where a chat cannot."""

from typing import Any

import pytest

from bridge.contract import (
    Capabilities,
    ChatId,
    Confirm,
    Contact,
    ContactId,
    Edit,
    Fail,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Persona,
    React,
    ReactionsChanged,
    Reason,
    Retract,
    Send,
    Span,
    SpanKind,
    Target,
)
from bridge.hub.codec import Answer, Notice
from bridge.hub.translate import Wish, translate

BASE: dict[str, Any] = {
    "chat": ChatId("there"),
    "id": MessageId("1"),
    "sender": Contact(ContactId("anna"), "Anna"),
    "at": 1.0,
}
ANNA = Persona("a:anna", NetworkId("a"), "anna", "Anna")
ALL = Capabilities(personas=True, actions=frozenset({Send, Edit, Retract, React, Confirm, Fail}))
NONE = Capabilities(actions=frozenset({Send}))
SENT = MessageReceived(**BASE, message=Message("hello"))
EDITED = MessageEdited(**BASE, target=MessageId("0"), message=Message("new", (Span(0, 3, SpanKind.BOLD),)))
GONE = MessageRetracted(**BASE, target=MessageId("0"), reason="spam")
REACTED = ReactionsChanged(**BASE, target=MessageId("0"), reactions=("👍", "🎉"))


def wish(event: Any, **more: Any) -> Wish:
    return Wish(event=event, chat=ChatId("here"), key="k", **more)


@pytest.mark.parametrize("event", [SENT, EDITED, GONE, REACTED])
def test_a_chat_that_can_do_everything_gets_the_pair_of_the_event(event: Any) -> None:
    action = translate(wish(event, target=Target((MessageId("x"),)), persona=ANNA), ALL)

    pairs = {MessageReceived: Send, MessageEdited: Edit, MessageRetracted: Retract, ReactionsChanged: React}
    assert type(action) is pairs[type(event)]
    assert action is not None
    assert (action.chat, action.key, action.persona) == ("here", "k", ANNA)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (SENT, "Anna: hello"),
        (EDITED, "Anna: edited: new"),
        (GONE, "Anna: deleted an earlier message."),
        (REACTED, "Anna: reacted with 👍 🎉"),
    ],
)
def test_a_chat_that_can_only_send_gets_a_readable_line_with_the_name(event: Any, text: str) -> None:
    action = translate(wish(event, target=Target((MessageId("x"),)), persona=ANNA), NONE)

    assert isinstance(action, Send)
    assert action.message.text == text
    for span in action.message.spans:
        assert action.message.text[span.start : span.end] == "new"


def test_an_edit_whose_message_never_arrived_is_sent_as_new() -> None:
    action = translate(wish(EDITED), ALL)

    assert isinstance(action, Send)
    assert action.message.text == "new"


@pytest.mark.parametrize("event", [GONE, REACTED])
def test_what_concerns_a_message_that_never_arrived_does_nothing(event: Any) -> None:
    assert translate(wish(event), ALL) is None


def test_taking_back_reactions_says_nothing_where_there_are_none() -> None:
    event = ReactionsChanged(**BASE, target=MessageId("0"), reactions=())

    assert translate(wish(event, target=Target((MessageId("x"),))), NONE) is None


def test_a_folded_message_shows_its_newest_text() -> None:
    action = translate(wish(SENT, content=Message("later")), ALL)

    assert isinstance(action, Send)
    assert action.message.text == "later"


def test_answers_become_confirm_and_fail_only_where_authors_can_be_told() -> None:
    yes = Answer(target="1", origin="o")
    no = Answer(target="1", origin="o", reason=Reason.FORBIDDEN, text="No.")

    assert isinstance(translate(wish(yes), ALL), Confirm)
    failed = translate(wish(no), ALL)
    assert isinstance(failed, Fail)
    assert (failed.reason, failed.text) == (Reason.FORBIDDEN, "No.")
    assert translate(wish(yes), NONE) is None
    assert translate(wish(no), NONE) is None


def test_a_notice_speaks_for_nobody() -> None:
    action = translate(wish(Notice(text="Careful."), persona=ANNA), NONE)

    assert isinstance(action, Send)
    assert action.message.text == "Careful."
    assert action.persona is None


@pytest.mark.parametrize("event", [SENT, EDITED])
def test_an_account_that_speaks_for_several_says_who_speaks(event: Any) -> None:
    several = Capabilities(speaks_as="Anna")
    action = translate(wish(event, target=Target((MessageId("x"),))), several)

    assert isinstance(action, Send | Edit)
    assert action.message.text in ("Anna: hello", "Anna: new")
    assert [(s.start, s.end) for s in action.message.spans] == ([(6, 9)] if event is EDITED else [])
