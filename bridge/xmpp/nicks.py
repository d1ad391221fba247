"""Nicks: how people of other networks are called in hosted rooms (XEP-0045 #enter-pres). Pure.

A nick is a resource (RFC 6122 #resourceprep), so every server prepares it: what preparation would change is changed
here, and what it would refuse is not used.
"""

import stringprep
import unicodedata

from bridge.contract import Contact

_LONGEST = 100  # characters
_OLD = unicodedata.ucd_3_2_0
# COMPAT ejabberd: it takes no character that Unicode 3.2 does not have (table A.1), which most emoji are.
_FORBIDDEN = (
    stringprep.in_table_a1, stringprep.in_table_c12, stringprep.in_table_c21, stringprep.in_table_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4, stringprep.in_table_c5, stringprep.in_table_c6, stringprep.in_table_c7,
    stringprep.in_table_c8, stringprep.in_table_c9,
)  # fmt: skip


def nick(contact: Contact, number: int = 1) -> str:
    """The name, or what can be used of it; else the id. `number` tells people of the same name apart."""
    found = _usable(contact.name) or _usable(contact.id) or "somebody"
    if number == 1:
        return found
    numbered = f"{found} ({number})"
    return numbered if not _mixed(numbered) else f"{_usable(contact.id) or 'somebody'} ({number})"


def named(name: str) -> str:
    """A nick for somebody of whom only this is known."""
    return _usable(name) or "somebody"


def _usable(name: str) -> str:
    """`name` as preparation leaves it; empty when nothing is left or it would be refused."""
    mapped = "".join(c for c in name[: 4 * _LONGEST] if not stringprep.in_table_b1(c))
    prepared = _OLD.normalize("NFKC", mapped)
    kept = "".join(c if not any(refuses(c) for refuses in _FORBIDDEN) else " " for c in prepared)
    words = " ".join(kept.split())[:_LONGEST].strip()
    return "" if _mixed(words) else words


def _mixed(text: str) -> bool:
    """RFC 3454 #section-6: a text with letters written from right to left has no others, and begins and ends so."""
    if not any(stringprep.in_table_d1(c) for c in text):
        return False
    outer = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return not outer or any(stringprep.in_table_d2(c) for c in text)
