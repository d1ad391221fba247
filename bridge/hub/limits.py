"""Limits of the path, with defaults that are right for most (configuration section `limits`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All times in seconds."""

    patience: float = 86_400.0  # a delivery is given up after so long
    delay_notice: float = 60.0  # its author is told once when it takes longer
    long_outage: float = 21_600.0  # what comes after one goes to the archives of rooms, with a line for their people
    live_wait: float = 60.0  # lanes wait so long for accounts to catch up
    uncommitted: int = 1_000  # events of one account between intake and journal
    backoff_max: float = 30.0  # between tries, for what may pass
    backoff_lasting: float = 300.0  # for what will not by itself
    notice_window: float = 600.0  # notices to one place are coalesced over this time
