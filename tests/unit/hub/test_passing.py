"""Whose opting out counts for what."""

from dataclasses import replace

import pytest

from bridge.contract import ChatId, Contact, ContactId, Message, MessageId, MessageReceived, MessageRetracted
from bridge.hub.passing import open_ends, unwilling
from bridge.store.rows import Chat, Endpoint, Link

OUT = {("xmpp", "romeo@home.example"), ("telegram", "42")}
ROMEO, NURSE = ("xmpp", "romeo@home.example"), ("xmpp", "nurse@home.example")
ROOM = Chat(1, "matrix", "y", "!room", "room")
HOSTED = Chat(2, "xmpp", "", "verona@matrix.example", "hosted")
TO_ROMEO = Chat(
    3, "xmpp", "", "romeo@home.example x@matrix.example", "direct", owner="romeo@home.example", contact="@x:y"
)
TO_NURSE = Chat(
    4, "xmpp", "", "nurse@home.example 42@telegram.example", "direct", owner="nurse@home.example", contact="42"
)
TO_42 = Chat(5, "telegram", "bot", "42", "direct", contact="42")
SAID = MessageReceived(
    chat=ChatId("x"), id=MessageId("1"), sender=Contact(ContactId("x")), at=1.0, message=Message("x")
)  # fmt: skip
TAKEN_BACK = MessageRetracted(
    chat=ChatId("x"), id=MessageId("1"), sender=Contact(ContactId("x")), at=1.0, target=MessageId("0")
)  # fmt: skip


@pytest.mark.parametrize(
    ("author", "there", "who"),
    [
        (ROMEO, ROOM, "author"),
        (ROMEO, TO_42, "author"),
        (NURSE, ROOM, ""),
        (NURSE, HOSTED, ""),
        (NURSE, TO_42, "addressee"),
        (("matrix", "@x:y"), TO_ROMEO, "addressee"),
        (("matrix", "@x:y"), TO_NURSE, ""),  # it is she whom it is for
        (("telegram", "42"), TO_NURSE, "author"),
        (("matrix", "42"), ROOM, ""),  # somebody else, of that name
    ],
)
def test_who_is_unwilling(author: tuple[str, str], there: Chat, who: str) -> None:
    assert unwilling(lambda *person: person in OUT, SAID, author, there) == who


def test_everybody_takes_back_what_is_theirs() -> None:
    assert unwilling(lambda *person: True, TAKEN_BACK, ROMEO, ROOM) == ""


def test_nothing_goes_into_a_room_where_nobody_can_be_heard() -> None:
    ends = (Endpoint(replace(ROOM, closed="It is closed."), 1), Endpoint(HOSTED, 1))
    link = Link(1, "cafe", ends)

    assert [e.chat.id for e in open_ends(link, HOSTED.id)] == [HOSTED.id]
    assert [e.chat.id for e in open_ends(link, ROOM.id)] == [ROOM.id, HOSTED.id], "who is there is heard"
    assert open_ends(replace(link, name=""), HOSTED.id) == list(ends), "a user's own chat"
