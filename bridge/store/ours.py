"""Our accounts, as the writer knows them: whose they are, which chats they see, whom they talk with."""

import math

from sqlalchemy import Connection, delete, insert, select

from bridge.store import choices, statements
from bridge.store import tables as t

_KEPT = 50_000  # answers of a kind remembered before we start anew


class Accounts:
    """Questions and changes inside the group's transaction; remembered from group to group."""

    connection: Connection

    def __init__(self) -> None:
        self._in: dict[int, frozenset[int]] = {}
        self._since: dict[tuple[int, int], float] = {}
        self._me: dict[str, dict[str, int]] = {}
        self._of: dict[tuple[str, str], list[int]] = {}
        self._blocks: dict[int, frozenset[str]] = {}

    def use(self, connection: Connection) -> None:
        """A group starts."""
        self.connection = connection

    def in_chat(self, chat: int) -> frozenset[int]:
        """Which of our accounts see `chat`."""
        if chat not in self._in:
            if len(self._in) > _KEPT:
                self._in.clear()
            c = t.chat_accounts.c
            rows = self.connection.execute(select(c.account).where(c.chat == chat))
            self._in[chat] = frozenset(rows.scalars())
        return self._in[chat]

    def since(self, chat: int, account: int) -> float:
        """Since when `account` sees `chat`; never, if it does not."""
        if (chat, account) not in self._since:
            if len(self._since) > _KEPT:
                self._since.clear()
            c = t.chat_accounts.c
            query = select(c.since).where(c.chat == chat, c.account == account)
            found = self.connection.execute(query).scalar()
            self._since[chat, account] = math.inf if found is None else found
        return self._since[chat, account]

    def enter(self, chat: int, account: int, since: float = 0.0) -> bool:
        """`account` sees `chat`, and what was journaled `since`; False if it did already."""
        present = self.in_chat(chat)
        if account in present:
            return False
        self.connection.execute(insert(t.chat_accounts).values(chat=chat, account=account, since=since))
        self._in[chat] = present | {account}
        self._since[chat, account] = since
        return True

    def leave(self, chat: int, account: int) -> bool:
        """`account` does not see `chat` any more; False if it did not."""
        present = self.in_chat(chat)
        if account not in present:
            return False
        c = t.chat_accounts.c
        self.connection.execute(delete(t.chat_accounts).where(c.chat == chat, c.account == account))
        self._in[chat] = present - {account}
        self._since.pop((chat, account), None)
        return True

    def direct(self, account: int, contact: str) -> int | None:
        """*The* direct chat of an account with a person."""
        d = t.directs.c
        return self.connection.execute(select(d.chat).where(d.account == account, d.contact == contact)).scalar()

    def set_direct(self, account: int, contact: str, chat: int) -> None:
        d = t.directs.c
        self.connection.execute(delete(t.directs).where(d.account == account, d.contact == contact))
        self.connection.execute(insert(t.directs).values(account=account, contact=contact, chat=chat))

    def no_direct(self, chat: int) -> None:
        """`chat` is nobody's direct chat any more."""
        self.connection.execute(delete(t.directs).where(t.directs.c.chat == chat))

    def ours(self, network: str) -> dict[str, int]:
        """Our accounts on a network: contact id to account."""
        if network not in self._me:
            a = t.accounts.c
            rows = self.connection.execute(select(a.me, a.id).where(a.network == network))
            self._me[network] = {row[0]: row[1] for row in rows}
        return self._me[network]

    def of_user(self, user: str, network: str) -> list[int]:
        """The accounts of a user on a network that are logged in, oldest first."""
        if (user, network) not in self._of:
            if len(self._of) > _KEPT:  # whoever writes to us is asked for
                self._of.clear()
            key = ('"user"', "network", "state")  # quoted, because PostgreSQL has a word like it
            rows = statements.rows_of(self.connection, "accounts", "id", key, [(user, network, "active")])
            self._of[user, network] = sorted(identity for (identity,) in rows)
        return self._of[user, network]

    def blocks(self, account: int) -> frozenset[str]:
        """People of whom an account wants to hear nothing."""
        if account not in self._blocks:
            if len(self._blocks) > _KEPT:
                self._blocks.clear()
            b = t.blocks.c
            rows = self.connection.execute(select(b.contact).where(b.account == account))
            self._blocks[account] = frozenset(rows.scalars())
        return self._blocks[account]

    def block(self, account: int, contacts: frozenset[str]) -> bool:
        """Of these and nobody else an account wants to hear nothing; False if it was so already."""
        if self.blocks(account) == contacts:
            return False
        choices.block(self.connection, account, contacts)
        self._blocks[account] = contacts
        return True

    def me(self, account: int) -> str:
        """Who this account is on its network; empty if there is no such account."""
        return self.connection.execute(select(t.accounts.c.me).where(t.accounts.c.id == account)).scalar() or ""

    def user_of(self, account: int) -> str:
        """Whose account this is; empty for the operator's."""
        return self.connection.execute(select(t.accounts.c.user).where(t.accounts.c.id == account)).scalar() or ""

    def forget(self) -> None:
        """Somebody logged in or out, or chats became one."""
        self._in.clear()
        self._since.clear()
        self._me.clear()
        self._of.clear()
        self._blocks.clear()
