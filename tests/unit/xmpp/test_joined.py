"""A room elsewhere, as one that a test plays shows it: what is believed of it, and what becomes of its faults."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast
from xml.etree.ElementTree import Element, fromstring

import pytest

from bridge.contract import (
    Bar,
    ChatId,
    ContactId,
    Event,
    Message,
    MessageReceived,
    NetworkId,
    Persona,
    PersonaBarred,
    Refused,
    Send,
    Unavailable,
    Unconfirmed,
    Unparsable,
)
from bridge.hub.workspace import PassingMemory
from bridge.xmpp import content
from bridge.xmpp.chats import Gateway
from bridge.xmpp.joined import reading
from bridge.xmpp.joined.door import Door
from bridge.xmpp.joined.grounds import Grounds
from bridge.xmpp.joined.missed import RoomArchive, TooMuch
from bridge.xmpp.joined.naming import Naming
from bridge.xmpp.joined.people import LISTENER, OurPeople, Ours
from bridge.xmpp.joined.room import JoinedRoom
from bridge.xmpp.joined.speaking import Speaking
from bridge.xmpp.joined.unreadable import Unreadable
from bridge.xmpp.requests import Requests

ROOM, FAR = ChatId("cafe@rooms.example"), NetworkId("far")
NOW = 1_800_000_000.0
_CLIENT = "jabber:component:accept"
_INFO = "http://jabber.org/protocol/disco#info"
_USER = "http://jabber.org/protocol/muc#user"


def said(inner: str = "<body>hi</body>", nick: str = "romeo", id: str = "m1") -> Element:
    head = f"xmlns='{_CLIENT}' type='groupchat' from='{ROOM}/{nick}' to='far.example/bridge' id='{id}'"
    return fromstring(f"<message {head}>{inner}</message>")


def delay(stamp: str, by: str = ROOM) -> str:
    return f"<delay xmlns='urn:xmpp:delay' from='{by}' stamp='{stamp}'/>"


def told_at(stanza: Element, **how: Any) -> float:
    one = replace(reading.shown(stanza, ROOM, stable=False, occupants=False, **how), named="=1")
    event = reading.event(one, NOW, dict, ours=False)
    assert isinstance(event, MessageReceived)
    return event.at


def test_who_speaks_in_a_room_does_not_say_when() -> None:
    past, future = delay("2001-01-01T00:00:00Z"), delay("9999-12-31T23:59:59Z")
    words = "<body>hi</body>"
    assert told_at(said(words + past)) == NOW
    assert told_at(said(words + future)) == NOW
    assert told_at(said(words + delay("2001-01-01T00:00:00Z", f"{ROOM}/romeo")), history=True) == NOW


def test_the_room_says_when_its_history_was_said_but_nothing_of_the_future() -> None:
    words = "<body>hi</body>" + delay("2001-01-01T00:00:00Z")
    assert told_at(said(words + delay("2020-01-01T00:00:00Z")), history=True) == 1_577_836_800
    assert told_at(said("<body>hi</body>" + delay("9999-12-31T23:59:59Z")), history=True) == NOW
    assert told_at(said(), archived="a1", at=5.0) == 5.0
    assert told_at(said(), archived="a1", at=NOW + 9e10) == NOW


def test_two_people_may_call_what_they_say_the_same() -> None:
    aliases = set()
    for nick in ("romeo", "tybalt"):
        stanza = said(f"<body>hi</body><stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}' id='s-{nick}'/>", nick)
        one = reading.shown(stanza, ROOM, stable=True, occupants=False)
        event = reading.event(one, NOW, dict, ours=False)
        assert isinstance(event, MessageReceived)
        aliases.add(event.alias)
    assert len(aliases) == 2


def test_however_many_are_in_their_names_fit_in_a_memory() -> None:
    ours = OurPeople()
    for number in range(1_000):
        name = "Ж" * 1_000
        key = LISTENER if number == 0 else f"far:{number}"
        ours.add(Ours(key, FAR, str(number), f"{number}@far.example/bridge", name, name[:60], inside=True))
    rows = ours.written()
    assert len(json.dumps({"ours": rows}, ensure_ascii=False).encode()) < 64 * 1024
    again = OurPeople()
    again.read(rows)
    assert again.get(LISTENER) is not None
    assert again.get("far:999") is not None
    assert again.get("far:1") is None


def test_a_key_of_ours_in_an_archive_is_believed_only_of_who_was_one_of_us() -> None:
    ours = OurPeople()
    one = ours.add(Ours("far:1", FAR, "1", "1@far.example/bridge", "Juliet", "Juliet", inside=True, occupant="o1"))
    assert ours.said("Juliet", "o1", NOW)
    assert not ours.said("romeo", "", NOW)
    assert not ours.said("Juliet", "o2", NOW)  # whose nick it is now
    ours.left(one)
    one.nick = "Juliet C"
    again = OurPeople()
    again.read(ours.written())
    again.read_former(json.loads(json.dumps(ours.written_former())))
    assert again.said("Juliet", "o1", time.time())
    assert again.said("Juliet", "", time.time() - 3_600)
    assert not again.said("Juliet", "", time.time() + 3_600)
    assert not again.said("Juliet", "o2", time.time() - 3_600)
    again.forget(one)
    assert again.said("somebody", "o1", time.time())


def test_a_history_goes_on_where_what_was_heard_ends() -> None:
    heard = Naming()
    assert heard.known(["a"]) == 0
    first = [heard.name(print, lasts=True) for print in ("a", "b", "b")]
    assert len(set(first)) == 3
    assert heard.known(["b", "b", "c"]) == 2
    assert heard.known(["z", "a", "b", "b", "b"]) == 4
    assert heard.known(["c", "d"]) is None
    again = Naming()
    again.read(1, heard.kept(1))
    assert again.known(["a", "b", "b"]) == 1
    assert [again.name(print, lasts=True) for print in ("b", "b")] == first[1:]


class Muc:
    """What is written to the XMPP server comes to a room that lets everybody in, or answers as it is told."""

    connected, error = True, ""

    def __init__(self) -> None:
        self.gateway = Gateway(FAR, "Far", "far.example", "s", "127.0.0.1", 1, str, ContactId, "generic")
        self.requests = Requests("far.example", self.send, 5.0)
        self.sent: list[Element] = []
        self.news = asyncio.Event()
        self.refuses = ""  # those who come in, or change their nick
        self.reserved = ""  # the only nick with which somebody may come in
        self.place = 99  # for so many more
        self.room: JoinedRoom | None = None
        self.door: tuple[Door, Ours] | None = None

    def send(self, text: str) -> bool:
        stanza = fromstring(text)
        self.sent.append(stanza)
        self.news.set()
        asyncio.get_running_loop().call_soon(self._answer, stanza)
        return True

    async def ready(self) -> None:
        return None

    @property
    def nick(self) -> str:
        """Of who came last."""
        came = [one for one in self.sent if one.tag == "presence" and one.get("type") is None]
        return came[-1].get("to", "").partition("/")[2]

    @property
    def comings(self) -> int:
        return sum(1 for one in self.sent if one.tag == "presence" and one.get("type") is None)

    def _answer(self, stanza: Element) -> None:
        head = f"xmlns='{_CLIENT}' from='{stanza.get('to')}' to='{stanza.get('from')}' id='{stanza.get('id', '')}'"
        if stanza.tag == "iq":
            stored = f"<identity xmlns='{_INFO}' name='{self.reserved}'/>" if self.reserved else ""
            self.requests.answered(fromstring(f"<iq {head} type='result'><query>{stored}</query></iq>"))
        elif stanza.tag == "presence" and stanza.get("type") == "unavailable":
            self.place += 1
        elif stanza.tag == "presence" and stanza.get("type") is None:
            other = self.reserved and not stanza.get("to", "").endswith(f"/{self.reserved}")
            full = "service-unavailable" if self.place <= 0 else ""
            refuses = self.refuses or full or ("not-acceptable" if other else "")
            self.place -= 0 if refuses else 1
            wrong = f"<error type='cancel'><{refuses} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
            mine = f"<x xmlns='{_USER}'><status code='110'/></x>"
            kind = " type='error'" if refuses else ""
            self.shows(fromstring(f"<presence {head}{kind}>{wrong if refuses else mine}</presence>"))

    def shows(self, stanza: Element) -> None:
        if self.room is not None:
            self.room.received(FAR, stanza)
        elif self.door is not None:
            self.door[0].presence(self.door[1], stanza)

    def kicks(self, nick: str) -> None:
        head = f"xmlns='{_CLIENT}' type='unavailable' from='{ROOM}/{nick}' to='far.example/bridge'"
        self.shows(fromstring(f"<presence {head}><x xmlns='{_USER}'><status code='307'/></x></presence>"))


class Failing(PassingMemory):
    """A memory whose database fails so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def get(self, key: str) -> str | None:
        self.times -= 1
        if self.times >= 0:
            raise OSError("disk I/O error")
        return await super().get(key)


