"""What is counted since the start; read by `/metrics`. Plain numbers, no library."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """By network unless said otherwise."""

    messages_in: Counter[str] = field(default_factory=Counter)  # journaled events
    messages_out: Counter[str] = field(default_factory=Counter)  # deliveries done
    retries: Counter[str] = field(default_factory=Counter)
    failed: Counter[tuple[str, str]] = field(default_factory=Counter)  # (network, reason)
    possible_duplicates: Counter[str] = field(default_factory=Counter)
    ignored: Counter[tuple[str, str]] = field(default_factory=Counter)  # (network, why)
