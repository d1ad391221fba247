"""A chat network in memory: what people do in it, and who is shown what. No sockets here."""

import time
from collections.abc import Callable
from typing import Any

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Contact,
    ContactId,
    DeliveryFailed,
    Media,
    Message,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    NetworkId,
    Person,
    ReactionsChanged,
    Reason,
)
from bridge.testing import wire
from bridge.testing.places import Chat, Entry, Member
from bridge.testing.states import Reported, Said
from bridge.testing.traits import Traits
from bridge.testing.wire import Trouble

NOBODY = Member("", "", "", relay=False, own=False, everywhere=False)


class Failed(Exception):
    """An ask that cannot be carried out."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble


def refuse(text: str, reason: Reason = Reason.NOT_FOUND) -> Failed:
    return Failed(Trouble("refused", text, str(reason)))


class Network:
    """`grown` is called whenever something has happened; `revision` counts it."""

    def __init__(self, traits: Traits, grown: Callable[[], None] = lambda: None) -> None:
        self.traits = traits
        self.grown = grown
        self.revision = 0
        self.people: dict[str, Contact] = {}
        self.accounts: dict[str, Member] = {}
        self.chats: dict[str, Chat] = {}
        self.log: list[Entry] = []
        self.files: dict[str, wire.PutFile] = {}  # by reference
        self.reports: list[Reported] = []
        self._last_id = 0

    # what there is

    def add_person(self, ask: wire.AddPerson) -> str:
        self.people[ask.id] = Contact(ContactId(ask.id), ask.name, ask.avatar)
        self.touched()
        return ask.id

    def add_account(self, ask: wire.AddAccount) -> str:
        own = self.traits.echoes if ask.own is None else ask.own
        self.accounts[ask.id] = Member(
            ask.id, ask.password, ask.name, relay=ask.relay, own=own, everywhere=ask.everywhere
        )
        self.people[ask.id] = self.accounts[ask.id].contact
        self.touched()
        return ask.id

    def add_chat(self, ask: wire.AddChat) -> str:
        chat = self.chats.get(ask.id)
        if chat is None:
            chat = self.chats[ask.id] = Chat(ask.id, ChatKind(ask.kind))
        chat.name = ask.name or chat.name
        chat.members = list(dict.fromkeys([*chat.members, *ask.members]))
        chat.addressee = ask.addressee or chat.addressee
        chat.encrypted, chat.shared = ask.encrypted, ask.shared
        chat.public, chat.holds = ask.public or chat.public, ask.holds or chat.holds
        chat.subject, chat.alias = ask.subject or chat.subject, ask.alias or chat.alias
        self._announce(chat)
        return ask.id

    def chat(self, identity: str) -> Chat:
        """Raises `Failed`."""
        found = self.chats.get(identity)
        if found is None and self.traits.implicit:
            found = self.chats[identity] = Chat(identity, ChatKind.DIRECT)
        if found is None:
            raise refuse("There is no such chat.")
        return found

    def seen_by(self, chat: Chat, member: Member) -> ChatSeen:
        """The chat as `member` is told of it."""
        other = next((self.person(m) for m in chat.members if m != member.id), None)
        return ChatSeen(
            chat=ChatId(chat.id),
            kind=chat.kind,
            contact=other if chat.kind is ChatKind.DIRECT else None,
            name=chat.name,
            encrypted=chat.encrypted,
            subject=chat.subject,
            alias=chat.alias,
            avatar=chat.avatar,
            rules=chat.rules if chat.kind is ChatKind.ROOM else None,
            made=chat.made.partition(" ")[2] if chat.made.partition(" ")[0] == member.id else "",
        )

    def person(self, identity: str) -> Contact:
        return self.people.get(identity) or Contact(ContactId(identity))

    def new_id(self) -> str:
        self._last_id += 1
        return f"${self._last_id}"

    # what people do

    def says(self, ask: wire.Says) -> str:
        chat = self._where(ask.person, ask.chat)
        if ask.id is not None and (again := self._again(chat, ask.id, ask.text)):
            return again
        identity = ask.id or self.new_id()
        said = Said(
            id=identity, author=ask.person, name=self.person(ask.person).name, text=ask.text, reply_to=ask.reply_to,
            media=list(ask.media), spans=list(ask.spans), style=ask.style,
        )  # fmt: skip
        chat.known[identity] = said
        if self.traits.reflect:
            chat.messages.append(said)
        message = Message(
            text=ask.text,
            spans=tuple(ask.spans),
            style=ask.style,
            media=tuple(media(self.files, reference) for reference in ask.media),
            reply_to=MessageId(ask.reply_to) if ask.reply_to else None,
        )
        authored = self._authored(ask.person, chat, identity, ask.key)
        self._did(chat, MessageReceived(**authored, message=message, provenance=ask.provenance))
        return identity

    def edits(self, ask: wire.Edits) -> str:
        chat = self._where(ask.person, ask.chat)
        if ask.id is not None and (again := self._again(chat, ask.id)):
            return again
        said = self._target(chat, ask.target)
        if self.traits.reflect:
            said.text, said.edited = ask.text, said.edited + 1
        identity = ask.id or self.new_id()
        authored = self._authored(ask.person, chat, identity)
        self._did(chat, MessageEdited(**authored, target=MessageId(ask.target), message=Message(text=ask.text)))
        return identity

    def retracts(self, ask: wire.Retracts) -> str:
        chat = self._where(ask.person, ask.chat)
        if ask.id is not None and (again := self._again(chat, ask.id)):
            return again
        said = self._target(chat, ask.target)
        if self.traits.reflect:
            said.gone = True
        identity = ask.id or self.new_id()
        authored = self._authored(ask.person, chat, identity)
        moderator = said.author != ask.person
        self._did(chat, MessageRetracted(**authored, target=MessageId(ask.target), moderator=moderator))
        return identity

    def reacts(self, ask: wire.Reacts) -> str:
        chat = self._where(ask.person, ask.chat)
        if ask.id is not None and (again := self._again(chat, ask.id)):
            return again
        said = self._target(chat, ask.target)
        if self.traits.reflect:
            set_reactions(said, ask.person, ask.reactions)
        identity = ask.id or self.new_id()
        authored = self._authored(ask.person, chat, identity)
        event = ReactionsChanged(**authored, target=MessageId(ask.target), reactions=tuple(ask.reactions))
        self._did(chat, event)
        return identity

    def bounce(self, ask: wire.Bounce) -> None:
        chat = self.chat(ask.chat)
        self.happen(
            DeliveryFailed(
                chat=ChatId(chat.id), target=MessageId(ask.target), reason=Reason(ask.reason), text=ask.text
            ),
            chat,
        )

    def behind(self, member: Member) -> int:
        """Events meant for an account that it has not acknowledged."""
        return sum(1 for entry in self.log[member.journaled or 0 :] if entry.shown_to(member))

    # the log

    def happen(self, event: Any, chat: Chat | None, by: str = "person", account: str = "", only: str = "") -> int:
        n = len(self.log) + 1
        self.log.append(Entry(n, event, chat, by, account, only))
        self.touched()
        return n

    def touched(self) -> None:
        self.revision += 1
        self.grown()

    def _did(self, chat: Chat, event: Any) -> None:
        chat.done[event.id] = self.happen(event, chat)

    def _announce(self, chat: Chat) -> None:
        if chat.addressee is None and not chat.holds:
            for member in self.accounts.values():
                if chat.sees(member):
                    self.happen(self.seen_by(chat, member), chat, only=member.id)
        self.touched()

    def _again(self, chat: Chat, identity: str, text: str | None = None) -> str:
        """An author repeats, under the same id: the network shows it again to whoever listens, and to nobody else."""
        n = chat.done.get(identity)
        if n is None:
            return ""
        event = self.log[n - 1].event
        if text is not None and event.message.text != text:
            return ""
        chat.done[identity] = self.happen(event, chat)
        return identity

    def _where(self, person: str, chat: str) -> Chat:
        if person not in self.people:
            raise refuse("There is no such person.")
        return self.chat(chat)

    def _target(self, chat: Chat, identity: str) -> Said:
        found = chat.known.get(identity)
        if found is None:
            raise refuse("There is no such message.")
        return found

    def _authored(self, person: str, chat: Chat, identity: str, key: str | None = None) -> dict[str, Any]:
        addressee = Person(NetworkId(chat.addressee[0]), ContactId(chat.addressee[1])) if chat.addressee else None
        return {
            "chat": ChatId(chat.id),
            "id": MessageId(identity),
            "sender": self.person(person),
            "at": time.time(),
            "key": key,
            "addressee": addressee,
            "origin": person if self.traits.answers else "",
        }


def set_reactions(said: Said, person: str, reactions: list[str]) -> None:
    """The whole set of a person."""
    if reactions:
        said.reactions[person] = reactions
    else:
        said.reactions.pop(person, None)


def media(files: dict[str, wire.PutFile], reference: str) -> Media:
    """A file as those are told of it who get a message with it."""
    file = files.get(reference)
    return Media(reference, reference) if file is None else Media(reference, file.name, file.mime, len(file.data))
