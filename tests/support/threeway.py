"""Rooms of three networks that are one: MUCs of an XMPP server, rooms of a Synapse by the appservice, groups of the
tests' Bot API server by the operator's bot. Everybody has an app of their own.
"""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from tests.conftest import COMPONENTS
from tests.support import folk, mam, muc
from tests.support.appservice import WithAppservice
from tests.support.botapi import BotApi
from tests.support.botapi.state import Bot, Chat, Said, User
from tests.support.folk import PASSWORD, Person
from tests.support.gateway import MATRIX, TELEGRAM, Gateway, telegram
from tests.support.matrix_client import Event, MatrixClient
from tests.support.proxy import Proxy
from tests.support.views import spoken
from tests.support.xmpp_client import CLIENT, XmppClient, bare, body, error_of
from tests.support.xmpp_servers import XmppServer

HOST = "conference.localhost"
NETWORKS = ("xmpp", "telegram")
SECONDS = 120.0
_NOT_SAID = ("{urn:xmpp:message-correct:0}replace", "{urn:xmpp:message-retract:1}retract",
             "{urn:xmpp:reactions:0}reactions")  # fmt: skip


@dataclass
class Link:
    """What is linked; the first of each kind is what `muc`, `room` and `group` are."""

    world: "World"
    mucs: Mapping[str, XmppClient]  # with an app that is there and is asked what came
    rooms: Sequence[str]
    groups: Sequence[Chat]
    said: set[tuple[str, str]] = field(default_factory=set)
    """Who has said what; all different."""

    @property
    def muc(self) -> str:
        return next(iter(self.mucs))

    @property
    def room(self) -> str:
        return self.rooms[0]

    @property
    def group(self) -> Chat:
        return self.groups[0]

    # who says something

    def on_xmpp(self, who: str, text: str, *, muc: str = "", id: str = "", inner: str = "") -> str:
        """Its id."""
        id = id or uuid.uuid4().hex
        self.said |= {(who, text)} if text else set()
        self.world.apps[who].send(
            f"<message to='{muc or self.muc}' type='groupchat' id='{id}'>"
            f"{f'<body>{text}</body>' if text else ''}{inner}</message>"
        )
        return id

    async def on_matrix(self, who: str, text: str, **content: Any) -> str:
        """Its event id."""
        self.said.add((who, text))
        return await self.world.elements[who].send(self.room, text, **content)

    def on_telegram(self, who: str, text: str, *, group: Chat | None = None, **more: Any) -> Said:
        self.said.add((who, text))
        return self.world.api.world.says(self.world.people[who], group or self.group, text, **more)

    # who is shown it

    async def in_muc(self, text: str, *, muc: str = "", by: str = "") -> Element:
        """The message of this text, whose author is called `by` there."""
        room = muc or self.muc
        found = await self.mucs[room].expect(
            lambda s: bare(s) == room and is_said(s) and text in body(s), self.world.patience, f"{text!r} in {room}",
            again=True,
        )  # fmt: skip
        assert not by or nick(found) == by, f"{text!r} is said by {nick(found)}, not {by}"
        return found

    async def stanza(self, fits: Callable[[Element], bool], what: str) -> Element:
        """Anything from the MUC."""
        app = self.mucs[self.muc]
        return await app.expect(lambda s: bare(s) == self.muc and fits(s), self.world.patience, what, again=True)

    async def in_room(self, text: str, *, by: str = "") -> Event:
        found = await self.event(lambda e: text in str(e["content"].get("body", "")), repr(text))
        names = await self.names()
        assert not by or names[found["sender"]] == by, f"{text!r} is said by {names[found['sender']]}, not {by}"
        return found

    async def event(self, fits: Callable[[Event], bool], what: str) -> Event:
        """Anything in the Matrix room."""

        def found(app: MatrixClient) -> list[Event]:
            return [e for e in app.events if e["room_id"] == self.room and fits(e)]

        element = self.world.element
        try:
            await element.until(lambda app: bool(found(app)), self.world.patience)
        except TimeoutError:
            came = [(e["type"], e["sender"], e["content"]) for e in element.events if e["room_id"] == self.room]
            raise TimeoutError(f"no {what} in the Matrix room; there: {came[-15:]}") from None
        return found(element)[0]

    async def in_group(self, text: str, *, by: str = "", group: Chat | None = None) -> Said:
        """`by` stands before the text where it is the bot's."""
        where = group or self.group

        def found() -> list[Said]:
            return [said for said in where.visible if text in said.text]

        await self.shown(lambda: bool(found()), repr(text), where)
        assert not by or by_whom(found()[0]) == by, f"{text!r} is said as {found()[0].text!r}"
        return found()[0]

    async def shown(self, so: Callable[[], bool], what: str, group: Chat | None = None) -> None:
        """Return when it is `so` in the group."""
        where = group or self.group
        try:
            await self.world.api.world.until(so, self.world.patience)
        except TimeoutError:
            raise TimeoutError(f"no {what} in the group; there: {[s.text for s in where.visible][-15:]}") from None

    async def everywhere(self, text: str, by: str) -> tuple[Element, Event, Said]:
        """As the first room of each network has it."""
        stanzas = [await self.in_muc(text, by=by, muc=room) for room in self.mucs]
        event = await self.in_room(text, by=by)
        said = [await self.in_group(text, by=by, group=group) for group in self.groups]
        return stanzas[0], event, said[0]

    # everything

    async def names(self) -> Mapping[str, str]:
        """What people are called in the Matrix room, by their ids."""
        joined = (await self.world.element.call("GET", f"/rooms/{quote(self.room)}/joined_members"))["joined"]
        return {user: str(one.get("display_name") or user) for user, one in joined.items()}

    async def archived(self, muc: str = "") -> list[tuple[str, str]]:
        """Who has said what, as the MUC's own archive has it."""
        room = muc or self.muc
        found = await mam.backwards(self.mucs[room], room, 200)
        return [(nick(stanza), spoken(stanza)) for _, stanza in found if is_said(stanza)]

    async def timeline(self) -> list[tuple[str, str]]:
        """The same, as the homeserver has it."""
        names = await self.names()
        events = await self.world.element.timeline(self.room)
        return [
            (names.get(e["sender"], e["sender"]), str(e["content"]["body"]))
            for e in events
            if e["type"] == "m.room.message" and "m.replace" not in str(e["content"].get("m.relates_to"))
            and "body" in e["content"]
        ]  # fmt: skip

    def written(self, group: Chat | None = None) -> list[tuple[str, str]]:
        """The same, as the group has it; what was put together is taken apart."""
        return [(by_whom(said), said.text) for said in (group or self.group).visible if said.text]


