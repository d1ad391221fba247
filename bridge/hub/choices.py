"""What users have chosen: whom they block, and what others are shown of them. In memory, and in the database.

What an account blocks its network keeps, and tells us of every change. A setting is of a user at a network, or of one
chat of theirs there, which is named by its address at home; that of a chat counts before that of them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.contract import AccountId, ContactId, NetworkId
from bridge.hub.opting import OptOuts
from bridge.store import choices as store
from bridge.store.database import Database

ON, OFF = "on", "off"
_PER_USER = 1_000  # settings of a user at one network


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that can be on or off."""

    name: str
    label: str  # for people
    otherwise: bool  # as it is when nothing is chosen
    per_chat: bool = False


SETTINGS: Mapping[str, Setting] = {
    one.name: one
    for one in (
        Setting("receipts", "Others see what you have read", True, per_chat=True),
        Setting("typing", "Others see that you are writing", True, per_chat=True),
        Setting("presence", "Others see whether you are there", True),
        Setting("mentions", "You are told when you are meant in a room that you have not entered", True, per_chat=True),
        Setting("joins", "You are told in rooms, in a line, who has come and gone", False, per_chat=True),
        Setting("picture", "Others see the picture of your XMPP account", False),
    )
}
ACCOUNT = "account"
"""Another setting: which account of several is used, as its contact id."""


class TooMany(Exception):
    """A user has chosen too much already."""


class Choices:
    """`load` comes first. Questions wait for nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.opt_outs = OptOuts(database)
        self._settings: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self._blocks: dict[tuple[str, str], dict[int, frozenset[ContactId]]] = {}
        self._watchers: list[Callable[[str, NetworkId, frozenset[ContactId]], None]] = []

    async def load(self) -> None:
        await self.opt_outs.load()
        for user, network, item, name, value in await self._database.read(store.settings):
            self._settings.setdefault((user, network), {})[item, name] = value
        for account, user, network, contact in await self._database.read(store.blocks):
            mine = self._blocks.setdefault((user, network), {})
            mine[account] = mine.get(account, frozenset()) | {ContactId(contact)}

    def watch(self, changed: Callable[[str, NetworkId, frozenset[ContactId]], None]) -> None:
        """Call `changed` (synchronously, on the loop) for a user and a network when they choose otherwise; with whom
        they block now, or do not any more."""
        self._watchers.append(changed)

    def blocked(self, user: str, network: NetworkId, contact: ContactId) -> bool:
        """Whether an account of `user` blocks somebody."""
        mine = self._blocks.get((user, network))
        return mine is not None and any(contact in contacts for contacts in mine.values())

    def blocks(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        """All whom `user` blocks."""
        mine = self._blocks.get((user, network), {})
        return sorted(frozenset().union(*mine.values()))

    def on(self, user: str, network: NetworkId, name: str, item: str = "") -> bool:
        """One of `SETTINGS`; in a chat if `item` is its address."""
        chosen = self.of(user, network, name, item)
        return SETTINGS[name].otherwise if not chosen else chosen == ON

    def of(self, user: str, network: NetworkId, name: str, item: str = "") -> str:
        """What was chosen for a chat, else for all; empty: nothing."""
        mine = self._settings.get((user, network))
        if mine is None:
            return ""
        return (mine.get((item, name), "") if item else "") or mine.get(("", name), "")

    def account(self, user: str, network: NetworkId, item: str = "") -> str:
        """As whom a user wants to be in a chat, of several accounts; empty: they have not said."""
        return self.of(user, network, ACCOUNT, item)

    def chosen(self, user: str, network: NetworkId, item: str) -> Mapping[str, str]:
        """What was chosen for this very chat, or for all (empty), by name."""
        mine = self._settings.get((user, network), {})
        return {name: value for (where, name), value in mine.items() if where == item}

    async def choose(self, user: str, network: NetworkId, item: str, name: str, value: str) -> None:
        """Durable when this returns; an empty value is no choice. Raises `TooMany`."""
        mine = self._settings.setdefault((user, network), {})
        if value and (item, name) not in mine and len(mine) >= _PER_USER:
            raise TooMany
        await self._database.write(lambda c: store.put(c, user, network, item, name, value))
        if value:
            mine[item, name] = value
        else:
            mine.pop((item, name), None)
        self._tell(user, network, frozenset())

    def now_blocked(self, account: AccountId, user: str, network: NetworkId, contacts: frozenset[ContactId]) -> None:
        """The account's network has said whom it blocks, all of them, and that is durable."""
        mine = self._blocks.setdefault((user, network), {})
        changed = mine.get(account, frozenset()) ^ contacts
        if changed:
            mine[account] = contacts
            self._tell(user, network, changed)

    def _tell(self, user: str, network: NetworkId, contacts: frozenset[ContactId]) -> None:
        for changed in self._watchers:
            changed(user, network, contacts)
