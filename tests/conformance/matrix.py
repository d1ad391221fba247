"""Matrix on a real Synapse, as the conformance suite wants a network: Romeo's account, and Juliet in a direct chat."""

import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from bridge.contract import Account, AccountId, ChatId, Connector, ContactId, MessageId, NetworkId, Workspace
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance import Person, Shown, Way
from bridge.web.client import HttpClient
from connectors.matrix import MatrixConnector
from tests.support import files, folk
from tests.support.clock import RealClock
from tests.support.folk import PASSWORD
from tests.support.matrix_client import MatrixClient
from tests.support.proxy import Proxy
from tests.support.synapse import Synapse


class MatrixUnderTest:
    """Romeo reaches Synapse through a proxy, which `cut` cuts until he connects again."""

    def __init__(
        self, account: Account, token: str, workspace: Workspace, room: str, juliet: MatrixClient, somebody: str,
        proxy: Proxy,
    ) -> None:  # fmt: skip
        """`token`: of another session of Romeo's."""
        self.connector: Connector = MatrixConnector("matrix")
        self.workspace = workspace
        self.room = ChatId(room)
        self.somebody = ContactId(somebody)
        self.nobody = ContactId("@nobody-at-all:localhost")
        self.somebody_name = somebody[1:].partition(":")[0]
        self.square, self.space = ChatId(""), ChatId("")
        here = {"homeserver": str(workspace.options["homeserver"])}
        named = here | {"username": account.me}
        self.ways = [
            Way("password", named | {"password": PASSWORD}, named | {"password": "let me in"}),
            Way("token", here | {"token": token}, here | {"token": "syt_let_me_in"}),
        ]
        self.elsewhere: Mapping[str, str] = {"sso": "tests/e2e/test_logging_in.py, with a browser"}
        self.juliet = juliet
        self._account = account
        self._proxy = proxy
        self._edits = 0

    @property
    def account(self) -> Account:
        """Asked for by who connects: the way is open again."""
        self._proxy.mend()
        return self._account

    def ours(self, user: str) -> bool:
        """Whether it is us, or whom we speak for."""
        return user == self._account.me

    async def say(self, text: str) -> MessageId:
        return MessageId(await self.juliet.send(self.room, text))

    async def say_file(self, name: str, mime: str, data: bytes) -> None:
        await files.send_file(self.juliet, self.room, data, mime, name)

    async def shown_files(self) -> list[tuple[str, bytes]]:
        return [
            (event["content"]["body"], await files.matrix_file(self.juliet, event["content"]["url"]))
            for event in await self.juliet.timeline(self.room)
            if self.ours(event["sender"]) and "url" in event["content"]
        ]

    async def edit(self, target: MessageId, text: str) -> None:
        content = {"msgtype": "m.text", "body": f"* {text}", "m.new_content": {"msgtype": "m.text", "body": text}}
        await self._relate("m.room.message", content, {"rel_type": "m.replace", "event_id": target})

    async def retract(self, target: MessageId) -> None:
        self._edits += 1
        where = f"/rooms/{quote(self.room)}/redact/{quote(target)}/retract-{self._edits}"
        await self.juliet.call("PUT", where, {})

    async def react(self, target: MessageId, *reactions: str) -> None:
        for key in reactions:
            await self._relate("m.reaction", {}, {"rel_type": "m.annotation", "event_id": target, "key": key})

    async def types(self, typing: bool) -> None:
        await self.juliet.types(self.room, typing)

    async def reads(self, target: MessageId) -> None:
        await self.juliet.reads(self.room, target)

    async def appears(self, away: bool, status: str) -> None:
        await self.juliet.appears("unavailable" if away else "online", status)

    async def signs(self) -> tuple[bool, str]:
        me = self._account.me
        return me in self.juliet.typing.get(self.room, ()), self.juliet.read.get((self.room, me), "")

    async def presence(self) -> str:
        found = await self.juliet.call("GET", f"/presence/{quote(self._account.me)}/status")
        return {"online": "available", "unavailable": "away"}.get(found["presence"], "unavailable")

    async def picture(self) -> str:
        found = await self.juliet.call("GET", f"/profile/{quote(self._account.me)}")
        return str(found.get("avatar_url") or "")

    async def chooses(self) -> str:
        chosen = await files.matrix_upload(self.juliet, b"chosen", "image/png", "chosen.png")
        where, headers = f"/_matrix/client/v3/profile/{quote(self._account.me)}/avatar_url", self._account.secret
        homeserver = str(self.workspace.options["homeserver"])
        await self.workspace.http.request(
            "PUT", homeserver + where, headers={"Authorization": f"Bearer {headers['token']}"},
            body=json.dumps({"avatar_url": chosen}).encode(), trusted=True,
        )  # fmt: skip
        return chosen

    async def shown(self) -> Sequence[Shown]:
        """As Element shows it: redacted events are gone, and whoever has said something may replace it."""
        events = await self.juliet.timeline(self.room)
        found: dict[str, Shown] = {}
        for event in events:
            content, id = event["content"], event["event_id"]
            relation = content.get("m.relates_to", {})
            about = relation.get("event_id", "")
            if relation.get("rel_type") == "m.replace" and about in found:
                if found[about].ours == self.ours(event["sender"]):
                    found[about] = replace(found[about], text=content["m.new_content"]["body"], edited=True)
            elif event["type"] == "m.reaction" and about in found and self.ours(event["sender"]):
                found[about] = replace(found[about], reactions=(*found[about].reactions, relation["key"]))
            elif event["type"] == "m.room.message" and "body" in content:
                found[id] = Shown(MessageId(id), content["body"], ours=self.ours(event["sender"]))
        return list(found.values())

    async def told(self) -> Sequence[tuple[str, str]]:
        return ()

    async def cut(self) -> None:
        self._proxy.cut()

    async def _relate(self, kind: str, content: Mapping[str, object], relation: Mapping[str, str]) -> None:
        await self.juliet.send_event(self.room, {**content, "m.relates_to": relation}, kind=kind)


