"""Connections end. What then?"""

import asyncio

from bridge.contract import CursorMoved, MessageReceived, Receipt, Unavailable, Unconfirmed
from bridge.testing.conformance.network import NetworkUnderTest, a_send, connected, ours, outcome, raises, reading


class Breaking:
    """For every network."""

    async def test_events_end_with_unavailable_when_the_connection_does(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session, reading(session) as reader:
            await network.cut()
            error = await reader.ended()

        assert isinstance(error, Unavailable), error
        assert error.text.endswith(".")

    async def test_an_action_over_a_broken_connection_raises_one_of_the_four(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            await network.cut()
            came = await outcome(session.perform(a_send(network, "1", "hello")))

        shown = [s.text for s in await ours(network)]
        if isinstance(came, Receipt):
            assert shown == ["hello"], "what was accepted is there"
        elif isinstance(came, Unavailable):
            assert shown == [], "nothing happened"
        else:
            assert isinstance(came, Unconfirmed), came

    async def test_nothing_is_lost_over_a_reconnect_and_what_is_repeated_has_its_id(
        self, network: NetworkUnderTest
    ) -> None:
        async with connected(network) as session, reading(session) as first:
            await network.say("one")
            await first.until(lambda r: "one" in r.texts and isinstance(r.events[-1], CursorMoved))
            await network.cut()
            await first.ended()

        async with connected(network) as session, reading(session, first.cursor) as second:
            await network.say("two")
            await second.until(lambda r: "two" in r.texts)

        heard = {e.id: e.message.text for e in first.of(MessageReceived) + second.of(MessageReceived)}
        assert list(heard.values()) == ["one", "two"]

    async def test_a_cancelled_action_leaves_the_session_usable(self, network: NetworkUnderTest) -> None:
        async with connected(network) as session:
            task = asyncio.create_task(session.perform(a_send(network, "1", "given up")))
            await asyncio.sleep(0)
            task.cancel()
            async with raises(asyncio.CancelledError):
                await task
            await session.perform(a_send(network, "2", "after"))

        assert (await ours(network))[-1].text == "after"

    async def test_a_session_can_be_left_at_once(self, network: NetworkUnderTest) -> None:
        before = asyncio.all_tasks()
        async with asyncio.timeout(10):
            async with connected(network):
                pass

        if left := asyncio.all_tasks() - before:  # of a network in this very loop, until it hears of the end
            await asyncio.wait(left, timeout=5)
        assert asyncio.all_tasks() <= before, "whoever starts a task ends it"
