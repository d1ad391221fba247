"""Loops through strangers: other bots, and bridges that put no mark on what they bring.

Our own copies, our own people and what bears a mark are known by ids and never get this far (`echoes.echoed`,
`passing.halted`). A stranger who says again what we have brought has nothing of that kind. What tells is that the same
words come back, again and again, in more than one room of a link: then the link is suspended, before it grows. In
memory: a restart forgives.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bridge.contract import MessageEdited, MessageReceived, Provenance, Style

WITHIN = 60.0  # seconds in which what comes back counts
BY_ONE = 8  # times that one author may say what somebody else has just said, if another room has such an author, too
BY_ALL = 60  # the same, of all authors of a link together
_WORDS = 300  # of a link, that are remembered
_LONGEST = 2_000  # characters of a message that are looked at
_DELIMITERS = (": ", "> ", "\n")  # behind a name that bridges put before what somebody has said
_PIECES = 6


@dataclass(slots=True)
class _Heard:
    """What was said in one link lately."""

    words: "OrderedDict[str, tuple[tuple[str, str], float]]" = field(default_factory=OrderedDict)  # by whom, and when
    again: "deque[tuple[float, int, tuple[str, str]]]" = field(default_factory=lambda: deque(maxlen=2 * BY_ALL))
    """When something came back, in which room, and by whom."""


class Breaker:
    """Used by the writer alone. `now`: seconds since whenever."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._links: dict[int, _Heard] = {}

    def trips(self, link: int, room: int, network: str, event: MessageReceived | MessageEdited) -> bool:
        """Something is said in a room of a link; whether that link goes in circles."""
        heard, now = self._links.setdefault(link, _Heard()), self._now()
        who = (network, event.sender.id)
        text = event.message.text.strip()[:_LONGEST]
        if self._came_back(heard, who, text, event, now):
            heard.again.append((now, room, who))
        if text:
            heard.words[text] = (who, now)
            heard.words.move_to_end(text)
            if len(heard.words) > _WORDS:
                heard.words.popitem(last=False)
        return self._circles(heard, now)

    def forget(self, link: int) -> None:
        """It begins anew."""
        self._links.pop(link, None)

    def _came_back(
        self, heard: _Heard, who: tuple[str, str], text: str, event: MessageReceived | MessageEdited, now: float
    ) -> bool:
        recent = [by for by, at in heard.words.values() if now - at <= WITHIN]
        program = event.provenance is Provenance.PROGRAM or event.message.style is Style.NOTICE
        if program and any(by != who for by in recent[-2:]):
            return True  # a program answers, whatever it says
        for piece in _pieces(text):
            by, at = heard.words.get(piece, (who, 0.0))
            if now - at <= WITHIN and (by != who or piece != text):
                return True
        return False

    def _circles(self, heard: _Heard, now: float) -> bool:
        times: dict[tuple[int, tuple[str, str]], int] = {}
        for at, room, who in heard.again:
            if now - at <= WITHIN:
                times[room, who] = times.get((room, who), 0) + 1
        rooms = {room for (room, _), number in times.items() if number >= BY_ONE}
        return len(rooms) > 1 or (sum(times.values()) >= BY_ALL and len({room for room, _ in times}) > 1)


def _pieces(text: str) -> Iterator[str]:
    """A message, and what may be one behind names."""
    yield text
    rest = text
    for _ in range(_PIECES):
        found = [at + len(mark) for mark in _DELIMITERS if (at := rest.find(mark)) >= 0]
        if not found:
            return
        rest = rest[min(found) :]
        if rest.strip():
            yield rest.strip()
