"""Codes: twelve letters that say that somebody was asked; known here by a hash. Pure but for chance."""

import hmac
import secrets

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that look like others: 60 bits are twelve
_GROUPS, _LENGTH = 3, 4


def fresh() -> str:
    """A new one, as people are shown it."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(_GROUPS))


def hashed(typed: str, secret: bytes) -> str:
    """What we know of one, however it was typed."""
    bare = "".join(one for one in typed.upper()[:100] if one.isalnum())
    return hmac.digest(secret, bare.encode(), "sha256").hex()
