"""Texts, names and events that nobody should write, through parsing and rendering: what comes out is XML, in size."""

import random
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Event,
    Message,
    MessageReceived,
    NetworkId,
    Rank,
    Send,
    SpanKind,
    Style,
    Unparsable,
)
from bridge.hub import codec
from bridge.xmpp import content, nicks, parse, reading, render, text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import stanzas
from bridge.xmpp.hosted.stanzas import Seen
from connectors.matrix import events
from tests.conftest import FULL
from tests.support import poison

COUNT = 10_000 if FULL else 2_000
LIMIT = 65_536
ROOM, ROMEO, JULIET = ChatId("#verona@matrix.example"), "romeo@home.example", "juliet%hs@matrix.example"


def read(xml: str) -> Element:
    """The stanzas as a server reads them. Raises ParseError."""
    return ElementTree.fromstring(f"<stream xmlns='jabber:client'>{xml}</stream>")


def of_matrix(raw: object, name: str) -> list[Event]:
    reader = events.Reader(
        me=ContactId("@me:hs"), direct=False, names={"@a:hs": name}, network=NetworkId("matrix"), now=1.0
    )
    return list(events.parse(raw, ChatId("!r"), reader))


def test_texts_and_names_of_matrix_become_stanzas() -> None:
    chance = poison.dice()
    for number in range(1, COUNT + 1):
        words = with_surrogates(chance, poison.text(chance, number, 1_000_000 if number == 500 else 5_000))
        given = {"msgtype": chance.choice(("m.text", "m.emote", "m.notice")), "body": words}
        if number % 3 == 0:
            given |= {"format": "org.matrix.custom.html", "formatted_body": f"<b>{words}</b>"}
        raw = {"type": "m.room.message", "event_id": f"${number}", "sender": "@a:hs", "content": given}
        name = with_surrogates(chance, poison.name(chance))

        (event,) = of_matrix(raw, name)

        assert isinstance(event, MessageReceived)
        assert codec.decode("message", codec.encode(event)) == event
        in_stanzas(event)


def in_stanzas(event: MessageReceived) -> None:
    """A direct chat and a room show the text whole, by whoever has said it."""
    nick = nicks.nick(event.sender)
    assert nick == nicks.nick(Contact(event.sender.id, nick))
    whole = Send(chat=ROOM, key="k", message=event.message, own_id=None)
    direct = replace(whole, chat=ChatId(f"{ROMEO} {JULIET}"))
    shown = text.legal(said(event.message))
    for action, write in (
        (direct, lambda part: render.stanza(part, JULIET, ROMEO, event.sender.name)),
        (whole, lambda part: stanzas.said(ROOM, nick, "o", part.key, part.key, content.written(part.message))),
    ):
        got = ""
        for part in render.parts(action, len(action.chat), LIMIT):
            stanza = stanzas.filled(write(part), [f"{ROMEO}/app"]) if action is whole else write(part)
            assert len(stanza.encode()) <= LIMIT
            came = read(stanza)[0]
            body = came.findtext("{jabber:client}body", "")
            got += said(reading.message(came, {child.tag: child for child in came}, body, dict))
        assert got == shown or any(span.kind is SpanKind.LINK for span in event.message.spans)
    there = read(stanzas.filled(stanzas.present(ROOM, Seen(nick, "o", JULIET, Rank.MEMBER)), [ROMEO]))[0]
    assert there.get("from") == f"{ROOM}/{nick}"


def said(message: Message) -> str:
    return f"/me {message.text}" if message.style is Style.EMOTE else message.text


def test_events_of_any_shape_are_something_or_nothing() -> None:
    chance = poison.dice()
    kinds: set[type[Event]] = set()
    for number in range(COUNT):
        raw = {"event_id": f"${number}", **poison.event(chance, "@a:hs")}
        for event in of_matrix(raw, poison.name(chance)):
            kinds.add(type(event))
            if isinstance(event, MessageReceived):
                in_stanzas(event)
            if isinstance(event, Unparsable):
                assert len(event.raw) <= 10_000
    for strange in poison.STRANGE:
        of_matrix(strange, "")

    assert {MessageReceived, Unparsable} <= kinds


def test_stanzas_of_any_shape_are_something_or_refused() -> None:
    chance = poison.dice()
    came = 0
    for number in range(1, COUNT + 1):
        stanza = a_stanza(chance, text.legal(poison.text(chance, number, 5_000)))
        try:
            event = parse.room_message(stanza, ROMEO, "Matrix", ROOM, 1.0, dict)
        except StanzaError:
            continue
        if event is not None and not isinstance(event, parse.Subject):
            came += 1
            codec.encode(event)  # type: ignore[arg-type]  # every Authored that is made is journaled

    assert came > COUNT / 4


def a_stanza(chance: random.Random, words: str) -> Element:
    stanza = Element("{jabber:client}message", {"from": f"{ROMEO}/app", "to": ROOM, "type": "groupchat"})
    if chance.random() < 0.9:
        stanza.set("id", words[: chance.choice((5, 50, 2_000))])
    made: list[tuple[str, dict[str, str], str]] = [
        ("{jabber:client}body", {}, words), ("{jabber:client}body", {}, ""), ("{jabber:client}subject", {}, words),
        ("{urn:xmpp:message-correct:0}replace", {"id": words[:1_500]}, ""),
        ("{urn:xmpp:message-retract:1}retract", {"id": words[:9]}, words), ("{urn:strange}x", {"y": words}, words),
        ("{urn:xmpp:message-retract:1}retract", {}, ""), ("{urn:xmpp:reactions:0}reactions", {"id": words[:9]}, words),
    ]  # fmt: skip
    for tag, attributes, inner in [made[0], *chance.sample(made, chance.randint(0, 4))]:
        child = ElementTree.SubElement(stanza, tag, attributes)
        child.text = inner
        reaction: Any = ElementTree.SubElement(child, "{urn:xmpp:reactions:0}reaction") if "reactions" in tag else child
        reaction.text = inner
    return stanza


def with_surrogates(chance: random.Random, words: str) -> str:
    """JSON may hold halves of pairs."""
    place = chance.randrange(len(words) + 1)
    return words[:place] + chance.choice(poison.SURROGATES) + words[place:] if chance.random() < 0.3 else words
