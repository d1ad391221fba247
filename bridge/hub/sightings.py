"""People as sessions see them: written behind in groups, and an unchanged name not at all."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from bridge.contract import AccountId, Contact, ContactId, NetworkId
from bridge.store import people as store
from bridge.store.database import UNWRITABLE, Database

log = logging.getLogger(__name__)

_KEPT = 50_000  # contacts remembered in memory, about 15 MB
_AT_ONCE = 500
_LONGEST = 1_000  # characters of a name or an avatar's reference
_LONGEST_ID = 1_000  # bytes

_Group = dict[tuple[AccountId, ContactId], tuple[str, NetworkId, Contact]]


class Sightings:
    """`run` is a task of the hub; `learned` is told what is new, when it is durable."""

    def __init__(self, database: Database, learned: Callable[[str, NetworkId, Contact], None]) -> None:
        self._database = database
        self._learned = learned
        self._written: OrderedDict[tuple[AccountId, ContactId], Contact] = OrderedDict()
        self._pending: _Group = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def fresh(self, account: AccountId, contact: ContactId) -> Contact | None:
        """What an account saw that is not written yet."""
        pending = self._pending.get((account, contact))
        return pending[2] if pending is not None else None

    def saw(self, account: AccountId, user: str, network: NetworkId, contact: Contact) -> None:
        """An account saw a person, with the name they bear now (empty: not known). Written behind, if it changed."""
        key = (account, contact.id)
        known = self._pending[key][2] if key in self._pending else self._written.get(key)
        if known is not None and (not contact.name or contact == known or contact == replace(known, avatar=None)):
            return
        if not fits(contact.id):
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
            self._learned(user, network, contact)

    def _keep(self, key: tuple[AccountId, ContactId], contact: Contact) -> None:
        self._written[key] = contact
        self._written.move_to_end(key)
        if len(self._written) > _KEPT:
            self._written.popitem(last=False)


def fits(name: str) -> bool:
    """Whether an id can be stored: no NUL, no lone surrogates, short enough for a PostgreSQL index."""
    return _plain(name) == name and len(name.encode()) <= _LONGEST_ID


def _plain(text: str) -> str:
    return text[:_LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
