"""What to do with an event, decided from facts alone: pure, and the only place where an event is turned away."""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from bridge.contract import Reason

OPTED_OUT = (
    "You have opted out of being bridged, so this was not carried. Send “optout off” to the gateway if you want it to "
    "be again."
)
UNWANTED = "This person does not want to be reached through this gateway, so this was not carried."
BARRED = "Those who keep order in the room do not want you there, so this was not carried."


class Ruling(StrEnum):
    ACCEPT = "accepted"
    ECHO = "echo"  # our own doing, seen again
    REPEAT = "duplicate"
    IGNORE = "ignored"  # concerns nobody here
    REFUSE = "refused"  # its author is told


@dataclass(frozen=True, slots=True)
class Verdict:
    ruling: Ruling
    why: str = ""  # for the log and the counters: a few words
    reason: Reason = Reason.NOT_ALLOWED
    text: str = ""  # for the author: a sentence


class Facts(Struct, frozen=True):
    """What resolving found out."""

    linked: bool  # the chat belongs to a link with another endpoint
    echo: bool = False  # it carries a key of ours, and its sender is one of us
    repeat: bool = False  # an event with this id of its own is journaled
    empty: bool = False  # a message without text and without media
    changes: bool = False  # an edit, a retraction, reactions
    target_known: bool = True
    target_is_message: bool = True  # not the id of an edit or a reaction
    own_target: bool = True  # the target's author is this event's sender
    needs_author: bool = False  # only the author may do this
    target_retracted: bool = False
    speaker: bool = True  # somebody can perform it at every endpoint
    closed: str = ""  # why nobody is heard elsewhere now, if it is only that
    refuser: str = ""  # whose will it is that nobody performs it (`bridge.hub.owing.refuses`)
    halted: str = ""  # it goes to nobody: why, in a few words


def judge(facts: Facts) -> Verdict:
    """The first rule that fits."""
    if facts.echo:
        return Verdict(Ruling.ECHO)
    if not facts.linked:
        return Verdict(Ruling.IGNORE, "no link")
    if facts.repeat:
        return Verdict(Ruling.REPEAT)
    if facts.halted:
        return Verdict(Ruling.IGNORE, facts.halted)
    if facts.empty:
        return Verdict(Ruling.REFUSE, "empty", Reason.NOT_ACCEPTABLE, "The message is empty, so it was not sent.")
    if facts.refuser:
        return _REFUSED[facts.refuser]
    if facts.changes:
        return _judge_change(facts)
    if not facts.speaker:
        return Verdict(Ruling.REFUSE, "closed", Reason.FORBIDDEN, facts.closed) if facts.closed else _NOBODY
    return Verdict(Ruling.ACCEPT)


def _judge_change(facts: Facts) -> Verdict:
    if not facts.target_known or not facts.target_is_message:
        text = "The message that this changes is not known here, so nothing was changed."
        return Verdict(Ruling.REFUSE, "unknown target", Reason.NOT_FOUND, text)
    if facts.needs_author and not facts.own_target:
        text = "Only the author of a message can change it."
        return Verdict(Ruling.REFUSE, "not the author", Reason.FORBIDDEN, text)
    if facts.target_retracted:
        return Verdict(Ruling.REFUSE, "retracted", Reason.GONE, "That message was already deleted.")
    if not facts.speaker:
        return Verdict(Ruling.REFUSE, "closed", Reason.FORBIDDEN, facts.closed) if facts.closed else _NOBODY
    return Verdict(Ruling.ACCEPT)


_REFUSED = {
    "author": Verdict(Ruling.REFUSE, "opted out", Reason.POLICY, OPTED_OUT),
    "addressee": Verdict(Ruling.REFUSE, "unwanted", Reason.POLICY, UNWANTED),
    "room": Verdict(Ruling.REFUSE, "barred", Reason.FORBIDDEN, BARRED),
}
_NOBODY = Verdict(
    Ruling.REFUSE,
    "no speaker",
    Reason.FORBIDDEN,
    "You have no account there, and nobody speaks for you. Log in first.",
)

BEFORE = Verdict(
    Ruling.REFUSE,
    "before it was a room",
    Reason.NOT_ALLOWED,
    "This was said before the chat became a room, so it cannot be changed from here. Change it in another app.",
)
