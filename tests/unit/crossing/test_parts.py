"""Long texts in parts, as stanzas and as Matrix events: whatever one is changed into, people read it whole, and nothing
of it stays when it is taken back."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import Action, ChatId, Edit, Message, MessageId, Retract, Send, Span, SpanKind, Target
from bridge.xmpp import content, render, text
from connectors.matrix import sending
from tests.support.texts import CASES, formatted, texts

CHAT = ChatId("romeo@home.example juliet@far.example")
LIMIT = 4_000  # bytes of a stanza
Parts = Callable[[Action], Sequence[Action]]


def stanzas(action: Action) -> Sequence[Action]:
    return render.parts(action, len(CHAT), LIMIT)


class Shown:
    """A chat whose people see one message, in parts, in the order of their ids."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.seen: dict[MessageId, Message] = {}
        self.known: list[MessageId] = []  # as the hub has it: copies by their part
        self.number = 0

    def do(self, action: Action) -> None:
        self.number += 1
        known = list(self.known)
        keys: set[str] = set()
        for place, part in enumerate(self.parts(action)):
            assert part.key not in keys
            keys.add(part.key)
            if isinstance(part, Send):
                id = MessageId(part.key)
                self.seen[id] = part.message
                known.append(id)
            elif isinstance(part, Edit):
                assert part.target.ids == (known[place],)
                self.seen[part.target.ids[0]] = part.message
            elif isinstance(part, Retract):
                del self.seen[part.target.ids[0]]
                known.remove(part.target.ids[0])
        self.known = known

    def says(self, message: Message) -> None:
        self.do(Send(chat=CHAT, key=f"k{self.number}", message=message))

    def edits(self, message: Message) -> None:
        self.do(Edit(chat=CHAT, key=f"k{self.number}", target=Target(tuple(self.known)), message=message))

    def retracts(self) -> None:
        self.do(Retract(chat=CHAT, key=f"k{self.number}", target=Target(tuple(self.known))))

    @property
    def text(self) -> str:
        return "".join(self.seen[id].text for id in self.known)

    @property
    def bold(self) -> list[int]:
        """The places that are."""
        found, at = [], 0
        for id in self.known:
            message = self.seen[id]
            spans = [s for s in message.spans if s.kind is SpanKind.BOLD]
            found += [at + p for p in range(len(message.text)) if any(s.start <= p < s.end for s in spans)]
            at += len(message.text)
        return found


@st.composite
def messages(draw: st.DrawFn, most: int) -> Message:
    """Up to `most` times a few letters, perhaps with something bold."""
    words, _ = draw(formatted())
    said = (words or "x") * draw(st.integers(1, most))
    start, end = sorted((draw(st.integers(0, len(said))), draw(st.integers(0, len(said)))))
    bold = (Span(start, end, SpanKind.BOLD),) if start < end and draw(st.booleans()) else ()
    return Message(said, bold)


@CASES
@given(st.lists(messages(300), min_size=1, max_size=4), st.booleans())
def test_in_stanzas(versions: list[Message], taken_back: bool) -> None:
    shown = Shown(stanzas)
    shown.says(versions[0])
    for version in versions[1:]:
        shown.edits(version)

    assert text.legal(shown.text) == text.legal(versions[-1].text)
    assert all(len(content.written(part).encode()) <= LIMIT for part in shown.seen.values())
    if taken_back:
        shown.retracts()
        assert shown.seen == {}


@CASES
@given(st.lists(messages(4_000), min_size=1, max_size=3), st.booleans())
def test_in_matrix_events(versions: list[Message], taken_back: bool) -> None:
    shown = Shown(sending.parts)
    shown.says(versions[0])
    for version in versions[1:]:
        shown.edits(version)
    last = versions[-1]

    assert shown.text == last.text
    assert shown.bold == [p for span in last.spans for p in range(span.start, span.end)]
    if taken_back:
        for part in sending.parts(Retract(chat=CHAT, key="r", target=Target(tuple(shown.known)))):
            assert isinstance(part, Retract)
            del shown.seen[part.target.ids[0]]
        assert shown.seen == {}


@pytest.mark.parametrize("parts", [stanzas, sending.parts])
@CASES
@given(texts)
def test_what_is_short_is_one(parts: Parts, words: str) -> None:
    assert len(parts(Send(chat=CHAT, key="k", message=Message(words or "x")))) == 1
