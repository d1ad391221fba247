"""What is to be said, shown or changed by a delivery: what its destination knows of the event at this moment."""

import time
from collections.abc import Sequence

from bridge.contract import (
    Authored,
    ChatId,
    Contact,
    ContactId,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Persona,
    Quote,
    Target,
)
from bridge.hub import codec
from bridge.hub.codec import Journaled
from bridge.hub.copies import called
from bridge.hub.facades import HOME
from bridge.hub.known import Known
from bridge.hub.sessions import Seat, persona_of
from bridge.hub.translate import Wish
from bridge.store.deliveries import Place
from bridge.store.rows import Copy, Debt

CHANGES = ("edit", "retraction", "reactions")
LATE = 60.0  # seconds after which a message carries its original time


async def wish_of(
    owed: Debt, place: Place, known: Known, event: Journaled, seat: Seat, network_name: str, *, folds: bool
) -> tuple[Wish, Sequence[Copy]]:
    """What the destination knows of the event now."""
    copies: Sequence[Copy] = ()
    target: Target | None = None
    reply_to: MessageId | None = None
    quote: Quote | None = None
    here = owed.source == owed.chat  # its author sees it there only by this
    persona = persona_for(owed.network, event.sender, seat) if isinstance(event, Authored) else None
    if folds:
        known.learn(owed.message, ())
    elif owed.maybe or owed.kind in CHANGES:
        copies = await known.of(owed.message)
    if owed.kind in CHANGES:
        target = called(copies, by_author=owed.kind == "edit")
    if owed.reply is not None:
        replied = called(await known.of(owed.reply))
        reply_to = replied.ids[0] if replied is not None else None
        # What a hosted room was never shown was said before others came in: its people do not read it in a reply.
        strange = replied is None and place.network == HOME and not place.owner
        quote = None if strange else await known.quote(owed.reply)
    written_by = None
    if isinstance(event, MessageRetracted) and event.moderator:
        author = await known.author(owed.message)
        if author is not None and author[0] != owed.chat:
            written_by = persona_for(author[1], author[2], seat)
    said = event.message if isinstance(event, MessageReceived | MessageEdited) else None
    thread = await known.thread(owed, said.thread) if said is not None and said.thread is not None else None
    before: list[tuple[str, str]] = []
    if owed.kind == "reactions":
        before = await known.reactions(owed.message, owed.network, owed.author)
        if persona is None and seat.network != owed.network:  # what they have set there with another app
            before += await known.reactions(owed.message, seat.network, seat.me)
    content: Message | None = None
    if folds and owed.content_body is not None:
        later = codec.decode("edit", owed.content_body)
        content = later.message if isinstance(later, MessageEdited) else None
    late = isinstance(event, Authored) and time.time() - event.at > LATE
    return Wish(
        event=event,
        chat=ChatId(place.native or ""),
        key=owed.key,
        source=owed.network,
        network=place.network,
        content=content,
        target=target,
        reply_to=reply_to,
        quote=quote,
        thread=thread,
        persona=persona,
        written_by=written_by,
        at=event.at if late and isinstance(event, Authored) else None,
        before=tuple((emoji, MessageId(native)) for emoji, native in before),
        maybe_done=owed.maybe or owed.tried > 0,
        contact=ContactId(place.contact) if place.contact else None,
        own_id=event.id if here and isinstance(event, Authored) else None,
        name_format=place.name_format,
        called=network_name,
    ), copies


def persona_for(network: str, author: Contact, seat: Seat) -> Persona | None:
    """Whom an account would speak for; None when it is the author's own."""
    if author.id == (seat.user if network == HOME else seat.me if network == seat.network else None):
        return None
    return persona_of(NetworkId(network), author)
