"""People: the contacts that users know, and who may see whom; what the XMPP side asks the hub about persons.

Names live in the database; subscriptions and which accounts are connected are kept in memory as well, so that a
presence costs no query. What sessions see is written behind them in groups, and an unchanged name not at all.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from bridge.contract import AccountId, Contact, ContactId, NetworkId
from bridge.hub.appearances import Appearances
from bridge.hub.choices import Choices
from bridge.hub.facades import PresenceOf
from bridge.hub.permission import may_serve, may_use
from bridge.store import people as store
from bridge.store.accounts import accounts_of
from bridge.store.database import UNWRITABLE, Database

log = logging.getLogger(__name__)

_KEPT = 50_000  # contacts remembered in memory, about 15 MB
_AT_ONCE = 500
_PER_USER = 10_000  # subscriptions of a user at one gateway
_LONGEST = 1_000  # characters of a name or an avatar's reference
_LONGEST_ID = 1_000  # bytes

_Group = dict[tuple[AccountId, ContactId], tuple[str, NetworkId, Contact]]


class KnownPeople:
    """The `People` facade. `run` is a task of the hub; until `load` nobody is subscribed."""

    def __init__(self, database: Database, users: Sequence[str], admins: Sequence[str]) -> None:
        self._database = database
        self._users = users
        self._admins = admins
        self._watchers: list[Callable[[PresenceOf], None]] = []
        self.appearances = Appearances(self._appeared)
        self.named: Callable[[str, NetworkId], None] = lambda user, network: None  # a user has a contact by a new name
        self.choices = Choices(database)
        self.choices.watch(self._chosen)
        self.stranger: Callable[[str, NetworkId, ContactId], Awaitable[Contact | None]] = _unknown
        self.host: Callable[[str, NetworkId], Awaitable[bool]] = _nobodys_guest  # have a user be a guest, if they may
        self._subscribed: dict[tuple[str, NetworkId], set[str]] = {}
        self._parting: set[tuple[str, NetworkId, str]] = set()
        self._connected: dict[tuple[str, NetworkId], set[AccountId]] = {}
        self._names: OrderedDict[tuple[str, NetworkId, str], Contact] = OrderedDict()
        self._written: OrderedDict[tuple[AccountId, ContactId], Contact] = OrderedDict()
        self._pending: _Group = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def load(self) -> None:
        """Read subscriptions and the names that go with them, and what users have chosen."""
        await self.choices.load()
        for user, network, contact in await self._database.read(store.subscriptions):
            self._subscribed.setdefault((user, NetworkId(network)), set()).add(contact)
        for user, network, known in await self._database.read(lambda c: store.names_of_subscribed(c, _KEPT)):
            self._names[user, NetworkId(network), known.id] = known

    # What the XMPP side asks

    async def profile(self, user: str, network: NetworkId, contact: ContactId) -> Contact | None:
        for account in self._connected.get((user, network), ()):
            fresh = self._pending.get((account, contact))
            if fresh is not None and fresh[2].name:
                return fresh[2]
        known = await self._database.read(lambda c: store.profile(c, user, network, contact))
        return known if known is not None else await self.stranger(user, network, contact)

    async def contacts(self, user: str, network: NetworkId) -> Sequence[Contact]:
        return await self._database.read(lambda c: store.contacts_of(c, user, network))

    async def accounts(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        rows = await self._database.read(lambda c: accounts_of(c, user, network))
        return [ContactId(row.me) for row in rows if row.active]

    def presence(self, user: str, network: NetworkId, contact: ContactId | None) -> PresenceOf:
        connected = bool(self._connected.get((user, network)))
        subscribed = (contact or "") in self._subscribed.get((user, network), ())
        if contact is not None:
            known = self._names.get((user, network, contact)) or Contact(contact)
            connected = connected and not self.choices.blocked(user, network, contact)
            now = self.appearances.of(user, network, contact) if connected else None
            if now is None:
                return PresenceOf(user, network, known, connected, subscribed=subscribed)
            return PresenceOf(user, network, known, now.available, now.status, subscribed, now.away, now.idle)
        status = "" if connected else "Not connected. Send `login` to sign in, or `status` to see why."
        return PresenceOf(user, network, None, self.allowed(user), status, subscribed)

    async def befriend(
        self, user: str, network: NetworkId, contact: ContactId | None, yes: bool, *, asked: bool = True
    ) -> bool:
        name = contact or ""
        if not yes:
            self._subscribed.get((user, network), set()).discard(name)  # who asks again meanwhile is not forgotten
            await self._database.write(lambda c: store.unsubscribe(c, user, network, [name]))
            return True
        if not self.allowed(user) or (not asked and (user, network, name) in self._parting):
            return False
        known = self._subscribed.get((user, network), set())
        if name in known:
            return True
        if len(known) >= _PER_USER or not (_fits(user) and _fits(name)):
            return False
        if contact is not None and not (await self._has_account(user, network) or await self.host(user, network)):
            return False
        await self._database.write(lambda c: store.subscribe(c, user, network, name))
        self._subscribed.setdefault((user, network), set()).add(name)
        if contact is not None:
            await self._learn_name(user, network, contact)
        return True

    @asynccontextmanager
    async def parting(self, user: str, network: NetworkId, contacts: Sequence[ContactId]) -> AsyncIterator[None]:
        known = self._subscribed.setdefault((user, network), set())
        left = known & set(contacts)
        parting = {(user, network, name) for name in contacts}
        known -= left
        self._parting |= parting
        try:
            yield
            gone = left - known
            await self._database.write(lambda c: store.unsubscribe(c, user, network, gone))
        except BaseException:
            known |= left
            raise
        finally:
            self._parting -= parting

    async def friends(self, user: str, network: NetworkId) -> Sequence[ContactId | None]:
        return [ContactId(name) if name else None for name in sorted(self._subscribed.get((user, network), ()))]

    async def subscribers(self, network: NetworkId) -> Sequence[str]:
        return sorted(user for (user, where), names in self._subscribed.items() if where == network and names)

    def watch(self, changed: Callable[[PresenceOf], None]) -> None:
        self._watchers.append(changed)

    def allowed(self, user: str) -> bool:
        return may_use(user, self._users, self._admins)

    def serves(self, domain: str) -> bool:
        return may_serve(domain, self._users, self._admins)

    # What sessions report

    def account_changed(self, account: AccountId, network: NetworkId, user: str, connected: bool) -> None:
        """An account is connected now, or no longer. A user is there while any account of theirs is."""
        mine = self._connected.setdefault((user, network), set())
        before = bool(mine)
        if connected:
            mine.add(account)
        else:
            mine.discard(account)
        if bool(mine) == before:
            return
        if not mine:
            del self._connected[user, network]
            self.appearances.forget(user, network)
        for name in sorted(self._subscribed.get((user, network), ())):
            self._tell(self.presence(user, network, ContactId(name) if name else None))

    def contact_seen(self, account: AccountId, user: str, network: NetworkId, contact: Contact) -> None:
        """An account saw a person, with the name they bear now (empty: not known). Written behind, if it changed."""
        key = (account, contact.id)
        known = self._pending[key][2] if key in self._pending else self._written.get(key)
        if known is not None and (not contact.name or contact == known or contact == replace(known, avatar=None)):
            return
        if not _fits(contact.id):
            log.warning("a contact has an id that cannot be stored account=%d length=%d", account, len(contact.id))
            return
        avatar = contact.avatar if contact.avatar is not None or known is None else known.avatar
        said = Contact(contact.id, _plain(contact.name), None if avatar is None else _plain(avatar))
        self._pending[key] = (user, network, said)
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write what sessions saw; ends only by being cancelled."""
        pause = 0.2
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                group = dict(list(self._pending.items())[:_AT_ONCE])
                try:
                    changed = await self._write(group)
                except UNWRITABLE as error:
                    log.warning("names cannot be written, trying again error=%s", type(error.orig).__name__)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 10.0)
                    continue
                pause = 0.2
                self._wrote(group, changed)
            self._idle.set()

    async def drained(self) -> None:
        """Return when everything seen so far is durable."""
        await self._idle.wait()

    async def _write(self, group: _Group) -> dict[tuple[int, str], Contact]:
        """Write what differs; return it."""
        stored = await self._database.read(lambda c: store.seen(c, group))
        changed: dict[tuple[int, str], Contact] = {}
        for key, (_, _, contact) in group.items():
            before = stored.get(key)
            now = contact if before is None or contact.avatar is not None else replace(contact, avatar=before.avatar)
            if before is None or (contact.name and now != before):
                changed[key] = now
            else:
                self._keep(key, before)
        if changed:
            await self._database.write(lambda c: store.remember(c, changed))
        return changed

    def _wrote(self, group: _Group, changed: dict[tuple[int, str], Contact]) -> None:
        for key, entry in group.items():
            if self._pending.get(key) is entry:
                del self._pending[key]
            if key not in changed:
                continue
            (user, network, _), contact = entry, changed[key]
            self._keep(key, contact)
            self.named(user, network)
            if contact.id in self._subscribed.get((user, network), ()):
                self._name(user, network, contact)
                self._tell(self.presence(user, network, contact.id))

    async def _has_account(self, user: str, network: NetworkId) -> bool:
        return await self._database.read(lambda c: store.has_account(c, user, network))

    async def _learn_name(self, user: str, network: NetworkId, contact: ContactId) -> None:
        known = await self.profile(user, network, contact)
        if known is not None:
            self._name(user, network, known)

    def _name(self, user: str, network: NetworkId, contact: Contact) -> None:
        self._names[user, network, contact.id] = contact
        if len(self._names) > _KEPT:
            self._names.popitem(last=False)

    def _keep(self, key: tuple[AccountId, ContactId], contact: Contact) -> None:
        self._written[key] = contact
        self._written.move_to_end(key)
        if len(self._written) > _KEPT:
            self._written.popitem(last=False)

    def _appeared(self, user: str, network: NetworkId, contact: ContactId) -> None:
        if contact in self._subscribed.get((user, network), ()):
            self._tell(self.presence(user, network, contact))

    def _chosen(self, user: str, network: NetworkId, contacts: frozenset[ContactId]) -> None:
        """Whom the user blocks is away for them, and others are there again."""
        for contact in sorted(contacts):
            self._appeared(user, network, contact)

    def _tell(self, presence: PresenceOf) -> None:
        for changed in self._watchers:
            changed(presence)


async def _nobodys_guest(user: str, network: NetworkId) -> bool:
    return False


async def _unknown(user: str, network: NetworkId, contact: ContactId) -> Contact | None:
    return None


def _fits(name: str) -> bool:
    """Whether an id can be stored: no NUL, no lone surrogates, short enough for a PostgreSQL index."""
    return _plain(name) == name and len(name.encode()) <= _LONGEST_ID


def _plain(text: str) -> str:
    return text[:_LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
