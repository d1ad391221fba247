"""Reading untrusted JSON: each function gives a value of the type it is named for, whatever stands there. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST = 1 << 53


def mapping(value: object) -> Mapping[str, Any]:
    """The JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[Any]:
    """The JSON array; an empty one for anything else."""
    return value if isinstance(value, list) else []


def string(value: object) -> str:
    """The text; empty for anything else. Lone surrogates, which no encoding takes, become U+FFFD."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def line(value: object, longest: int = 200) -> str:
    """The text as one line without control characters, cut to `longest` code points; empty for anything else."""
    words = " ".join("".join(c if c.isprintable() else " " for c in string(value)[: 4 * longest]).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def integer(value: object) -> int | None:
    """The integer, if 52 bits hold it (https://core.telegram.org/bots/api#chat: `id`); None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_MOST < value < _MOST else None


def positive(value: object) -> int | None:
    """An integer above 0; None for anything else."""
    found = integer(value)
    return found if found is not None and found > 0 else None


def number(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -_MOST < value < _MOST else None


def shown(raw: object, longest: int = 10_000) -> str:
    """`raw` as JSON for a person who looks for the fault, cut to `longest` code points."""
    try:
        text = json.dumps(raw, ensure_ascii=False, default=repr)
    except (RecursionError, ValueError):
        return "(too deep to show)"
    return string(text[:longest])
