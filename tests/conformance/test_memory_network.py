"""What tests rely on in the memory network itself: its faults, its clients, its process."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract import (
    Edit,
    LoggedOut,
    Message,
    MessageReceived,
    Refused,
    Retract,
    Scope,
    Send,
    Span,
    SpanKind,
    Target,
    Unavailable,
    Unconfirmed,
)
from bridge.testing.client import Client
from bridge.testing.conformance.network import a_send, connected, ours, reading
from bridge.testing.control import controlled, spawned
from bridge.testing.parts import parts_of
from bridge.testing.traits import Traits
from bridge.testing.wire import EndLogin, Report
from bridge.testing.world import traits_of
from tests.conformance.memory import MemoryUnderTest, memory_network


@pytest.fixture(params=["a"])
async def network(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MemoryUnderTest]:
    async with memory_network(request.param, tmp_path) as made:
        yield made


def only(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("network", kinds, indirect=True)


async def test_a_lost_answer_is_unconfirmed_and_the_message_is_there(network: MemoryUnderTest) -> None:
    await network.control.fault("lost")

    async with connected(network) as session:
        with pytest.raises(Unconfirmed):
            await session.perform(a_send(network, "1"))
        await session.perform(a_send(network, "1"))

    said = (await network.control.state("square")).visible
    assert [s.text for s in said] == ["hello"]
    assert said[0].keys == ["conformance-1"] * 2


async def test_too_many_requests_say_how_long_to_wait_and_where(network: MemoryUnderTest) -> None:
    await network.control.fault("limit", chat="square", seconds=60)

    async with connected(network) as session:
        with pytest.raises(Unavailable) as caught:
            await session.perform(a_send(network, "1"))

    assert caught.value.scope is Scope.CHAT
    assert caught.value.retry_after is not None
    assert 59 < caught.value.retry_after <= 60


async def test_a_rejected_message_is_refused_once(network: MemoryUnderTest) -> None:
    await network.control.fault("reject", reason="policy-violation", text="No swearing.")

    async with connected(network) as session:
        with pytest.raises(Refused, match="No swearing"):
            await session.perform(a_send(network, "1"))
        await session.perform(a_send(network, "2"))

    assert len(await ours(network)) == 1


async def test_a_network_that_is_down_takes_nobody_until_it_is_mended(network: MemoryUnderTest) -> None:
    async with connected(network) as session, reading(session) as reader:
        await network.control.fault("down")
        assert isinstance(await reader.ended(), Unavailable)
        with pytest.raises(Unavailable):
            await session.perform(a_send(network, "1"))
        await network.control.mend()
        await session.perform(a_send(network, "1"))

    assert len(await ours(network)) == 1


async def test_held_actions_are_done_in_order_when_released(network: MemoryUnderTest) -> None:
    await network.control.fault("hold", chat="square")

    async with connected(network) as session, asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(session.perform(a_send(network, str(n), str(n))))
        await network.control.fault("slow", seconds=0.01)
        assert await ours(network) == []
        await network.control.mend()

    assert [s.text for s in await ours(network)] == ["0", "1", "2"]


async def test_slow_answers_come_in_order(network: MemoryUnderTest) -> None:
    await network.control.fault("slow", seconds=0.01)

    async with connected(network) as session, asyncio.TaskGroup() as group:
        for n in range(10):
            group.create_task(session.perform(a_send(network, str(n), str(n))))

    assert [s.text for s in await ours(network)] == [str(n) for n in range(10)]


async def test_an_ended_login_ends_reading_and_performing(network: MemoryUnderTest) -> None:
    async with connected(network) as session, reading(session) as reader:
        await network.control.do(EndLogin("romeo"))

        assert isinstance(await reader.ended(), LoggedOut)
        with pytest.raises(LoggedOut):
            await session.perform(a_send(network, "1"))


@only("x")
async def test_a_refusal_comes_back_later_where_nothing_is_answered(network: MemoryUnderTest) -> None:
    await network.control.fault("reject", reason="forbidden")

    async with connected(network) as session, reading(session) as reader:
        await session.perform(a_send(network, "1"))
        await reader.until(lambda r: bool([e for e in r.events if type(e).__name__ == "DeliveryFailed"]))

    assert await ours(network) == []


@only("x")
async def test_many_actions_wait_for_few_fences(network: MemoryUnderTest) -> None:
    async with connected(network) as session, asyncio.TaskGroup() as group:
        for n in range(100):
            group.create_task(session.perform(a_send(network, str(n), str(n))))

    assert [s.text for s in await ours(network)] == [str(n) for n in range(100)]


@only("x")
async def test_authors_repeat_what_was_not_acknowledged_under_the_same_id(network: MemoryUnderTest) -> None:
    async with connected(network) as session, reading(session):
        pass
    unheard = await network.say("is anybody there?")

    async with connected(network) as session, reading(session) as reader:
        await reader.until(lambda r: bool(r.of(MessageReceived)))

    assert [e.id for e in reader.of(MessageReceived)] == [unheard]
    assert len((await network.control.state("square")).messages) == 1


async def test_without_replays_and_repeats_what_nobody_hears_is_lost(tmp_path: Path) -> None:
    socket = tmp_path / "world.sock"
    async with spawned(socket, ["--like", "x", "--no-resay"]) as control:
        await control.account("hub")
        await control.people("juliet")
        await control.chat("square", "hub", "juliet")
        before = (await control.accounts())["hub"]
        await control.says("juliet", "square", "is anybody there?", id="1")
        first = (await control.state("square")).revision
        again = await control.says("juliet", "square", "is anybody there?", id="1")

        state = await control.until("square", lambda s: s.revision > first)

    assert (before.attached, again) == (False, "1")
    assert state.texts == ["is anybody there?"]


async def test_a_person_may_write_a_key_but_a_session_with_personas_does_not_believe_it(
    network: MemoryUnderTest,
) -> None:
    async with connected(network) as session, reading(session) as reader:
        await network.control.says("benvolio", "square", "forged", key="conformance-1")
        await reader.until(lambda r: bool(r.of(MessageReceived)))

    assert reader.of(MessageReceived)[0].key is None


async def test_what_cannot_be_parsed_is_reported_as_such(network: MemoryUnderTest) -> None:
    async with connected(network) as session, reading(session) as reader:
        with pytest.raises(Refused):
            await network.control.do(Report("MessageReceived", b'{"chat": 7}'))  # type: ignore[arg-type]
        with pytest.raises(Refused):
            await network.control.do(Report("Earthquake", b"{}"))  # type: ignore[arg-type]
        await network.say("still there")
        await reader.until(lambda r: r.texts == ["still there"])


async def test_nonsense_on_the_wire_harms_nobody(network: MemoryUnderTest) -> None:
    reader, writer = await asyncio.open_unix_connection(network.workspace.options["socket"])
    writer.write(
        b'{"op":"send"}\nnot json\n\xff\xfe\n{"op":"says","person":[],"re":1}\n{"op":"journaled","cursor":"x"}\n'
    )
    answers = [await asyncio.wait_for(reader.readline(), 5) for _ in range(4)]
    writer.close()

    assert all(b'"kind":"refused"' in answer for answer in answers)
    async with connected(network) as session:
        await session.perform(a_send(network, "1"))


async def test_the_process_outlives_its_clients_and_remembers(tmp_path: Path) -> None:
    socket = tmp_path / "world.sock"
    async with spawned(socket, ["--like", "t", "--longest", "10"]) as control:
        await control.account("hub", everywhere=True)
        await control.people("juliet")
        await control.chat("balcony")
        client = await Client.open(socket)
        await client.close()
        async with controlled(socket) as other:
            await other.says("juliet", "balcony", "O Romeo")

        assert (await control.state("balcony")).texts == ["O Romeo"]
    assert not socket.exists()


def test_the_command_line_changes_what_a_kind_of_network_does(tmp_path: Path) -> None:
    _, traits = traits_of(
        ["--socket", str(tmp_path / "s"), "--like", "x", "--no-resay", "--window", "4", "--without", "edit"]
    )

    assert traits == Traits(
        idempotent=True, personas=True, answers=True, fence=True, implicit=True, window=4, without=("edit",)
    )


def test_parts_keep_spans_where_their_text_is() -> None:
    message = Message("aaaa bbbb cccc", (Span(0, 14, SpanKind.BOLD), Span(6, 8, SpanKind.CODE)))

    parts = parts_of(Send(chat="c", key="k", message=message), 5)  # type: ignore[arg-type]

    texts = [(p.message.text, [(s.start, s.end) for s in p.message.spans]) for p in parts if isinstance(p, Send)]
    assert texts == [("aaaa ", [(0, 5)]), ("bbbb ", [(0, 5), (1, 3)]), ("cccc", [(0, 4)])]


def test_an_edit_spreads_over_what_is_there() -> None:
    edit = Edit(chat="c", key="k", target=Target(("1", "2")), message=Message("aaaa bbbb cccc"))  # type: ignore[arg-type]

    longer = parts_of(edit, 5)
    shorter = parts_of(edit, 100)

    assert [(type(p), p.key) for p in longer] == [(Edit, "k"), (Edit, "k.1"), (Send, "k.2")]
    assert [(type(p), p.key) for p in shorter] == [(Edit, "k"), (Retract, "k.1")]
