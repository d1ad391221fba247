"""Servers close the stream of who sends a stanza that is too large; what we send never is."""

from pathlib import Path

import pytest

from tests.conftest import COMPONENTS
from tests.scenarios.conftest import staged
from tests.support.prosody import Prosody

LENGTHS = (1_000, 4_000, 16_000, 40_000, 64_000)
LETTERS = ("a", "&", '"', "\u0001", "😀", "ab ", "<\n")


@pytest.mark.parametrize("limit", [16_384, 65_536, 262_144])
async def test_texts_of_every_length_keep_the_stream(limit: int, tmp_path: Path) -> None:
    settings = {"xmpp": {"max_stanza": limit}}
    with Prosody(COMPONENTS, stanza_limit=limit) as prosody:
        async with staged(prosody, tmp_path, settings=settings) as play:
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
