"""What only a real homeserver shows: where gaps begin, what a new member sees, how it throttles and refuses."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bridge.contract import ChatSeen, ContactId, CursorMoved, MessageReceived, Refused, Scope, Unavailable, Unconfirmed
from bridge.contract.workspace import Answer, Http
from bridge.testing.conformance.network import connected, outcome, reading
from tests.conformance.matrix import MatrixUnderTest, matrix_network
from tests.matrix.stage import a_send
from tests.support import folk
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse


@pytest.fixture
async def network(synapse: Synapse, tmp_path: Path) -> AsyncIterator[MatrixUnderTest]:
    async with matrix_network(synapse, tmp_path) as made:
        yield made


@pytest.fixture
async def romeos_app(network: MatrixUnderTest, synapse: Synapse) -> AsyncIterator[MatrixClient]:
    """Another app of the account."""
    name = network.account.me[1:].partition(":")[0]
    async with MatrixClient(synapse.url, name, folk.PASSWORD, joins=False) as app:
        yield app


def numbers(count: int) -> list[str]:
    return [f"number {n}" for n in range(count)]


async def cursor_of(network: MatrixUnderTest) -> str:
    async with connected(network) as session, reading(session) as reader:
        return reader.cursor or ""


async def test_rooms_of_today_have_no_servers_name_in_their_ids(network: MatrixUnderTest) -> None:
    assert ":" not in network.room


async def test_a_gap_of_several_pages_is_read_to_where_we_were_and_no_further(network: MatrixUnderTest) -> None:
    for text in numbers(30):
        await network.say(f"old {text}")
    cursor = await cursor_of(network)
    for text in numbers(215):
        await network.say(text)

    async with connected(network) as session, reading(session, cursor) as reader:
        pass

    assert reader.texts == numbers(215)
    assert isinstance(reader.events[-2], CursorMoved)


async def test_what_was_said_between_an_invitation_and_our_joining_is_reported(
    network: MatrixUnderTest, synapse: Synapse
) -> None:
    cursor = await cursor_of(network)
    nurse = folk.contact(synapse, "nurse")
    async with folk.on_matrix(nurse, synapse) as app:
        room = (await app.call("POST", "/createRoom", {"preset": "trusted_private_chat"}))["room_id"]
        await app.send(room, "before")
        invitation = {"membership": "invite", "is_direct": True}
        await app.call("PUT", f"/rooms/{quote(room)}/state/m.room.member/{quote(network.account.me)}", invitation)
        for text in numbers(105):
            await app.send(room, text)

        async with connected(network) as session, reading(session, cursor) as reader:
            await reader.until(lambda r: len(r.texts) >= 105)

    assert reader.texts == numbers(105)
    assert {event.chat for event in reader.of(MessageReceived)} == {room}
    assert room in [seen.chat for seen in reader.of(ChatSeen)]


async def test_a_room_that_becomes_encrypted_gets_nothing_in_clear(network: MatrixUnderTest) -> None:
    async with connected(network) as session, reading(session) as reader:
        where = f"/rooms/{quote(network.room)}/state/m.room.encryption"
        await network.juliet.call("PUT", where, {"algorithm": "m.megolm.v1.aes-sha2"})
        await reader.until(lambda r: any(seen.encrypted for seen in r.of(ChatSeen)))
        with pytest.raises(Refused, match="encrypted"):
            await session.perform(a_send(network.room))
        secret = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnAC", "session_id": "s", "device_id": "d"}
        for _ in range(2):
            await network.juliet.send_event(network.room, secret, kind="m.room.encrypted")
        await reader.until(lambda r: len(r.texts) == 2)

    assert await network.juliet.texts(network.room) == []


async def test_a_room_that_is_made_encrypted_is_seen_as_one(network: MatrixUnderTest, synapse: Synapse) -> None:
    cursor = await cursor_of(network)
    nurse = folk.contact(synapse, "nurse")
    async with folk.on_matrix(nurse, synapse) as app:
        encryption = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        wish = {"invite": [network.account.me], "is_direct": True, "initial_state": [encryption]}
        room = (await app.call("POST", "/createRoom", {"preset": "trusted_private_chat", **wish}))["room_id"]

        async with connected(network) as session, reading(session, cursor) as reader:
            await reader.until(lambda r: bool(r.of(ChatSeen)))
            with pytest.raises(Refused, match="encrypted"):
                await session.perform(a_send(room))

    assert reader.of(ChatSeen)[0].encrypted


async def test_a_throttled_account_is_told_how_long_to_wait(network: MatrixUnderTest, synapse: Synapse) -> None:
    synapse.register(f"admin-{network.account.me[7:15]}", folk.PASSWORD, admin=True)
    login = {"type": "m.login.password", "user": f"admin-{network.account.me[7:15]}", "password": folk.PASSWORD}
    token = synapse.ask("POST", "/_matrix/client/v3/login", login)["access_token"]
    limits = f"/_synapse/admin/v1/users/{quote(network.account.me)}/override_ratelimit"
    synapse.ask("POST", limits, {"messages_per_second": 1, "burst_count": 1}, token)

    async with connected(network) as session:
        came = [await outcome(session.perform(a_send(network.room, key=f"key-{n}"))) for n in range(5)]

    throttled = next(one for one in came if isinstance(one, Unavailable))
    assert throttled.scope is Scope.ACCOUNT
    assert throttled.retry_after is not None
    assert 1 <= throttled.retry_after <= 10


async def test_who_has_left_is_invited_and_reads_all_when_back(network: MatrixUnderTest) -> None:
    await network.juliet.call("POST", f"/rooms/{quote(network.room)}/leave", {})

    async with connected(network) as session:
        for text in numbers(3):
            await session.perform(a_send(network.room, text, text.replace(" ", "-")))
    await network.juliet.expect(lambda e: e["content"].get("body") == "number 2")

    assert (await network.juliet.texts(network.room))[-3:] == numbers(3)


async def test_a_chat_that_we_have_left_is_opened_anew(network: MatrixUnderTest, romeos_app: MatrixClient) -> None:
    async with connected(network) as session, reading(session) as reader:
        await romeos_app.call("POST", f"/rooms/{quote(network.room)}/leave", {})
        with pytest.raises(Unavailable):
            await session.perform(a_send(network.room))
        await reader.until(lambda r: len(r.of(ChatSeen)) == 2)
        new = reader.of(ChatSeen)[-1].chat
        await session.perform(a_send(new, "in the new one"))
        await network.juliet.text("in the new one")

    assert new != network.room


async def test_a_room_whose_answer_was_lost_is_found_again(network: MatrixUnderTest) -> None:
    losing = Losing(network.workspace.http)
    object.__setattr__(network.workspace, "http", losing)

    async with connected(network) as session:
        with pytest.raises(Unconfirmed):
            await session.direct(network.somebody, "open-1")
        room = await session.direct(network.somebody, "open-1")

    assert room == losing.made


class Losing:
    """Loses the answer to the first room that is created."""

    def __init__(self, http: Http) -> None:
        self.made = ""
        self._http = http

    async def request(self, method: str, url: str, **more: Any) -> Answer:
        answer = await self._http.request(method, url, **more)
        if url.endswith("/createRoom") and not self.made:
            self.made = answer.body.decode().split('"')[3]
            raise Unconfirmed("The answer was lost.")
        return answer


async def test_somebody_elses_account_is_not_read(network: MatrixUnderTest) -> None:
    """How this homeserver refuses another user's token is what the connector goes by."""
    other = type(network.account)(
        network.account.id, network.account.network, network.account.user, network.somebody, network.account.secret
    )

    with pytest.raises(Exception, match="“login”"):
        async with network.connector.connect(other, network.workspace):
            pass


async def test_what_was_said_before_we_were_removed_is_reported(network: MatrixUnderTest) -> None:
    async with connected(network) as session, reading(session) as reader:
        wish = {"preset": "private_chat", "invite": [network.account.me], "is_direct": True}
        room = (await network.juliet.call("POST", "/createRoom", wish))["room_id"]
        await reader.until(lambda r: room in [seen.chat for seen in r.of(ChatSeen)])
        await network.juliet.send(room, "farewell")
        await network.juliet.call("POST", f"/rooms/{quote(room)}/kick", {"user_id": network.account.me})
        await reader.until(lambda r: bool(r.texts) and r.of(ChatSeen)[-1].chat == network.room)
        current = await session.direct(ContactId(network.juliet.me), "open-1")

    assert reader.texts == ["farewell"]
    assert current == network.room
