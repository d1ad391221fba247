"""`landbridge check` and `status`: one line for every fault, each says where and what to do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.cli.handshake import Failed, greet
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from bridge.web import control
from bridge.web.server import WebServer
from bridge.xmpp.privilege import WITHOUT, Grant
from tests.support.ports import free_port
from tests.unit.web.test_server import One, Told


@contextlib.asynccontextmanager
async def component_port(answer: str) -> AsyncIterator[str]:
    """Greets as an XMPP server, then says `answer` to whatever comes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b">")
        await reader.readuntil(b">")
        writer.write(b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='7'>")
        await reader.readuntil(b"</handshake>")
        writer.write(answer.encode())
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


def stream_error(condition: str) -> str:
    return f"<stream:error><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"


@pytest.mark.parametrize(
    ("answer", "key", "text"),
    [
        (stream_error("not-authorized"), "secret", "does not accept it"),
        (stream_error("host-unknown"), "jid", "knows no component of this name"),
        (stream_error("conflict"), "jid", "is another gateway running?"),
        (stream_error("policy-violation"), "server", "refuses the connection: policy-violation"),
        ("", "server", "does not speak as"),
        ("x" * 100_000, "server", "does not speak as"),
    ],
)
async def test_why_an_xmpp_server_would_not_have_us(answer: str, key: str, text: str) -> None:
    async with component_port(answer) as server:
        with pytest.raises(Failed, match=text) as caught:
            await asyncio.wait_for(greet(server, "matrix.example", "s"), 5)

    assert caught.value.key == key


async def test_a_server_that_would_have_us_is_well() -> None:
    async with component_port("<handshake/>") as server:
        assert await asyncio.wait_for(greet(server, "matrix.example", "s"), 10) == []


def granting(domain: str, perms: str = "<perm access='message' type='outgoing'/>", version: int = 2) -> str:
    space = f"urn:xmpp:privilege:{version}"
    return f"<message from='{domain}' to='matrix.example'><privilege xmlns='{space}'>{perms}</privilege></message>"


async def test_what_servers_grant_after_the_handshake() -> None:
    said = f"<handshake/>{granting('a.example')}{granting('b.example', '', 1)}{granting('eve@c.example')}<broken"
    async with component_port(said) as server:
        found = await asyncio.wait_for(greet(server, "matrix.example", "s"), 10)

    assert found == [("a.example", Grant(2, message=True)), ("b.example", Grant(1))]


async def test_a_server_that_says_too_much_is_listened_to_for_a_moment() -> None:
    async with component_port(f"<handshake/>{granting('a.example')}{'<x/>' * 100_000}") as server:
        found = await asyncio.wait_for(greet(server, "matrix.example", "s"), 10)

    assert found == [("a.example", Grant(2, message=True))]


def configured(folder: Path, server: str, more: str = "", users: str = "['*']") -> str:
    file = folder / "config.yaml"
    file.write_text(
        f"xmpp: {{server: '{server}'}}\nusers: {users}\n{more}\n"
        "networks:\n  matrix: {connector: matrix, jid: matrix.example, secret: s3cret}\n"
    )
    file.chmod(0o600)
    (folder / "data").mkdir(exist_ok=True)
    return str(file)


def test_check_names_who_cannot_be_connected_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    file = configured(tmp_path, f"127.0.0.1:{port}", f"database: postgresql://x:y@127.0.0.1:{free_port()}/z")

    assert main(["check", "-c", file]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("database: it cannot be opened: ")
    assert lines[1].startswith(f"networks.matrix.server: 127.0.0.1:{port} cannot be connected to (Connection refused).")
    assert len(lines) == 2


async def test_check_is_well_and_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with component_port(f"<handshake/>{granting('home.example')}{granting('elsewhere.example')}") as server:
        file = configured(tmp_path, server, users="['*@home.example']")
        before = sorted(tmp_path.rglob("*"))

        assert await asyncio.to_thread(main, ["check", "-c", file]) == 0

    how = "README, Privileges, says how to grant it."
    assert capsys.readouterr().out.splitlines() == [
        "note: networks.matrix: home.example grants message (XEP-0356).",
        f"note: networks.matrix: home.example does not grant roster: {WITHOUT['roster']}. {how}",
        f"note: networks.matrix: home.example does not grant iq: {WITHOUT['iq']}. {how}",
        "note: networks.matrix: the XMPP server has no upload service (XEP-0363), so files are in the gateway's "
        "own store at http://127.0.0.1:8480/media/, which only this machine reaches: set http.public_url.",
        "All is well.",
    ]
    assert sorted(tmp_path.rglob("*")) == before


async def test_check_beside_a_running_gateway_asks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = configured(tmp_path, f"127.0.0.1:{free_port()}")
    health = Told(matrix=One(), xmpp=One(connected=False, error="The XMPP server does not answer."))
    server = WebServer("127.0.0.1:0", tmp_path / "data" / control.NAME, health)
    await server.start()
    try:
        status = await asyncio.to_thread(main, ["check", "-c", file])
    finally:
        await server.stop()

    assert status == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == ["networks.xmpp: The XMPP server does not answer."]
    assert "note: networks.matrix: It grants nothing." in said.out.splitlines()


async def test_check_refuses_a_database_without_its_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with component_port("<handshake/>") as server:
        file = configured(tmp_path, server)
        database = await Database.open(f"sqlite:///{tmp_path / 'landbridge.db'}")
        await database.write(lambda c: Secrets.for_database(tmp_path / "data" / "key", c))
        await database.close()
        (tmp_path / "data" / "key").unlink()

        assert await asyncio.to_thread(main, ["check", "-c", file]) == 1

    assert "There is no key file at" in capsys.readouterr().err


async def test_status_asks_the_gateway(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = configured(tmp_path, "127.0.0.1:1")
    health = Told(matrix=One())
    server = WebServer("127.0.0.1:0", tmp_path / "data" / control.NAME, health, "9")
    await server.start()
    try:
        well = await asyncio.to_thread(main, ["status", "-c", file])
        health.now["matrix"] = One(moving=False, error="It is stuck.", oldest_seconds=7300.0, dead_letters=0, waiting=1)
        ill = await asyncio.to_thread(main, ["status", "-c", file])
    finally:
        await server.stop()

    lines = capsys.readouterr().out.splitlines()
    assert (well, ill) == (0, 1)
    assert lines[0].startswith("Landbridge 9 runs (process ")
    assert lines[1] == (
        "matrix: connected, 1 of 2 accounts connected, 3 deliveries waiting (the oldest for 4 seconds). "
        "1 dead letter: `landbridge dead list` shows it."
    )
    assert lines[2] == "  It grants nothing."
    assert lines[4] == (
        "matrix: connected, but nothing moves, 1 of 2 accounts connected, "
        "1 delivery waiting (the oldest for 2 hours). It is stuck."
    )


async def test_status_reads_the_database_when_no_gateway_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = configured(tmp_path, "127.0.0.1:1")
    assert await asyncio.to_thread(main, ["status", "-c", file]) == 1
    database = await Database.open(f"sqlite:///{tmp_path / 'landbridge.db'}")
    await database.close()
    assert await asyncio.to_thread(main, ["status", "-c", file]) == 1

    assert capsys.readouterr().out.splitlines() == [
        "No gateway runs.", "It has never run with this database.",
        "No gateway runs.", "matrix: 0 accounts logged in, 0 deliveries waiting.",
    ]  # fmt: skip
