"""Limits of the path, with defaults that are right for most (configuration section `limits`)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All times in seconds; the last ones are quotas."""

    patience: float = 86_400.0  # a delivery is given up after so long
    delay_notice: float = 60.0  # its author is told once when it takes longer
    long_outage: float = 21_600.0  # what comes after one goes to the archives of rooms, with a line for their people
    live_wait: float = 60.0  # lanes wait so long for accounts to catch up
    uncommitted: int = 1_000  # events of one account between intake and journal
    backoff_max: float = 30.0  # between tries, for what may pass
    backoff_lasting: float = 300.0  # for what will not by itself
    notice_window: float = 600.0  # notices to one place are coalesced over this time
    accounts: int = 10  # of one user at a network
    commands: int = 300  # of one user, a minute
    openings: int = 100  # new direct chats and rooms of one user, an hour
    questions: int = 120  # of one user that a network has to be asked, a minute: searches, lists, profiles
    invitations: int = 10  # of others into rooms, by one user, a minute
    occupants: int = 100  # of other networks' people in one XMPP room that is linked; who last spoke longest ago leaves


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept (configuration section `retention`). In days."""

    archive: int = 180  # what was said: the archives of rooms, and what messages are called where they arrived
    audit: int = 365  # who linked rooms, and who ended links


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Files on their way (configuration section `media`). Sizes in bytes."""

    largest: int = 104_857_600  # one that is larger stays where it is, and people read a line
    quota: int = 2_147_483_648  # of all that are kept on our disk; the least recently used go first
    days: int = 30  # so long links to us are good, and files kept
    wait: float = 30.0  # seconds that a chat waits for one; then a line takes its place
