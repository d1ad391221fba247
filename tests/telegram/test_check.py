"""`landbridge check`: whether the Bot API is there, and what the section says."""

from typing import Any

import pytest

from bridge.cli.check import TRIED
from bridge.config import Network
from tests.telegram.stage import Stage


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ""),
        ({"on_unknown": "drop"}, ""),
        ({"on_unknown": "shrug"}, "networks.telegram.on_unknown: 'shrug' is neither resend nor drop."),
        ({"api_url": "http://127.0.0.1:1"}, "networks.telegram.api_url: "),
    ],
)
async def test_what_check_says(play: Stage, options: dict[str, Any], words: str) -> None:
    network = Network("telegram", "telegram.localhost", "s", "127.0.0.1:5347", {"api_url": play.api.url, **options})
    found = await TRIED["telegram"]("telegram", network, play.http)

    assert len(found) == bool(words), found
    assert not words or found[0].startswith(words)


async def test_what_is_no_bot_api(play: Stage) -> None:
    for status, body in ((200, "<html>"), (404, "Not Found"), (401, {"error": "?"})):
        play.api.faults.answer("getme", status, body)
        network = Network("telegram", "telegram.localhost", "s", "127.0.0.1:5347", {"api_url": play.api.url})
        [line] = await TRIED["telegram"]("telegram", network, play.http)
        assert "is no Bot API" in line
