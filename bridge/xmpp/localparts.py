r"""The part of a JID before the @: any Unicode string goes in, reversibly. Pure.

What a localpart cannot hold, and what preparation (RFC 6122 #nodeprep) would change, is written as `\xx`, one per
UTF-8 byte, in lower-case hexadecimal, as XEP-0106 does for its ten characters. A backslash that two hexadecimal
digits follow is itself escaped. Every string has exactly one such form, and only that form is read back.
"""

import re
import stringprep
import unicodedata

LIMIT = 1023  # bytes, RFC 6122 #addressing-localpart

_KEPT = frozenset(c for c in map(chr, range(0x21, 0x7F)) if c not in "\"&'/:<>@\\" and not c.isupper())
_PLAIN = re.compile("[!#-%(-.0-9;=?\\[\\]-~]+")  # _KEPT as one search, for the usual case
_HEX = frozenset("0123456789abcdef")
_ESCAPES = re.compile(r"(?:\\[0-9a-f]{2})+")


def encode(text: str) -> str:
    """The localpart for `text`. Raises `ValueError` with a sentence for what no localpart can be."""
    if not text:
        raise ValueError("An empty name cannot be an address.")
    if _PLAIN.fullmatch(text):
        local = text
    else:
        local = _escaped(text, strict=False)
        if unicodedata.ucd_3_2_0.normalize("NFKC", local) != local:
            local = _escaped(text, strict=True)
    if len(local.encode()) > LIMIT:
        raise ValueError("This name is too long for an XMPP address.")
    return local


def decode(local: str) -> str | None:
    """What `local` was made from; None if `encode` never gives it."""
    if _PLAIN.fullmatch(local):
        return local if len(local) <= LIMIT else None
    try:
        text = _ESCAPES.sub(lambda found: bytes.fromhex(found[0].replace("\\", "")).decode(), local)
        return text if encode(text) == local else None
    except ValueError:  # not UTF-8, or nothing that can be encoded
        return None


def _escaped(text: str, *, strict: bool) -> str:
    out = []
    for position, character in enumerate(text):
        if character == "\\":
            digits = text[position + 1 : position + 3]
            kept = not (len(digits) == 2 and set(digits) <= _HEX)
        elif character < "\x80":
            kept = character in _KEPT
        else:
            kept = not strict and _stable(character)
        if kept:
            out.append(character)
        else:
            try:
                out.extend(f"\\{byte:02x}" for byte in character.encode())
            except UnicodeEncodeError:
                raise ValueError("This name is not valid Unicode.") from None
    return "".join(out)


def _stable(character: str) -> bool:
    """Whether every server's preparation leaves this character alone wherever it stands: an assigned letter or digit
    of Unicode 3.2, lower case, written from left to right, that neither decomposes nor combines."""
    if 0x1100 <= ord(character) <= 0x11FF:  # Hangul Jamo compose
        return False
    old = unicodedata.ucd_3_2_0
    return (
        old.category(character) in ("Ll", "Lo", "Nd")
        and old.bidirectional(character) == "L"
        and old.combining(character) == 0
        and old.normalize("NFKC", character) == character
        and stringprep.map_table_b2(character) == character
        and not stringprep.in_table_b1(character)
        and character.casefold() == character
        and character.lower() == character
    )
