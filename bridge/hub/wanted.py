"""Links as somebody asks for them: in the configuration, or by command. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

import msgspec

from bridge.contract import NetworkId, Persona

BOTH, FROM, TO = "both", "from", "to"
"""What is said in a room goes to the others, and the other way round; only to the others; only into it."""
CONFIG, COMMAND = "config", "command"
LONGEST_FORMAT = 100  # characters


@dataclass(frozen=True, slots=True)
class End:
    """One room. `chat` as a person types it: a JID, an alias or an id."""

    network: NetworkId
    chat: str
    direction: str = BOTH
    name_format: str = ""  # with {name} and {network}; empty: as usual
    bots: bool = False  # what other bots say there goes to the others, too
    password: str = field(default="", repr=False, compare=False)  # of the room; it is nowhere but in the configuration

    def __str__(self) -> str:
        return f"{self.chat} on {self.network}"


@dataclass(frozen=True, slots=True)
class WantedLink:
    name: str
    ends: tuple[End, ...]

    def text(self) -> str:
        """As it is stored: the same as long as nothing about it is different, for every version of the program."""
        ends = [asdict(end) for end in self.ends]
        for end in ends:
            del end["password"]
            if not end["bots"]:
                del end["bots"]
        return msgspec.json.encode(ends).decode()


def read(name: str, text: str) -> WantedLink:
    """What `text` has written. Raises ValueError for what no program of ours has."""
    return WantedLink(name, msgspec.json.decode(text, type=tuple[End, ...]))


def part(chat: str, number: int) -> str:
    """A part of a room that can be linked for itself, as people type it, and as its network's connector reads it."""
    return f"{chat}/{number}"


def faults(link: WantedLink) -> Sequence[tuple[int | None, str]]:
    """What makes no sense about it: which end (None: the whole), and why."""
    found: list[tuple[int | None, str]] = []
    seen: set[tuple[str, str]] = set()
    for number, end in enumerate(link.ends):
        if (end.network, end.chat) in seen:
            found.append((number, f"{end} is in this link already, and a room is not linked with itself"))
        seen.add((end.network, end.chat))
    if len(link.ends) < 2:
        found.append((None, "a link has two rooms or more"))
    elif not any(end.direction in (BOTH, FROM) for end in link.ends):
        found.append((None, "nothing would be said: no room has the direction both or from"))
    elif not any(end.direction in (BOTH, TO) for end in link.ends):
        found.append((None, "nobody would hear anything: no room has the direction both or to"))
    return found


def checked_format(text: str) -> str:
    """A format of names. Raises ValueError."""
    bare = text.replace("{name}", "").replace("{network}", "")
    if "{name}" not in text or "{" in bare or "}" in bare:
        raise ValueError("it must have {name} in it, and may have {network}; no other braces")
    if len(text) > LONGEST_FORMAT or not text.isprintable():
        raise ValueError(f"it must be one line of at most {LONGEST_FORMAT} characters")
    return text


def before(persona: Persona, name_format: str, network: str) -> str:
    """What stands before the text of somebody, where accounts speak for others. `network`: what theirs is called."""
    name = plain(persona.name) or plain(persona.contact)
    return (name_format or "{name}: ").replace("{network}", network).replace("{name}", name)


def shown(persona: Persona, name_format: str, network: str) -> Persona:
    """How somebody is called where they have a face of their own."""
    return replace(persona, name=before(persona, name_format, network).rstrip(": ")) if name_format else persona


def plain(name: str) -> str:
    """On one line, without what turns text round: a name is not to look like what somebody else has said."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())
