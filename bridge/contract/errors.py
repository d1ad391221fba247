"""The four errors a connector raises; each names what to do, not what went wrong.

* ConnectorError
  - Unavailable   nothing happened: try again (after `retry_after`, for this chat or the whole account)
  - Unconfirmed   it may have happened
  - Refused       it never will
  - LoggedOut     the network no longer accepts the account's credentials

Anything else that leaves a connector is a bug.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why something will never happen; named after the stanza errors of RFC 6120 #stanzas-error-conditions."""

    BAD_REQUEST = "bad-request"
    FORBIDDEN = "forbidden"
    GONE = "gone"
    NOT_FOUND = "item-not-found"
    NOT_ACCEPTABLE = "not-acceptable"
    NOT_ALLOWED = "not-allowed"
    POLICY = "policy-violation"
    TIMEOUT = "remote-server-timeout"
    UNREACHABLE = "remote-server-not-found"
    NOT_LOGGED_IN = "registration-required"
    RESOURCE = "resource-constraint"
    UNSUPPORTED = "feature-not-implemented"
    SERVICE = "service-unavailable"
    INTERNAL = "internal-server-error"


class Scope(StrEnum):
    """How much of an account is affected."""

    CHAT = "chat"
    ACCOUNT = "account"


class ConnectorError(Exception):
    """The root; never raised itself. `text` is a whole sentence for a person."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Unavailable(ConnectorError):
    """Nothing happened; try again. `retry_after` in seconds when the network said so. `lasting` when it will not
    pass by itself (a wrong secret): back-off then grows to five minutes instead of thirty seconds."""

    def __init__(
        self,
        text: str,
        *,
        retry_after: float | None = None,
        scope: Scope = Scope.ACCOUNT,
        lasting: bool = False,
    ) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        self.scope = scope
        self.lasting = lasting


class Unconfirmed(ConnectorError):
    """The network was asked and its answer was lost."""


class Refused(ConnectorError):
    """The network said no, for good."""

    def __init__(self, text: str, reason: Reason = Reason.NOT_ALLOWED) -> None:
        super().__init__(text)
        self.reason = reason


class LoggedOut(ConnectorError):
    """The credentials are no longer accepted; the text says how to come back."""
