"""Events that broke the journal, as they lie in the dead letters: sealed, so that they can be taken in again.

Beside them lie things that nobody could parse, in the words of whoever sent them. The seal keeps such a thing from
passing for an event.
"""

import hmac
from collections.abc import Callable

import msgspec

from bridge.contract import Event
from bridge.hub import codec
from bridge.hub.codec import Answer, Invitation, Notice
from bridge.hub.intake import Accept, Context, Outcome, Source
from bridge.hub.judge import Ruling
from bridge.store.ledger import Ledger
from bridge.store.writer import Telling

JOURNALED = (Ruling.ACCEPT, Ruling.REPEAT, Ruling.ECHO)


class Letters:
    """`key`: of the seal."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def pack(self, event: Event) -> str:
        """The event, to be kept. What has no form in the journal is kept for people to read."""
        try:
            kind = codec.KIND_OF[type(event)]  # type: ignore[index]
            body = codec.encode(event).decode()  # type: ignore[arg-type]
        except (KeyError, UnicodeError):
            return ascii(event)
        return f"{self._seal(kind, body)} {kind} {body}"

    def unpack(self, raw: str) -> Event | None:
        """What was packed; None for everything else, and for what was too long to be kept whole."""
        seal, _, rest = raw.partition(" ")
        kind, _, body = rest.partition(" ")
        if not hmac.compare_digest(seal.encode(), self._seal(kind, body).encode()):
            return None
        try:
            event = codec.decode(kind, body.encode())
        except (KeyError, msgspec.DecodeError):
            return None  # an older or newer program wrote it otherwise
        return None if isinstance(event, Answer | Notice | Invitation) else event

    def _seal(self, kind: str, body: str) -> str:
        return hmac.new(self._key, f"{kind} {body}".encode(), "sha256").hexdigest()


class Again(Accept):
    """The job that journals an event at last; `journaled` is done with it."""

    __slots__ = ("journaled",)

    def __init__(
        self,
        context: Context,
        source: Source,
        event: Event,
        done: Callable[[Accept, Outcome | Exception], Telling | None],
        journaled: Callable[[Ledger], None],
    ) -> None:
        super().__init__(context, source, event, done)
        self.journaled = journaled

    def apply(self, ledger: Ledger) -> Outcome:
        outcome = super().apply(ledger)
        if outcome.ruling in JOURNALED:
            self.journaled(ledger)
        return outcome
