"""A delivery on its way: what has been looked up for it, and the calls that it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.contract import (
    Action,
    Capabilities,
    Edit,
    MessageEdited,
    MessageRetracted,
    React,
    ReactionsChanged,
    Reason,
    Receipt,
    Refused,
    Retract,
    Send,
    Session,
)
from bridge.hub.codec import Journaled
from bridge.hub.copies import arrived_before, made_by, superfluous
from bridge.hub.facades import HOME
from bridge.hub.known import Known
from bridge.hub.translate import Wish, translate
from bridge.store.deliveries import Place
from bridge.store.rows import Copy, Debt


@dataclass(slots=True)
class Ready:
    """A delivery whose calls can be made: nothing more has to be looked up. The lane's own, until it has landed."""

    owed: Debt
    place: Place
    known: Known
    event: Journaled
    session: Session
    wish: Wish
    can: Capabilities
    copies: Sequence[Copy]  # what its message is called there
    version: int
    parts: Sequence[Action] = ()
    first: int = 0  # the first part is this one of the message
    arrived: Mapping[int, Receipt] = field(default_factory=dict)  # by call: what an earlier attempt brought there
    others: "list[Ready]" = field(default_factory=list)  # texts that go with it in one message (`merging`)

    @property
    def careful(self) -> bool:
        """Whether nothing would tell that a call has arrived if its answer were lost."""
        return not self.can.idempotent and not self.can.echoes

    @property
    def alone(self) -> bool:
        """Whether nothing else may be under way meanwhile: it takes more than one call."""
        return len(self.parts) != 1 or any(isinstance(p, Send | Edit) and p.message.media for p in self.parts)

    def plan(self) -> bool:
        """Settle which calls it takes; False: none."""
        owed, copies = self.owed, self.copies
        action = translate(self.wish, self.can)
        if action is None:
            return False
        # What is said instead of an edit or a reaction is a further part of the message: a retraction finds it too.
        extra = self.wish.target is not None and isinstance(action, Send)
        first = 1 + max((c.part for c in copies if c.version != owed.event), default=-1) if extra else 0
        # A whole set of reactions is the same twice, and only a receipt tells what each of them is called. Where its
        # author said it there is a copy from the beginning, which does not mean that it has been shown.
        telling = owed.maybe and owed.source != owed.chat and not isinstance(action, React)
        arrived = arrived_before(owed, copies, first) if telling else {}
        self.parts, self.first, self.arrived = self.session.parts(action), first, arrived
        return True

    def does_without(self, refusal: Refused) -> bool:
        """Whether the wire has just denied a capability that it can do without: it has not got that any more."""
        denied = {MessageEdited: Edit, MessageRetracted: Retract, ReactionsChanged: React}.get(type(self.wish.event))
        if refusal.reason is not Reason.UNSUPPORTED or denied is None or denied not in self.can.actions:
            return False
        self.can = replace(self.can, actions=self.can.actions - {denied})
        return True

    def made(self, number: int, receipt: Receipt) -> list[Copy]:
        """What the part of this call is named now."""
        return made_by(self.owed, self.parts[number], receipt, number + self.first, self.version)

    def superfluous(self) -> list[Copy]:
        """Parts that an edit takes away."""
        return superfluous(self.owed, self.parts, self.version)

    @property
    def is_for_one(self) -> bool:
        """Whether something that was written to one person would be said, or said to the end, in what is a room now."""
        owed, place = self.owed, self.place
        if not owed.meant or owed.network != HOME or place.network == HOME or place.contact:
            return False
        left = [part for number, part in enumerate(self.parts) if number not in self.arrived]
        return any(not isinstance(part, Retract) for part in left)


class Reopened(Exception):  # not an error: the delivery begins anew under the chat's new name
    """The chat has just been opened; the lane reads itself again."""
