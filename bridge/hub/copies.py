"""What a message is called where it goes: read from copies, and made into copies. Pure."""

from collections.abc import Callable, Sequence

from bridge.contract import Action, Edit, MessageId, Receipt, Retract, Send, Target
from bridge.store.ledger import Ledger
from bridge.store.rows import Copy, Debt


def called(copies: Sequence[Copy], *, by_author: bool = False) -> Target | None:
    """What the parts of a message are called; None where it never arrived. What its author wrote in this very chat,
    which does not reflect, has two names: theirs, and the key under which it was shown (`journaling.journal`)."""
    ids = [MessageId(copy.native) for copy in sorted(copies, key=lambda copy: copy.part) if copy.part >= 0]
    also = sorted((copy for copy in copies if copy.part < -1 and copy.version == copy.message), key=lambda c: -c.part)
    shown = next((copy.native for copy in copies if copy.part == -1 and copy.version == copy.message), None)
    if ids and shown is not None and not by_author:
        ids[0] = MessageId(shown)
    aliases = tuple(MessageId(copy.native) for copy in also) if len(also) == len(ids) else ()
    return Target(tuple(ids), aliases) if ids else None


def made_by(owed: Debt, part: Action, receipt: Receipt, number: int, version: int) -> list[Copy]:
    """What this part is called now."""
    made = []
    if isinstance(part, Edit):
        made = [Copy(owed.chat, native, owed.message, number, version) for native in part.target.ids[:1]]
    old = {copy.native for copy in made}
    place = number if isinstance(part, Send) else -1 - number
    ids = (*receipt.ids, *(native for _, native in receipt.reactions))
    made += [Copy(owed.chat, native, owed.message, place, version) for native in ids if native not in old]
    if receipt.alias is not None and place >= 0:
        made.append(alias_copy(owed.chat, receipt.alias, owed.message, place))
    return made


def alias_copy(chat: int, native: str, message: int, part: int) -> Copy:
    """The other name of a part (`Authored.alias`): less than -1, and of the version that the message began with, which
    no edit or reaction is."""
    return Copy(chat, native, message, -2 - part, message)


def superfluous(owed: Debt, parts: Sequence[Action], version: int) -> list[Copy]:
    """Parts that an edit took away: what they were called are no parts any more."""
    if owed.kind != "edit":
        return []
    gone = [(number, part) for number, part in enumerate(parts) if isinstance(part, Retract)]
    return [Copy(owed.chat, part.target.ids[0], owed.message, -1 - number, version) for number, part in gone]


def arrived_before(owed: Debt, copies: Sequence[Copy], first: int) -> dict[int, Receipt]:
    """Calls of which an earlier attempt, or their echo, left a copy."""
    found: dict[int, Receipt] = {}
    for copy in sorted(copies, key=lambda c: c.part, reverse=True):  # the id of an edit itself comes last, and counts
        mine = copy.part >= 0 if owed.kind == "message" else copy.version == owed.event
        number = copy.part - first if copy.part >= 0 else -1 - copy.part
        if mine and number >= 0:
            found[number] = Receipt((MessageId(copy.native),))
    return found


def keeping(copies: Sequence[Copy]) -> Callable[[Ledger], None]:
    def change(ledger: Ledger) -> None:
        for copy in copies:
            ledger.add_copy(copy)

    return change
