"""`landbridge dead` and `account`: on the database when no gateway runs, and used wrongly."""

import asyncio
import json
from pathlib import Path

import pytest

from bridge.cli import main
from bridge.store import accounts, tables
from bridge.store.aside import add_dead_letter
from bridge.store.database import Database
from bridge.store.secrets import Secrets
from bridge.web import control
from bridge.web.server import WebServer
from tests.unit.web.test_server import Told

WORDS = "but soft, what light"


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> str:
    file = tmp_path / "config.yaml"
    file.write_text(
        f"users: ['*']\ndatabase: '{database_url}'\nallow_private: []\n"
        "networks:\n  matrix: {connector: matrix, jid: matrix.example, secret: s3cret-of-ours}\n"
    )
    file.chmod(0o600)
    (tmp_path / "data").mkdir()
    return str(file)


async def filled(url: str, key: Path) -> None:
    """An account, a delivery that was refused, and a thing that nobody could parse."""
    database = await Database.open(url)
    secrets = await database.write(lambda c: Secrets.for_database(key, c))
    body = json.dumps({"message": {"text": WORDS}}).encode()

    def fill(c) -> None:  # type: ignore[no-untyped-def]
        accounts.put_account(c, "matrix", "romeo@example.org", "@romeo:y", "Romeo", secrets.seal({"token": "t"}))
        chat = {"network": "matrix", "scope": "y", "native": "!room\x1b[31m:y", "kind": "direct"}
        c.execute(tables.chats.insert().values(chat))
        event = {
            "id": 7, "chat": 1, "native": "1", "kind": "message", "message": 7, "account": 1, "network": "xmpp",
            "author": "romeo@example.org", "key": "k", "body": body, "at": 0.0,
        }  # fmt: skip
        c.execute(tables.events.insert().values(event))
        delivery = {
            "chat": 1, "event": 7, "account": 1, "state": 1, "tried": 0, "bugs": 0, "told": 1, "reason": "forbidden",
            "text": "Juliet has left.", "at": 0.0,
        }  # fmt: skip
        c.execute(tables.deliveries.insert().values(delivery))
        add_dead_letter(c, "matrix", 1, "!room:y", "no type", '{"token": "abcdef", "key": "s3cret-of-ours"}')

    await database.write(fill)
    await database.close()


@pytest.fixture
def full(config: str, database_url: str, tmp_path: Path) -> str:
    asyncio.run(filled(database_url, tmp_path / "data" / "key"))
    return config


def test_dead_is_listed_without_words(full: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead", "list", "-c", full]) == 0

    said = capsys.readouterr().out
    first, second = said.splitlines()
    assert first == (
        "delivery-7-1  matrix  1970-01-01 00:00:00Z  !room\\x1b[31m:y  refused: forbidden. Juliet has left."
    )
    assert second.startswith("letter-1      matrix  20")
    assert second.endswith("Z  !room:y          not understood: no type")
    assert WORDS not in said


def test_dead_is_shown_with_words_and_without_secrets(full: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead", "show", "delivery-7-1", "-c", full]) == 0
    assert WORDS in capsys.readouterr().out
    assert main(["dead", "show", "letter-1", "-c", full]) == 0
    raw = capsys.readouterr().out.splitlines()[-1]
    assert raw == 'raw:      {"token": "[hidden]", "key": "[hidden]"}'


def test_retry_and_drop_change_the_database(full: str, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead", "retry", "delivery-7-1", "letter-1", "-c", full]) == 1
    out, err = capsys.readouterr()
    assert out == "delivery-7-1 is owed again, as a whole.\n"
    assert err == "letter-1 cannot be tried again: only a running gateway can take it in. Start it first.\n"
    assert main(["dead", "drop", "letter-1", "-c", full]) == 0
    assert main(["dead", "drop", "letter-1", "-c", full]) == 1
    assert main(["dead", "list", "-c", full]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["letter-1 is removed.", "Everything was delivered and understood."]
    assert err == "There is no letter-1. `landbridge dead list` shows what there is.\n"

    async def states() -> list[int]:
        database = await Database.open(database_url)
        rows = await database.read(lambda c: list(c.execute(tables.deliveries.select()).all()))
        await database.close()
        return [row.state for row in rows]

    assert asyncio.run(states()) == [0]


def test_an_account_is_listed_and_logged_out(full: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "list", "-c", full]) == 0
    assert capsys.readouterr().out == "1  matrix  romeo@example.org  @romeo:y  not connected. No gateway runs.\n"
    assert main(["account", "remove", "1", "-c", full]) == 0
    assert capsys.readouterr().out.startswith(
        "@romeo:y on matrix, the account of romeo@example.org, is logged out. Its chats are kept for when it comes "
    )
    assert main(["account", "remove", "2", "-c", full]) == 1
    assert capsys.readouterr().err == "There is no account 2. `landbridge account list` shows them.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["dead"], ["dead", "bury"], ["dead", "show"], ["dead", "show", "7"], ["dead", "retry", "letter-0"],
        ["dead", "drop", "letter-1", "x"], ["dead", "show", "letter-1", "letter-2"], ["dead", "show", "letter-1\n"],
        ["dead", "drop", "letter-9999999999"], ["account"], ["account", "remove"], ["account", "remove", "x"],
        ["account", "remove", "-1"], ["account", "remove", "0"], ["account", "remove", "٣"],
        ["account", "remove", "99999999999999999999"],
    ],
)  # fmt: skip
def test_wrong_use_is_status_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_a_database_that_was_never_used_is_left_alone(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.rglob("*"))
    for command in (["dead", "list"], ["account", "list"], ["account", "remove", "1"], ["dead", "drop", "letter-1"]):
        assert main([*command, "-c", config]) == 1
        assert capsys.readouterr().err == "No gateway has ever run with this database.\n"
    assert sorted(tmp_path.rglob("*")) == before


async def test_a_database_that_somebody_uses_is_left_alone(
    full: str, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A gateway with another data folder."""
    gateway = await Database.open(database_url, alone=1)
    try:
        assert await asyncio.to_thread(main, ["dead", "drop", "letter-1", "-c", full]) == 1
    finally:
        await gateway.close()
    assert capsys.readouterr().err.startswith("Another gateway uses this database.")


async def test_a_gateway_of_another_version_is_said_so(
    full: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = WebServer("127.0.0.1:0", tmp_path / "data" / control.NAME, Told())
    await server.start()
    try:
        assert await asyncio.to_thread(main, ["dead", "list", "-c", full]) == 1
    finally:
        await server.stop()
    assert capsys.readouterr().err.endswith("it is of another version; restart it.\n")
