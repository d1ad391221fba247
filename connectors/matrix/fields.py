"""Reading untrusted JSON: each function gives a value of the type it is named for, whatever stands there. Pure."""

import json
import re
from collections.abc import Mapping

_LONGEST_ID = 255  # bytes; client-server API #size-limits
_LONGEST_TOKEN = 10_000  # characters
# #matrix-content-mxc-uris: the media id is opaque, but of these characters; nothing that means something in a path.
MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_-]{1,255})")
_SURROGATE = re.compile("[\ud800-\udfff]")


def mapping(value: object) -> Mapping[str, object]:
    """The JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def string(value: object) -> str:
    """The text; empty for anything else. Lone surrogates, which no encoding takes, become U+FFFD."""
    return _SURROGATE.sub("\ufffd", value) if isinstance(value, str) else ""


def line(value: object, longest: int = 200) -> str:
    """The text as one line without control characters, cut to `longest` code points; empty for anything else."""
    words = " ".join("".join(c if c.isprintable() else " " for c in string(value)[: 4 * longest]).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def number(value: object) -> float | None:
    """The number, not negative and smaller than 2^53; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < 1 << 53 else None


def level(value: object) -> float | None:
    """A power level, which may be negative; None for anything else. Room versions before 10 allow them as strings."""
    if isinstance(value, str):
        digits = value.strip().removeprefix("-").removeprefix("+")
        value = int(value) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -(1 << 53) < value < 1 << 53 else None


def event_id(value: object) -> str | None:
    """The event id; None for what cannot be one."""
    return _id(value, "$")


def room_id(value: object) -> str | None:
    """The room id; None for what cannot be one. Those of room version 12 have no server name."""
    return _id(value, "!")


def _id(value: object, sigil: str) -> str | None:
    if not isinstance(value, str) or not value.startswith(sigil) or len(value) < 2:
        return None
    fits = value.isprintable() and " " not in value and len(value.encode()) <= _LONGEST_ID
    return value if fits else None


def token(value: object) -> str | None:
    """A place in a stream, opaque to us; None for what no homeserver would write."""
    fits = isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN and value.isprintable()
    return value if isinstance(value, str) and fits else None


def mxc(value: object) -> str:
    """The content URI; empty for what is none."""
    return value if isinstance(value, str) and MXC.fullmatch(value) is not None else ""


def listed(value: object) -> list[object]:
    """The JSON array; an empty one for anything else."""
    return value if isinstance(value, list) else []


def readable(value: object) -> str:
    """The text of an extensible event (MSC1767): a text, or the first text of a list of representations."""
    if isinstance(value, list):
        value = next((mapping(v).get("body") for v in value if isinstance(mapping(v).get("body"), str)), "")
    return string(value)


def shown(raw: object, longest: int = 10_000) -> str:
    """`raw` as JSON for a person who looks for the fault, cut to `longest` code points."""
    try:
        text = json.dumps(raw, ensure_ascii=False, default=repr)
    except (RecursionError, ValueError):
        return "(too deep to show)"
    return string(text[:longest])
