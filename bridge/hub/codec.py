"""How events lie in the journal: JSON of the contract's dataclasses, by kind."""

from dataclasses import dataclass

import msgspec

from bridge.contract import MessageEdited, MessageReceived, MessageRetracted, ReactionsChanged, Reason, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a message, owed to its author: accepted (no reason), or not."""

    target: str
    origin: str
    reason: Reason | None = None
    text: str = ""
    shown: str = ""  # `Fail.shown`


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the gateway itself has to say to a user."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A user is asked into a hosted room; `inside`: they are in it on its network already."""

    user: str
    by: str = ""
    reason: str = ""
    inside: bool = False


Journaled = MessageReceived | MessageEdited | MessageRetracted | ReactionsChanged | Answer | Notice | Invitation

KINDS: dict[str, type[Journaled]] = {
    "message": MessageReceived,
    "edit": MessageEdited,
    "retraction": MessageRetracted,
    "reactions": ReactionsChanged,
    "answer": Answer,
    "notice": Notice,
    "invitation": Invitation,
}
KIND_OF: dict[type[Journaled], str] = {kind: name for name, kind in KINDS.items()}

_encode = msgspec.json.Encoder().encode
_decoders = {name: msgspec.json.Decoder(kind).decode for name, kind in KINDS.items()}


def encode(event: Journaled) -> bytes:
    return _encode(event)


def decode(kind: str, body: bytes) -> Journaled:
    """Raises msgspec.ValidationError for a body that an older or newer program wrote otherwise."""
    event: Journaled = _decoders[kind](body)
    return event


def rules_text(rules: Rules) -> str:
    """How `chats.rules` has them."""
    return _encode(rules).decode()


def rules_of(text: str) -> Rules:
    """The usual ones where nothing is known, or an older or newer program wrote otherwise."""
    try:
        return msgspec.json.decode(text, type=Rules) if text else Rules()
    except msgspec.DecodeError:
        return Rules()
