"""Saying things. Into direct chats: only to whom it is meant for, in clear only where that is expected, and once.

Source: client-server API #put_matrixclientv3roomsroomidsendeventtypetxnid, #transaction-identifiers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bridge.contract import (
    ChatId,
    Clock,
    ContactId,
    Edit,
    MessageId,
    Reason,
    Receipt,
    Refused,
    Scope,
    Send,
    Unavailable,
    Unconfirmed,
)
from connectors.matrix import fields, sending, unread
from connectors.matrix.api import Api, path
from connectors.matrix.chats import person
from connectors.matrix.events import KEY, Member
from connectors.matrix.groups import Groups
from connectors.matrix.notes import Notes
from connectors.matrix.opening import Opening
from connectors.matrix.rooms import Room
from connectors.matrix.unread import Unread

_DURABLE = 1_800.0  # seconds for which homeservers surely know transaction ids
_LATE = 60.0  # seconds after which an action says when it was said
_LOOK_BACK = 500  # events among which we look for our key
_AGAIN = 3_600.0  # seconds between two invitations of somebody who has left
_UNSURE = 1_000  # of what is said; more are not remembered
_GONE = (Reason.FORBIDDEN, Reason.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Speaker:
    """For one session."""

    api: Api
    me: ContactId
    opening: Opening
    groups: Groups
    invited: Notes  # when somebody was invited again, by room
    left: Notes  # with whom the rooms were that we have left
    lines: unread.Lines
    clock: Clock
    unsure: dict[str, ChatId] = field(default_factory=dict)  # by key: where something was said, and not confirmed

    async def say(self, action: Send | Edit) -> Receipt:
        """A new message, or a new text for one. Raises the four errors. What was not confirmed is said again where it
        was said before, although the chat has moved into another room since: only there does the homeserver know
        whether it has it."""
        where = self.unsure.get(action.key, action.chat)
        try:
            receipt = await self._say(replace(action, chat=where))
        except Refused:
            self.unsure.pop(action.key, None)
            if where == action.chat:
                raise
            return await self.say(action)
        self.unsure.pop(action.key, None)
        return receipt

    async def _say(self, action: Send | Edit) -> Receipt:
        room = await (self._checked_direct(action) if self._is_direct(action) else self._checked_group(action))
        if action.maybe_done and (before := await self._found(room, action)) is not None:
            return Receipt((before,))
        saying = self.content(action)
        where = path("rooms", room, "send", kind(saying), action.key)
        try:
            said = await self.api.put(where, saying)
        except Refused as refusal:
            if refusal.reason in _GONE and self._is_direct(action):
                self.opening.rooms.forget(room)
                await self._room(action)  # raises if we have just left it
            raise
        except Unconfirmed:
            self.unsure[action.key] = action.chat
            if len(self.unsure) > _UNSURE:
                del self.unsure[next(iter(self.unsure))]
            raise
        return Receipt((sent(said),))

    def content(self, action: Send | Edit) -> Mapping[str, object]:
        """That of the event that says it."""
        return content(action)

    def _is_direct(self, action: Send | Edit) -> bool:
        chat, known = action.chat, self.opening.rooms.known(action.chat)
        if action.contact is None and self.opening.directs.is_room(chat):
            return False
        meant = known.meant_direct if known is not None else None
        return (action.contact or self.opening.directs.contact_of(chat) or meant or self.left.get(chat)) is not None

    async def _checked_direct(self, action: Send | Edit) -> str:
        room = await self._room(action)
        await self._check(room)
        return room.id

    async def _checked_group(self, action: Send | Edit) -> str:
        """A room of many: what is said there is for whoever is in it."""
        try:
            facts = await self.groups.facts(action.chat)
        except Refused as refusal:
            if refusal.reason in _GONE:
                text = "You are not in this Matrix room any more. Come into it again, here or in a Matrix app."
                raise Refused(text, refusal.reason) from refusal
            raise
        if facts.encrypted:
            raise Refused(unread.REFUSAL, Reason.NOT_ACCEPTABLE)
        return action.chat

    async def _room(self, action: Send | Edit) -> Room:
        """The room of the chat. If we have left it (in another app), a new one is opened; the sync then tells that this
        is the chat now, and the action comes again."""
        try:
            return await self.opening.rooms.of(action.chat)
        except Refused as refusal:
            if refusal.reason not in _GONE:
                text = "This Matrix room is too large for a direct chat. Use a Matrix app for it."
                raise Refused(text, refusal.reason) from refusal
            contact = self.opening.directs.contact_of(action.chat) or self.left.get(action.chat)
            if contact is None:
                text = "You are not in this Matrix chat any more. Begin a new one in a Matrix app."
                raise Refused(text, refusal.reason) from refusal
            await self.opening.direct(ContactId(contact), action.key)
            text = "You had left this Matrix chat, and a new one is being opened."
            raise Unavailable(text, retry_after=2.0, scope=Scope.CHAT) from refusal

    async def _check(self, room: Room) -> None:
        """Whether what is meant for one person reaches that person, nobody else, and nobody in clear who relies on
        encryption. Raises `Refused`, and what an invitation raises."""
        contact = self.opening.directs.contact_of(room.id) or room.meant_direct
        if contact is None:
            text = "This Matrix room is no direct chat any more. Use a Matrix app for it."
            raise Refused(text, Reason.NOT_ALLOWED)
        if room.encrypted:
            self.lines.say(Unread.SENT, room.chat, person(room, contact))
            raise Refused(unread.REFUSAL, Reason.NOT_ACCEPTABLE)
        if self.opening.directs.is_room(room.id) or not room.alone_with(self.me, contact):
            text = (
                "Other people have come into this Matrix chat, so your message was not sent. It goes on as a room; "
                "write there, or write again to begin a new chat."
            )
            raise Refused(text, Reason.NOT_ALLOWED)
        if not room.present(contact):
            await self._invite_again(room, contact)

    async def _invite_again(self, room: Room, contact: ContactId) -> None:
        """Who has left is invited with the first message to them, at most once an hour, whatever comes of it."""
        now = self.clock.time()
        old = [id for id, at in self.invited.all().items() if now - float(at) >= _AGAIN]
        await self.invited.drop(*old)
        if self.invited.get(room.id) is not None or not await self.invited.put(room.id, str(now)):
            text = f"{contact} has left this Matrix chat and was invited to come back. Write again when they are here."
            raise Refused(text, Reason.SERVICE)
        try:
            await self.api.post(path("rooms", room.id, "invite"), {"user_id": contact})
        except (Unavailable, Unconfirmed):
            # The room tells, when it is asked again, whether they are invited.
            self.opening.rooms.forget(room.id)
            await self.invited.drop(room.id)
            raise
        # What follows need not wait until a sync tells.
        room.members[contact] = Member(user=contact, membership="invite", by=self.me)

    async def _found(self, room: str, action: Send | Edit) -> MessageId | None:
        """The event of an earlier try, where the transaction id may mean nothing any more."""
        if lasting(action, self.clock.time(), self.api.bearer.since):
            return None
        return await found(self.api, room, self.me, action.key)


def lasting(action: Send | Edit, now: float, since: float = 0.0) -> bool:
    """Whether the homeserver still knows the transaction id of something that is said at `now`, perhaps again; `since`:
    from when ids count."""
    said = now - _LATE if action.at is None else action.at
    return said > now - _DURABLE and said > since


async def found(api: Api, room: str, me: ContactId, key: str) -> MessageId | None:
    """The event by which `me` has said what has this key, among the latest of a room. Raises the four errors."""
    page = await api.get(path("rooms", room, "messages"), {"dir": "b", "limit": str(_LOOK_BACK)})
    for raw in fields.listed(page.get("chunk")):
        event = fields.mapping(raw)
        id = fields.event_id(event.get("event_id"))
        ours = event.get("sender") == me and fields.mapping(event.get("content")).get(KEY) == key
        if ours and id is not None:
            return MessageId(id)
    return None


def sent(said: Mapping[str, object]) -> MessageId:
    """The id of what was sent, from the homeserver's answer. Raises `Refused`."""
    id = fields.event_id(said.get("event_id"))
    if id is None:
        raise Refused("The homeserver gave no id for the message, so it may not have arrived.", Reason.SERVICE)
    return MessageId(id)


def content(action: Send | Edit) -> Mapping[str, object]:
    """That of the event that says it."""
    if isinstance(action, Edit):
        return sending.edited(action.message, action.target.ids[0], action.key)
    return sending.content(action.message, action.key)


def kind(content: Mapping[str, object]) -> str:
    """The type of the event that has it."""
    return "m.room.message" if "msgtype" in content else "m.sticker"
