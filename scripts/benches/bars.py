"""What must be reached. The only place where it is written, besides the issue that asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Bar:
    """The median of `figure` of `bench` is at least, or at most, `limit`; with `every` it is so in every run."""

    bench: str
    figure: str
    least: bool
    limit: float
    every: bool = False

    def holds(self, values: Sequence[float]) -> bool:
        judged = values if self.every else [median(values)]
        return all(value >= self.limit if self.least else value <= self.limit for value in judged)

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:,g}"


BARS = (
    Bar("hub, 2 networks", "messages/s", True, 3_000),
    Bar("hub, 3 networks", "messages/s", True, 1_500),
    Bar("hub, 100,000 waiting", "RSS MB", False, 200),
    Bar("hub, 100,000 waiting", "s to every first", False, 5),
    Bar("through Prosody", "gateway/echo", True, 0.5),
    Bar("through Prosody", "added ms per way", False, 5),
    Bar("rooms", "CPU s/1,000 carried", False, 2),
    *(
        Bar("rooms", f"{what}, {where}", False, 0, every=True)
        for where in ("to Matrix", "to XMPP", "reflected")
        for what in ("lost", "doubled", "out of order")
    ),
    Bar("rooms", "ms more, to Matrix", False, 10),
    Bar("rooms", "ms more, to XMPP", False, 10),
    Bar("rooms", "RSS MB", False, 130),
    Bar("mixed traffic", "wrong", False, 0, every=True),
    Bar("login", "s more", False, 0.15),
    Bar("media", "MB more of RSS, to XMPP", False, 12),
    Bar("media", "MB more of RSS, to Matrix", False, 12),
    Bar("archive of 100,000", "ms the slowest page", False, 50),
    Bar("archive of 100,000", "ms the slowest page, PostgreSQL", False, 50),
    Bar("archive growing to 100,000", "KB of RSS per 1,000", False, 12),  # 1 MB in an hour of two million a day
    Bar("archive growing to 100,000", "files more", False, 2, every=True),
    Bar("archive growing to 100,000", "tasks more", False, 2, every=True),
    Bar("archive growing to 100,000", "CPU, last tenth/first warm tenth", False, 1.3),
    Bar("large rooms", "join of 2,000, first: ms", False, 2_000),
    Bar("large rooms", "burst of 4,000: stanzas", False, 1, every=True),
    Bar("large rooms", "CPU a room, 200/50", False, 1.5),
    Bar("large rooms", "4,000 arrive: ms of the loop's worst lag", False, 50),
    Bar("transactions", "ms, 99th percentile", False, 100),
    Bar("transactions", "6 MB: ms of the loop's worst lag", False, 50),
    Bar("copies in a busy MUC", "CPU %, 100 of ours, 10 messages/s", False, 25),
    Bar("idle accounts", "RSS MB, one account", False, 130),
    Bar("idle accounts", "MB for one more", False, 0.5),
)
