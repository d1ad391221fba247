"""Users of XMPP who have no account on Matrix: each is a user of the appservice, which reads and speaks for them as for
somebody's own account, with its own token and as that user.

Rooms that are linked, and that our own user is in, it tells and fills for everybody who is there: guests were brought
there as who they are elsewhere in the link, and do not hear of those a second time.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bridge.contract import (
    Account,
    ChatId,
    ContactId,
    Credentials,
    Invitation,
    NetworkId,
    Person,
    Refused,
    Unavailable,
    Unconfirmed,
    Workspace,
)
from connectors.matrix import errors
from connectors.matrix.api import Api, path, scope
from connectors.matrix.relay.faces import Face, Faces, speaking
from connectors.matrix.relay.registration import Registration
from connectors.matrix.session import MatrixSession

_HOME = NetworkId("xmpp")
_KEPT = 5_000  # rooms
_GUEST = "guest"


def is_guest(account: Account) -> bool:
    return _GUEST in account.secret


@dataclass(frozen=True, slots=True)
class MatrixGuests:
    """Implements `bridge.contract.Guests`."""

    registration: Registration
    begins: bool = True

    def credentials(self, user: str) -> Credentials:
        me = self.registration.user(Person(_HOME, ContactId(user)))
        return Credentials(me, user.partition("@")[0], {_GUEST: "yes"})

    async def invite(self, user: str) -> Invitation:
        me = self.registration.user(Person(_HOME, ContactId(user)))
        raise Refused(f"People on Matrix need no invitation: they find you as {me}, and can write to you.")


@dataclass(slots=True)
class Relayed:
    """Which linked rooms our own user is in, as a guest sees it."""

    api: Api
    sender: ContactId
    linked: Callable[[ChatId], Awaitable[bool]]
    _known: "OrderedDict[str, bool]" = field(default_factory=OrderedDict)

    def forget(self, room: str) -> None:
        """It is to be asked anew."""
        self._known.pop(room, None)

    async def has(self, room: str) -> bool:
        """Raises `Unavailable`, `LoggedOut`."""
        if not await self.linked(ChatId(room)):
            return False
        if room not in self._known:
            answer = await self.api.ask("GET", path("rooms", room, "state", "m.room.member", self.sender))
            if answer.status not in (200, 403, 404):
                raise errors.error_of(answer, changes=False)
            said = errors.decoded(answer.body) or {}
            self._known[room] = answer.status == 200 and said.get("membership") == "join"
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        return self._known[room]


Connected = Callable[[Account, Workspace, Api, Relayed], AbstractAsyncContextManager[MatrixSession]]


@asynccontextmanager
async def connected(
    account: Account, workspace: Workspace, registration: Registration, api: Api, connecting: Connected
) -> AsyncIterator[MatrixSession]:
    """`api` speaks as ourselves; `connecting` makes a session of it as another. Raises `Unavailable`, `LoggedOut`."""
    person = registration.person(account.me)
    faces = Faces(api, registration, workspace.memory)
    try:
        face = await faces.made(
            ContactId(account.me), (person.id if person else account.user).partition("@")[0], anew=False
        )
    except Refused as refusal:
        raise Unavailable(refusal.text, lasting=True) from refusal
    mine = speaking(api, face)
    relayed = Relayed(mine, registration.me, lambda chat: workspace.linked(scope(api.base), chat))
    async with AsyncExitStack() as stack:
        coming = connecting(account, workspace, mine, relayed)
        try:
            session = await stack.enter_async_context(coming)
        except Unavailable as error:
            if isinstance(error.__cause__, Refused) and await _lost(faces, face):
                raise Unavailable(error.text, retry_after=1.0) from error
            raise
        yield session


async def _lost(faces: Faces, face: Face) -> bool:
    try:
        return await faces.lost(face)
    except Unconfirmed:
        return False
