"""JSON as homeservers write it, never an error. Pure.

We chose msgspec because a sync can be tens of MB: it finds the rooms in 40 MB in 25 ms, so that each room can be
decoded by itself, with the event loop turning in between; `json` would hold the loop (and every thread) for a third of
a second. What it is too strict for (lone surrogates, numbers beyond reason) is read by `json`, and only there.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence

import msgspec

_PIECES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_STRANGE = (msgspec.MsgspecError, ValueError, RecursionError)
_LONGEST_NUMBER = 40  # digits
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},:]', re.DOTALL)
_TOKENS_AT_ONCE = 20_000  # between two turns of the event loop


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


async def arrays(source: bytes) -> Mapping[str, Sequence[bytes]] | None:
    """The items of the arrays in the JSON object `source`, not decoded yet; None for anything else. One item that is
    too strange to be read hides no other."""
    try:
        pieces = _PIECES.decode(source)
        await asyncio.sleep(0)
        lists = {name: raw for name, raw in pieces.items() if bytes(memoryview(raw)[:1]) == b"["}
        return {name: [bytes(item) for item in _ITEMS.decode(raw)] for name, raw in lists.items()}
    except _STRANGE:
        return await _walked(source)


async def _walked(source: bytes) -> Mapping[str, Sequence[bytes]] | None:
    """As `arrays`, by nothing but where strings and brackets are: so depth, numbers and encodings do not matter."""
    found: dict[str, list[bytes]] = {}
    last, name, start, depth = b"", "", None, 0
    for number, token in enumerate(_TOKEN.finditer(source)):
        if number % _TOKENS_AT_ONCE == _TOKENS_AT_ONCE - 1:
            await asyncio.sleep(0)
        said = token[0]
        if depth == 0 and (said != b"{" or number):
            return None
        if start is not None and depth == 2 and said in (b",", b"]"):
            piece = source[start : token.start()].strip()
            found.setdefault(name, []).extend([piece] if piece else [])
            start = token.end() if said == b"," else None
        depth += (said in (b"{", b"[")) - (said in (b"}", b"]"))
        if depth == 2 and said == b"[" and start is None:
            start = token.end()
        elif depth == 1 and said == b":":
            name = last.decode("utf-8", "replace")
        last = said.strip(b'"')
    return found if depth == 0 and found else None


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
