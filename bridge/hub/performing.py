"""Performing one delivery: from the journal's row to the network's receipt and the job that closes it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from bridge.contract import (
    Action,
    Authored,
    ChatId,
    ConnectorError,
    Contact,
    Edit,
    LoggedOut,
    Message,
    MessageId,
    NetworkId,
    Persona,
    Quote,
    React,
    Reason,
    Receipt,
    Refused,
    Send,
    Session,
    Unavailable,
    Unconfirmed,
)
from bridge.hub import codec
from bridge.hub.closing import Reacted
from bridge.hub.codec import Journaled
from bridge.hub.facades import HOME
from bridge.hub.known import Known
from bridge.hub.landing import Landing
from bridge.hub.opener import Opener
from bridge.hub.ready import Ready, Reopened
from bridge.hub.sessions import Sessions
from bridge.hub.wishes import persona_for, wish_of
from bridge.hub.withholding import Withholding
from bridge.store.deliveries import Place
from bridge.store.rows import Copy, Debt

_WAITED = (
    "This chat has become a room, which others can read, so your message was not sent. Write it again here to begin a "
    "new chat with this person alone, or write in the room."
)
UNKNOWN = (
    "Nobody knows whether your message has arrived: the network's answer was lost, and so it is not sent again. If you "
    "can, look there before you send it once more."
)


@dataclass(slots=True)
class Performer:
    """Stateless but for what it is given; lanes own the order."""

    landing: Landing
    opener: Opener
    sessions: Sessions
    delivered: Callable[[Place], None]
    repeated: Callable[[Place], None]
    named: Callable[[tuple[NetworkId, str, ChatId], Iterable[str], int], None]  # see `Echoes.submitted`
    publish: Callable[[Message, Debt, Place, Session], Awaitable[Message]]  # see `Files.published`
    withholding: Withholding

    async def prepare(self, owed: Debt, place: Place, known: Known) -> Ready | None:
        """Everything before the call: None when the delivery is closed without one. Raises the four errors, and
        `Reopened` when it has opened the chat."""
        seat = self.sessions.seat(owed.account)
        session = seat.session if seat else None
        if seat is None or session is None:
            raise Unavailable("The account is not connected.")
        if place.native is None:
            await self.opener.open(place, seat, session)
            raise Reopened
        event: Journaled = owed.said or codec.decode(owed.kind, owed.body)  # type: ignore[assignment]
        self.withholding.check(event, owed, place, seat)
        can = session.capabilities(ChatId(place.native))
        # What the network has taken goes on to another of our users as it was taken (`closing.done`).
        passed_on = owed.network == place.network == HOME and owed.source != owed.chat
        # Where its author waits to be shown it, everything is shown as it was said: what is folded never is.
        here = owed.source == owed.chat
        folds = owed.kind == "message" and not (owed.maybe or owed.tried or passed_on or here)
        own = self._is_by_owner(event, owed, place)
        if (folds and owed.retracted) or (own and (owed.network == HOME or not can.own_messages)):
            # Durable before anything behind it is sent: after a crash it would be sent after all, and too late.
            await self.landing.close(owed, place, known, event, []).heard()
            return None
        name = self.opener.names.get(NetworkId(owed.network), owed.network)
        wish, copies = await wish_of(owed, place, known, event, seat, name, folds=folds)
        quoted = wish.quote.author if wish.quote is not None else None
        if quoted is not None and self.withholding.hides(quoted, owed, place, seat):
            wish = structs.replace(wish, quote=Quote(""))  # nor what the app of who replies has quoted of it
        if own and wish.persona is not None:
            wish = structs.replace(wish, persona=replace(wish.persona, own=True))
        if owed.kind == "edit" and self._needless(owed, copies):
            self.landing.close(owed, place, known, event, [])
            return None
        version = owed.content if folds else owed.event
        if can.merges and owed.kind == "edit" and owed.content_body is not None and not (owed.maybe or owed.tried):
            # A later edit waits behind it: where messages are few, one call says what it reads now.
            wish, version = structs.replace(wish, event=codec.decode("edit", owed.content_body)), owed.content
        ready = self.with_parts(Ready(owed, place, known, event, session, wish, can, copies, version))
        if ready is not None and ready.is_for_one:
            raise Refused(_WAITED, Reason.NOT_ALLOWED)
        return ready

    def with_parts(self, ready: Ready) -> Ready | None:
        """With the calls that it takes; None when it is closed without one."""
        if ready.plan():
            return ready
        self.landing.close(ready.owed, ready.place, ready.known, ready.event, [])
        return None

    async def finish(self, ready: Ready) -> None:
        """The calls, one per part, and the end of the delivery."""
        try:
            await self._carry_out(ready)
        except Refused as refusal:
            if not ready.does_without(refusal):
                raise
            if self.with_parts(ready) is not None:
                await self._carry_out(ready)
        except LoggedOut as error:
            seat = self.sessions.seat(ready.owed.account)
            if seat is None or seat.session is ready.session:
                raise
            raise Unavailable(error.text) from None  # the login that ended is not the one of now

    async def _carry_out(self, ready: Ready) -> None:
        owed, parts = ready.owed, ready.parts
        made: list[Copy] = []
        reacted: Reacted | None = None
        for number, part in enumerate(parts):
            receipt = ready.arrived.get(number) or await self._call(ready, number, part)
            new = ready.made(number, receipt)
            if ready.can.echoes:  # the copies are submitted before anything else can happen
                where = (ready.session.scope(part.chat), part.chat)
                chat, ids = (NetworkId(ready.place.network), *where), [MessageId(copy.native) for copy in new]
                self.named(chat, ids, owed.account if owed.meant else 0)
            if isinstance(part, React):
                reacted = Reacted(receipt.reactions, part.before)
            if number < len(parts) - 1:
                owed.maybe = True  # from here on it is no longer as if nothing had happened
                ready.known.add(new)
                kept = self.landing.keep(new)
                if ready.careful:
                    await kept
            else:
                made = [*ready.superfluous(), *new]
        end = self.landing.close(owed, ready.place, ready.known, ready.event, made, reacted)
        self.delivered(ready.place)
        if ready.careful:
            await end.heard()

    async def _call(self, ready: Ready, number: int, part: Action) -> Receipt:
        """One call; where nothing else would tell after a crash, it is written down before that it is made."""
        owed = ready.owed
        if isinstance(part, Send | Edit) and part.message.media:
            part = replace(part, message=await self.publish(part.message, owed, ready.place, ready.session))
        if not ready.careful:
            return await ready.session.perform(part)
        await ready.session.turn(part)
        if owed.tried == number + 1 and isinstance(part, Send):
            if not ready.can.repeats:
                raise Refused(UNKNOWN, Reason.TIMEOUT)
            self.repeated(ready.place)
        await self.landing.mark([owed], number + 1)
        try:
            return await ready.session.perform(part)
        except ConnectorError as error:
            if not isinstance(error, Unconfirmed):
                await self.landing.mark([owed], 0)
            raise

    def _needless(self, owed: Debt, copies: Sequence[Copy]) -> bool:
        """An edit that was folded into its message, or whose message was cancelled before it ever arrived. Copies that
        show this very edit can also come from an attempt that did not get to its end."""
        shown = [copy.version for copy in copies if copy.part >= 0]
        if not shown:
            return owed.retracted is not None
        return min(shown) > owed.event or (min(shown) == owed.event and not owed.maybe)

    def _is_by_owner(self, event: Journaled, owed: Debt, place: Place) -> bool:
        """Whether a user wrote it, in another app of theirs, and this is their own chat."""
        if not place.owner or not isinstance(event, Authored):
            return False
        if owed.network == HOME:
            return owed.author == place.owner
        return self.sessions.is_account_of(place.owner, NetworkId(owed.network), owed.author)

    def persona(self, account: int, network: str, author: Contact) -> Persona | None:
        """Whom `account` would speak for; None when it is the author's own."""
        seat = self.sessions.seat(account)
        return persona_for(network, author, seat) if seat is not None else None