@asynccontextmanager
async def joined(memory: PassingMemory) -> AsyncIterator[tuple[Muc, JoinedRoom, list[Event]]]:
    muc, events = Muc(), list[Event]()
    grounds = Grounds(cast(Any, {FAR: muc}), {FAR: muc.requests}, events.append, memory, FAR, 50, 10_000)
    room = muc.room = JoinedRoom(ROOM, grounds)
    task = asyncio.create_task(room.run())
    try:
        yield muc, room, events
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await room.close()


async def test_a_fault_of_the_database_does_not_end_a_room() -> None:
    async with joined(Failing(1)) as (_, room, _events), asyncio.timeout(20):
        await asyncio.wait([room.first])
        assert isinstance(room.trouble, Unavailable)
        assert "has a fault" in room.trouble.text
        room.again()
        await room.ready.wait()
        assert room.trouble is None


async def test_a_gateway_that_was_kicked_comes_back_only_after_a_while_or_when_asked_to() -> None:
    async with joined(PassingMemory()) as (muc, room, _), asyncio.timeout(20):
        await room.ready.wait()
        before = muc.comings
        muc.kicks(muc.nick)
        for _ in range(200):
            await asyncio.sleep(0)
        assert not room.ready.is_set()
        assert muc.comings == before
        assert isinstance(room.trouble, Unavailable)
        assert "was made to leave" in room.trouble.text
        room.again()
        await room.ready.wait()
        assert muc.comings == before + 1


