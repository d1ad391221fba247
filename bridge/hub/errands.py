"""What people have an account of theirs do at once, and which is of no chat: block somebody, report somebody."""

from dataclasses import dataclass, replace

from bridge.contract import Action, Block, ChatId, ContactId, MessageId, NetworkId, Reason, Refused, Report, Target
from bridge.hub.facades import Home
from bridge.hub.finding import Finder
from bridge.store import rooms as store
from bridge.store.database import Database


@dataclass(frozen=True, slots=True)
class Errands:
    """Raises the four errors."""

    database: Database
    finder: Finder
    home: Home

    async def block(self, user: str, network: NetworkId, contact: ContactId, *, blocked: bool) -> None:
        await self._perform(user, network, "", Block(chat=ChatId(""), key="-", whom=contact, blocked=blocked))

    async def report(self, user: str, network: NetworkId, contact: ContactId, room: str, reason: str) -> bool:
        """Report the last thing that somebody has said in a room, or in the direct chat with them if that is empty;
        False if nothing of theirs is known there, and they themselves were reported."""
        native = room or str(self.home.direct_chat(user, network, contact))
        last = await self.database.read(lambda c: store.last_said(c, native, network, contact, user))
        if last is None and room:
            raise Refused("Nothing of theirs is known in this room, so nothing was reported.", Reason.NOT_FOUND)
        person = Report(chat=ChatId(""), key="-", whom=contact, reason=reason)
        if last is None:
            await self._perform(user, network, room, person)
            return False
        target = Target((MessageId(last[1]),))
        try:
            await self._perform(user, network, room, replace(person, chat=ChatId(last[0]), target=target))
        except Refused as refusal:
            if refusal.reason is not Reason.NOT_FOUND:
                raise
            # Homeservers hide the messages of whom one has blocked, also from reports.
            await self._perform(user, network, room, person)
            return False
        return True

    async def _perform(self, user: str, network: NetworkId, item: str, action: Action) -> None:
        session = self.finder.seat(user, network, item).session
        if session is None or type(action) not in session.capabilities(action.chat).actions:
            raise Refused("This cannot be done on that network.", Reason.UNSUPPORTED)
        await session.perform(action)
