"""A gateway, people who are known by heart, and somebody who asks: what unit tests of the XMPP side share."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, fromstring

from bridge.contract import (
    ChatId,
    ConnectorError,
    Contact,
    ContactId,
    Membership,
    NetworkId,
    Reason,
    Refused,
    Retract,
    SetRoom,
)
from bridge.hub.facades import Avatar, Entry, Picture, PresenceOf, Room, RoomNews, RoomOccupant
from bridge.hub.lines import ArchivePage, ArchiveQuery, Line
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.questions import Answerers, Question
from tests.support.asking import NETWORK

ROMEO = "romeo@example.org"
DOMAIN = "matrix.example"


def _contact(localpart: str) -> ContactId | None:
    return ContactId(localpart) if localpart.isascii() and localpart.isalnum() else None


GATEWAY = Gateway(NETWORK, "Matrix", DOMAIN, "secret", "127.0.0.1", 1, str, _contact, "matrix")


@dataclass
class KnownByHeart:
    """The `People` facade: whoever is at example.org may use the gateway, and who is in `with_account` befriend."""

    names: dict[tuple[str, str], str] = field(default_factory=dict)  # (user, contact): name
    with_account: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    friendships: dict[str, list[ContactId | None]] = field(default_factory=dict)
    strange: set[tuple[str, str]] = field(default_factory=set)  # (user, contact)
    let: list[tuple[str, str, bool]] = field(default_factory=list)  # whom users have let in, or have not

    async def profile(self, user: str, network: NetworkId, contact: ContactId) -> Contact | None:
        name = self.names.get((user, contact))
        return None if name is None else Contact(contact, name)

    async def contacts(self, user: str, network: NetworkId, *, strangers: bool = True) -> Sequence[Contact]:
        mine = [(contact, name) for (who, contact), name in sorted(self.names.items()) if who == user]
        return [Contact(ContactId(id), name) for id, name in mine if strangers or (user, id) not in self.strange]

    async def accounts(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        return [ContactId(f"me of {user}")] if user in self.with_account else []

    def presence(self, user: str, network: NetworkId, contact: ContactId | None) -> PresenceOf:
        subscribed = contact in self.friendships.get(user, ())
        if contact is None:
            status = "" if user in self.connected else "Away."
            return PresenceOf(user, network, None, self.allowed(user), status, subscribed)
        known = Contact(contact, self.names.get((user, contact), ""))
        return PresenceOf(user, network, known, user in self.connected, subscribed=subscribed)

    async def befriend(
        self, user: str, network: NetworkId, contact: ContactId | None, yes: bool, *, asked: bool = True,
        theirs: bool = False,
    ) -> bool:  # fmt: skip
        if theirs:
            self.let.append((user, contact or "", yes))
            return True
        mine = self.friendships.setdefault(user, [])
        if yes and (not self.allowed(user) or (contact is not None and user not in self.with_account)):
            return False
        if contact in mine:
            mine.remove(contact)
        if yes:
            mine.append(contact)
        return True

    @asynccontextmanager
    async def parting(self, user: str, network: NetworkId, contacts: Sequence[ContactId]) -> AsyncIterator[None]:
        before = list(self.friendships.get(user, ()))
        self.friendships[user] = [one for one in before if one not in contacts]
        try:
            yield
        except BaseException:
            self.friendships[user] = before
            raise

    async def friends(self, user: str, network: NetworkId) -> Sequence[ContactId | None]:
        return list(self.friendships.get(user, ()))

    async def subscribers(self, network: NetworkId) -> Sequence[str]:
        return sorted(user for user, friends in self.friendships.items() if friends)

    def watch(self, changed: Callable[[PresenceOf], None]) -> None: ...

    def allowed(self, user: str) -> bool:
        return user.endswith("@example.org")

    def serves(self, domain: str) -> bool:
        return domain == "example.org"


@dataclass
class ListsByHeart:
    """The `Lists` facade."""

    items: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  # (user, kind): name by item
    connected: list[str] = field(default_factory=list)
    parted_users: list[str] = field(default_factory=list)
    watchers: list[Callable[[str, NetworkId], None]] = field(default_factory=list)
    of_ended: dict[str, list[ContactId]] = field(default_factory=dict)  # by user

    async def lost(self, user: str, network: NetworkId) -> Sequence[ContactId]:
        return self.of_ended.get(user, [])

    async def put(self, user: str, network: NetworkId, kind: str) -> Mapping[str, str]:
        return dict(self.items.get((user, kind), {}))

    async def keep(self, user: str, network: NetworkId, kind: str, item: str, name: str) -> None:
        self.items.setdefault((user, kind), {})[item] = name

    async def drop(self, user: str, network: NetworkId, kind: str, item: str) -> None:
        self.items.get((user, kind), {}).pop(item, None)

    async def parted(self, network: NetworkId, user: str | None = None) -> Sequence[str]:
        return [one for one in self.parted_users if user in (None, one)]

    def users(self, network: NetworkId) -> Sequence[str]:
        return self.connected

    def watch(self, changed: Callable[[str, NetworkId], None]) -> None:
        self.watchers.append(changed)


@dataclass
class RoomsByHeart:
    """The `Rooms` and `Archive` facades: whose rooms are which, and who is in them."""

    known: dict[ChatId, Room] = field(default_factory=dict)
    members: dict[ChatId, dict[str, ContactId]] = field(default_factory=dict)  # by user: who they are
    people: dict[ChatId, list[RoomOccupant]] = field(default_factory=dict)
    outside: dict[ChatId, dict[ContactId, Membership]] = field(default_factory=dict)
    lines: dict[ChatId, list[Line]] = field(default_factory=dict)
    queries: list[ArchiveQuery] = field(default_factory=list)
    missed: dict[str, list[ChatId]] = field(default_factory=dict)  # by user
    attending: set[tuple[ChatId, str]] = field(default_factory=set)
    changes: list[tuple[str, SetRoom | Retract]] = field(default_factory=list)
    refuses: ConnectorError | None = None
    watchers: list[Callable[[RoomNews], None]] = field(default_factory=list)

    async def enter(self, room: ChatId, user: str, *, known: bool = False) -> Entry:
        return await self.look(room, user)

    async def look(self, room: ChatId, user: str) -> Entry:
        if self.refuses is not None:
            raise self.refuses
        if user not in self.members.get(room, {}):
            raise Refused("There is no such room.", Reason.NOT_FOUND)
        people = list(self.people.get(room, []))
        return Entry(self.known[room], self.members[room][user], people, self.outside.get(room))

    async def describe(self, room: ChatId, reader: str) -> Room | None:
        return self.known[room] if reader in self.members.get(room, {}) else None

    async def rooms(self, reader: str, network: NetworkId) -> Sequence[Room]:
        return [room for jid, room in sorted(self.known.items()) if reader in self.members.get(jid, {})]

    async def change(self, user: str, wish: SetRoom | Retract) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.changes.append((user, wish))

    def occupant_id(self, room: ChatId, contact: ContactId) -> str:
        return f"id-of-{contact}"

    def version(self, room: ChatId, words: str) -> str:
        return f"v-{words[:8]}"

    async def crowd(self, room: ChatId) -> int | None:
        return sum(1 for one in self.people.get(room, []) if one.present)

    async def attendance(self, network: NetworkId) -> Sequence[tuple[ChatId, str]]:
        return sorted(self.attending)

    async def attend(self, room: ChatId, jid: str) -> None:
        self.attending.add((room, jid))

    def part(self, room: ChatId, jid: str) -> None:
        self.attending.discard((room, jid))

    async def audience(self, room: ChatId) -> Sequence[tuple[str, ContactId]]:
        return sorted(self.members.get(room, {}).items())

    async def unseen(self, user: str, network: NetworkId) -> Sequence[ChatId]:
        return self.missed.get(user, [])

    def watch(self, changed: Callable[[RoomNews], None]) -> None:
        self.watchers.append(changed)

    async def page(self, room: ChatId, reader: str, query: ArchiveQuery) -> ArchivePage:
        """Of what is asked only that which tests need."""
        self.queries.append(query)
        some = [line for line in self.lines.get(room, []) if line.at >= (query.heard or 0.0)]
        keys = [line.key for line in some]
        first = max((keys.index(key) for key in query.above), default=0)
        some = some[first : min((keys.index(key) + 1 for key in query.below), default=len(some))]
        shown = some[len(some) - min(query.most, len(some)) :] if query.last else some[: query.most]
        return ArchivePage(shown, len(shown) == len(some))

    async def count(self, room: ChatId, reader: str, query: ArchiveQuery) -> int:
        return len(self.lines.get(room, []))


@dataclass
class AvatarsByHeart:
    """The `Avatars` facade: `pictures` by reference; None: one that cannot be shown."""

    pictures: dict[str, Picture | None] = field(default_factory=dict)
    wanted: list[tuple[str, bool]] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)  # by contact

    def of(self, user: str, network: NetworkId, contact: Contact) -> Avatar | None:
        reference = self.references.get(contact.id)
        return None if reference is None else Avatar(network, "", reference)

    def known(self, avatar: Avatar) -> str | None:
        if not avatar.reference:
            return ""
        found = self.pictures.get(avatar.reference, avatar)
        return None if isinstance(found, Avatar) else found.sha1 if found is not None else ""

    def want(self, avatar: Avatar, *, soon: bool = False) -> None:
        if self.known(avatar) is None:
            self.wanted.append((avatar.reference, soon))

    async def get(self, avatar: Avatar) -> Picture | None:
        return self.pictures.get(avatar.reference)

    def watch(self, learned: Callable[[Avatar], None]) -> None: ...


@dataclass
class Asking:
    """Asks the answerers of one feature as the dispatcher does."""

    answerers: Answerers
    addresses: Addresses

    async def ask(self, kind: str, payload: str, to: str = DOMAIN, sender: str = f"{ROMEO}/phone") -> Element:
        """The answer's payload, wrapped. Raises `StanzaError`; KeyError when nobody answers this."""
        element = fromstring(payload)
        whom = self.addresses.whom(to)
        question = Question(kind, element, sender, sender.partition("/")[0], whom)
        return fromstring(f"<answer>{await self.answerers[kind, element.tag](question)}</answer>")


def own_link(id: str, name: str) -> str:
    """Of the gateway's own store."""
    return f"https://gateway.example/media/{id}/{name}"
