"""Echoes that tell nothing new: of our own doings whose receipts are on their way to the journal."""

from collections import OrderedDict
from collections.abc import Iterable

from bridge.contract import ChatId, NetworkId

_KEPT = 2_000  # doings; an echo that comes later than so many others is journaled like any

Chat = tuple[NetworkId, str, ChatId]  # with the scope of who reports


class Echoes:
    """What receipts have said our doings are called. The writer does everything in order, so an echo that we hear after
    its receipt was submitted finds all that it could tell, and its cursor comes behind it."""

    def __init__(self) -> None:
        self._called: OrderedDict[tuple[Chat, str], None] = OrderedDict()

    def submitted(self, chat: Chat, ids: Iterable[str]) -> None:
        """What we did in `chat` is called so, and that has just been submitted."""
        for one in ids:
            self._called[chat, one] = None
        while len(self._called) > _KEPT:
            self._called.popitem(last=False)

    def known(self, chat: Chat, id: str) -> bool:
        """Whether this is one of them; several accounts may ask."""
        return (chat, id) in self._called
