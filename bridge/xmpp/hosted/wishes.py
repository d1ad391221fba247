"""What a presence to a room wants: to enter, and how much of the history (XEP-0045 #enter-managehistory). Pure."""

from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

_ENTER = "{http://jabber.org/protocol/muc}x"
_HISTORY = "{http://jabber.org/protocol/muc}history"
_VERSIONS = "{urn:xmpp:muc:affiliations:1}mav"
_USUAL = 20  # messages, where a client does not say


@dataclass(frozen=True, slots=True)
class Wish:
    """`most` messages, none of before `since` (seconds since the epoch), in at most so many characters.
    `version`: of the affiliations that it knows (XEP-0463 #request); empty: none; None: it does not want them."""

    most: int = _USUAL
    since: float | None = None
    characters: int | None = None
    version: str | None = None


def wish(presence: Element, now: float) -> Wish | None:
    """None when the presence is none to enter. What a client writes wrongly is as if it had not written it."""
    enter = presence.find(_ENTER)
    if enter is None:
        return None
    mav, history = enter.find(_VERSIONS), enter.find(_HISTORY)
    version = mav.get("since", "") if mav is not None else None
    if history is None:
        return Wish(version=version)
    characters = _number(history.get("maxchars"))
    most, seconds = _number(history.get("maxstanzas")), _number(history.get("seconds"))
    since = _time(history.get("since"))
    if seconds is not None:
        since = max(since or 0.0, now - seconds)
    # Whoever says from when they want everything does not mean the usual number.
    return Wish(most if most is not None else (_USUAL if since is None else 200), since, characters, version)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


def _time(text: str | None) -> float | None:
    """XEP-0082 #sect-datetime."""
    if not text or len(text) > 40:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None