async def test_what_was_said_before_a_room_was_linked_is_not_asked_for() -> None:
    async with joined(PassingMemory()) as (_muc, room, _), asyncio.timeout(20):
        begun = time.time()
        await room.ready.wait()
        assert room._heard.at >= begun - 1


async def test_who_may_not_change_their_nick_goes_on_under_the_old_one() -> None:
    muc, people = Muc(), OurPeople()
    door = Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, list[Event]().append)
    one = people.add(Ours("far:1", FAR, "1", "1@far.example/bridge"))
    muc.door = (door, one)
    await door.enter(one, Persona("far:1", FAR, "1", "Juliet"))
    nick, muc.refuses = one.nick, "not-acceptable"
    await door.enter(one, Persona("far:1", FAR, "1", "Juliet Capulet"))
    assert one.inside
    assert one.nick == nick
    assert muc.comings == 2
    await door.enter(one, Persona("far:1", FAR, "1", "Juliet Capulet"))
    assert one.inside
    assert one.nick == nick


async def test_what_a_room_says_of_itself_is_nobody_coming_in() -> None:
    """ejabberd tells who comes the room's capabilities and picture before who is there."""
    muc, people = Muc(), OurPeople()
    door = Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, list[Event]().append)
    listener = people.add(Ours(LISTENER, FAR, "", "far.example/bridge"))
    caps = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://room.example' ver='v'/>"
    bridged = "<bridged xmlns='urn:landbridge:bridged:0' by='other.example'/>"
    door.presence(listener, fromstring(f"<presence xmlns='{_CLIENT}' from='{ROOM}'>{caps}</presence>"))
    inside = listener.inside
    door.presence(listener, fromstring(f"<presence xmlns='{_CLIENT}' from='{ROOM}/bridge'>{bridged}</presence>"))
    assert not inside
    assert door.bridges == {"bridge": "other.example"}
    assert list(door.others) == ["bridge"]


