"""Commands, each once, for whoever asks: chat, ad-hoc form, registration, command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.contract import Form, NetworkId


@dataclass(frozen=True, slots=True)
class Caller:
    """Who gives a command, and to which gateway. `user` is a bare JID."""

    user: str
    network: NetworkId


@dataclass(frozen=True, slots=True)
class Verb:
    """A command: `name` is what is typed and the ad-hoc node (XEP-0050), `summary` one line about it."""

    name: str
    summary: str
    fields: tuple[str, ...] = ()  # typed after the verb just so, word by word; the last is all that is left
    named: tuple[str, ...] = ()  # others that may be typed after it, as `name=value`


@dataclass(frozen=True, slots=True)
class Turn:
    """What the desk says next in a dialogue: with a `form` it waits for `Desk.answer`, else it is over."""

    dialogue: str  # opaque id, unguessable
    text: str  # whole sentences for the person, may have several lines
    form: Form | None = None
    failed: bool = False


class Desk(Protocol):
    """Every command once; rendered by whoever asks (chat, ad-hoc form, command line)."""

    def verbs(self, caller: Caller) -> Sequence[Verb]:
        """What this caller may do, in the order of DESIGN §7."""
        ...

    async def begin(self, caller: Caller, verb: str, given: Mapping[str, str]) -> Turn:
        """Start `verb`. `given` are fields known already (may be empty); an unknown verb or a caller without right
        gets a failed turn with a sentence. Never raises for what a person typed."""
        ...

    async def answer(self, caller: Caller, dialogue: str, given: Mapping[str, str]) -> Turn:
        """Go on. A refused step comes back as the same form with the reason in its text. An unknown or expired
        dialogue, or somebody else's, is a failed turn."""
        ...

    def cancel(self, caller: Caller, dialogue: str) -> Turn:
        """End a dialogue."""
        ...

    def over(self, caller: Caller, dialogue: str) -> bool:
        """Whether it has ended without an answer, and the caller has been told so: what they type is none."""
        ...
