"""What a server took just before it went away without a word is written again, once and first."""

import asyncio

from bridge.contract import NetworkId, Receipt
from bridge.xmpp.repeats import Repeats
from tests.unit.xmpp.server import Server
from tests.unit.xmpp.test_session import said, told

SHUTDOWN = (
    b"<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
)


class HandClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_only_the_last_seconds_are_repeated_and_only_once() -> None:
    clock = HandClock()
    repeats = Repeats(clock)
    for clock.now, stanza in ((0.0, "old"), (5.0, "new"), (6.0, "newer")):
        repeats.taken(stanza)
    clock.now = 7.0
    repeats.lost("")
    clock.now = 60.0

    assert repeats.again() == ["new", "newer"]
    assert repeats.again() == []


def test_who_says_why_it_goes_has_passed_on_what_it_took() -> None:
    repeats = Repeats()
    repeats.taken("said")
    repeats.lost("system-shutdown")

    assert repeats.again() == []


async def written_again(goodbye: bytes) -> list[int]:
    """How often each of two messages was written, the first before and the second after a server's end."""
    server = Server()
    async with told(server) as t:
        network = NetworkId("far")
        assert await asyncio.wait_for(t.session.perform(said("k1")), 5) == Receipt(("k1",))  # type: ignore[arg-type]
        assert server.writer is not None
        server.writer.write(goodbye)
        server.writer.close()
        for connected in (False, True):
            assert await asyncio.wait_for(t.ends.changes.get(), 5) is connected
            t.session.changed(network, connected)
        await asyncio.wait_for(t.session.perform(said("k2")), 5)
    assert server.got.rindex('id="k1"') < server.got.rindex('id="k2"')
    return [server.got.count(f'<message type="chat" id="{key}"') for key in ("k1", "k2")]


async def test_a_server_that_goes_without_a_word_gets_it_again() -> None:
    assert await written_again(b"") == [2, 1]


async def test_a_server_that_says_goodbye_does_not() -> None:
    assert await written_again(SHUTDOWN) == [1, 1]
