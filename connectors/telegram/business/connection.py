"""Whether a bot may act for somebody, and in what. It can change at any moment, in a Telegram app.

Source: https://core.telegram.org/bots/api#businessconnection, #businessbotrights, #getbusinessconnection.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.contract import Contact, ContactId, LoggedOut
from connectors.telegram import errors, fields
from connectors.telegram.api import Api
from connectors.telegram.chats import person

WHERE = "in a Telegram app, Settings, Chat Automation (older apps: Telegram Business, Chatbots)"
WITHDRAWN = (
    f"Your bot is not connected with your Telegram account any more. Connect it again {WHERE}, and then send “login”."
)
_STRANGERS = 1_000  # connections of others that are remembered


@dataclass(frozen=True, slots=True)
class Rights:
    """#businessbotrights, as far as they matter here."""

    reply: bool = False
    read: bool = False
    delete_sent: bool = False
    delete_all: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """A connection as Telegram tells of it."""

    id: str
    owner: Contact
    enabled: bool
    rights: Rights


def told(raw: object) -> Told | None:
    """None for what makes no sense."""
    said = fields.mapping(raw)
    id, owner = fields.string(said.get("id")), person(fields.mapping(said.get("user")))
    if not id or len(id) > 200 or not id.isprintable() or owner is None:
        return None
    may = fields.mapping(said.get("rights"))
    # COMPAT Bot API servers of one's own before 9.0 (#recent-changes) tell of one right only, and in this place.
    reply = may.get("can_reply") is True or ("rights" not in said and said.get("can_reply") is True)
    rights = Rights(
        reply, may.get("can_read_messages") is True,
        may.get("can_delete_sent_messages") is True, may.get("can_delete_all_messages") is True,
    )  # fmt: skip
    return Told(id, owner, said.get("is_enabled") is True, rights)


async def asked(api: Api, id: str) -> Told | None:
    """What Telegram knows of a connection; None if it knows none (any more). Raises the four errors."""
    try:
        return told(await api.ask("getBusinessConnection", {"business_connection_id": id}))
    except errors.No as refusal:
        if refusal.disconnected:
            return None
        raise


class Connection:
    """That of one account. `changed` is given its id when that is another one, and makes it durable."""

    def __init__(self, api: Api, me: ContactId, id: str, changed: Callable[[str], Awaitable[None]]) -> None:
        self.id = id
        api.always = {"business_connection_id": id}
        self.enabled = False
        self.rights = Rights()
        self.owner: Contact | None = None
        self._api = api
        self._me = me
        self._changed = changed
        self._strangers: dict[str, None] = {}

    async def look(self) -> None:
        """Ask how it is. Raises the four errors."""
        now = await asked(self._api, self.id)
        if now is None or now.owner.id != self._me:
            self.enabled = False
        else:
            await self._is(now)

    async def hear(self, raw: Mapping[str, Any]) -> bool:
        """Somebody has connected the bot, changed what it may do, or disconnected it. False if it makes no sense."""
        now = told(raw)
        if now is not None and now.owner.id == self._me and (now.enabled or now.id == self.id):
            await self._is(now)
        return now is not None

    async def carries(self, id: str) -> bool:
        """Whether what comes with this id is ours; of one that we do not know Telegram is asked."""
        if id == self.id:
            return True
        if not id or id in self._strangers:
            return False
        now = await asked(self._api, id)
        if now is not None and now.owner.id == self._me and now.enabled:
            await self._is(now)
            return True
        self._strangers[id] = None
        if len(self._strangers) > _STRANGERS:
            del self._strangers[next(iter(self._strangers))]
        return False

    async def withdrawn(self) -> LoggedOut | None:
        """What to raise when Telegram says that there is no connection; None if there is one."""
        await self.look()
        return None if self.enabled else LoggedOut(WITHDRAWN)

    async def _is(self, now: Told) -> None:
        if now.id != self.id:
            await self._changed(now.id)
        self.id, self.enabled, self.rights, self.owner = now.id, now.enabled, now.rights, now.owner
        self._api.always = {"business_connection_id": now.id}
