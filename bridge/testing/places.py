"""What a memory network consists of: people, accounts, chats with their messages, and the log of what happened."""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from bridge.contract import ChatKind, Contact, ContactId, Rank, Rules, Title
from bridge.testing.states import Answered, Said
from bridge.testing.wire import Happened, line


@dataclass(slots=True)
class Member:
    """An account that sessions log in to."""

    id: str
    password: str
    name: str
    relay: bool
    own: bool
    everywhere: bool
    active: bool = True
    network: str = ""  # what whoever uses the account calls the network
    tokens: set[str] = field(default_factory=set)
    journaled: int | None = None  # acknowledged up to here; None: never connected
    receipts: dict[str, tuple[Said | None, dict[str, Any]]] = field(default_factory=dict)  # by key, where idempotent
    presence: str = ""  # as its user has shown it
    blocked: set[str] = field(default_factory=set)
    picture: str = ""  # a file
    opened: dict[str, str] = field(default_factory=dict)  # direct chats by the key they were opened with

    @property
    def contact(self) -> Contact:
        return Contact(ContactId(self.id), self.name)


@dataclass(slots=True)
class Chat:
    """A chat and all that was ever said in it."""

    id: str
    kind: ChatKind
    name: str = ""
    members: list[str] = field(default_factory=list)
    addressee: tuple[str, str] | None = None
    encrypted: bool = False
    subject: str = ""
    alias: str = ""
    public: bool = False
    holds: list[str] = field(default_factory=list)  # of a space
    messages: list[Said] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    known: dict[str, Said] = field(default_factory=dict)  # by id; where ids come again, the newest
    shared: bool = True  # who comes in may read what was said before
    came: dict[str, int] = field(default_factory=dict)  # number in the log when somebody came in last
    typing: set[str] = field(default_factory=set)  # who of the accounts
    read: dict[str, str] = field(default_factory=dict)  # how far, by account
    private: set[str] = field(default_factory=set)  # accounts whose mark nobody else is shown
    ranks: dict[str, Rank] = field(default_factory=dict)  # of whom it was said
    titles: dict[str, tuple[Title, ...]] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    rules: Rules = field(default_factory=lambda: Rules(open=True, subject=Rank.MEMBER))
    made: str = ""  # the key of the wish that made it
    avatar: str = ""  # a reference
    picture: bytes = b""
    done: dict[str, int] = field(default_factory=dict)  # number in the log of what people did, by its id

    def sees(self, member: Member) -> bool:
        return member.id in self.members or (member.everywhere and self.kind is ChatKind.ROOM)

    def rank(self, person: str) -> Rank:
        """Who was there first is its owner, unless it was said otherwise."""
        first = Rank.OWNER if self.members[:1] == [person] else Rank.VISITOR if self.rules.moderated else Rank.MEMBER
        return self.ranks.get(person, first)

    def add(self, said: Said) -> None:
        self.messages.append(said)
        self.known[said.id] = said


@dataclass(slots=True)
class Entry:
    """A line of the log: an event of the contract, and who may see it."""

    n: int
    event: Any
    chat: Chat | None  # None: everybody
    by: str
    account: str = ""  # the account that did it
    only: str = ""  # the account that alone is shown it
    _lines: dict[bool, bytes] = field(default_factory=dict)

    def shown_to(self, member: Member) -> bool:
        if self.only:
            return self.only == member.id
        if self.account == member.id and not member.own:
            return False
        return self.chat is None or self.chat.sees(member)

    def line(self, *, keys: bool) -> bytes:
        """As it is sent; without `keys` what the network hides is not in it."""
        found = self._lines.get(keys)
        if found is None:
            event = self.event
            if not keys and self.by != "person" and getattr(event, "key", None) is not None:
                event = replace(event, key=None)
            body = msgspec.Raw(msgspec.json.encode(event))
            found = self._lines[keys] = line(Happened(self.n, type(self.event).__name__, self.by, body))
        return found
