"""What one account is shown of a memory network's log, as fast as it reads."""

from collections.abc import Callable, Iterator

import msgspec

from bridge.contract import BlockedChanged, PresenceChanged, TypingChanged
from bridge.testing import directory
from bridge.testing.network import Network
from bridge.testing.places import Member
from bridge.testing.wire import Happened, line

_AT_ONCE = 256


class Stream:
    """Begins after `cursor` where the network replays, else with what happens from now on (and what authors repeat)."""

    def __init__(self, network: Network, member: Member, cursor: str | None, write: Callable[[bytes], None]) -> None:
        self.paused = False
        self.member = member
        self._network = network
        self._write = write
        end = self._opened = len(network.log)
        known = int(cursor) if cursor is not None and cursor.isascii() and cursor.isdigit() else None
        self._live_at: int | None = end
        self._first = known is None or not network.traits.replays
        if network.traits.replays and known is not None:
            self._position = min(known, end)
        elif network.traits.resay and member.journaled is not None:
            self._position, self._live_at = member.journaled, member.journaled
        else:
            self._position = end
            member.journaled = end

    def pump(self) -> None:
        """Write what is new."""
        more = True
        while more and not self.paused:
            data = b"".join(self._next())
            more = self._position < len(self._network.log)  # what was passed over may all be meant for others
            if data:
                self._write(data)

    def _next(self) -> Iterator[bytes]:
        network, log = self._network, self._network.log
        if self._first:
            self._first = False
            # A chat that people open by writing to somebody is not told of.
            chats = [c for c in network.chats.values() if c.sees(self.member) and c.addressee is None and not c.holds]
            for seen in [network.seen_by(chat, self.member) for chat in chats]:
                yield _line(self._position, "ChatSeen", msgspec.Raw(msgspec.json.encode(seen)))
        for _ in range(_AT_ONCE):
            if self._live_at is not None and self._position >= self._live_at:
                self._live_at = None
                if self.member.blocked:
                    said = msgspec.json.encode(directory.blocked(self.member))
                    yield _line(self._position, "BlockedChanged", msgspec.Raw(said))
                yield _line(self._position, "Live")
            if self._position >= len(log):
                return
            entry = log[self._position]
            self._position = entry.n
            if isinstance(entry.event, TypingChanged | PresenceChanged | BlockedChanged) and entry.n <= self._opened:
                continue  # signs pass
            if entry.shown_to(self.member):
                yield entry.line(keys=network.traits.echoes)


def _line(n: int, kind: str, body: msgspec.Raw = msgspec.Raw(b"null")) -> bytes:  # noqa: B008
    return line(Happened(n, kind, body=body))
