"""What Telegram tells a bot, as events. Each update is read alone; what it does not mean to us changes nothing.

Source: https://core.telegram.org/bots/api#update, #chatmemberupdated, #messagereactionupdated.
"""

import hashlib
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.contract import (
    ChatId,
    Contact,
    Event,
    Membership,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Occupant,
    OccupantChanged,
    Provenance,
    Rank,
    ReactionsChanged,
    Style,
    Unparsable,
)
from connectors.telegram import albums, fields, ids, topics
from connectors.telegram.about import About
from connectors.telegram.attending import Attendance, standing
from connectors.telegram.chats import Chats, person, sender, titles
from connectors.telegram.content import message_of
from connectors.telegram.deleting import Deleting
from connectors.telegram.placing import Places, Where, Wrong
from connectors.telegram.privacy import PRIVACY
from connectors.telegram.underway import Underway, may_name

_MOST = 50  # reactions of one update
_EARLIEST = 1_300_000_000.0  # there was no Telegram before
_OPENED = "has opened the chat with your bot."


class Reader:
    """For one session."""

    greets = True  # “/start” opens private chats

    def __init__(
        self, chats: Chats, about: About, me: Contact, network: NetworkId, *, reads_all: bool,
        deleting: Deleting | None = None, underway: Underway | None = None,
    ) -> None:  # fmt: skip
        self._chats = chats
        self._places = Places(chats, about)
        self._people = Attendance(chats, me)
        self._me = me
        self._network = network
        self._reads_all = reads_all
        self._deleting = deleting
        self._underway = underway or Underway()
        self._topics: set[tuple[ChatId, MessageId]] = set()  # that this session has told of
        self._kinds: Mapping[str, Callable[[Mapping[str, Any], int], Awaitable[list[Event]]]] = {
            "message": self._message,
            "channel_post": self._message,
            "edited_message": self._edited,
            "edited_channel_post": self._edited,
            "message_reaction": self._reaction,
            "my_chat_member": self._mine,
            "chat_member": self._member,
        }

    @property
    def allowed(self) -> Sequence[str]:
        """The kinds of updates that are to come."""
        return tuple(self._kinds)

    async def read(self, *updates: object, since: float = -math.inf) -> Sequence[Event]:
        """The events of an update, or of those that make an album; what cannot be understood is one `Unparsable`.
        Commands of before `since` are not carried out."""
        found = [event for raw in updates for event in await self._read(raw, since)]
        return albums.joined(found) if len(updates) > 1 else found

    async def _read(self, raw: object, since: float) -> Sequence[Event]:
        update = fields.mapping(raw)
        try:
            number = fields.integer(update.get("update_id"))
            kind = next((key for key in update if key != "update_id"), "")
            if number is None or not kind:
                raise Wrong("an update without number or content")
            if kind not in self._kinds:
                raise Wrong(f"an update of a kind that was not asked for: {fields.line(kind, 60)}")
            body = fields.mapping(update[kind])
            if self._deleting is not None and self._deleting.meant(body) and _at(body.get("date")) < since:
                return await self._places.seen(await self._places.chat(body), sender(body))
            if may_name(kind, body, self._me.id):
                await self._underway.landed(fields.integer(fields.mapping(body.get("chat")).get("id")) or 0)
            return await self._kinds[kind](body, number)
        except Wrong as wrong:
            return [self._unparsable(str(wrong), raw)]
        except (ValueError, TypeError, KeyError, RecursionError) as error:  # a border: whatever stands there
            return [self._unparsable(f"{type(error).__name__}: {error}"[:500], raw)]

    async def _message(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        where = await self._places.of(raw)
        who, id = self._author(raw), self._id(where, raw)
        self._places.look_again(where, raw)
        told, closed = topics.closing(raw) if where.own_room else (False, None)
        closed = await self._places.reopened(where, raw, who) if not told else closed
        found = await self._places.seen(where, who, closed)
        found += self._people.told(where, raw)
        if who is not None and self._deleting is not None and self._deleting.meant(raw):
            found += self._people.speaks(where, who)
            return found + await self._taken_back(where, who, id, raw, self._deleting)
        said = self._content(where, raw)
        if said is None or who is None or told:
            return found
        if self.greets and where.private and said.text.split(" ")[0] == "/start" and not said.media:
            said = Message(_OPENED, style=Style.NOTICE)
        found += self._topic(where, said, raw)
        found += self._people.speaks(where, who)
        found.append(
            MessageReceived(
                chat=where.id, id=id, sender=who, at=_at(raw.get("date")), message=said, provenance=_provenance(raw)
            )
        )
        return found

    async def _taken_back(
        self, where: Where, who: Contact, id: MessageId, raw: Mapping[str, Any], deleting: Deleting
    ) -> list[Event]:
        wanted = await deleting.wanted(where.number, raw, who)
        if wanted is None:
            return []
        number, moderator = wanted
        target = ids.message(where.number, number)
        at = _at(raw.get("date"))
        return [
            MessageRetracted(
                chat=where.id, id=id, sender=who, at=at, target=target, moderator=moderator,
                among=self._places.otherwise(where, raw),
            )
        ]  # fmt: skip

    def _topic(self, where: Where, said: Message, raw: Mapping[str, Any]) -> list[Event]:
        """The beginning of a thread, if this session has not told of it; the hub knows whether it has come before."""
        if said.thread is None or (where.id, said.thread) in self._topics:
            return []
        self._topics.add((where.id, said.thread))
        group = Contact(ids.speaking_chat(where.number), fields.line(where.raw.get("title")))
        at = _at(raw.get("date"))
        return [MessageReceived(chat=where.id, id=said.thread, sender=group, at=at, message=topics.beginning(raw))]

    async def _edited(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        where = await self._places.of(raw)
        who, id = self._author(raw), self._id(where, raw)
        found = await self._places.seen(where, who)
        said = self._content(where, raw)
        if said is None or who is None or (self._deleting is not None and self._deleting.meant(raw)):
            return found
        edited = MessageEdited(
            chat=where.id, id=_doing(where, id, raw, number), sender=who, at=_at(raw.get("edit_date")), target=id,
            message=said, provenance=_provenance(raw), among=self._places.otherwise(where, raw),
        )  # fmt: skip
        return [*found, edited]

    async def _reaction(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        """#messagereactionupdated: the whole set of one person, or of a group that reacts as itself."""
        where = await self._places.chat(raw)
        who = sender({"from": raw.get("user"), "sender_chat": raw.get("actor_chat")})
        id = self._id(where, raw)
        if who is None:
            raise Wrong("a reaction of nobody")
        found = await self._places.seen(where, who)
        emoji = tuple(dict.fromkeys(_emoji(one) for one in fields.listed(raw.get("new_reaction"))[:_MOST]))
        found += self._people.speaks(where, who)
        found.append(
            ReactionsChanged(
                chat=where.id, id=_doing(where, id, raw, number), sender=who, at=_at(raw.get("date")), target=id,
                reactions=emoji, provenance=_provenance({"from": raw.get("user")}),
                among=self._places.rooms(where),
            )
        )  # fmt: skip
        return found

    async def _mine(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        """The bot itself has been added somewhere, or removed; in private chats people allow it to write, or do not."""
        where = await self._places.chat(raw)
        membership, rank = standing(raw.get("new_chat_member"))
        if membership is not Membership.JOINED:
            if where.private:
                return []
            self._places.forget(where)
            rooms = (where.group, *self._places.rooms(where))
            return [OccupantChanged(chat=one, occupant=Occupant(self._me, membership)) for one in rooms]
        who = person(fields.mapping(raw.get("from"))) if where.private else None
        found = await self._places.seen(where, who)
        was, _ = standing(raw.get("old_chat_member"))
        if not where.private and was is not Membership.JOINED and rank is Rank.MEMBER and not self._reads_all:
            said = Message(PRIVACY, style=Style.NOTICE)
            title = fields.line(where.raw.get("title"))
            id = MessageId(f"{where.number}@{number}")
            group = Contact(ids.speaking_chat(where.number), title)
            found.append(MessageReceived(chat=where.id, id=id, sender=group, at=_at(raw.get("date")), message=said))
        return found

    async def _member(self, raw: Mapping[str, Any], number: int) -> list[Event]:
        where = await self._places.chat(raw)
        now = fields.mapping(raw.get("new_chat_member"))
        who = person(fields.mapping(now.get("user")))
        if where.private or who is None:
            raise Wrong("a member of no group")
        membership, rank = standing(now)
        found = await self._places.seen(where, None)
        return found + self._people.moved(where, Occupant(who, membership, rank, titles(now)))

    def _content(self, where: Where, raw: Mapping[str, Any]) -> Message | None:
        said = message_of(raw, self._network)
        return said if said is None or not where.own_room else replace(said, thread=None)

    def _author(self, raw: Mapping[str, Any]) -> Contact | None:
        who = sender(raw)
        if who is None and "text" in raw:
            raise Wrong("a message of nobody")
        return who

    def _id(self, where: Where, raw: Mapping[str, Any]) -> MessageId:
        number = fields.positive(raw.get("message_id"))
        if number is None:
            raise Wrong("a message without a number")
        return ids.message(where.number, number)

    def _unparsable(self, reason: str, raw: object) -> Unparsable:
        kind = next((key for key in fields.mapping(raw) if key != "update_id"), "")
        chat = fields.integer(fields.mapping(fields.mapping(fields.mapping(raw).get(kind)).get("chat")).get("id"))
        return Unparsable(
            reason=reason,
            source="" if chat is None else str(chat),
            raw=fields.shown(raw),
            chat=self._chats.chat(chat) if chat else None,
        )


def _provenance(raw: Mapping[str, Any]) -> Provenance:
    """Who speaks as a group or a channel does it by a bot of Telegram's own (#message, `from`), and is none."""
    bot = fields.mapping(raw.get("from")).get("is_bot") is True and "sender_chat" not in raw
    return Provenance.PROGRAM if bot else Provenance.PERSON


def _doing(where: Where, id: MessageId, raw: Mapping[str, Any], number: int) -> MessageId:
    """An id for an edit or a reaction, the same whenever Telegram tells of it again; where several bots are told of the
    same, from all of them."""
    if not ids.is_shared(where.number):
        return MessageId(f"{id}@{number}.{int(_at(raw.get('edit_date') or raw.get('date')))}")
    what = {key: raw.get(key) for key in ("edit_date", "date", "text", "caption", "entities", "user", "new_reaction")}
    digest = hashlib.sha256(json.dumps([what, raw.get("old_reaction")], sort_keys=True, default=str).encode())
    return MessageId(f"{id}@{digest.hexdigest()[:20]}")


def _at(said: object) -> float:
    """Seconds since the epoch; now, if it cannot be true."""
    found, now = fields.number(said), time.time()
    return found if found is not None and _EARLIEST <= found <= now + 86_400 else now


def _emoji(reaction: object) -> str:
    """#reactiontype: of what is no emoji, one that stands for it."""
    said = fields.mapping(reaction)
    if said.get("type") == "paid":
        return "⭐"
    return fields.line(said.get("emoji"), 16) or "✨"
