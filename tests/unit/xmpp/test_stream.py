"""A component's stream against a server that does what the test says, over a socket."""

import asyncio
from xml.etree.ElementTree import Element

import pytest

from bridge.contract import Unavailable, Unconfirmed
from bridge.xmpp.chats import Gateway
from bridge.xmpp.stream import Timing
from tests.unit.xmpp.server import Ends, Server, connected


async def change(ends: Ends) -> bool:
    return await asyncio.wait_for(ends.changes.get(), 5)


async def test_what_is_written_is_confirmed_by_a_ping_behind_it() -> None:
    async with connected(Server()) as ends:
        assert await change(ends)
        ends.stream.send("<message id='1'/>")
        await asyncio.wait_for(ends.stream.fence(), 5)

        assert ends.server.got.index("<message id='1'/>") < ends.server.got.rindex("urn:xmpp:ping")
        assert ends.stanzas == []


async def test_one_ping_serves_all_that_wait() -> None:
    async with connected(Server()) as ends:
        await change(ends)
        await asyncio.wait_for(asyncio.gather(*(ends.stream.fence() for _ in range(100))), 5)

        assert ends.server.asked == 2


async def test_a_stream_that_breaks_leaves_it_open_whether_it_arrived() -> None:
    async with connected(Server(deaf=True), timing=Timing(first=0.05)) as ends:
        await change(ends)
        ends.stream.send("<message id='1'/>")
        fence = asyncio.create_task(ends.stream.fence())
        await ends.server.until(lambda: ends.server.asked > 0)
        assert ends.server.writer is not None
        ends.server.writer.transport.abort()

        with pytest.raises(Unconfirmed):
            await asyncio.wait_for(fence, 5)
        assert not await change(ends)
        assert not ends.stream.connected


async def test_it_connects_again() -> None:
    async with connected(Server()) as ends:
        await change(ends)
        assert ends.server.writer is not None
        ends.server.writer.close()

        assert not await change(ends)
        assert await change(ends)
        await asyncio.wait_for(ends.stream.fence(), 5)
        assert ends.server.connections == 2


async def test_a_server_that_talks_and_never_answers_is_given_up_although_nothing_is_waited_for() -> None:
    server = Server(deaf=True)
    async with connected(server) as ends:
        await change(ends)
        down = asyncio.create_task(change(ends))
        async with asyncio.timeout(5):
            while not down.done():
                assert server.writer is not None
                server.writer.write(b"<message from='a@b' to='far.example'/>")
                await asyncio.wait([down], timeout=0.02)

        assert not down.result()


async def test_a_server_that_says_nothing_any_more_is_given_up() -> None:
    async with connected(Server(deaf=True)) as ends:
        await change(ends)

        assert not await change(ends)
        assert ends.stream.error == "The XMPP server does not answer any more."


async def test_a_server_that_talks_and_never_answers_is_given_up() -> None:
    server = Server(deaf=True)
    async with connected(server) as ends:
        await change(ends)
        fence = asyncio.create_task(ends.stream.fence())
        down = asyncio.create_task(change(ends))
        async with asyncio.timeout(5):
            while not down.done():
                assert server.writer is not None
                server.writer.write(b"<message from='a@b' to='far.example'/>")
                await asyncio.wait([down], timeout=0.02)

        assert not down.result()
        assert ends.stream.error == "The XMPP server does not answer any more."
        with pytest.raises(Unconfirmed):
            await fence


async def test_a_server_that_is_quiet_but_there_is_kept() -> None:
    async with connected(Server()) as ends:
        await change(ends)
        await ends.server.until(lambda: ends.server.asked == 3)

        assert ends.server.connections == 1
        assert ends.stream.connected


@pytest.mark.parametrize(
    ("server", "secret", "words"),
    [
        (Server(), "wrong", "refuses the component's secret"),
        (Server(refuses="conflict"), "secret", "somebody else is connected"),
        (Server(refuses="host-unknown"), "secret", "does not know the component's domain"),
    ],
)
async def test_why_it_is_not_connected_is_said_and_it_is_tried_again(server: Server, secret: str, words: str) -> None:
    async with connected(server, secret) as ends:
        await server.until(lambda: server.connections >= 3)

        assert words in ends.stream.error
        with pytest.raises(Unavailable):
            await ends.stream.ready()


