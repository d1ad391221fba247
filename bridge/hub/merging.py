"""Texts that go together in one message, where a network takes few and many wait (`Capabilities.merges`).

Texts of one person that follow each other, and nothing else: no files, no replies but the first's. Each keeps a copy
and a name of its own, its author an answer of their own. What changes later in one of them changes the message: it is
written anew, as they all read then; when all are gone, so is it. Where an edit would make it too long, that is said as
a message of its own.

After a crash what was tried together is repeated together: one part, as everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from bridge.contract import (
    Action,
    ConnectorError,
    Edit,
    Message,
    MessageEdited,
    MessageReceived,
    MessageRetracted,
    Reason,
    Refused,
    Retract,
    Send,
    Style,
    Target,
    Unconfirmed,
)
from bridge.hub import closing, codec, fallback
from bridge.hub.performing import UNKNOWN, Performer
from bridge.hub.ready import Ready
from bridge.hub.translate import mentioning, named
from bridge.store import merged
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.rows import Copy, Debt

MANY = 20  # that wait behind a text
_MOST = 50  # in one message
_TOO_LONG = (
    "Your message is one with others there, which have become too long to be written anew without it, so it is not "
    "taken back there."
)


@dataclass(frozen=True, slots=True)
class Merger:
    database: Database
    performer: Performer

    async def gather(self, ready: Ready, waiting: Sequence[Debt]) -> Sequence[Debt]:
        """Which of `waiting` go with what is about to be performed; from here on they are part of it."""
        again = ready.owed.tried > 0
        if _text(ready) is None or not (again or len(waiting) >= MANY):
            return ()
        taken: list[Debt] = []
        for owed in waiting[:_MOST]:
            if not _follows(ready.owed, owed, again=again):
                break
            try:
                other = await self.performer.prepare(owed, ready.place, ready.known)
            except ConnectorError:
                break  # when it is its turn, it says why
            if other is None or not self._joins(ready, other):
                break
            taken.append(owed)
        return taken

    def _joins(self, ready: Ready, other: Ready) -> bool:
        """Only the first says who speaks."""
        other.wish, other.can = structs.replace(other.wish, persona=None), replace(other.can, speaks_as="")
        self.performer.with_parts(other)
        one, more = _text(ready), _text(other)
        if one is None or more is None or more.message.reply_to or more.message.thread != one.message.thread:
            return False
        whole = replace(one, message=_below(one.message, more.message), merged=one.merged + 1)
        if len(ready.session.parts(whole)) != 1:
            return False
        ready.parts = [whole]
        ready.others.append(other)
        return True

    async def finish(self, ready: Ready) -> None:
        """One call for all of them, and their ends. What the network does not want together goes alone."""
        try:
            await self._carry_out(ready)
        except Refused:
            ready.others.clear()
            self.performer.with_parts(ready)
            await self.performer.finish(ready)

    async def _carry_out(self, ready: Ready) -> None:
        [part], all_ = ready.parts, [ready, *ready.others]
        owed = [one.owed for one in all_]
        await ready.session.turn(part)
        if ready.owed.tried:
            if not ready.can.repeats:
                raise Refused(UNKNOWN, Reason.TIMEOUT)  # each stays marked as tried, so none is sent alone either
            self.performer.repeated(ready.place)
        await self.performer.landing.mark(owed, 1)
        try:
            receipt = await ready.session.perform(part)
        except ConnectorError as error:
            if not isinstance(error, Unconfirmed):
                await self.performer.landing.mark(owed, 0)
            raise
        copies = [
            Copy(one.owed.chat, native, one.owed.message, 0, one.version)
            for one, native in zip(all_, receipt.ids, strict=True)
        ]
        await self._close(all_, copies)

    async def _close(self, all_: Sequence[Ready], copies: Sequence[Copy]) -> None:
        known, landing = all_[0].known, self.performer.landing
        known.add(copies)

        def change(ledger: Ledger) -> list[Debt]:
            debts: list[Debt] = []
            for one, copy in zip(all_, copies, strict=True):
                crossed = one.owed.network != one.place.network
                debts += closing.done(ledger, landing.keys, one.owed, one.event, [copy], None, crossed=crossed)
            chat = ledger.directory.current(copies[0].chat)
            merged.put(ledger.connection, chat, [copy.message for copy in copies])
            return debts

        def then(debts: list[Debt]) -> None:
            for one in debts:
                landing.offer(one)
            for _ in all_:
                known.settle()

        for one in all_:
            known.owe()
            self.performer.delivered(one.place)
        await closing.ending(landing.writer, change, then).heard()

    async def changed(self, ready: Ready) -> None:
        """An edit or a retraction of one of several texts becomes one of the whole."""
        event, target = ready.wish.event, ready.wish.target
        if target is None or not isinstance(event, MessageEdited | MessageRetracted):
            return
        await ready.known.settled()
        chat, message = ready.owed.chat, ready.owed.message
        together = await self.database.read(lambda c: merged.with_it(c, chat, message))
        if not together:
            return
        whole = await self._whole(ready, together)
        if whole is None:
            # Where all were taken back before the first of that was done, each finds that it is the last.
            ready.parts = [replace(one, maybe_done=True) if isinstance(one, Retract) else one for one in ready.parts]
            return
        action = Edit(chat=ready.wish.chat, key=ready.wish.key, target=Target(target.ids[:1]), message=whole)
        parts: Sequence[Action] = ready.session.parts(action)
        if len(parts) != 1 and isinstance(event, MessageRetracted):
            # An edit made it too long, and was said on its own: what is left stays as it came.
            came = await self._whole(ready, together, as_came=True)
            parts = ready.session.parts(replace(action, message=came or whole))
            if len(parts) != 1:
                raise Refused(_TOO_LONG, Reason.RESOURCE)
        if len(parts) == 1:
            # What was said on its own of the one that is taken back goes with it.
            own = [one for one in ready.parts if isinstance(one, Retract)][:1] if len(target.ids) > 1 else []
            ready.parts = [*parts, *(replace(one, target=Target(target.ids[1:])) for one in own)]
        elif isinstance(event, MessageEdited):
            said = fallback.edited(mentioning(event.message, ready.wish.source, ready.wish.network))
            send = Send(chat=ready.wish.chat, key=ready.wish.key, message=replace(said, reply_to=target.ids[0]))
            ready.parts, ready.first = ready.session.parts(send), len(target.ids)

    async def _whole(self, ready: Ready, together: Sequence[int], *, as_came: bool = False) -> Message | None:
        """As it is to read now, or before anything of it was edited; None when nothing is left of it."""
        whole: Message | None = None
        for text in await self.database.read(lambda c: merged.texts(c, together)):
            first, now = codec.decode("message", text.first), codec.decode(text.kind, text.body)
            if not isinstance(first, MessageReceived) or not isinstance(now, MessageReceived | MessageEdited):
                continue
            said = mentioning((first if as_came else now).message, text.network, ready.wish.network)
            said = replace(said, reply_to=None, quote=None)
            if whole is None:
                persona = self.performer.persona(ready.owed.account, text.network, first.sender)
                said = named(said, structs.replace(ready.wish, persona=persona), ready.can)
            whole = said if whole is None else _below(whole, said)
        return whole


def _follows(first: Debt, owed: Debt, *, again: bool) -> bool:
    return (
        (owed.kind, owed.network, owed.author, owed.source, owed.account)
        == ("message", first.network, first.author, first.source, first.account)
        and owed.retracted is None
        and owed.reply is None
        and (owed.tried > 0) == again
        and (again or not owed.maybe)
    )


def _text(ready: Ready) -> Send | None:
    """What it says, if that is a text and nothing more."""
    if len(ready.parts) != 1 or ready.first or ready.arrived or not isinstance(ready.event, MessageReceived):
        return None
    [part] = ready.parts
    if not isinstance(part, Send):
        return None
    said = part.message
    plain = not said.media and said.place is None and said.style is Style.TEXT and bool(said.text.strip())
    return part if plain else None


def _below(above: Message, below: Message) -> Message:
    start = len(above.text) + 1
    moved = tuple(replace(span, start=span.start + start, end=span.end + start) for span in below.spans)
    return replace(
        above, text=f"{above.text}\n{below.text}", spans=above.spans + moved, previews=above.previews + below.previews
    )
