"""To whom each message of one chat belongs, by the number that Telegram gave it. Pure.

Numbers grow with time, and long stretches belong to the same person, so beginnings of stretches are what is kept.
"""

from bisect import bisect_right
from collections.abc import Sequence

NOBODY = 0  # what the bot itself says, and what is said to it
_KEPT = 2_000  # stretches


class Trail:
    """`stretches` are pairs of a number and whose messages begin with it; `highest` is the last number known."""

    def __init__(self, stretches: Sequence[tuple[int, int]] = (), highest: int = 0) -> None:
        self._starts = [start for start, _ in stretches]
        self._owners = [owner for _, owner in stretches]
        self.highest = highest
        self._expected: int | None = None

    def of(self, number: int) -> int | None:
        """Whose it is; None when that is not known (any more)."""
        place = bisect_right(self._starts, number) - 1
        return self._owners[place] if place >= 0 else None

    def put(self, number: int, owner: int) -> None:
        """It is this one's. Behind the highest number it begins a stretch; elsewhere it changes nothing beside it."""
        if number > self.highest:
            self.highest = number
            self._begin(number, owner)
            if self._expected is not None:
                self._begin(number + 1, self._expected)
            return
        after = self.of(number + 1)
        self._begin(number, owner)
        if after is not None:
            self._begin(number + 1, after)

    def expect(self, owner: int | None) -> None:
        """Something of this one's is about to be sent: whatever has a new number may be that. None: not any more."""
        self._expected = owner
        if owner is not None:
            self._begin(self.highest + 1, owner)

    @property
    def stretches(self) -> list[tuple[int, int]]:
        return list(zip(self._starts, self._owners, strict=True))

    def _begin(self, start: int, owner: int) -> None:
        place = bisect_right(self._starts, start)
        if place and self._starts[place - 1] == start:
            self._owners[place - 1] = owner
        elif place == 0 or self._owners[place - 1] != owner or place < len(self._starts):
            self._starts.insert(place, start)
            self._owners.insert(place, owner)
        if len(self._starts) > _KEPT:
            del self._starts[: _KEPT // 2], self._owners[: _KEPT // 2]
