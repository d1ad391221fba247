"""What a chat can do; what is not named here is never asked, what is named works (the conformance suite checks)."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.contract.actions import Action, Confirm, Edit, Fail, React, Retract, Send


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Of one chat, for one session."""

    actions: frozenset[type[Action]] = frozenset({Send, Edit, Retract, React})
    window: int = 1
    """How many actions may be under way at once, begun in order and received in that order."""
    idempotent: bool = False
    """The same key twice from the same account gives the same message once."""
    echoes: bool = False
    """The session reports our own doings as events with their `key`, before `Live` at the latest."""
    sees_itself: bool = True
    """What the account does through us may come back as an event, even if nothing tells that it was we (without
    `echoes`). False: it never does, so what is reported of the account was done in another app."""
    unique_ids: bool = True
    """Event ids are given by the network; False where clients choose them (XMPP direct chats)."""
    personas: bool = False
    """People of other networks get a face of their own; else the hub puts their name before the text."""
    reflects: bool = True
    """People of the network see their own message without us."""
    media: bool = False
    """Files can be published; else people read a line that names them."""
    repeats: bool = True
    """Where nothing tells whether a message arrived whose answer was lost (neither `idempotent` nor `echoes`): it is
    sent again; else it is given up, and its author is told that nobody knows."""
    reactions: int | None = None
    """How many of one person's reactions a message can bear; the last of the set stand. None: any number."""
    allowed_reactions: Sequence[str] | None = None
    """Those that a message can bear. None: any emoji."""
    history: bool = False
    """What was said before can be read (`Session.history`)."""
    speaks_as: str = ""
    """The account is one of several that speak there by one face: what people are to read before what its user says.
    Empty: nothing, for they know who it is."""
    merges: bool = False
    """The network takes so few messages that texts which wait may go together (`Send.merged`)."""
    for_links: bool = False
    """The operator's account is in such a room for a link alone (`Join`): when it is in none any more, it leaves."""
    own_messages: bool = True
    """Can show what the chat's own user wrote elsewhere (carbons)."""

    @property
    def answers(self) -> bool:
        """Whether authors can be told what became of their messages."""
        return Confirm in self.actions and Fail in self.actions
