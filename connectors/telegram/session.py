"""One's own bot, connected."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import replace
from typing import Protocol

from bridge.contract import (
    Action,
    Capabilities,
    ChatId,
    Contact,
    ContactId,
    Directory,
    Edit,
    Event,
    File,
    History,
    Join,
    Leave,
    Live,
    Media,
    Membership,
    MessageId,
    Occupant,
    OccupantChanged,
    Rank,
    React,
    Reason,
    Receipt,
    Refused,
    Retract,
    Send,
    SetTyping,
    UserInformed,
)
from connectors.telegram import errors, fields, ids, media, parts
from connectors.telegram.attending import standing
from connectors.telegram.chats import Chats, person, titles
from connectors.telegram.privacy import Privacy
from connectors.telegram.sending import Speaker
from connectors.telegram.together import together

_RANKS = {"creator": Rank.OWNER, "administrator": Rank.ADMIN}


class News(Protocol):
    """Where events come from (`receiving`)."""

    def events(self, cursor: str | None) -> AsyncIterator[Event]: ...

    def journaled(self, cursor: str) -> None: ...


class TelegramSession:
    """Implements `bridge.contract.Session`."""

    def __init__(
        self, me: Contact, news: News, speaker: Speaker, chats: Chats, *, repeats: bool, privacy: Privacy | None = None,
        allowed: Callable[[int], Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        """`allowed`: which reactions a chat allows, if that is known."""
        self.me = me
        self.directory: Directory | None = None  # bots can look for nobody
        self._news = news
        self._speaker = speaker
        self._chats = chats
        self._privacy = privacy
        self._allowed = allowed
        actions = frozenset({Send, Edit, Retract, React, SetTyping})
        # No bot is ever told of what it has said itself.
        self._direct = Capabilities(
            actions=actions, window=1, media=True, repeats=repeats, sees_itself=False, reactions=1, merges=True
        )
        self._room = replace(self._direct, actions=actions | {Leave})
        self._topic = replace(self._room, actions=actions | {Join, Leave}, for_links=True)

    def scope(self, chat: ChatId) -> str:
        """All bots in a supergroup or channel are told the same; elsewhere each has numbers of its own."""
        number = ids.number(ids.whole(chat))
        return "" if number is not None and ids.is_shared(number) else self.me.id

    def capabilities(self, chat: ChatId) -> Capabilities:
        can = self._topic if ids.topic(chat) is not None else self._room if chat.startswith("-") else self._direct
        number = self._chats.number(chat) if self._allowed is not None else None
        if self._allowed is None or number is None:
            return can
        return replace(can, allowed_reactions=self._allowed(number))

    async def events(self, cursor: str | None) -> AsyncIterator[Event]:
        for topic in self._chats.forums.left():
            self._has_left(topic)  # the process may have ended before anybody had noted it
        async with aclosing(together(self._news.events(cursor), self._chats.forums.told)) as events:
            async for event in events:
                yield event
                if self._privacy is not None and isinstance(event, Live):
                    text = await self._privacy.news()
                    if text:
                        yield UserInformed(text=text)
                        await self._privacy.told()

    def journaled(self, cursor: str) -> None:
        self._news.journaled(cursor)

    def parts(self, action: Action) -> Sequence[Action]:
        return parts.parts(action)

    async def turn(self, action: Action) -> None:
        await self._speaker.turn(action)

    async def perform(self, action: Action) -> Receipt:
        with self._speaker.saying(action):
            return await self._perform(action)

    async def _perform(self, action: Action) -> Receipt:
        receipt = await self._speaker.perform(action)
        if isinstance(action, Leave) and ids.topic(action.chat) is not None:
            self._has_left(action.chat)
        return receipt

    def _has_left(self, topic: ChatId) -> None:
        """Of which no update tells."""
        left = OccupantChanged(chat=topic, occupant=Occupant(self.me, Membership.LEFT))
        self._chats.forums.told.put_nowait(left)

    def open_media(self, media_: Media, limit: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._speaker.stickers.opened(media_, limit)

    async def publish(self, chat: ChatId, media_: Media, file: File) -> str:
        return await media.published(file)

    async def direct(self, contact: ContactId, key: str) -> ChatId:
        """Telegram calls a private chat as it calls the person, and tells only of people whom the bot has met."""
        number = ids.number(contact) if ids.is_person(contact) else None
        if number is None:
            raise Refused("Nobody on Telegram is called so.", Reason.NOT_FOUND)
        found = fields.mapping(await self._speaker.api.ask("getChat", {"chat_id": number}))
        if found.get("type") != "private":
            raise Refused("Nobody on Telegram is called so.", Reason.NOT_FOUND)
        await self._chats.meet(person(found) or Contact(contact))
        return ids.chat(number)

    async def contacts(self) -> Sequence[Contact]:
        return self._chats.people

    async def obstacles(self, chat: ChatId) -> Sequence[str]:
        """The Bot API shows nobody's other bots but the administrators, and of none what it does."""
        return ()

    async def history(self, chat: ChatId, before: MessageId | None, cursor: str | None) -> History:
        """Never asked: bots cannot read what was said before (Bot API #getupdates)."""
        raise Refused("Telegram does not show bots what was said before.", Reason.UNSUPPORTED)

    async def rank(self, chat: ChatId, contact: ContactId) -> Rank | None:
        """Bot API #getchatmember. Who speaks as the group is one of its administrators (#message, sender_chat)."""
        number = self._chats.number(chat)
        if number is None or number > 0:
            return None
        if contact == ids.speaking_chat(number):
            return Rank.ADMIN
        who = ids.number(contact) if ids.is_person(contact) else None
        if who is None:
            return None
        try:
            asked = {"chat_id": number, "user_id": who}
            said = fields.mapping(await self._speaker.api.ask("getChatMember", asked))
        except errors.No as refusal:
            if refusal.reason in (Reason.NOT_FOUND, Reason.BAD_REQUEST):
                return None
            raise
        membership, rank = standing(said)
        return (rank or Rank.MEMBER) if membership is Membership.JOINED else None

    async def occupants(self, chat: ChatId, membership: Membership = Membership.JOINED) -> Sequence[Occupant]:
        """Administrators, and who has spoken since we are connected: bots are told of nobody else."""
        number = self._chats.number(chat)
        if number is None or number > 0:
            raise Refused("This is no group on Telegram.", Reason.NOT_FOUND)
        if membership is not Membership.JOINED:
            return []  # bots are not told who is banned
        told = fields.listed(await self._speaker.api.ask("getChatAdministrators", {"chat_id": number}))
        found = {self.me.id: Occupant(self.me)}
        for id, one in self._chats.speakers.get(chat, {}).items():
            if one.membership is Membership.JOINED:
                found[id] = one
        for raw in told:
            said = fields.mapping(raw)
            who = person(fields.mapping(said.get("user")))
            if who is not None:
                rank = _RANKS.get(fields.string(said.get("status")))
                found[who.id] = Occupant(who, rank=rank, titles=titles(said))
        return list(found.values())