async def test_who_is_not_in_is_told_why_they_cannot_come() -> None:
    muc, people = Muc(), OurPeople()
    door = Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, list[Event]().append)
    one = people.add(Ours("far:1", FAR, "1", "1@far.example/bridge"))
    muc.door, muc.refuses = (door, one), "registration-required"
    with pytest.raises(Refused, match="members only"):
        await door.enter(one, Persona("far:1", FAR, "1", "Juliet"))


async def test_who_is_banned_while_they_are_out_is_told_by_the_room_or_when_they_come() -> None:
    muc, people, events = Muc(), OurPeople(), list[Event]()
    door = Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, events.append)
    one = people.add(Ours("far:1", FAR, "1", "1@far.example/bridge"))
    muc.door, muc.refuses = (door, one), "forbidden"
    with pytest.raises(Unavailable, match="not wanted"):  # the hub tells them
        await door.enter(one, Persona("far:1", FAR, "1", "Juliet"))
    head = f"xmlns='{_CLIENT}' from='{ROOM}' to='far.example/bridge'"
    for affiliation in ("member", "outcast", "admin", "none"):
        item = f"<x xmlns='{_USER}'><item jid='1@far.example' affiliation='{affiliation}'/></x>"
        assert door.of_itself(fromstring(f"<message {head}>{item}</message>"))
        assert not door.of_itself(fromstring(f"<message {head} type='groupchat'>{item}</message>"))
    invited = f"<x xmlns='{_USER}'><invite from='romeo@home.example'/></x>"
    assert not door.of_itself(fromstring(f"<message {head}>{invited}</message>"))  # the gateway itself

    bars = [one.bar for one in events if isinstance(one, PersonaBarred)]
    assert bars == [Bar.BANNED, None, Bar.BANNED, None]  # that somebody may come who may is nothing new
    assert not one.out


async def test_who_has_a_nick_in_store_comes_in_under_it() -> None:
    muc, people = Muc(), OurPeople()
    door = Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, list[Event]().append)
    one = people.add(Ours("far:1", FAR, "1", "1@far.example/bridge"))
    muc.door, muc.reserved = (door, one), "Countess"
    await door.enter(one, Persona("far:1", FAR, "1", "Juliet"))
    assert (one.inside, one.nick) == (True, "Countess")

    other = people.add(Ours("far:2", FAR, "2", "2@far.example/bridge"))
    muc.door, muc.refuses = (door, other), "not-acceptable"
    with pytest.raises(Refused, match="another nick"):
        await door.enter(other, Persona("far:2", FAR, "2", "Nurse"))


async def test_who_left_a_ghost_behind_is_called_as_before() -> None:
    muc, people = Muc(), OurPeople()
    door = Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, list[Event]().append)
    listener = people.add(Ours(LISTENER, FAR, "", "far.example/bridge"))
    one = people.add(Ours("far:1", FAR, "1", "1@far.example/bridge"))
    for nick, by in (("Juliet", "far.example"), ("Nurse", "other.example")):
        bridged = f"<bridged xmlns='urn:landbridge:bridged:0' by='{by}'/>"
        door.presence(listener, fromstring(f"<presence xmlns='{_CLIENT}' from='{ROOM}/{nick}'>{bridged}</presence>"))
    muc.door = (door, one)
    await door.enter(one, Persona("far:1", FAR, "1", "Juliet"))
    assert one.nick == "Juliet"
    await door.enter(one, Persona("far:1", FAR, "1", "Nurse"))
    assert one.nick == "Nurse (2)"


