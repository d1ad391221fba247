"""JSON as homeservers write it, never an error. Pure.

We chose msgspec because a sync can be tens of MB: it finds the rooms in 40 MB in 25 ms, so that each room can be
decoded by itself, with the event loop turning in between; `json` would hold the loop (and every thread) for a third of
a second. What it is too strict for (lone surrogates, numbers beyond reason) is read by `json`, and only there.
"""

import json
from collections.abc import Mapping

import msgspec

_PIECES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STRANGE = (msgspec.MsgspecError, ValueError, RecursionError)
_LONGEST_NUMBER = 40  # digits


def decoded(source: bytes | msgspec.Raw) -> object:
    """What is in `source`; None when that is no JSON. Huge numbers become infinite."""
    try:
        return msgspec.json.decode(source)
    except _STRANGE:
        return _leniently(bytes(source))


def pieces(source: bytes | msgspec.Raw | None) -> Mapping[str, msgspec.Raw]:
    """The values of an object, not decoded yet; empty for anything else."""
    if source is None:
        return {}
    try:
        return _PIECES.decode(source)
    except _STRANGE:
        found = _leniently(bytes(source))
    if not isinstance(found, dict):
        return {}
    return {_encodable(key): msgspec.Raw(json.dumps(value).encode()) for key, value in found.items()}


def _leniently(source: bytes) -> object:
    try:
        return json.loads(source, parse_int=_number)
    except (ValueError, RecursionError):
        return None


def _number(digits: str) -> float:
    """Python refuses to read integers of thousands of digits; one in an event must not hide all others."""
    return int(digits) if len(digits) < _LONGEST_NUMBER else float("inf")


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
