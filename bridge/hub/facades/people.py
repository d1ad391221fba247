"""Contacts: who they are to whom, and who may see whom."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bridge.contract import Contact, ContactId, NetworkId

Hides = Callable[[str, NetworkId, ContactId], bool]
"""Whether a user (bare JID) wants to hear nothing of somebody."""


@dataclass(frozen=True, slots=True)
class PresenceOf:
    """A contact as one user sees it now. `contact` None means the gateway itself."""

    user: str
    network: NetworkId
    contact: Contact | None
    available: bool
    status: str = ""
    subscribed: bool = False  # the user has asked for it
    away: bool = False  # there, but not at it
    idle: float | None = None  # since when they have not done anything, seconds since the epoch


class People(Protocol):
    """Contacts and who may see whom. `contact` None is the gateway itself."""

    async def profile(self, user: str, network: NetworkId, contact: ContactId) -> Contact | None:
        """As last seen by an account of `user` (a name counts only for those who were told it), else as the network
        shows them to it now; None for whom it shows nothing."""
        ...

    async def contacts(self, user: str, network: NetworkId, *, strangers: bool = True) -> Sequence[Contact]:
        """People this user has direct chats with, by name; without those of accounts that were ended. `strangers`: also
        whom they have not let in (`bridge.hub.acquaintances`)."""
        ...

    async def accounts(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        """As whom this user is logged in, in the order in which they logged in."""
        ...

    def presence(self, user: str, network: NetworkId, contact: ContactId | None) -> PresenceOf:
        """As their network says they are, else available, while an account of `user` there is connected (the gateway:
        while it runs and the user may use it)."""
        ...

    async def befriend(
        self, user: str, network: NetworkId, contact: ContactId | None, yes: bool, *, asked: bool = True,
        theirs: bool = False,
    ) -> bool:  # fmt: skip
        """`user` subscribes to (or leaves) a presence; durable. True if granted: the gateway to whoever may use it,
        a contact to whoever has an account on its network that was not ended. Without `asked` a server only believes
        that it was so: of those from whom `parting` is under way it has yet to hear. `theirs`: `user` grants the
        contact the subscription that they were asked for (`Invite` in a direct chat), or refuses it or takes it
        back."""
        ...

    def parting(
        self, user: str, network: NetworkId, contacts: Sequence[ContactId]
    ) -> AbstractAsyncContextManager[None]:
        """`user` is subscribed to these no more: at once, and durably when the body has told their server. Where that
        fails, all is as before. Whom `user` asks for meanwhile is subscribed to anew."""
        ...

    async def friends(self, user: str, network: NetworkId) -> Sequence[ContactId | None]:
        """Whose presence `user` is subscribed to at this gateway; None in it is the gateway itself."""
        ...

    async def subscribers(self, network: NetworkId) -> Sequence[str]:
        """Users subscribed to anything at this gateway."""
        ...

    def watch(self, changed: Callable[[PresenceOf], None]) -> None:
        """Call `changed` (synchronously, on the loop) for every subscribed presence that changes: an account connects
        or ends, a name changes, a contact turns up."""
        ...

    def allowed(self, user: str) -> bool:
        """Whether `user` may use the gateways (configuration: `users`, `admins`)."""
        ...

    def serves(self, domain: str) -> bool:
        """Whether anybody at home there may."""
        ...