async def test_nobody_overtakes_who_has_to_say_it_again() -> None:
    """Of two networks' people, each on a stream of their own."""
    near, muc, other, people = NetworkId("near"), Muc(), Muc(), OurPeople()
    streams, requests = cast(Any, {FAR: muc, near: other}), {FAR: muc.requests, near: other.requests}
    door = Door(ROOM, streams, requests, people, list[Event]().append)

    async def moved() -> None: ...

    speaking, ready = Speaking(ROOM, streams, door, people, 50, moved), asyncio.Event()
    ready.set()
    said = []
    for network, name in ((FAR, "Juliet"), (near, "Nurse")):
        key = f"{network}:1"
        people.add(Ours(key, network, "1", f"1@{network}.example/bridge", name, name, inside=True))
        persona = Persona(key, network, "1", name)
        send = Send(chat=ROOM, key=f"k-{network}", persona=persona, message=Message("Madam!"))
        said.append(asyncio.create_task(speaking.say(send, content.nobody, ready)))
    async with asyncio.timeout(20):
        await muc.news.wait()
        await asyncio.sleep(0)
        speaking.broken(FAR)
        failed = await asyncio.gather(*said, return_exceptions=True)
    assert [type(one) for one in failed] == [Unconfirmed, Unavailable]
    assert other.sent == []


async def test_in_a_full_room_who_is_quiet_makes_place() -> None:
    muc, people = Muc(), OurPeople()
    door = Door(ROOM, cast(Any, {FAR: muc}), {FAR: muc.requests}, people, list[Event]().append)
    listener = people.add(Ours(LISTENER, FAR, "", "far.example/bridge"))
    one, other = (people.add(Ours(f"far:{n}", FAR, str(n), f"{n}@far.example/bridge")) for n in (1, 2))
    for number, who in enumerate((listener, one)):
        muc.door = (door, who)
        await door.enter(who, Persona(who.key, FAR, who.contact, f"Person {number}") if who.key else None)
    muc.door, muc.place = (door, other), 0
    await door.enter(other, Persona("far:2", FAR, "2", "Nurse"))
    assert (listener.inside, one.inside, other.inside) == (True, False, True)

    people.forget(other)
    muc.door, muc.place = (door, one), 0
    with pytest.raises(Refused, match="is full"):  # nobody of ours can go
        await door.enter(one, Persona("far:1", FAR, "1", "Juliet"))


async def test_of_what_cannot_be_read_so_much_is_kept_and_the_rest_is_counted() -> None:
    events: list[Event] = []
    grounds = Grounds({}, {}, events.append, PassingMemory(), FAR, 50, 10_000)
    unreadable = Unreadable(ROOM, grounds)
    for number in range(1_000):
        unreadable.found("This makes no sense.", f"{ROOM}/tybalt", str(number))
    kept = len(events)
    assert 0 < kept < 100
    unreadable.close()
    assert len(events) == kept + 1
    assert isinstance(events[-1], Unparsable)
    assert events[-1].reason.startswith(f"{1_000 - kept} more messages")
    unreadable.found("This makes no sense.", f"{ROOM}/tybalt", "again")
    unreadable.close()
    assert len(events) == kept + 2


class Endless:
    """An archive in which there is always more."""

    def __init__(self) -> None:
        self.archive: RoomArchive | None = None
        self.asked = 0

    async def ask(self, kind: str, to: str, payload: str, sender: str = "") -> Element:
        assert self.archive is not None
        self.asked += 1
        query, id = fromstring(payload).get("queryid", ""), f"a{self.asked}"
        inner = f"<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='{_CLIENT}'/></forwarded>"
        self.archive.result(fromstring(f"<result xmlns='urn:xmpp:mam:2' queryid='{query}' id='{id}'>{inner}</result>"))
        page = f"<set xmlns='http://jabber.org/protocol/rsm'><last>{id}</last></set>"
        return fromstring(f"<iq><fin xmlns='urn:xmpp:mam:2'>{page}</fin></iq>")


async def test_who_reads_no_more_of_an_archive_says_so() -> None:
    endless, archive = Endless(), RoomArchive(ROOM)
    endless.archive, found = archive, 0

    async def read() -> None:
        nonlocal found
        async for _ in archive.since(cast(Any, endless), "far.example/bridge", "a0", None):
            found += 1

    with pytest.raises(TooMuch):
        await read()
    assert found == endless.asked > 100
