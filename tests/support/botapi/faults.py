"""What goes wrong between a bot and Telegram."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Faults:
    """By method; each counts down."""

    lost: Counter[str] = field(default_factory=Counter)  # done, and the answer never comes
    cut: Counter[str] = field(default_factory=Counter)  # not done, and no answer comes
    held: dict[str, asyncio.Event] = field(default_factory=dict)  # done, and the answer comes then
    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)  # what is said instead

    def lose(self, method: str, times: int = 1) -> None:
        self.lost[method.lower()] += times

    def drop(self, method: str, times: int = 1) -> None:
        self.cut[method.lower()] += times

    def hold(self, method: str) -> asyncio.Event:
        return self.held.setdefault(method.lower(), asyncio.Event())

    def answer(self, method: str, status: int, body: Any) -> None:
        self.answers.setdefault(method.lower(), []).append((status, body))

    def take(self, counter: Counter[str], method: str) -> bool:
        if counter[method] <= 0:
            return False
        counter[method] -= 1
        return True

    def instead(self, method: str) -> tuple[int, Any] | None:
        waiting = self.answers.get(method)
        return waiting.pop(0) if waiting else None
