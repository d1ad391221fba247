"""Who writes: shown until they do not, say something, or two minutes have passed, and repeated where it fades."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bridge.contract import TYPING, ChatId, SetTyping, TypingChanged
from bridge.hub.posts import Put
from bridge.hub.speakers import Place, Speakers
from bridge.store.signs import End

_LONGEST = 120.0  # seconds that somebody writes without a word
_REPEAT = TYPING * 2 / 3


@dataclass(slots=True)
class _Writing:
    shown: Sequence[tuple[int, SetTyping]]  # by which account, and what
    until: float
    timer: "asyncio.TimerHandle | None" = None


@dataclass(slots=True)
class Typists:
    """Everybody who writes somewhere now. Accounts that share a chat all report the same: it counts once."""

    speakers: Speakers
    put: Put
    _writing: dict[Place, _Writing] = field(default_factory=dict)

    def __contains__(self, place: Place) -> bool:
        return place in self._writing

    def changed(self, place: Place, sign: TypingChanged, ends: Sequence[End]) -> None:
        if not sign.typing:
            self.ended(place)
            return
        now = asyncio.get_running_loop().time()
        known = self._writing.get(place)
        if known is not None:
            known.until = now + _LONGEST
            return
        shown = [
            (account, SetTyping(chat=ChatId(end.native), key="-", persona=persona, typing=True))
            for end in ends[1:]
            for account, persona in self.speakers.of(end, place, sign.sender, SetTyping)
        ]
        if shown:
            self._writing[place] = _Writing(shown, now + _LONGEST)
            self._show(place)

    def ended(self, place: Place, *, said: bool = False) -> None:
        """Nobody writes there any more. `said`: they have said it, which tells people at home."""
        writing = self._writing.pop(place, None)
        if writing is None:
            return
        if writing.timer is not None:
            writing.timer.cancel()
        for account, action in writing.shown:
            if not (said and self.speakers.is_home(account)):
                self._put(place, account, replace(action, typing=False))

    def close(self) -> None:
        for writing in self._writing.values():
            if writing.timer is not None:
                writing.timer.cancel()
        self._writing.clear()

    def _show(self, place: Place) -> None:
        """Now, and again before it fades; people's apps at home show it until they hear otherwise."""
        writing, loop = self._writing[place], asyncio.get_running_loop()
        if loop.time() >= writing.until:
            self.ended(place)
            return
        for account, action in writing.shown:
            if writing.timer is None or not self.speakers.is_home(account):
                self._put(place, account, action)
        writing.timer = loop.call_later(_REPEAT, self._show, place)

    def _put(self, place: Place, account: int, action: SetTyping) -> None:
        self.put(account, ("typing", action.chat, place), action)
