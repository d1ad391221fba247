"""Keys: what we call our own actions on a network; the same for a replay, a restored backup, a second reporter."""

import hmac
import secrets
from itertools import product
from string import ascii_lowercase

# Base32 in small letters (RFC 4648 #section-6), two at a time: twice as fast as the library.
_LETTERS = ascii_lowercase + "234567"
_PAIRS = [one + two for one, two in product(_LETTERS, repeat=2)]
_HALF = 16  # letters
_SHIFTS = range(150, -1, -10)  # of 160 bits


class Keys:
    """Derived with the key file, so that nobody outside can foresee one (DESIGN §3, Ids)."""

    def __init__(self, secret: bytes, install: str) -> None:
        # Begun once: a copy of it is quicker than a new one, and does not let go of the interpreter.
        self._mac = hmac.new(secret, b"landbridge key v1", "sha256")
        self._of_event = hmac.new(secret, f"landbridge event v1 {install} ".encode(), "sha256")
        self._install = install

    def of_source(self, network: str, scope: str, chat: str, native: str) -> str:
        """For an event whose id its network gave."""
        return self._derive("source", network, scope, chat, native)

    def of_event(self, event: int) -> str:
        """For an event whose id a client chose, or that is our own: this database and the event's number. That comes
        first, so that the database finds what is new in one place of its index, and not all over it."""
        mac = self._of_event.copy()
        mac.update(b"%d" % event)
        return f"{event:013x}{mac.hexdigest()[:20]}"

    def of_chat(self, chat: int) -> str:
        """For opening a chat of this database."""
        return self._derive("event", self._install, str(-chat))

    def of_word(self) -> str:
        """For something that the gateway says of itself and does not journal: `is_word` knows it again."""
        some = "".join(secrets.choice(_LETTERS) for _ in range(_HALF))
        return some + self._derive("word", some)[:_HALF]

    def is_word(self, key: str) -> bool:
        return len(key) == 2 * _HALF and hmac.compare_digest(
            key[_HALF:].encode(), self._derive("word", key[:_HALF])[:_HALF].encode()
        )

    def _derive(self, *parts: str) -> str:
        pieces = [part.encode("utf-8", "surrogatepass") for part in parts]
        mac = self._mac.copy()
        mac.update(b"".join([len(piece).to_bytes(4, "big") + piece for piece in pieces]))
        code = int.from_bytes(mac.digest()[:20], "big")
        return "".join([_PAIRS[code >> shift & 1023] for shift in _SHIFTS])


def split(key: str) -> tuple[str, int]:
    """An action's key and the part it is: "abc.2" is ("abc", 2)."""
    base, dot, part = key.partition(".")
    return (base, int(part)) if dot and part.isascii() and part.isdigit() and len(part) < 6 else (key, 0)
