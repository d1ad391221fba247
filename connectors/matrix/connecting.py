"""Connecting one's own Matrix account: the token is checked, what is needed is loaded, invitations are accepted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

from bridge.contract import Account, AccountId, LoggedOut, NetworkId, Reason, Refused, Unavailable, Workspace
from connectors.matrix import credentials, errors, sync
from connectors.matrix.api import Api, path
from connectors.matrix.callers import Callers
from connectors.matrix.chats import Chats
from connectors.matrix.directs import Directs
from connectors.matrix.groups import Groups
from connectors.matrix.ignored import Ignored
from connectors.matrix.invitations import Invitations
from connectors.matrix.making import Making
from connectors.matrix.media import Repository
from connectors.matrix.notes import Notes
from connectors.matrix.opening import Opening
from connectors.matrix.patience import Pace, Patience, Rhythm
from connectors.matrix.pulse import Pulse
from connectors.matrix.rooms import Rooms
from connectors.matrix.session import MatrixSession
from connectors.matrix.signs import Signs
from connectors.matrix.speaking import Speaker
from connectors.matrix.sync import Known, Relayed
from connectors.matrix.unread import Lines


@dataclass(frozen=True, slots=True)
class Kind:
    """What an account is. `accepts`: invitations to direct chats."""

    session: type[MatrixSession] = MatrixSession
    speaker: type[Speaker] = Speaker
    accepts: bool = True


_OWN = Kind()


class Connecting:
    """For all accounts of a network. Of each whose last sync failed it is known after which cursor: when it comes back,
    that question alone tells whether it works again, so a homeserver in trouble gets one request per try."""

    def __init__(self, network: NetworkId, pace: Pace) -> None:
        self._network = network
        self._pace = pace
        self._callers = Callers()  # of guests
        self._failed: dict[AccountId, tuple[str | None]] = {}
        self._owners: set[AccountId] = set()  # accounts whose token is known to be theirs

    def connected(self, account: Account, workspace: Workspace) -> AbstractAsyncContextManager[MatrixSession]:
        """Somebody's own account. Entering raises `Unavailable`, `LoggedOut`."""
        return self.speaking(account, workspace, credentials.api_of(account, workspace), None)

    @asynccontextmanager
    async def speaking(
        self, account: Account, workspace: Workspace, spoken: Api, relayed: Relayed | None, kind: Kind = _OWN
    ) -> AsyncIterator[MatrixSession]:
        """An account for which `spoken` speaks; rooms that are `relayed` are none of its. Raises `Unavailable`,
        `LoggedOut`."""
        pulse = Pulse(spoken, self._pace)
        api = replace(pulse.api, http=pulse)
        failed = self._failed.get(account.id)
        first = None if failed is None else (failed[0], await sync.poll(api, failed[0], wait=False))
        self._failed.pop(account.id, None)
        many = Notes(workspace.memory, "chats of many")
        await many.load()
        directs = Directs(api, account.me, many, workspace.memory)
        ignored = Ignored(api, account.me)
        try:
            await directs.load()
            await ignored.load()
        except Refused as refusal:
            if refusal.reason is Reason.FORBIDDEN:
                await self._check_owner(api, account)
            raise Unavailable(refusal.text) from refusal
        patience = Patience(self._pace, pulse.check, workspace.log)
        callers = self._callers if relayed is not None else None
        known, speaker = await self._parts(account, workspace, api, directs, ignored, patience, callers, kind)
        known = replace(known, relayed=relayed)
        session = kind.session(known, speaker, Rhythm(self._pace), Repository(api), workspace.clock, first=first)
        try:
            async with _accepting(known):
                yield session
        finally:
            if session.failed is not None:
                self._failed[account.id] = session.failed

    async def _check_owner(self, api: Api, account: Account) -> None:
        """Raises `LoggedOut` when it is somebody else's token; asked until it is known not to be."""
        if account.id in self._owners:
            return
        try:
            said = await api.get(path("account", "whoami"))
        except Refused as refusal:
            raise Unavailable(refusal.text) from refusal
        if said.get("user_id") != account.me:
            raise LoggedOut(errors.LOGIN_AGAIN)
        self._owners.add(account.id)

    async def _parts(
        self,
        account: Account,
        workspace: Workspace,
        api: Api,
        directs: Directs,
        ignored: Ignored,
        patience: Patience,
        callers: Callers | None,
        kind: Kind,
    ) -> tuple[Known, Speaker]:
        me, clock, log = account.me, workspace.clock, workspace.log
        opened, invited, left, waiting = [
            Notes(workspace.memory, key) for key in ("openings", "invited again", "rooms left", "invitations")
        ]
        for notes in (opened, invited, left):
            await notes.load()
        invitations = None
        if kind.accepts and workspace.options.get("accept_direct", True) is True:
            invitations = Invitations(api, me, directs, waiting, clock, log, callers)
            await invitations.load()
        lines = Lines(me, clock)
        opening = Opening(api, me, Rooms(api, me), directs, Making(api, opened))
        chats = Chats(self._network, opening, left, patience, lines, clock)
        groups = Groups(self._network, api, me, patience, lines, clock)
        speaker = kind.speaker(api, me, opening, groups, invited, left, lines, clock)
        signs = Signs(api, me, private=workspace.options.get("private_receipts") is True)
        return Known(api, me, directs, ignored, invitations, chats, groups, lines, signs), speaker


@asynccontextmanager
async def _accepting(known: Known) -> AsyncIterator[None]:
    """Accept invitations meanwhile."""
    if known.invitations is None:
        yield
        return
    joining = asyncio.create_task(known.invitations.run(), name=f"invitations of {known.me}")
    try:
        yield
    finally:
        joining.cancel()
        await asyncio.wait({joining})
    if not joining.cancelled():
        joining.result()  # it ends by itself only with a bug
