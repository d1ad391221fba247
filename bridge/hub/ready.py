"""A delivery on its way: what has been looked up for it, and the calls that it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.contract import Action, Capabilities, Edit, Receipt, Retract, Send, Session
from bridge.hub.codec import Journaled
from bridge.hub.facades import HOME
from bridge.hub.known import Known
from bridge.hub.translate import Wish
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
