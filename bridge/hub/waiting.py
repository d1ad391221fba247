"""Read marks that an account could not be given: the latest for each chat is kept, also over a restart, until it has
been shown."""

import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from bridge.contract import Action, ChatId, MarkRead, MessageId, Target
from bridge.hub.posts import Put
from bridge.store import marks as store
from bridge.store.database import Database

_MOST = 1_000  # chats of an account


def thing(chat: str) -> tuple[str, str]:
    """What a `Post` calls the mark of its own account in a chat."""
    return "read", chat


@dataclass(slots=True)
class WaitingMarks:
    """`is_due` tells whether something newer is about to be shown."""

    database: Database
    put: Put
    is_due: Callable[[int, Hashable], bool]
    _kept: set[tuple[int, str]] = field(default_factory=set)  # accounts, and their chats that have a row

    async def left(self, account: int, action: Action) -> None:
        """It could not be shown now."""
        if isinstance(action, MarkRead):
            chat, target, private = str(action.chat), action.target.ids[-1], action.private
            await self.database.write(lambda c: store.put(c, account, chat, target, private=private))
            self._kept.add((account, chat))

    async def shown(self, account: int, action: Action) -> None:
        """This, or what makes it needless, has been shown, or never will be."""
        key = (account, str(action.chat))
        if key in self._kept:
            await self.database.write(lambda c: store.drop(c, *key))
            self._kept.discard(key)

    async def bring(self, account: int) -> None:
        """The account is there again."""
        rows = await self.database.read(lambda c: store.of(c, account))
        for chat, target, private in rows[:_MOST]:
            self._kept.add((account, chat))
            if not self.is_due(account, thing(chat)):
                wish = MarkRead(
                    chat=ChatId(chat), key=uuid.uuid4().hex, target=Target((MessageId(target),)), private=private
                )  # fmt: skip
                self.put(account, thing(chat), wish, keep=True)
