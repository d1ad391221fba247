"""The log: one line per event, values at the end, nobody's words and no secrets in it."""

import logging
import re
import sys
import time
from collections.abc import Callable, Iterable
from typing import TextIO

LEVELS = ("debug", "info", "warning", "error")
_HIDDEN = "[hidden]"
_SHORTEST = 4  # what is shorter is no secret and would blot out ordinary words
# Libraries that print what goes over the wire, or every statement, at the levels below.
_QUIET = ("slixmpp", "aiohttp", "asyncio", "sqlalchemy", "alembic", "multipart")
# Secrets that are not in the configuration but have a shape: tokens in headers, URLs and JSON, passwords in URLs.
_SHAPES = re.compile(
    r"(Bearer\s+|access_token=|\"(?:access_token|password|token)\"\s*:\s*\")[^\s\"&',]+|(://[^/\s:@]*:)[^\s@/]+(?=@)",
    re.IGNORECASE,
)
# What ends a line or turns the writing: what somebody else wrote must not look like a line of ours.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def configure(level: str, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error) from `level` up, with every one of `secrets` hidden."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine(secrets))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))


def printable(text: str) -> str:
    """`text` in one line, with what does not print made visible."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def hider(secrets: Iterable[str]) -> Callable[[str], str]:
    """What hides every one of `secrets`, and whatever has the shape of one."""
    longest_first = sorted({s for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def hide(text: str) -> str:
        text = text if known is None else known.sub(_HIDDEN, text)
        return _SHAPES.sub(lambda found: f"{found[1] or found[2]}{_HIDDEN}", text)

    return hide


class OneLine(logging.Formatter):
    """`2026-01-01T12:00:00.123Z info bridge.hub.sessions session connected account=7`"""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._hide = hider(secrets)

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        text = f"{at}.{int(record.msecs):03d}Z {record.levelname.lower()} {record.name} {record.getMessage()}"
        if record.exc_info:
            text += " | " + self.formatException(record.exc_info)
        if record.stack_info:
            text += " | " + record.stack_info
        return self._hide(printable(text))
