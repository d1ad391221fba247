"""Text for the wire: what XML cannot hold is replaced, what it can hold is escaped, what is too long is cut. Pure."""

import re

# XML 1.0 #charsets, without the carriage return: a parser turns that into a newline anyway.
_ILLEGAL = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The same, and the characters that mean something in XML: one search decides that a text can go as it is.
_SPECIAL = re.compile("[^\t\n\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTED = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
_QUOTABLE = re.compile('["\t\n]')


def legal(text: str) -> str:
    """`text` with every character that XML 1.0 cannot hold (control characters, lone surrogates) as U+FFFD."""
    if _ILLEGAL.search(text) is None:
        return text
    return _ILLEGAL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def escape(text: str) -> str:
    """`text` as the content of an element."""
    if _SPECIAL.search(text) is None:
        return text
    return legal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text: str) -> str:
    """`text` as the value of an attribute between double quotes; tabs and newlines survive."""
    escaped = escape(text)
    if _QUOTABLE.search(escaped) is None:
        return escaped
    return _QUOTABLE.sub(lambda found: _QUOTED[found[0]], escaped)


def longest(text: str) -> int:
    """Bytes that `text` takes on the wire at most: five for an ampersand, four for what is not ASCII."""
    return 5 * len(text)


def size(text: str) -> int:
    """Bytes that `text` takes on the wire as the content of an element."""
    return len(escape(text).encode())


def split(text: str, budget: int) -> list[str]:
    """`text` in pieces of at most `budget` bytes on the wire each (`budget` is at least 8).

    Cut after a line, else after a word, else between code points; joined, the pieces are `legal(text)` again.
    """
    rest = legal(text)
    pieces = []
    while True:
        fits = _fitting(rest, budget)
        if fits == len(rest):
            pieces.append(rest)
            return pieces
        cut = boundary(rest, fits)
        pieces.append(rest[:cut])
        rest = rest[cut:]


def _fitting(text: str, budget: int) -> int:
    """How many code points from the start of `text` fit into `budget` bytes on the wire; at least one."""
    low, high = 1, min(len(text), budget)
    while low < high:
        middle = (low + high + 1) // 2
        if size(text[:middle]) <= budget:
            low = middle
        else:
            high = middle - 1
    return min(high, len(text))


def boundary(text: str, end: int) -> int:
    """The best place to cut at or before `end`; a boundary in the first half would waste more than it helps."""
    for separator in ("\n", " "):
        found = text.rfind(separator, end // 2, end)
        if found >= 0:
            return found + 1
    return end
