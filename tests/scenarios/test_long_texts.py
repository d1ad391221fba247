"""A text longer than a stanza may be comes in parts, whole and in order."""

import pytest

from tests.scenarios.conftest import Play


@pytest.mark.parametrize("letter", ["a", "&", "😀"])
async def test_a_text_longer_than_a_stanza_comes_in_parts(play: Play, letter: str) -> None:
    await play.met()
    text = letter * 60_000
    await play.world.says("juliet", play.chat, text)
    got = ""
    while len(got) < len(text):
        got += await play.app.text_from(play.juliet)

    assert got == text


async def test_what_xml_cannot_hold_is_replaced_and_harms_nobody(play: Play) -> None:
    await play.met()
    await play.world.says("juliet", play.chat, "a\0b\x08c\x0bd\ufffee")

    assert await play.app.text_from(play.juliet) == "a\ufffdb\ufffdc\ufffdd\ufffde"
    assert play.gateway.readiness()["networks"]["memory"]["connected"]
