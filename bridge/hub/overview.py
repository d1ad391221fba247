"""What operators and admins are shown, wherever they ask."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountLine:
    id: int
    network: str
    user: str  # bare JID; empty for the operator's own
    me: str
    state: str


@dataclass(frozen=True, slots=True)
class DeadLine:
    """What was not delivered, without what was said."""

    id: str
    network: str
    chat: str
    at: str  # UTC
    why: str


@dataclass(frozen=True, slots=True)
class DeadList:
    """The newest; `more` older ones are not in it."""

    lines: tuple[DeadLine, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """How it went, as whole sentences."""

    text: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class DeedLine:
    """Who did what about a link."""

    at: str  # UTC
    network: str  # of whom
    person: str  # as their network calls them; empty: the operator
    did: str
    link: str  # its name, if it had one
    room: str  # where, if it was in one
    whom: str = ""  # whom it was done to: network and contact id


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A room of a link."""

    name: str  # the link's
    network: str
    chat: str  # as it was asked for
    direction: str
    state: str  # a few words, or why it is not linked
