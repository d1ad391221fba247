"""What people in rooms are beyond their rank, as it is kept: few titles, short ones, each once. Pure."""

from collections.abc import Iterable

import msgspec

from bridge.contract import Title

_MOST = 10  # of one person
_LONGEST = 100  # characters of a name
_LONGEST_ID = 1_000


def text(titles: Iterable[Title]) -> str:
    """How `occupants.titles` has them; empty for none."""
    found: dict[str, Title] = {}
    for one in titles:
        id = one.id[:_LONGEST_ID].encode(errors="replace").decode()
        name = _line(one.name)
        if id and name and len(found) < _MOST:
            found.setdefault(id, Title(id, name))
    return msgspec.json.encode(list(found.values())).decode() if found else ""


def of(text: str) -> tuple[Title, ...]:
    """None where an older or newer program wrote otherwise."""
    try:
        return msgspec.json.decode(text, type=tuple[Title, ...]) if text else ()
    except msgspec.DecodeError:
        return ()


def _line(name: str) -> str:
    """One line without characters that control something, such as the direction of writing."""
    words = "".join(c if c.isprintable() else " " for c in name[: 4 * _LONGEST])
    return " ".join(words.split())[:_LONGEST].strip()
