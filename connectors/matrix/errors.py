"""What a homeserver's answer means, in the four errors of the contract. Pure.

No answer at all concerns the account; a bad answer concerns the chat that was asked about, except to a message: there
homeservers count how much an account says, wherever.
Source: client-server API #standard-error-response, #common-error-codes, #rate-limiting, #soft-logout.
"""

from collections.abc import Mapping
from typing import Any

from bridge.contract import ConnectorError, LoggedOut, Reason, Refused, Scope, Unavailable, Unconfirmed
from bridge.contract.workspace import Answer
from connectors.matrix import decoding, fields

LOGIN_AGAIN = "Matrix no longer accepts your login. Send “login” to sign in again; your chats stay as they are."
_ENDED = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED"})
_AWAY = frozenset({502, 503, 504})  # said by what stands in front of a homeserver that is not there
_SHORTEST, _LONGEST = 1.0, 300.0  # seconds that a server may ask us to wait
_REASONS = {
    "M_NOT_FOUND": Reason.NOT_FOUND,
    "M_TOO_LARGE": Reason.POLICY,
    "M_UNRECOGNIZED": Reason.UNSUPPORTED,
    "M_RESOURCE_LIMIT_EXCEEDED": Reason.RESOURCE,
}
_BY_STATUS = {400: Reason.BAD_REQUEST, 403: Reason.FORBIDDEN, 404: Reason.NOT_FOUND, 413: Reason.POLICY}


class Faulty(Unavailable):
    """The homeserver itself answers, and wrongly: it may never do better."""


class Locked(Unavailable):
    """The homeserver's admin has locked the user who asks."""


def read(answer: Answer, *, changes: bool, throttles: Scope = Scope.CHAT) -> Mapping[str, Any]:
    """The JSON object of a good answer. `changes`: the request was to change something, so that without a proper
    answer it may have. `throttles`: what has to wait when the homeserver asks us to be slower.
    Raises the four errors."""
    if answer.status == 200:
        found = decoded(answer.body)
        if found is None:
            raise _unknown("The homeserver's answer makes no sense.", answer.status, changes=changes)
        return found
    raise error_of(answer, changes=changes, throttles=throttles)


def error_of(answer: Answer, *, changes: bool, throttles: Scope = Scope.CHAT) -> ConnectorError:
    """The error for an answer that is not a good one."""
    said = decoded(answer.body) or {}
    code, words = fields.string(said.get("errcode")), fields.line(said.get("error"))
    if answer.status == 429 or code == "M_LIMIT_EXCEEDED":
        text = "The homeserver asks us to be slower."
        return Unavailable(text, retry_after=pause(answer, said), scope=throttles)
    if code in _ENDED and answer.status in (401, 403):
        return LoggedOut(LOGIN_AGAIN)
    if answer.status == 401:
        kind = Locked if code == "M_USER_LOCKED" else Unavailable
        return kind(_sentence("The homeserver does not let us in", words), lasting=kind is Locked)
    # Without an error code it is not the homeserver that answers, but something in front of it.
    if 400 <= answer.status < 500 and answer.status != 408 and code:
        reason = _REASONS.get(code) or _BY_STATUS.get(answer.status, Reason.NOT_ALLOWED)
        return Refused(_sentence("The homeserver refuses this", words), reason)
    return _unknown(f"The homeserver has a fault (HTTP status {answer.status}).", answer.status, changes=changes)


def away(answer: Answer) -> bool:
    """Whether it is not the homeserver that answers, but what stands in front of it."""
    return answer.status in _AWAY


def code_of(answer: Answer) -> str:
    """The error code, `M_…`; empty when there is none."""
    return fields.string((decoded(answer.body) or {}).get("errcode"))


def decoded(body: bytes) -> Mapping[str, Any] | None:
    """The JSON object in `body`; None for anything else."""
    found = decoding.decoded(body)
    return found if isinstance(found, dict) else None


def listed(body: bytes) -> list[object] | None:
    """The JSON array in `body`; None for anything else."""
    found = decoding.decoded(body)
    return found if isinstance(found, list) else None


def _unknown(text: str, status: int, *, changes: bool) -> ConnectorError:
    if changes:
        return Unconfirmed(text)
    return (Unavailable if status in _AWAY else Faulty)(text, scope=Scope.CHAT)


def pause(answer: Answer, said: Mapping[str, Any]) -> float:
    """Seconds to wait (#rate-limiting: the header, or `retry_after_ms` of servers before version 1.10)."""
    milliseconds = fields.number(said.get("retry_after_ms"))
    header = answer.headers.get("retry-after", "")
    if header.isascii() and header.isdigit() and len(header) < 10:
        seconds = float(header)
    else:
        seconds = 5.0 if milliseconds is None else milliseconds / 1000
    return min(_LONGEST, max(_SHORTEST, seconds))


def _sentence(what: str, words: str) -> str:
    return f"{what}: {words.rstrip('.')}." if words else f"{what}."
