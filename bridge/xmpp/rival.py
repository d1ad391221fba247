"""Rivals: another gateway under our own domain, told from a stream of ours that the server still believes in.

A server that finds a second component of one name either refuses the new one or ends the old one, with the stream error
`conflict` (RFC 6120 #streams-error-conditions-conflict); Prosody as `component_conflict_resolve` says. Refused ones
may go on asking, which disturbs nobody. Who was replaced must not come back at once: two that replace each other would
both lose what they were about to do.
"""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Rival:
    """Told how every connection ended. `patience`: seconds of refusals after which it is somebody else for sure."""

    def __init__(self, domain: str, patience: float, now: Callable[[], float] = time.monotonic) -> None:
        self.took_over = False  # the last stream was replaced by the rival's
        self.served = False  # since we were last connected somebody else has served our people, for sure
        self._domain = domain
        self._patience = patience
        self._now = now
        self._since: float | None = None  # of the first refusal in a row
        self._said = False

    def ended(self, condition: str, *, was_up: bool) -> str:
        """A connection has ended with this stream error (empty: none), after having been up or before. What to tell
        the operator, if it is a rival; else nothing."""
        self.took_over = was_up and condition == "conflict"
        if was_up:
            self._since, self._said = None, False
        if condition != "conflict":
            return ""
        if self._since is None:
            self._since = self._now()
        if not self.took_over and self._now() - self._since < self._patience:
            return ""
        sentence = (
            f"Another gateway is connected to the XMPP server as {self._domain}. Stop one of the two, or give this one "
            "a domain of its own."
        )
        self.served = True
        if not self._said:
            self._said = True
            log.warning("another gateway has our domain domain=%s: %s", self._domain, sentence)
        return sentence
