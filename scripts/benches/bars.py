"""What must be reached. The only place where it is written, besides the issue that asks for it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """`figure` of `bench` is at least, or at most, `limit`."""

    bench: str
    figure: str
    least: bool
    limit: float

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:,g}"


BARS = (
    Bar("hub, 2 networks", "messages/s", True, 3_000),
    Bar("hub, 3 networks", "messages/s", True, 1_500),
    Bar("hub, 100,000 waiting", "RSS MB", False, 200),
    Bar("hub, 100,000 waiting", "s to every first", False, 5),
    Bar("through Prosody", "gateway/echo", True, 0.5),
    Bar("through Prosody", "added ms per way", False, 5),
)
