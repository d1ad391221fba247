"""Keys: what we call our own actions on a network; the same for a replay, a restored backup, a second reporter."""

import base64
import hmac


class Keys:
    """Derived with the key file, so that nobody outside can foresee one (DESIGN §3, Ids)."""

    def __init__(self, secret: bytes, install: str) -> None:
        self._secret = secret
        self._install = install

    def of_source(self, network: str, scope: str, chat: str, native: str) -> str:
        """For an event whose id its network gave."""
        return self._derive("source", network, scope, chat, native)

    def of_event(self, event: int) -> str:
        """For an event whose id a client chose, or that is our own: this database and the event's number."""
        return self._derive("event", self._install, str(event))

    def _derive(self, *parts: str) -> str:
        pieces = [part.encode("utf-8", "surrogatepass") for part in parts]
        framed = b"".join(len(piece).to_bytes(4, "big") + piece for piece in pieces)
        code = hmac.digest(self._secret, b"landbridge key v1" + framed, "sha256")
        return base64.b32encode(code[:20]).decode("ascii").lower()


def split(key: str) -> tuple[str, int]:
    """An action's key and the part it is: "abc.2" is ("abc", 2)."""
    base, dot, part = key.partition(".")
    return (base, int(part)) if dot and part.isascii() and part.isdigit() and len(part) < 6 else (key, 0)
