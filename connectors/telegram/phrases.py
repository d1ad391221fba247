"""Parts of the sentences that stand for what has no form of its own: people, times, sums. Pure."""

import time
from collections.abc import Mapping
from typing import Any

from connectors.telegram import fields

_MOST = 10  # names in a sentence
_LAST = 4_102_444_800  # the year 2100
QUOTED = ": "
_NANO = 1_000_000_000  # of a toncoin


def name_of(user: Mapping[str, Any]) -> str:
    """How people see somebody; empty for who has deleted their account."""
    first, last = fields.line(user.get("first_name"), 64), fields.line(user.get("last_name"), 64)
    return " ".join(part for part in (first, last) if part) or fields.line(user.get("username"), 64)


def who(said: object, otherwise: str = "somebody") -> str:
    """A person, a group or a channel."""
    found = fields.mapping(said)
    return fields.line(found.get("title"), 64) or name_of(found) or otherwise


def everybody(said: object, otherwise: str = "people") -> str:
    """Several people, the first of them by name."""
    some = fields.listed(said)
    names = [who(one) for one in some[:_MOST]]
    if len(some) > _MOST:
        names.append(f"{len(some) - _MOST} more")
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names) or otherwise


def moment(said: object) -> str:
    """A day and time, from seconds since the epoch; empty for what is none."""
    at = fields.positive(said)
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at)) if at is not None and at < _LAST else ""


def span(said: object) -> str:
    """So many seconds, in the largest unit of which there is a whole one; empty for none."""
    seconds = fields.positive(said)
    if seconds is None:
        return ""
    for unit, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= unit:
            return several(round(seconds / unit), noun)
    return ""


def several(count: object, noun: str, more: str = "") -> str:
    """“1 day”, “2 days”; “some days” when nobody says how many."""
    number = fields.integer(count)
    return f"{'some' if number is None else number} {noun if number == 1 else more or noun + 's'}"


def stars(count: object) -> str:
    """A sum of Telegram Stars; empty for none."""
    number = fields.positive(count)
    return several(number, "Star") if number is not None else ""


def price(said: object) -> str:
    """#suggestedpostprice, #successfulpayment and their like, as far as the sum can be told: how many digits of other
    currencies stand behind the point is in no update."""
    found = fields.mapping(said)
    currency = fields.line(found.get("currency"), 8)
    amount = next((n for key in ("amount", "total_amount") if (n := fields.positive(found.get(key)))), None)
    amount = amount or fields.positive(fields.mapping(found.get("star_amount")).get("amount"))
    if currency == "XTR":
        return stars(amount)
    if currency == "TON":
        return f"{amount / _NANO:g} TON" if amount else "TON"
    return currency


def titled(noun: str, *words: object) -> str:
    """“[Game: Chess, for two]”."""
    said = ", ".join(line for one in words if (line := fields.line(one)))
    return f"[{noun}: {said}]" if said else f"[{noun}]"


def behind(sentence: str, *words: str, between: str = QUOTED) -> str:
    """A sentence with what is known more, if anything is; behind a colon that is somebody's own words."""
    said = ", ".join(word for word in words if word)
    end = "" if said and between == QUOTED else "."
    return f"{sentence}{between}{said}{end}" if said else f"{sentence}{end}"