async def test_after_a_conflict_it_gets_in() -> None:
    """The server may still believe in a stream of ours that is half open."""
    server = Server(refuses="conflict")
    async with connected(server) as ends:
        await server.until(lambda: server.connections >= 2)
        server.refuses = ""

        assert await change(ends)


async def test_whoever_is_replaced_says_by_whom_and_stays_away() -> None:
    async with connected(Server(), timing=Timing(first=0.01, longest=0.01, lasting=60)) as ends:
        await change(ends)
        assert ends.server.writer is not None
        ends.server.writer.write(
            b"<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
        )

        assert not await change(ends)
        await asyncio.sleep(0.2)
        assert ends.server.connections == 1
        assert ends.stream.error.startswith("Another gateway is connected")


@pytest.mark.parametrize("missing", [{0}, {3}, {1, 2, 6}])
async def test_where_pings_go_elsewhere_somebody_else_is_connected(missing: set[int]) -> None:
    """COMPAT ejabberd: it lets a second one in, and divides what arrives."""
    server = Server(elsewhere=missing)
    async with connected(server) as ends:
        await server.until(lambda: server.connections >= 2)
        assert "somebody else is connected" in ends.stream.error
        assert ends.changes.empty()
        server.elsewhere = set()

        assert await change(ends)
        assert ends.stream.error == ""


async def test_what_comes_where_somebody_else_is_connected_is_theirs() -> None:
    server = Server(elsewhere={7}, begins="<message id='m1'/>")
    async with connected(server) as ends:
        await server.until(lambda: server.connections >= 3)
        assert ends.stanzas == []


async def test_what_comes_before_the_domain_is_known_to_be_ours_alone_waits() -> None:
    async with connected(Server(begins="<message id='m1'/><message id='m2'/>")) as ends:
        assert await change(ends)
        await asyncio.wait_for(ends.stream.fence(), 5)
        assert [stanza.get("id") for stanza in ends.stanzas] == ["m1", "m2"]


async def test_a_ping_that_went_elsewhere_is_written_again() -> None:
    server = Server(deaf=True)
    async with connected(server, timing=Timing(repeat=0.1)) as ends:
        await change(ends)
        fence = asyncio.create_task(ends.stream.fence())
        await server.until(lambda: server.asked > 0)
        server.deaf = False

        await asyncio.wait_for(fence, 5)
        assert ends.stanzas == []


async def test_somebody_else_who_comes_later_is_named_and_disturbs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with connected(Server()) as ends:
        await change(ends)
        assert ends.server.writer is not None
        for number in range(8):
            ends.server.writer.write(
                f"<iq type='get' id='fence-{'0' * 16}-{number}' from='far.example' to='far.example'>"
                "<ping xmlns='urn:xmpp:ping'/></iq>".encode()
            )
        await asyncio.wait_for(ends.stream.fence(), 5)

        assert ends.stream.connected
        assert "somebody else is connected" in ends.stream.error
        assert caplog.text.count("shared domain network=far") == 1
        assert ends.stanzas == []


async def test_a_stanza_that_breaks_its_handler_does_not_end_the_stream(caplog: pytest.LogCaptureFixture) -> None:
    async with connected(Server()) as ends:
        await change(ends)

        def broken(gateway: Gateway, stanza: Element) -> None:
            raise RuntimeError("no")

        ends.stream._received = broken
        assert ends.server.writer is not None
        ends.server.writer.write(b"<message from='a@b' to='far.example'/>")
        await asyncio.wait_for(ends.stream.fence(), 5)

        assert ends.stream.connected
        assert "a stanza broke its handler" in caplog.text


async def test_what_is_not_xml_ends_the_stream_and_nothing_else() -> None:
    async with connected(Server()) as ends:
        await change(ends)
        assert ends.server.writer is not None
        ends.server.writer.write(b"<message <<<>")

        assert not await change(ends)
        assert await change(ends)