@dataclass
class World:
    """`element` is the Matrix app that is asked what came. `told`: all that the gateway has said to a network."""

    server: XmppServer
    synapse: WithAppservice
    api: BotApi
    bot: Bot
    stack: AsyncExitStack
    gateway: Gateway = field(init=False)  # is there once all is made that is linked
    apps: dict[str, XmppClient] = field(default_factory=dict)
    elements: dict[str, MatrixClient] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    patience: float = SECONDS
    _wires: Mapping[str, Proxy] = field(default_factory=dict)

    @property
    def element(self) -> MatrixClient:
        return next(iter(self.elements.values()))

    def told(self, network: str) -> bytes:
        return self._wires[network].told

    async def linked(self, rooms: int) -> None:
        """Return when so many rooms are linked; the gateway's log alone tells of it."""
        async with asyncio.timeout(90):
            while self.gateway.log.count("a room is linked ") < rooms:
                await asyncio.sleep(0.1)

    async def on_xmpp(self, *names: str) -> None:
        for name in names:
            local = f"{name.lower()}-{uuid.uuid4().hex[:6]}"
            jid = await asyncio.to_thread(self.server.add_user, local, PASSWORD)
            app = await self.stack.enter_async_context(XmppClient(jid, PASSWORD, self.server.c2s_port))
            self.apps[name] = app

    async def on_matrix(self, *names: str) -> None:
        for name in names:
            local = f"{name.lower()}-{uuid.uuid4().hex[:6]}"
            person = Person(local, "", await asyncio.to_thread(self.synapse.register, local, PASSWORD))
            app = await self.stack.enter_async_context(folk.on_matrix(person, self.synapse))
            await app.call("PUT", f"/profile/{quote(app.me)}/displayname", {"displayname": name})
            self.elements[name] = app

    async def make(self, mucs: Sequence[Sequence[str]] = ((),), groups: Sequence[Sequence[str]] = ((),)) -> Link:
        """Rooms that are to be linked: who is in each MUC and each group, by default everybody. The gateway keeps order
        in MUCs, so that it is told the addresses of those who are there."""
        mark = uuid.uuid4().hex[:8]
        ears: dict[str, XmppClient] = {}
        for number, people in enumerate(mucs):
            name = f"cafe-{number}-{mark}@{HOST}"
            inside = {who: self.apps[who] for who in people or self.apps}
            for called, app in inside.items():
                await muc.enter(app, name, called)
            ears[name] = next(iter(inside.values()))
            item = f"<item affiliation='admin' jid='{MATRIX}'/>"
            query = f"<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>"
            assert (await ears[name].iq(name, "set", query)).get("type") == "result"
        wish = {"preset": "public_chat", "room_alias_name": f"cafe-{mark}"}
        room = str((await self.element.call("POST", "/createRoom", wish))["room_id"])
        for app in list(self.elements.values())[1:]:
            await app.join(room)
        telegram = self.api.world
        chats = []
        for number, people in enumerate(groups):
            inside_it = [self.people[who] for who in people or self.people]
            chat = telegram.group(f"Café {number}", *inside_it, self.bot, supergroup=True)
            telegram.promotes(inside_it[0], chat, self.bot)
            chats.append(chat)
        link = Link(self, ears, [room], chats)
        self.links.append(link)
        return link