@asynccontextmanager
async def matrix_network(
    synapse: Synapse, folder: Path, *, room_of_many: bool = False, listed: bool = False
) -> AsyncIterator[MatrixUnderTest]:
    """The room is a direct chat with Juliet, or one that anybody may join and change."""
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(Proxy(synapse.port))
        base = f"http://127.0.0.1:{proxy.port}"
        http = HttpClient()
        stack.push_async_callback(http.close)
        log = logging.getLogger("landbridge.matrix")
        workspace = Workspace(
            AccountId(1), {"homeserver": base}, http, PassingMemory(), RealClock(), log, folder
        )  # fmt: skip
        romeo, juliet = folk.contact(synapse, "romeo"), folk.contact(synapse, "juliet")
        somebody = folk.contact(synapse, "nurse")
        given = {"homeserver": base, "username": romeo.name, "password": PASSWORD}
        connector = MatrixConnector("matrix")
        found, other = [await connector.login(connector.flows[0], Person(given), workspace) for _ in range(2)]
        account = Account(AccountId(1), NetworkId("matrix"), "romeo@example.org", found.me, found.secret)
        element = await stack.enter_async_context(folk.on_matrix(juliet, synapse))
        app = await stack.enter_async_context(folk.on_matrix(romeo, synapse, "offline"))
        if room_of_many:
            wish = {"preset": "public_chat", "name": "Square", "power_level_content_override": {"state_default": 0}}
            room = str((await app.call("POST", "/createRoom", wish))["room_id"])
            await element.join(room)
        else:
            room = await app.direct(juliet.mxid)
        await element.expect(lambda e: e["type"] == "m.room.member" and e["state_key"] == juliet.mxid)
        made = MatrixUnderTest(account, other.secret["token"], workspace, room, element, somebody.mxid, proxy)
        if listed:
            await _list_rooms(made)
        yield made


async def _list_rooms(made: MatrixUnderTest) -> None:
    """Two squares, and a space with the first in it."""
    call = made.juliet.call
    wish = {"preset": "public_chat", "visibility": "public"}
    made.square, _ = [
        ChatId((await call("POST", "/createRoom", {**wish, "name": f"Square {number}"}))["room_id"])
        for number in (1, 2)
    ]
    space = {**wish, "name": "Spaces of Verona", "creation_content": {"type": "m.space"}}
    made.space = ChatId((await call("POST", "/createRoom", space))["room_id"])
    where = f"/rooms/{quote(made.space)}/state/m.space.child/{quote(made.square)}"
    await call("PUT", where, {"via": ["localhost"]})
