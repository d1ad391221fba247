"""The log says when every component is connected, and names those that are not."""

import asyncio
import logging
from dataclasses import dataclass

import pytest

from bridge.contract import NetworkId
from bridge.web.announce import announce

OTHER = NetworkId("other")


@dataclass
class Stream:
    connected: bool
    error: str = ""


async def test_ready_is_said_once_every_component_is_connected(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    streams = {NetworkId("matrix"): Stream(True), OTHER: Stream(False, "The secret is not accepted.")}
    announcing = asyncio.create_task(announce(lambda: streams, patience=0.1))
    async with asyncio.timeout(5):
        while "not connected" not in caplog.text:
            await asyncio.sleep(0.01)
    assert "ready" not in caplog.text

    streams[OTHER].connected = True
    await asyncio.wait_for(announcing, 5)

    assert [record.getMessage() for record in caplog.records] == [
        "not connected network=other: The secret is not accepted.", "ready networks=matrix,other",
    ]  # fmt: skip
