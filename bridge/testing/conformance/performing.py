"""Actions: they happen, give ids, and keep their order."""

import asyncio
from dataclasses import replace

from bridge.contract import (
    ChatId,
    Confirm,
    ConnectorError,
    Edit,
    Fail,
    Message,
    MessageId,
    MessageReceived,
    Receipt,
    Refused,
    Retract,
    Send,
    Span,
    SpanKind,
    Target,
)
from bridge.testing.conformance.network import (
    NetworkUnderTest,
    a_send,
    connected,
    ours,
    outcome,
    raises,
    reading,
    said,
    same,
)


class Performing:
    """For every network."""

    async def test_a_message_is_there_under_the_id_that_was_given(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            receipt = await session.perform(a_send(network, "1", "Hello Juliet!"))

        shown = await ours(network)
        assert [s.text for s in shown] == ["Hello Juliet!"]
        assert receipt.ids == (shown[0].id,)

    async def test_texts_that_go_together_have_a_name_each(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            if not session.capabilities(network.room).merges:
                return
            several = replace(a_send(network, "1", "one\ntwo\nthree"), merged=3)
            receipt = await session.perform(several)
            [whole] = await ours(network)
            for number, native in enumerate(receipt.ids):
                said_now = Message(f"{number}\ntwo\nthree")
                await session.perform(
                    Edit(chat=network.room, key=f"e{number}", target=Target((native,)), message=said_now)
                )
                assert [(s.id, s.text) for s in await ours(network)] == [(whole.id, said_now.text)]
            await session.perform(Retract(chat=network.room, key="r", target=Target((receipt.ids[1],))))
            left = await ours(network)

        assert len(set(receipt.ids)) == 3
        assert receipt.ids[0] == whole.id
        assert left == []

    async def test_nothing_of_a_text_is_lost(self, network: NetworkUnderTest) -> None:
        text = "  <b>&amp; “quoted” \\ \n\n  \u200bzero 👩‍👩‍👧 'x' = \"y\" ünï"

        async with connected(network) as session:
            await said(session, a_send(network, "1", text))

        assert same(network, await ours(network), text)

    async def test_the_parts_of_a_long_message_rejoin_to_the_whole(self, network: NetworkUnderTest) -> None:
        text = " ".join(f"word{n}" for n in range(20_000))

        async with connected(network) as session:
            action = a_send(network, "1", text)
            parts = session.parts(action)
            ids = await said(session, action)

        assert same(network, await ours(network), text)
        assert [part.key for part in parts] == [action.key] + [f"{action.key}.{n}" for n in range(1, len(parts))]
        assert len(ids) == len(set(ids)) == len(parts)

    async def test_parts_are_pure(self, network: NetworkUnderTest) -> None:
        message = Message("x" * 100_000, (Span(10, 90_000, SpanKind.BOLD),), reply_to=MessageId("1"))
        action = Send(chat=network.room, key="conformance-1", message=message)

        async with connected(network) as session:
            first, second = list(session.parts(action)), list(session.parts(action))

        assert first == second
        assert await ours(network) == []

    async def test_a_window_of_actions_keeps_its_order(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            window = session.capabilities(network.room).window
            for group in range(3):
                sends = [a_send(network, f"{group}-{n}", f"{group}-{n}") for n in range(window)]
                async with asyncio.TaskGroup() as group_of_tasks:
                    for send in sends:
                        group_of_tasks.create_task(session.perform(send))

        assert [s.text for s in await ours(network)] == [f"{g}-{n}" for g in range(3) for n in range(window)]

    async def test_two_messages_with_the_same_text_are_two(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            first = await session.perform(a_send(network, "1", "ok"))
            second = await session.perform(a_send(network, "2", "ok"))

        assert [s.text for s in await ours(network)] == ["ok", "ok"]
        assert first.ids != second.ids

    async def test_an_unknown_target_changes_nothing(self, network: NetworkUnderTest) -> None:
        """Refused where the network can say so; never anything else, and nobody else's message suffers."""
        await network.say("mine")
        target = Target((MessageId("conformance-never-given"),))

        async with connected(network) as session:
            action = Retract(chat=network.room, key="conformance-1", target=target)
            came = await outcome(session.perform(action))

        assert isinstance(came, Receipt | Refused), came
        assert [s.text for s in await network.shown()] == ["mine"]

    async def test_a_chat_that_never_was_is_a_connector_error_or_is_made(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            action = Send(chat=ChatId("conformance-nowhere"), key="conformance-1", message=Message("hello"))
            came = await outcome(session.perform(action))

        assert came.ids if isinstance(came, Receipt) else len(came.text) > 5, "an error says what happened"
        assert await ours(network) == []

    async def test_what_capabilities_name_makes_sense(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            can = session.capabilities(network.room)

        assert Send in can.actions
        assert 1 <= can.window <= 1_000
        assert (Confirm in can.actions) == (Fail in can.actions), "authors are told both or neither"

    async def test_what_we_say_does_not_come_back_as_somebody_elses(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            can = session.capabilities(network.room)
            await session.perform(a_send(network, "1", "from us"))
            await network.say("from them")
            await reader.until(lambda r: any(e.message.text == "from them" for e in r.of(MessageReceived)))

        echoes = [e for e in reader.of(MessageReceived) if e.message.text == "from us"]
        for echo in echoes:
            assert echo.key == "conformance-1" if can.echoes else echo.sender.id == network.account.me

    async def test_a_missing_ability_is_refused_not_ignored(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            if not session.capabilities(network.room).answers:
                action = Confirm(chat=network.room, key="conformance-1", target=MessageId("1"), origin="x")
                async with raises(ConnectorError):
                    await session.perform(action)
            else:
                await session.perform(a_send(network, "1", "answers are tested by `Answering`"))
                assert len(await ours(network)) == 1
