"""What goes wrong in a memory network when a test says so."""

import asyncio
import math
from collections import deque
from collections.abc import Callable

from bridge.testing.wire import Fault, Trouble


class Faults:
    """Those in force. Actions that have to wait are kept here, in order."""

    def __init__(self) -> None:
        self._all: list[Fault] = []
        self._until: dict[int, float] = {}  # by identity of the fault: when it is over
        self._held: list[Callable[[], None]] = []
        self._slow: deque[tuple[float, Callable[[], None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, fault: Fault) -> None:
        self._all.append(fault)
        if fault.seconds and fault.kind != "slow":
            self._until[id(fault)] = _now() + fault.seconds

    def mend(self, kind: str = "") -> None:
        """No more faults of this kind; what was held is done now."""
        for fault in [f for f in self._all if kind in ("", f.kind)]:
            self._remove(fault)
        if kind in ("", "hold"):
            held, self._held = self._held, []
            for act in held:
                act()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def down(self, account: str) -> float | None:
        """Seconds until the network is back for `account` (0: nobody knows); None when it is there."""
        fault = self._find("down", "", account)
        if fault is None:
            return None
        return max(0.0, self._until[id(fault)] - _now()) if id(fault) in self._until else 0.0

    def before(self, account: str, chat: str) -> Trouble | None:
        """What to answer instead of carrying out an action there."""
        limit = self._find("limit", chat, account)
        if limit is not None:
            left = self._until.get(id(limit), _now() + 1.0) - _now()
            return Trouble("unavailable", "Too many requests.", "", left, "chat" if limit.chat else "account")
        reject = self._find("reject", chat, account)
        if reject is not None:
            self._count(reject)
            return Trouble("refused", reject.text or "Not here.", reject.reason or "not-allowed")
        return None

    def loses_answer(self, account: str, chat: str) -> bool:
        """Whether the connection breaks after an action that was just accepted."""
        lost = self._find("lost", chat, account)
        if lost is not None:
            self._count(lost)
        return lost is not None

    def waits(self, account: str, chat: str | None, act: Callable[[], None]) -> bool:
        """Keep `act` for later, if actions there have to wait; `chat` None: in any chat."""
        if self._find("hold", chat, account) is not None:
            self._held.append(act)
            return True
        slow = self._find("slow", chat, account)
        if slow is None and not self._slow:
            return False
        self._slow.append((_now() + (slow.seconds if slow else 0.0), act))
        if self._timer is None:
            self._wake_at(self._slow[0][0])
        return True

    def _wake_at(self, when: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(when, self._late)

    def _late(self) -> None:
        self._timer = None
        while self._slow and self._slow[0][0] <= _now():
            self._slow.popleft()[1]()
        if self._slow:
            self._wake_at(self._slow[0][0])

    def _find(self, kind: str, chat: str | None, account: str) -> Fault | None:
        for fault in list(self._all):
            if self._until.get(id(fault), math.inf) < _now():
                self._remove(fault)
            elif fault.kind == kind and (chat is None or fault.chat in ("", chat)) and fault.account in ("", account):
                return fault
        return None

    def _count(self, fault: Fault) -> None:
        if fault.times > 0:
            fault.times -= 1
            if fault.times == 0:
                self._remove(fault)

    def _remove(self, fault: Fault) -> None:
        self._all.remove(fault)
        self._until.pop(id(fault), None)


def _now() -> float:
    return asyncio.get_running_loop().time()
