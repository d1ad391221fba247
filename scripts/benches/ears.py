"""What somebody heard, in which order, and when."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Sequence


class Ear:
    """One end of a conversation. `heard` holds every text, also when it comes again; `at` when it first came."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.at: dict[str, float] = {}
        self._news = asyncio.Event()

    def hear(self, text: str) -> None:
        self.heard.append(text)
        self.at.setdefault(text, time.perf_counter())
        self._news.set()

    async def all_of(self, texts: Sequence[str], seconds: float) -> None:
        """Return when all have come, or `seconds` after the last one that came."""
        missing = set(texts)
        while missing := missing - self.at.keys():
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), seconds)
            except TimeoutError:
                return

    def among(self, texts: Sequence[str]) -> list[str]:
        """What of `texts` was heard, in the order of hearing."""
        wanted = set(texts)
        return [text for text in self.heard if text in wanted]


def judged(sent: Sequence[str], came: Sequence[str]) -> dict[str, float]:
    """What is wrong with what came. Out of order are the fewest that would have to be moved."""
    place = {text: number for number, text in enumerate(sent)}
    once = [text for text in dict.fromkeys(came) if text in place]
    ends: list[int] = []  # of the longest rising sequences, by their length
    for number in (place[text] for text in once):
        at = bisect_left(ends, number)
        ends[at : at + 1] = [number]
    return {
        "lost": len(sent) - len(once),
        "doubled": len(came) - len(once),
        "out of order": len(once) - len(ends),
    }
