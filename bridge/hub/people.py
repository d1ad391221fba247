"""People: the contacts that users know, and who may see whom; what the XMPP side asks the hub about persons.

Names live in the database; subscriptions and which accounts are connected are kept in memory as well, so that a
presence costs no query.
"""

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from bridge.contract import AccountId, Contact, ContactId, NetworkId
from bridge.hub.appearances import Appearances
from bridge.hub.choices import Choices
from bridge.hub.facades import PresenceOf
from bridge.hub.permission import may_serve, may_use
from bridge.hub.sightings import Sightings, fits
from bridge.store import acquaintances
from bridge.store import people as store
from bridge.store.accounts import accounts_of
from bridge.store.database import Database

log = logging.getLogger(__name__)

_KEPT = 50_000  # contacts remembered in memory, about 15 MB
_PER_USER = 10_000  # subscriptions of a user at one gateway


class KnownPeople:
    """The `People` facade. `seen.run` is a task of the hub; until `load` nobody is subscribed."""

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
        self.seen = Sightings(database, self._learned)

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
            fresh = self.seen.fresh(account, contact)
            if fresh is not None and fresh.name:
                return fresh
        known = await self._database.read(lambda c: store.profile(c, user, network, contact))
        return known if known is not None else await self.stranger(user, network, contact)

    async def contacts(self, user: str, network: NetworkId, *, strangers: bool = True) -> Sequence[Contact]:
        return await self._database.read(lambda c: store.contacts_of(c, user, network, strangers=strangers))

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
        self, user: str, network: NetworkId, contact: ContactId | None, yes: bool, *, asked: bool = True,
        theirs: bool = False,
    ) -> bool:  # fmt: skip
        name = contact or ""
        if theirs:
            await self._database.write(lambda c: acquaintances.answer(c, user, network, name, yes))
            self.named(user, network)
            return True
        if not yes:
            self._subscribed.get((user, network), set()).discard(name)  # who asks again meanwhile is not forgotten
            await self._database.write(lambda c: store.unsubscribe(c, user, network, [name]))
            return True
        if not self.allowed(user) or (not asked and (user, network, name) in self._parting):
            return False
        known = self._subscribed.get((user, network), set())
        if name in known:
            return True
        if len(known) >= _PER_USER or not (fits(user) and fits(name)):
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

    def _learned(self, user: str, network: NetworkId, contact: Contact) -> None:
        """A contact has a name that was not known; it is durable."""
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
