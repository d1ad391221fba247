"""An account's rooms that are no direct chats: what is said of them and in them, as contract events.

Of a room only what is shown of it is kept; its members are asked for when somebody enters it (`occupants`), and the
names of those who speak come with what they say (#lazy-loading-room-members).
Source: client-server API #mroomname, #mroomtopic, #mroomcanonical_alias, #mroomcreate, #mroompower_levels,
#get_matrixclientv3roomsroomidmembers.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Clock,
    ConnectorError,
    Contact,
    ContactId,
    Event,
    Membership,
    NetworkId,
    Occupant,
    OccupantChanged,
    RanksChanged,
    Reason,
    Refused,
    RoomInvited,
    Scope,
    Unparsable,
)
from connectors.matrix import decoding, errors, events, fields, ids, timeline
from connectors.matrix.api import Api, path
from connectors.matrix.events import Member, member
from connectors.matrix.facts import Facts
from connectors.matrix.gone import Gone
from connectors.matrix.patience import Patience
from connectors.matrix.unread import Lines, Unread

STATE = (
    "m.room.create", "m.room.encryption", "m.room.name", "m.room.topic", "m.room.canonical_alias",
    "m.room.power_levels", "m.room.avatar", "m.room.join_rules", "m.room.history_visibility", "m.room.tombstone",
)  # fmt: skip
_SECONDS = 120.0  # for a page of a room, which a homeserver may have to fetch from others
_ALIAS = 10.0  # for the room that an alias means; another homeserver may have to be asked
_ALIASES = 60.0  # for those of a first sync; rooms that are left over have names that we make up
_PEOPLE = 60.0  # for who is in a room
_LARGEST = 64 * 1024 * 1024  # bytes of a room's members
_KEPT = 5_000  # rooms
_PARSED_AT_ONCE = 500  # people between two turns of the event loop
_TURN = 0.005  # seconds between two turns of the event loop
_AT_ONCE = 10  # aliases asked for at the same time
_MEMBERSHIPS = {
    "join": Membership.JOINED, "leave": Membership.LEFT, "ban": Membership.BANNED, "invite": Membership.INVITED,
}  # fmt: skip


class Groups:
    """For one session."""

    def __init__(
        self, network: NetworkId, api: Api, me: ContactId, patience: Patience, lines: Lines, clock: Clock
    ) -> None:
        self._network = network
        self._api = api
        self._me = me
        self.patience = patience
        self._lines = lines
        self._clock = clock
        self._facts: OrderedDict[str, Facts] = OrderedDict()
        self._reported: OrderedDict[str, ChatSeen] = OrderedDict()
        self._gone = Gone()
        self._aliases: dict[str, str] = {}  # by room: the one that was found to mean it

    async def first(self, rooms: Mapping[str, Mapping[str, object]]) -> Sequence[Event]:
        """The rooms of a first sync, as they are; nothing of what was said in them."""
        known: dict[str, Facts] = {}
        for id, news in rooms.items():
            facts = Facts(id, self._me)
            await _learn(facts, fields.listed(fields.mapping(news.get("state")).get("events")))
            facts.hear(fields.mapping(news.get("summary")))
            known[id] = facts
            await asyncio.sleep(0)
        found: list[Event] = []
        shown = [facts for facts in known.values() if facts.carried]
        until = time.monotonic() + _ALIASES
        for start in range(0, len(shown), _AT_ONCE):
            some = shown[start : start + _AT_ONCE]
            if time.monotonic() < until:
                await asyncio.gather(*(self._check_alias(facts) for facts in some))
                await self.patience.check()
            for facts in some:
                self._keep(facts)
                found += self._seen(facts)
        return found

    async def news(
        self, id: str, news: Mapping[str, object], cursor: str, happened: timeline.Timeline | None = None
    ) -> Sequence[Event]:
        """What happened in one room since `cursor`; `happened` if that has been read. Raises `Unavailable` and
        `LoggedOut`."""
        state = fields.listed(fields.mapping(news.get("state")).get("events"))
        latest = fields.listed(fields.mapping(news.get("timeline")).get("events"))
        joining = self._me if any(_comes(raw, self._me) for raw in (*state, *latest)) else None
        try:
            facts = await self.patience.ask(id, lambda: self.facts(id))
        except Refused as refusal:
            if refusal.reason is Reason.SERVICE:
                return [self._gap(id, refusal.text)]
            # We have left it meanwhile, which the next sync tells; what was said till then we have here.
            facts = Facts(id, self._me)
            await _learn(facts, (*state, *latest))
            return await self._said(facts, latest)
        await _learn(facts, (*state, *latest))
        facts.hear(fields.mapping(news.get("summary")))
        if not facts.carried:
            return ()
        await self._check_alias(facts)
        await self.patience.check()
        happened = happened or await timeline.since(self.page(id), news, cursor, joining)
        await _learn(facts, happened.events)
        found: list[Event] = [*self._seen(facts)]
        if any(fields.mapping(raw).get("type") == "m.room.power_levels" for raw in (*state, *happened.events)):
            ranks, others = facts.powers.ranks
            found.append(RanksChanged(chat=ChatId(id), ranks=ranks, others=others))
        if happened.missing:
            found.append(self._gap(id, happened.missing))
        return found + await self._said(facts, happened.events)

    async def left(self, id: str, news: Mapping[str, object], cursor: str) -> Sequence[Event]:
        """We are no longer in it: what was said since `cursor`, as far as we may read it, and that. Raises
        `Unavailable`, `LoggedOut`."""
        facts = self._facts.pop(id, None) or Facts(id, self._me)
        self._reported.pop(id, None)
        happened = await timeline.since(self.page(id), news, cursor, None)
        await _learn(facts, happened.events)
        found: list[Event] = [self._gap(id, happened.missing)] if happened.missing else []
        found += await self._said(facts, happened.events)
        state = fields.listed(fields.mapping(news.get("state")).get("events"))
        latest = fields.listed(fields.mapping(news.get("timeline")).get("events"))
        mine = [one for raw in (*state, *latest) if (one := _membership(raw, self._me)) is not None]
        gone = Member(user=self._me, membership="leave", by=self._me)
        if mine and mine[-1].membership in ("leave", "ban"):
            gone = mine[-1]
        return [*found, self._changed(facts, gone, _MEMBERSHIPS[gone.membership])]

    def invited(self, id: str, state: object) -> Sequence[Event]:
        """Client-server API #stripped-state: an invitation, other than to a direct chat."""
        stripped = fields.listed(fields.mapping(state).get("events"))
        facts = Facts(id, self._me)
        facts.apply(stripped)
        mine = [found for raw in stripped if (found := _membership(raw, self._me))]
        if not mine or mine[-1].membership != "invite" or mine[-1].direct or not facts.carried:
            return ()
        by, reason = mine[-1].by, mine[-1].reason
        inviter = Contact(by, facts.names.get(by, "")) if by is not None else None
        return [RoomInvited(chat=ChatId(id), inviter=inviter, name=facts.title, reason=reason)]

    async def facts(self, id: str) -> Facts:
        """What is known of a room, asked for if it is not. Raises `Refused` when we are not in it, `Unavailable`,
        `LoggedOut`."""
        found = self._facts.get(id)
        if found is None:
            found = Facts(id, self._me)
            for kind in STATE:
                # The whole event says who made the room; a homeserver that does not know this gives the content.
                answer = await self._api.ask("GET", path("rooms", id, "state", kind), query={"format": "event"})
                if answer.status == 404:
                    continue  # it has none
                said = errors.read(answer, changes=False)
                whole = said.get("type") == kind and isinstance(said.get("content"), dict)
                found.apply([said if whole else {"type": kind, "state_key": "", "content": said}])
            # What a sync has brought meanwhile is newer: nothing is sent in clear because that was overtaken.
            found = self._facts.get(id, found)
        self._keep(found)
        return found

    async def occupants(self, chat: ChatId, membership: Membership) -> Sequence[Occupant]:
        """Client-server API #get_matrixclientv3roomsroomidjoined_members. Raises the four errors."""
        facts = await self.facts(chat)
        if membership is not Membership.JOINED:
            return await self._standing(facts, membership)
        where = path("rooms", chat, "joined_members")
        answer = await self._api.ask("GET", where, seconds=_PEOPLE, largest=_LARGEST)
        if answer.status != 200:
            raise errors.error_of(answer, changes=False)
        joined = decoding.pieces(answer.body).get("joined")
        if joined is None:
            raise errors.Faulty("The homeserver's answer makes no sense.", scope=Scope.CHAT)
        found = []
        for number, (user, raw) in enumerate(decoding.pieces(joined).items()):
            if number % _PARSED_AT_ONCE == _PARSED_AT_ONCE - 1:
                await asyncio.sleep(0)
            if not ids.valid_user(user):
                continue
            shown = fields.mapping(decoding.decoded(raw))
            avatar = fields.mxc(shown.get("avatar_url"))
            contact = Contact(ContactId(user), fields.line(shown.get("display_name")), avatar)
            found.append(facts.occupant(contact, Membership.JOINED))
        return found

    def told(self, facts: Facts, raw: object, names: Mapping[str, str]) -> Sequence[Event]:
        """What an event of long ago says; `names`: what people were called then, where that is known."""
        if fields.mapping(raw).get("room_id", facts.id) != facts.id:
            return ()
        reader = events.Reader(
            me=self._me, direct=False, names={**facts.names, **names}, network=self._network, now=self._clock.time()
        )
        return events.parse(raw, ChatId(facts.id), reader)

    async def _standing(self, facts: Facts, membership: Membership) -> Sequence[Occupant]:
        wanted = {Membership.INVITED: "invite", Membership.BANNED: "ban", Membership.LEFT: "leave"}[membership]
        where = path("rooms", facts.id, "members")
        said = await self._api.get(where, {"membership": wanted}, seconds=_PEOPLE, largest=_LARGEST)
        people = (member(raw) for raw in fields.listed(said.get("chunk")))
        return [
            facts.occupant(Contact(one.user, one.name, one.avatar), membership)
            for one in people if one is not None and one.membership == wanted
        ]  # fmt: skip

    async def _said(self, facts: Facts, happened: Sequence[object]) -> list[Event]:
        """The loop turns in between: a text of 60 KB can take 40 ms."""
        found: list[Event] = []
        since = time.monotonic()
        for raw in happened:
            found += self._happened(facts, raw)
            if time.monotonic() - since > _TURN:
                await asyncio.sleep(0)
                since = time.monotonic()
        return found

    def _happened(self, facts: Facts, raw: object) -> Iterator[Event]:
        chat = ChatId(facts.id)
        found = member(raw)
        if found is not None:
            yield from self._moved(facts, found)
            return
        if fields.mapping(raw).get("room_id", facts.id) != facts.id or self._gone.has(raw):
            return
        if events.encrypted(raw):
            yield from self._unread(facts, raw)
        reader = events.Reader(
            me=self._me, direct=False, names=facts.names, network=self._network, now=self._clock.time()
        )
        yield from events.parse(raw, chat, reader)

    def _moved(self, facts: Facts, found: Member) -> Iterator[Event]:
        """Who has left and comes as we are told of ourselves is another matter (`left`, `ChatSeen`)."""
        membership = _MEMBERSHIPS.get(found.membership)
        if membership is None or (found.user == self._me and membership is not Membership.JOINED):
            return
        yield self._changed(facts, found, membership)

    def _changed(self, facts: Facts, found: Member, membership: Membership) -> OccupantChanged:
        removed = membership in (Membership.LEFT, Membership.BANNED)
        by = found.by if removed and found.by != found.user else None
        return OccupantChanged(
            chat=ChatId(facts.id),
            occupant=facts.occupant(Contact(found.user, found.name, found.avatar), membership),
            by=Contact(by, facts.names.get(by, "")) if by is not None else None,
            reason=found.reason if by is not None else "",
        )

    def _unread(self, facts: Facts, raw: object) -> Iterator[Event]:
        sender = fields.mapping(raw).get("sender")
        if isinstance(sender, str) and ids.valid_user(sender) and sender != self._me:
            who = Contact(ContactId(sender), facts.names.get(ContactId(sender), ""))
            yield from self._lines.line(Unread.RECEIVED, ChatId(facts.id), who, shared=True)

    def _seen(self, facts: Facts) -> Iterator[ChatSeen]:
        alias = self._aliases.get(facts.id, "")
        seen = ChatSeen(
            chat=ChatId(facts.id),
            kind=ChatKind.ROOM,
            name=facts.title,
            subject=facts.topic,
            encrypted=facts.encrypted,
            avatar=facts.avatar,
            alias=ids.alias_localpart(alias) if alias else "",
            rules=facts.rules,
            closed=facts.closed,
            made=facts.made,
        )
        if self._reported.get(facts.id) != seen:
            self._reported[facts.id] = seen
            if len(self._reported) > _KEPT:
                self._reported.popitem(last=False)
            yield seen

    async def _check_alias(self, facts: Facts) -> None:
        """Anybody with the right may claim an alias for a room; it counts if its homeserver says so."""
        if not facts.alias or facts.alias == self._aliases.get(facts.id):
            return
        try:
            answer = await self._api.ask("GET", path("directory", "room", facts.alias), seconds=_ALIAS)
        except ConnectorError:  # no answer: then the room has a name that we make up
            return
        said = errors.decoded(answer.body) if answer.status == 200 else None
        if said is not None and said.get("room_id") == facts.id:
            self._aliases[facts.id] = facts.alias

    def page(self, id: str) -> timeline.Page:
        """Asks for what happened in a room."""
        where = path("rooms", id, "messages")

        async def page(query: Mapping[str, str]) -> Mapping[str, object]:
            return await self.patience.ask(id, lambda: self._api.get(where, query, seconds=_SECONDS))

        return page

    def _keep(self, facts: Facts) -> None:
        self._facts[facts.id] = facts
        self._facts.move_to_end(facts.id)
        if len(self._facts) > _KEPT:
            self._facts.popitem(last=False)

    def _gap(self, id: str, why: str) -> Unparsable:
        return Unparsable(reason=f"a gap: {why}", source=f"{self._network} {id}", raw="")


async def _learn(facts: Facts, events: Sequence[object]) -> None:
    """State events, in order. A room's members may be thousands, and the loop turns between them."""
    for start in range(0, len(events), _PARSED_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        facts.apply(events[start : start + _PARSED_AT_ONCE])


def _comes(raw: object, me: ContactId) -> bool:
    found = _membership(raw, me)
    return found is not None and found.membership == "join"


def _membership(raw: object, user: ContactId) -> Member | None:
    """The membership that `raw` says of `user`; what it says of thousands of others is not read."""
    return member(raw) if fields.mapping(raw).get("state_key") == user else None
