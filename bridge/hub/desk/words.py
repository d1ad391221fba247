"""Words: how the desk says times and lists to people. Pure."""

import math
from collections.abc import Sequence


def duration(seconds: float) -> str:
    """A time span in its largest whole unit: "1 minute", "3 hours"; under a minute in seconds."""
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            return _many(int(seconds // length), unit)
    return _many(max(1, int(seconds)), "second")


def in_time(seconds: float) -> str:
    """ "in 3 minutes": never less than it is."""
    if seconds > 60:
        seconds = math.ceil(seconds / 60) * 60
    return f"in {duration(math.ceil(seconds))}"


def quoted(names: Sequence[str]) -> str:
    """ "`a`, `b` and `c`"."""
    marked = [f"`{name}`" for name in names]
    return marked[0] if len(marked) == 1 else f"{', '.join(marked[:-1])} and {marked[-1]}"


def short(typed: str) -> str:
    """What somebody typed, for a sentence."""
    line = " ".join(typed.split())
    return line if len(line) <= 60 else line[:59] + "…"


def _many(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
