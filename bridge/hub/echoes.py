"""Echoes that tell nothing new: of our own doings whose receipts are on their way to the journal.

In a direct chat only to the account whose doing it is: another of ours, whom the chat is with, may get it by its own
report alone (`bridge.hub.passing`).
"""

from collections import OrderedDict
from collections.abc import Iterable

from bridge.contract import ChatId, NetworkId

_KEPT = 2_000  # doings; an echo that comes later than so many others is journaled like any

Chat = tuple[NetworkId, str, ChatId]  # with the scope of who reports


class Echoes:
    """What receipts have said our doings are called. The writer does everything in order, so an echo that we hear after
    its receipt was submitted finds all that it could tell, and its cursor comes behind it."""

    def __init__(self) -> None:
        self._called: OrderedDict[tuple[Chat, str], int] = OrderedDict()

    def submitted(self, chat: Chat, ids: Iterable[str], account: int = 0) -> None:
        """What we did in `chat` is called so, and that has just been submitted. `account`: it is news to all others."""
        for one in ids:
            self._called[chat, one] = account
        while len(self._called) > _KEPT:
            self._called.popitem(last=False)

    def known(self, chat: Chat, id: str, account: int) -> bool:
        """Whether this is one of them, and no news to `account`; several may ask."""
        return self._called.get((chat, id)) in (0, account)
