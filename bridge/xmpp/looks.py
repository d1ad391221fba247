"""How a name looks: two that people could take for each other look the same (UTS 39 #Confusable_Detection). Pure."""

import unicodedata

from bridge.xmpp.alike import ALIKE

_LATIN = {character: latin for latin, characters in ALIKE.items() for character in characters}
# Of capitals and small letters of the same letter some look like different ones (I, i, l, 1): all of them are one.
_ONE = str.maketrans({"m": "rn", "0": "o", "1": "l", "i": "l", "|": "l"})


def looks(name: str) -> str:
    """The skeleton of a name, without case, accents and space: the same for names that look alike."""
    drawn = "".join(_LATIN.get(c, c) for c in _plain(name))
    folded = "".join(_LATIN.get(c, c) for c in _plain(drawn.casefold()))
    return "".join(folded.casefold().split()).translate(_ONE)


def _plain(name: str) -> str:
    """RFC 8266 #section-2.1 and more: without accents, which are small."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
