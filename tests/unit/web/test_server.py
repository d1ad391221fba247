"""Health, metrics and the control socket, over real connections."""

import asyncio
import contextlib
import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.web import control
from bridge.web.server import CannotListen, WebServer


@dataclass(frozen=True)
class One:
    connected: bool = True
    moving: bool = True
    error: str = ""
    accounts: int = 2
    accounts_connected: int = 1
    waiting: int = 3
    oldest_seconds: float = 4.5
    received: int = 10
    delivered: int = 8
    retries: int = 1
    failed: Mapping[str, int] = field(default_factory=lambda: {"forbidden": 2})
    dead_letters: int = 1
    possible_duplicates: int = 0
    last_event_seconds: float | None = 7.0
    notes: Sequence[str] = ("It grants nothing.",)


class Told:
    """Health that a test sets."""

    def __init__(self, **networks: One) -> None:
        self.now: dict[str, One] = networks
        self.stuck = asyncio.Event()
        self.answers = True

    async def networks(self) -> Mapping[str, One]:
        if not self.answers:
            await self.stuck.wait()
        return self.now


@contextlib.asynccontextmanager
async def serving(folder: Path, health: Told, patience: float = 5.0) -> AsyncIterator[WebServer]:
    server = WebServer("127.0.0.1:0", folder / control.NAME, health, "1.2.3", patience)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def get(server: WebServer, path: str) -> tuple[int, Any, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{server.port}{path}") as answer:
        text = await answer.text()
        return answer.status, await answer.json() if answer.content_type == "application/json" else None, text


async def test_the_gateway_is_ready_when_every_network_is_connected_and_moving(tmp_path: Path) -> None:
    async with serving(tmp_path, Told(xmpp=One(), matrix=One())) as server:
        assert (await get(server, "/livez"))[0] == 200
        status, said, _ = await get(server, "/readyz")

    assert status == 200
    assert said == {
        "ready": True,
        "networks": {"xmpp": {"connected": True, "moving": True}, "matrix": {"connected": True, "moving": True}},
    }


@pytest.mark.parametrize("changed", [{"connected": False}, {"moving": False}])
async def test_what_is_not_ready_is_named(tmp_path: Path, changed: dict[str, Any]) -> None:
    ill = replace(One(), error="The homeserver does not answer.", **changed)
    async with serving(tmp_path, Told(xmpp=One(), matrix=ill)) as server:
        assert (await get(server, "/livez"))[0] == 200
        status, said, _ = await get(server, "/readyz")

    assert status == 503
    assert said["ready"] is False
    assert said["networks"]["matrix"] == (
        {"connected": True, "moving": True} | changed | {"error": "The homeserver does not answer."}
    )


async def test_a_gateway_without_networks_is_not_ready(tmp_path: Path) -> None:
    async with serving(tmp_path, Told()) as server:
        assert (await get(server, "/readyz"))[0] == 503


async def test_a_database_that_does_not_answer_is_not_ready_and_the_loop_still_turns(tmp_path: Path) -> None:
    health = Told(xmpp=One())
    health.answers = False
    async with serving(tmp_path, health, patience=0.05) as server:
        assert (await get(server, "/livez"))[0] == 200
        assert (await get(server, "/readyz"))[1] == {"ready": False, "error": "The database does not answer."}
        assert (await get(server, "/metrics"))[0] == 503


async def test_metrics_have_the_names_that_are_promised(tmp_path: Path) -> None:
    silent = replace(One(), connected=False, last_event_seconds=None, failed={})
    async with serving(tmp_path, Told(xmpp=silent, matrix=One())) as server:
        status, _, text = await get(server, "/metrics")

    assert status == 200
    lines = {line for line in text.splitlines() if not line.startswith("#")}
    lag = next(line for line in lines if line.startswith("landbridge_loop_lag_seconds "))
    assert float(lag.split()[1]) >= 0
    tasks = next(line for line in lines if line.startswith("landbridge_tasks "))
    assert 0 < float(tasks.split()[1]) < 100
    process = {line for line in lines if line.startswith("process_")}
    assert {"process_open_fds", "process_resident_memory_bytes"} < {line.split()[0] for line in process}
    assert lines - {lag, tasks} - process == {
        'landbridge_up{network="xmpp"} 0.0', 'landbridge_up{network="matrix"} 1.0',
        'landbridge_messages_total{direction="in",network="xmpp"} 10.0',
        'landbridge_messages_total{direction="in",network="matrix"} 10.0',
        'landbridge_messages_total{direction="out",network="xmpp"} 8.0',
        'landbridge_messages_total{direction="out",network="matrix"} 8.0',
        'landbridge_deliveries_waiting{network="xmpp"} 3.0', 'landbridge_deliveries_waiting{network="matrix"} 3.0',
        'landbridge_oldest_delivery_seconds{network="xmpp"} 4.5',
        'landbridge_oldest_delivery_seconds{network="matrix"} 4.5',
        'landbridge_retries_total{network="xmpp"} 1.0', 'landbridge_retries_total{network="matrix"} 1.0',
        'landbridge_failed_total{network="matrix",reason="forbidden"} 2.0',
        'landbridge_dead_letters{network="xmpp"} 1.0', 'landbridge_dead_letters{network="matrix"} 1.0',
        'landbridge_possible_duplicates_total{network="xmpp"} 0.0',
        'landbridge_possible_duplicates_total{network="matrix"} 0.0',
        'landbridge_last_event_seconds{network="matrix"} 7.0',
    }  # fmt: skip


async def test_the_control_socket_tells_the_status_and_the_port_does_not(tmp_path: Path) -> None:
    socket = tmp_path / control.NAME
    async with serving(tmp_path, Told(matrix=One())) as server:
        said = await asyncio.to_thread(control.ask, socket, "/status")
        mode = socket.stat().st_mode
        status, _, _ = await get(server, "/status")

    assert said["version"] == "1.2.3"
    assert said["networks"]["matrix"] == {
        "connected": True, "moving": True, "error": "", "accounts": 2, "accounts_connected": 1, "waiting": 3,
        "oldest_seconds": 4.5, "dead_letters": 1, "notes": ["It grants nothing."],
    }  # fmt: skip
    assert stat.S_IMODE(mode) == 0o600
    assert status == 404
    assert not socket.exists()


async def test_a_data_folder_with_a_long_name_has_a_control_socket_too(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("long" * 20)
    folder.mkdir(parents=True)
    async with serving(folder, Told(matrix=One())):
        assert "networks" in await asyncio.to_thread(control.ask, folder / control.NAME, "/status")


async def test_nobody_at_the_socket_is_told_apart(tmp_path: Path) -> None:
    for name in ("none", "nowhere/none"):
        with pytest.raises(control.NotRunning):
            control.ask(tmp_path / name, "/status")


async def test_the_socket_of_a_killed_gateway_is_replaced(tmp_path: Path) -> None:
    async with serving(tmp_path, Told(matrix=One())):
        (tmp_path / control.NAME).rename(tmp_path / "left")
    (tmp_path / "left").rename(tmp_path / control.NAME)

    async with serving(tmp_path, Told(matrix=One())):
        assert await asyncio.to_thread(control.running, tmp_path / control.NAME)


async def test_a_second_gateway_with_the_same_data_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, Told(matrix=One())):
        second = WebServer("127.0.0.1:0", tmp_path / control.NAME, Told())
        with pytest.raises(CannotListen, match="runs already"):
            await second.start()

        assert await asyncio.to_thread(control.running, tmp_path / control.NAME)


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async with serving(tmp_path, Told(matrix=One())) as server:
        (tmp_path / "other").mkdir()
        second = WebServer(f"127.0.0.1:{server.port}", tmp_path / "other" / control.NAME, Told())
        with pytest.raises(CannotListen, match=rf"http\.listen: 127\.0\.0\.1:{server.port} cannot be listened on"):
            await second.start()

        assert not (tmp_path / "other" / control.NAME).exists()
