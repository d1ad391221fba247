"""The facade of archives (see `bridge.hub.facades`): lines of hosted rooms, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.contract import ChatId, ContactId, Edit, Message, React, Retract, Send


@dataclass(frozen=True, slots=True)
class Removal:
    """What has become of a message that was taken back."""

    id: str  # of what took it back, as apps know that; empty: the room did it by itself
    at: float
    moderator: bool = False  # by somebody who keeps order, or the room
    by: ContactId | None = None  # who, if an occupant
    name: str = ""  # of theirs, where they are none
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something of a room's archive, as everybody there was shown it: a message or an edit (as the message reads now),
    a retraction, or somebody's reactions as they were then. Of a message that was taken back only that is told."""

    author: ContactId | None  # an occupant; None for somebody who is none
    name: str  # of the author, where they are none
    said: Send | Edit | Retract | React  # its key is the same for ever
    at: float  # when, seconds since the epoch
    removal: Removal | None = None  # of a `Send`, whose message is empty then

    @property
    def key(self) -> str:
        return self.said.key

    @property
    def message(self) -> Message:
        """What was said; empty for what says nothing."""
        return self.said.message if isinstance(self.said, Send | Edit) else Message()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveQuery:
    """Which lines: `most` of those that fit everything else; the first of them, or `last`."""

    most: int
    last: bool = False
    above: Sequence[str] = ()  # keys of lines: these and what is behind them
    below: Sequence[str] = ()  # these and what is before them
    only: Sequence[str] = ()  # these; empty: all
    start: float | None = None  # said then or later, seconds since the epoch
    end: float | None = None
    author: ContactId | None = None  # somebody on the room's network; one of our users is who they are there
    heard: float | None = None  # came to the gateway then or later
    stored: bool = False  # only of what is here: nothing is asked for
    standing: bool = False  # only messages, and none that was taken back (XEP-0045 #enter-history)


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """`lines`, oldest first. `complete`: there are no others that fit. `settled`: nor will there ever be some among or
    before them, but for what is fetched when somebody asks for it."""

    lines: Sequence[Line]
    complete: bool
    settled: bool = True


class Archive(Protocol):
    """What was said in hosted rooms, as far as a reader was there, or their network lets them read."""

    async def page(self, room: ChatId, reader: str, query: ArchiveQuery) -> ArchivePage:
        """Raises `Refused`: FORBIDDEN for whoever is not in the room by an account, NOT_FOUND for a key that is not in
        it; `Unavailable` when there is nothing to show because the network does not answer."""
        ...

    async def count(self, room: ChatId, reader: str, query: ArchiveQuery) -> int:
        """How many lines fit, whatever `most` says, of those that are here. Raises `Refused`."""
        ...
