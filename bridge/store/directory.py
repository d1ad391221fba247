"""Chats, links and direct chats, as the writer knows them; remembered from group to group."""

from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bridge.store import tables as t
from bridge.store.rows import Chat, Endpoint, Link

_CHAT = tuple(t.chats.c[name] for name in ("id", "network", "scope", "native", "kind", "owner", "contact", "encrypted"))
_KEPT = 50_000  # chats remembered before we start anew: about 30 MB


def _chat(row: Any) -> Chat:
    identity, network, scope, native, kind, owner, contact, encrypted = row[:8]
    return Chat(identity, network, scope, native, kind, owner, contact, bool(encrypted))


class Directory:
    """Questions and changes inside the group's transaction; `connection` is set for each group."""

    connection: Connection

    def __init__(self) -> None:
        self._by_native: dict[tuple[str, str, str], Chat] = {}
        self._links: dict[int, Link | None] = {}  # by chat
        self._accounts: dict[int, frozenset[int]] = {}
        self._me: dict[str, dict[str, int]] = {}

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
        encrypted: bool = False,
    ) -> Chat:  # fmt: skip
        values = {
            "network": network, "scope": scope, "native": native, "kind": kind, "owner": owner, "contact": contact,
            "encrypted": int(encrypted),
        }  # fmt: skip
        identity = self.connection.execute(insert(t.chats).values(values).returning(t.chats.c.id)).scalar_one()
        return self._keep(Chat(identity, network, scope, native, kind, owner, contact, encrypted))

    def change_chat(self, chat: Chat) -> None:
        """Write `chat` as it now is; its links are read again."""
        values = {
            "scope": chat.scope, "native": chat.native, "kind": chat.kind, "contact": chat.contact,
            "encrypted": int(chat.encrypted),
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

    def add_link(self, name: str = "") -> int:
        identity: int = self.connection.execute(insert(t.links).values(name=name).returning(t.links.c.id)).scalar_one()
        return identity

    def add_endpoint(self, link: int, chat: int, account: int | None) -> None:
        self.connection.execute(insert(t.endpoints).values(chat=chat, link=link, account=account))
        self._links.clear()

    def remove_endpoint(self, chat: int) -> None:
        """`chat` leaves its link; what it is still owed, it gets."""
        self.connection.execute(delete(t.endpoints).where(t.endpoints.c.chat == chat))
        self._links.clear()

    def accounts_in(self, chat: int) -> frozenset[int]:
        """Which of our accounts see `chat`."""
        if chat not in self._accounts:
            c = t.chat_accounts.c
            self._accounts[chat] = frozenset(self.connection.execute(select(c.account).where(c.chat == chat)).scalars())
        return self._accounts[chat]

    def enter(self, chat: int, account: int) -> None:
        """`account` sees `chat`."""
        present = self.accounts_in(chat)
        if account not in present:
            self.connection.execute(insert(t.chat_accounts).values(chat=chat, account=account))
            self._accounts[chat] = present | {account}

    def direct(self, account: int, contact: str) -> int | None:
        """*The* direct chat of an account with a person."""
        d = t.directs.c
        return self.connection.execute(select(d.chat).where(d.account == account, d.contact == contact)).scalar()

    def set_direct(self, account: int, contact: str, chat: int) -> None:
        d = t.directs.c
        self.connection.execute(delete(t.directs).where(d.account == account, d.contact == contact))
        self.connection.execute(insert(t.directs).values(account=account, contact=contact, chat=chat))

    def ours(self, network: str) -> dict[str, int]:
        """Our accounts on a network: contact id → account."""
        if network not in self._me:
            a = t.accounts.c
            rows = self.connection.execute(select(a.me, a.id).where(a.network == network))
            self._me[network] = {row[0]: row[1] for row in rows}
        return self._me[network]

    def accounts_of(self, user: str, network: str) -> list[int]:
        """The accounts of a user on a network that are logged in, oldest first."""
        a = t.accounts.c
        query = select(a.id).where(a.user == user, a.network == network, a.state == "active").order_by(a.id)
        return list(self.connection.execute(query).scalars())

    def user_of(self, account: int) -> str:
        """Whose account this is; empty for the operator's."""
        return self.connection.execute(select(t.accounts.c.user).where(t.accounts.c.id == account)).scalar() or ""

    def accounts_changed(self) -> None:
        """Somebody logged in or out."""
        self._me.clear()

    def merge(self, gone: Chat, into: Chat) -> None:
        """`gone` turned out to be `into`: everything about it moves there, its link's other chats too."""
        old, new = self.link_of(gone.id), self.link_of(into.id)
        run = self.connection.execute
        if old is not None:
            target = new.id if new is not None else old.id
            for endpoint in old.endpoints:
                if endpoint.chat.id == gone.id:
                    run(delete(t.endpoints).where(t.endpoints.c.chat == gone.id))
                    if new is None:
                        self.add_endpoint(old.id, into.id, endpoint.account)
                else:
                    run(update(t.endpoints).where(t.endpoints.c.chat == endpoint.chat.id).values(link=target))
            if new is not None:
                run(delete(t.links).where(t.links.c.id == old.id))
        for table in (t.deliveries, t.directs, t.copies):
            run(update(table).where(table.c.chat == gone.id).values(chat=into.id))
        run(delete(t.chat_accounts).where(t.chat_accounts.c.chat == gone.id))
        run(delete(t.chats).where(t.chats.c.id == gone.id))
        self._links.clear()
        self._accounts.clear()
        self._by_native.clear()

    def _link(self, identity: int) -> Link | None:
        e = t.endpoints.c
        query = (
            select(*_CHAT, e.account, t.links.c.name)
            .join_from(t.endpoints, t.chats, e.chat == t.chats.c.id)
            .join(t.links, t.links.c.id == e.link)
            .where(e.link == identity)
            .order_by(e.chat)
        )
        rows = self.connection.execute(query).all()
        if not rows:
            return None
        found = tuple(Endpoint(_chat(row), row[8]) for row in rows)
        return Link(identity, rows[0][9], found)

    def _keep(self, chat: Chat) -> Chat:
        if chat.native is not None:
            if len(self._by_native) > _KEPT:
                self._by_native.clear()
            self._by_native[chat.network, chat.scope, chat.native] = chat
        return chat