@asynccontextmanager
async def staged(
    server: XmppServer, synapse: WithAppservice, api: BotApi, *, make: Callable[[World], Awaitable[None]],
    log_level: str = "debug",
) -> AsyncIterator[World]:  # fmt: skip
    """`make` has people come and makes what is to be linked; then the gateway starts and links it. Everything that it
    says to anybody goes through proxies, which keep it."""
    bot = api.world.bot("Bridge", reads_all=True)
    async with AsyncExitStack() as stack:
        ports = {"xmpp": server.component_port, "matrix": synapse.port, "telegram": api.port}
        wires = {name: await stack.enter_async_context(Proxy(port, keeps=True)) for name, port in ports.items()}
        world = World(server, synapse, api, bot, stack, _wires=wires)
        await make(world)
        networks: dict[str, Any] = {
            "matrix": {
                "connector": "matrix", "jid": MATRIX, "secret": COMPONENTS[MATRIX], "appservice": str(synapse.file),
                "homeserver": f"http://127.0.0.1:{wires['matrix'].port}",
            },
            **telegram(
                COMPONENTS[TELEGRAM], f"http://127.0.0.1:{wires['telegram'].port}", bot_token=bot.token
            ),
        }  # fmt: skip
        links = {f"link-{number}": _entries(link) for number, link in enumerate(world.links)}
        http = {"listen": f"127.0.0.1:{synapse.ours}", "public_url": f"http://127.0.0.1:{synapse.ours}"}
        given = {"http": http, "links": links, "allow_private": [f"localhost:{server.http_port}"]}
        world.gateway = gateway = Gateway(networks, wires["xmpp"].port, given, log_level=log_level)
        gateway.http = synapse.ours
        try:
            await asyncio.to_thread(gateway.start)
            await world.linked(sum(len(entries) for entries in links.values()))
            yield world
        except BaseException:
            print(gateway.log[-60_000:], file=sys.stderr)  # shown for a test that fails
            raise
        finally:
            await asyncio.to_thread(gateway.close)


def _entries(link: Link) -> list[dict[str, Any]]:
    return [
        *({"xmpp": name} for name in link.mucs),
        *({"matrix": room} for room in link.rooms),
        *({"telegram": chat.id} for chat in link.groups),
    ]


def is_said(stanza: Element) -> bool:
    """A message of a room that is new, and no change of another one."""
    return bool(body(stanza)) and stanza.tag == f"{CLIENT}message" and not error_of(stanza)[0] and all(
        stanza.find(tag) is None for tag in _NOT_SAID
    )  # fmt: skip


def nick(stanza: Element) -> str:
    return muc.nick(stanza)


def by_whom(said: Said) -> str:
    """The author of what stands in a group."""
    if isinstance(said.author, Bot):
        return said.text.partition(": ")[0]
    return " ".join(part for part in (said.author.first_name, said.author.last_name) if part)
