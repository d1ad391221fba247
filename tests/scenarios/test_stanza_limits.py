"""Servers close the stream of who sends a stanza that is too large; what we send never is."""

from pathlib import Path

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.conftest import staged
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import bare, body, receipt_of
from tests.support.xmpp_servers import XmppServer

LENGTHS = (1_000, 4_000, 16_000, 40_000, 64_000)
LETTERS = ("a", "&", '"', "\u0001", "😀", "ab ", "<\n")


@pytest.mark.parametrize("limit", [16_384, 65_536, 262_144])
async def test_texts_of_every_length_keep_the_stream(limit: int, server_kind: type[XmppServer], tmp_path: Path) -> None:
    settings = {"xmpp": {"max_stanza": limit}}
    with server_kind(COMPONENTS, stanza_limit=limit) as server:
        async with staged(server, tmp_path, settings=settings) as play:
            await play.met()
            for length in LENGTHS:
                for letter in LETTERS:
                    text = (letter * length)[:length]
                    await play.world.says("juliet", play.chat, text)
                    got = ""
                    while len(got) < length:
                        got += await play.app.text_from(play.juliet)
                    assert got == text.replace("\u0001", "\ufffd")

            assert "stream down" not in play.gateway.log


async def test_a_stanza_that_closes_the_stream_is_given_up_and_nothing_else_is(
    server_kind: type[XmppServer], tmp_path: Path
) -> None:
    """The operator has told the gateway a larger limit than the server has."""
    settings = {"limits": {"notice_window": 1}}
    with server_kind(COMPONENTS, stanza_limit=16_384) as server:
        async with staged(server, tmp_path, settings=settings) as play:
            await play.met()
            for number in range(5):
                await play.world.says("juliet", play.chat, f"before {number}")
            await play.world.says("juliet", play.chat, "x" * 40_000)
            for number in range(5):
                await play.world.says("juliet", play.chat, f"after {number}")
            notice = await play.app.text_from(MEMORY, 60)
            id = play.app.message(play.juliet, "I am still here")
            await play.app.expect(lambda s: receipt_of(s) == id, 60, again=True)

            seen = {s.get("id"): body(s) for s in play.app.received if bare(s) == play.juliet and body(s)}
            assert [text for text in seen.values() if text.startswith(("before", "after"))] == [
                *(f"before {number}" for number in range(5)), *(f"after {number}" for number in range(5)),
            ]  # fmt: skip
            assert "closes the connection when it gets this message" in notice
            assert play.gateway.metric("landbridge_failed_total", network="xmpp", reason="policy-violation") == 1
