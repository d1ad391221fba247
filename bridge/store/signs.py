"""What signs of life need to know of chats and messages: read beside the writer, never written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from bridge.store import tables as t
from bridge.store.accounts import ACTIVE
from bridge.store.acquaintances import WELCOME


@dataclass(frozen=True, slots=True)
class Seen:
    """An account that sees a chat."""

    account: int
    user: str
    me: str


@dataclass(frozen=True, slots=True)
class End:
    """A chat of a link, and which of our accounts that are logged in see it."""

    chat: int
    network: str
    native: str
    kind: str
    owner: str  # of an XMPP direct chat: the user
    contact: str  # of a direct chat: the other person
    relay: int | None  # the account that speaks there for people who have none of their own
    direction: str  # `Endpoint.direction`
    shows: int | None  # of a hosted room: the chat on a network that it shows
    suspended: bool  # its link is
    seen: tuple[Seen, ...] = ()

    @property
    def room(self) -> int:
        """The chat on a network that it is, or that it shows."""
        return self.shows or self.chat


@dataclass(frozen=True, slots=True)
class Written:
    """A message as its author wrote it."""

    chat: int
    network: str
    author: str
    body: bytes


def ends(connection: Connection, network: str, scope: str, native: str) -> list[End]:
    """The chats of the link that this one belongs to, itself first; none if it belongs to none. Without those of users
    who have not let in the person of `network` with whom they are."""
    c, e, q = t.chats.c, t.endpoints.c, t.acquaintances.c
    stranger = (
        select(q.user)
        .where(q.user == c.owner, q.network == network, q.contact == c.contact, q.state != WELCOME)
        .exists()
    )
    here = select(c.id).where(c.network == network, c.scope == scope, c.native == native).scalar_subquery()
    link = select(e.link).where(e.chat == here).scalar_subquery()
    rows = connection.execute(
        select(
            c.id,
            c.network,
            c.native,
            c.kind,
            c.owner,
            c.contact,
            e.account,
            e.direction,
            c.shows,
            (t.links.c.suspended != "").label("suspended"),
        )
        .join_from(t.endpoints, t.chats, e.chat == c.id)
        .join(t.links, t.links.c.id == e.link)
        .where(e.link == link, ~stranger)
    ).all()
    seen: dict[int, list[Seen]] = {}
    a, s = t.accounts.c, t.chat_accounts.c
    query = (
        select(s.chat, a.id, a.user, a.me)
        .join_from(t.chat_accounts, t.accounts, s.account == a.id)
        .where(s.chat.in_([row.id for row in rows]), a.state == ACTIVE)
        .order_by(a.id)
    )
    for chat, account, user, me in connection.execute(query) if rows else ():
        seen.setdefault(chat, []).append(Seen(account, user, me))
    found = [_end(row, seen.get(row.id, ())) for row in rows if row.native is not None]
    return sorted(found, key=lambda end: (end.network, end.native) != (network, native))


def _end(row: Any, seen: Sequence[Seen]) -> End:
    return replace(End(*row), seen=tuple(seen))


def position(connection: Connection, chat: int, native: str, key: str) -> int | None:
    """Where in the journal the event is that `chat` calls `native`; `key` is that of its action, if it is our name."""
    c, e = t.copies.c, t.events.c
    row = connection.execute(
        select(c.message, c.part, c.version).where(c.chat == chat, c.native == native)
    ).first()  # fmt: skip
    if row is not None:
        return int(row.message if row.part >= 0 else abs(row.version))  # an edit that was taken back has it negative
    query = select(e.id).where(e.key == key, e.kind == "message")
    found: int | None = connection.execute(query).scalar()
    return found


def written(connection: Connection, message: int) -> Written | None:
    e = t.events.c
    query = select(e.chat, e.network, e.author, e.body).where(e.id == message, e.kind == "message")
    row = connection.execute(query).first()
    return None if row is None else Written(*row)
