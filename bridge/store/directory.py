"""Chats, links and direct chats, as the writer knows them; remembered from group to group."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, delete, func, insert, select, union, update

from bridge.store import bans
from bridge.store import tables as t
from bridge.store.ours import Accounts
from bridge.store.rows import Chat, Endpoint, Entry, Link

_NAMES = (
    "id", "network", "scope", "native", "kind", "owner", "contact", "encrypted", "name", "subject", "avatar", "rules",
    "closed", "moved", "shows",
)  # fmt: skip
_CHAT = tuple(t.chats.c[name] for name in _NAMES)
_RECENT = 2_000  # events
_SHORT = 1_000  # bytes of a body that may stay in memory: to make an entry without one takes longer
_KEPT = 50_000  # chats remembered before we start anew: about 30 MB


def _chat(row: Any) -> Chat:
    identity, network, scope, native, kind, owner, contact, encrypted, *shown = row[: len(_NAMES)]
    return Chat(identity, network, scope, native, kind, owner, contact, bool(encrypted), *shown)


class Directory:
    """Questions and changes inside the group's transaction; `connection` is set for each group."""

    connection: Connection

    def __init__(self, merged: Mapping[int, int] | None = None) -> None:
        self.accounts = Accounts()
        self._by_native: dict[tuple[str, str, str], Chat] = {}
        self._links: dict[int, Link | None] = {}  # by chat
        self.merged: Mapping[int, int] = merged or {}  # chats that are gone, and what they are now
        self.durable = self.merged  # as it was after the last group that was committed
        self.recent: OrderedDict[str, Entry] = OrderedDict()  # events journaled last, by key, without long bodies

    def use(self, connection: Connection) -> None:
        """A group starts."""
        self.connection = connection
        self.accounts.use(connection)

    def committed(self) -> None:
        """The group is durable, and so is what is remembered of it."""
        self.durable = self.merged

    def chat(self, network: str, scope: str, native: str) -> Chat | None:
        found = self._by_native.get((network, scope, native))
        if found is None:
            c = t.chats.c
            query = select(*_CHAT).where(c.network == network, c.scope == scope, c.native == native)
            row = self.connection.execute(query).first()
            if row is None:
                return None
            found = self._keep(_chat(row))
        return found

    def chat_by_id(self, identity: int) -> Chat | None:
        row = self.connection.execute(select(*_CHAT).where(t.chats.c.id == identity)).first()
        return _chat(row) if row else None

    def add_chat(
        self, network: str, scope: str, native: str | None, kind: str, *, owner: str = "", contact: str = "",
        encrypted: bool = False, name: str = "", subject: str = "", shows: int | None = None,
    ) -> Chat:  # fmt: skip
        values = {
            "network": network, "scope": scope, "native": native, "kind": kind, "owner": owner, "contact": contact,
            "encrypted": int(encrypted), "name": name, "subject": subject, "shows": shows,
        }  # fmt: skip
        identity = self.connection.execute(insert(t.chats).values(values).returning(t.chats.c.id)).scalar_one()
        if identity in self.merged:  # SQLite gives the last number again
            self.merged = {gone: into for gone, into in self.merged.items() if gone != identity}
        chat = Chat(identity, network, scope, native, kind, owner, contact, encrypted, name, subject, shows=shows)
        return self._keep(chat)

    def change_chat(self, chat: Chat) -> None:
        """Write `chat` as it now is; its links are read again."""
        values = {
            "scope": chat.scope, "native": chat.native, "kind": chat.kind, "contact": chat.contact,
            "encrypted": int(chat.encrypted), "name": chat.name, "subject": chat.subject, "avatar": chat.avatar,
            "rules": chat.rules, "closed": chat.closed, "moved": chat.moved,
        }  # fmt: skip
        self.connection.execute(update(t.chats).where(t.chats.c.id == chat.id).values(values))
        self._by_native = {key: known for key, known in self._by_native.items() if known.id != chat.id}
        self._keep(chat)
        self._links.clear()

    def link_of(self, chat: int) -> Link | None:
        """The link that `chat` belongs to, whole."""
        if chat not in self._links:
            if len(self._links) > _KEPT:
                self._links.clear()
            e = t.endpoints.c
            identity = self.connection.execute(select(e.link).where(e.chat == chat)).scalar()
            self._links[chat] = None if identity is None else self._link(identity)
        return self._links[chat]

    def add_link(self, name: str = "", source: str = "", wanted: str = "") -> int:
        values = {"name": name, "source": source, "wanted": wanted}
        return int(self.connection.execute(insert(t.links).values(values).returning(t.links.c.id)).scalar_one())

    def add_endpoint(self, link: int, chat: int, account: int | None, **more: str | int) -> None:
        """`more`: `direction`, `name_format`, `typed`, `programs`, `announced`."""
        self.connection.execute(insert(t.endpoints).values(chat=chat, link=link, account=account, **more))
        self._links.clear()

    def forget_links(self) -> None:
        """They were changed beside us, in this transaction."""
        self._links.clear()

    def remove_endpoint(self, chat: int) -> None:
        """`chat` leaves its link; what it is still owed, it gets."""
        self.connection.execute(delete(t.endpoints).where(t.endpoints.c.chat == chat))
        self._links.clear()

    def current(self, chat: int) -> int:
        """The chat that `chat` is now, if it was merged into another since the process started."""
        while chat in self.merged:
            chat = self.merged[chat]
        return chat

    def merge(self, gone: Chat, into: Chat) -> None:
        """`gone` turned out to be `into`: everything stored about it moves there, its link's other chats too."""
        old, new = self.link_of(gone.id), self.link_of(into.id)
        run = self.connection.execute
        if old is not None:
            target = new.id if new is not None else old.id
            for endpoint in old.endpoints:
                if endpoint.chat.id == gone.id:
                    run(delete(t.endpoints).where(t.endpoints.c.chat == gone.id))
                    if new is None:
                        more = {"direction": endpoint.direction, "name_format": endpoint.name_format}
                        how = {"programs": int(endpoint.programs), "announced": 1}
                        self.add_endpoint(old.id, into.id, endpoint.account, typed=endpoint.typed, **more, **how)
                else:
                    run(update(t.endpoints).where(t.endpoints.c.chat == endpoint.chat.id).values(link=target))
            if new is not None:
                run(delete(t.links).where(t.links.c.id == old.id))
        c, d = t.copies.c, t.deliveries.c
        # Every event is called something where it happened; what the gateway itself says is not, and is still owed.
        there = union(
            select(c.message).where(c.chat == gone.id), select(func.abs(c.version)).where(c.chat == gone.id),
            select(d.event).where(d.chat == gone.id),
        )  # fmt: skip
        e = t.events.c
        run(update(t.events).where(e.id.in_(there), e.chat == gone.id).values(chat=into.id))
        for table in (t.deliveries, t.delays, t.directs, t.copies, t.merged, t.reactions):
            run(update(table).where(table.c.chat == gone.id).values(chat=into.id))
        bans.move(self.connection, gone.id, into.id)
        run(update(t.chats).where(t.chats.c.shows == gone.id).values(shows=into.id))
        run(delete(t.chat_accounts).where(t.chat_accounts.c.chat == gone.id))
        run(delete(t.chats).where(t.chats.c.id == gone.id))
        self.merged = {**self.merged, gone.id: into.id}
        self._links.clear()
        self.accounts.forget()
        self.recent.clear()
        self._by_native.clear()

    def journaled(self, entries: Iterable[Entry]) -> None:
        """Remember them: their echoes come soon."""
        for entry in entries:
            self.recent[entry.key] = entry if len(entry.body) <= _SHORT else replace(entry, body=b"")
        while len(self.recent) > _RECENT:
            self.recent.popitem(last=False)

    def _link(self, identity: int) -> Link | None:
        e = t.endpoints.c
        query = (
            select(
                *_CHAT,
                e.account,
                e.direction,
                e.name_format,
                e.typed,
                e.programs,
                t.links.c.name.label("link_name"),
                t.links.c.suspended,
            )
            .join_from(t.endpoints, t.chats, e.chat == t.chats.c.id)
            .join(t.links, t.links.c.id == e.link)
            .where(e.link == identity)
            .order_by(e.chat)
        )
        rows = self.connection.execute(query).all()
        if not rows:
            return None
        found = tuple(
            Endpoint(_chat(row), row.account, row.direction, row.name_format, row.typed, bool(row.programs))
            for row in rows
        )
        rooms = [one.chat.id for one in found] if rows[0].link_name else []
        barred = {(b.chat, b.network, b.person): b.until for b in (bans.of(self.connection, rooms) if rooms else ())}
        return Link(identity, rows[0].link_name, found, rows[0].suspended, barred)

    def _keep(self, chat: Chat) -> Chat:
        if chat.native is not None:
            if len(self._by_native) > _KEPT:
                self._by_native.clear()
            self._by_native[chat.network, chat.scope, chat.native] = chat
        return chat
