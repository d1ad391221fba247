"""Accounts and memory, as they are stored; the workspaces made of them."""

from pathlib import Path

import pytest
from sqlalchemy import update

from bridge.contract import NetworkId
from bridge.hub.workspace import Workspaces
from bridge.store import accounts
from bridge.store import tables as t
from bridge.store.database import Database
from bridge.store.memory import get_memory, put_memory
from tests.support.asking import ROMEO, HandClock, NoHttp

NETWORK = NetworkId("matrix")


async def test_an_account_keeps_its_number_through_logins_and_never_gives_it_away(database: Database) -> None:
    one = await database.write(lambda c: accounts.put_account(c, "matrix", "a@x", "@a:y", "A", b"1"))
    await database.write(lambda c: c.execute(update(t.accounts).values(cursor="s1")))
    await database.write(lambda c: accounts.end_account(c, one, "Because."))

    again = await database.write(lambda c: accounts.put_account(c, "matrix", "a@x", "@a:y", "A2", b"2"))
    row = await database.read(lambda c: accounts.account(c, one))

    assert again == one
    assert row == accounts.AccountRow(one, "matrix", "a@x", "@a:y", "A2", b"2", "active", "", "s1", 0.0)
    assert "b'2'" not in repr(row)
    await database.write(lambda c: accounts.remove_account(c, one))
    other = await database.write(lambda c: accounts.put_account(c, "matrix", "a@x", "@a:y", "A", b"1"))
    assert other > one


async def test_accounts_are_listed_by_user_and_by_state(database: Database) -> None:
    one = await database.write(lambda c: accounts.put_account(c, "matrix", "a@x", "@a:y", "", b""))
    two = await database.write(lambda c: accounts.put_account(c, "matrix", "a@x", "@b:y", "", b""))
    three = await database.write(lambda c: accounts.put_account(c, "telegram", "a@x", "1", "", b""))
    four = await database.write(lambda c: accounts.put_account(c, "matrix", "b@x", "@a:y", "", b""))
    await database.write(lambda c: accounts.end_account(c, two, "Because."))

    assert [row.id for row in await database.read(lambda c: accounts.accounts_of(c, "a@x", "matrix"))] == [one, two]
    assert [row.id for row in await database.read(accounts.active_accounts)] == [one, three, four]
    assert [row.id for row in await database.read(accounts.all_accounts)] == [one, two, three, four]
    assert await database.read(lambda c: accounts.account(c, 999)) is None
    ended = await database.read(lambda c: accounts.account(c, two))
    assert ended is not None
    assert (ended.active, ended.error, ended.secret) == (False, "Because.", b"")


async def test_removing_an_account_takes_its_memory_along_and_nobody_elses(database: Database) -> None:
    await database.write(lambda c: accounts.put_account(c, "matrix", "a@x", "@a:y", "", b""))
    await database.write(lambda c: put_memory(c, 1, "k", "v"))
    await database.write(lambda c: put_memory(c, 2, "k", "w"))

    await database.write(lambda c: accounts.remove_account(c, 1))

    assert await database.read(lambda c: get_memory(c, 1, "k")) is None
    assert await database.read(lambda c: get_memory(c, 2, "k")) == "w"


async def test_a_workspace_remembers_per_account_and_a_login_forgets(database: Database, tmp_path: Path) -> None:
    workspaces = Workspaces(database, NoHttp(), HandClock(), tmp_path / "networks", {NETWORK: {"homeserver": "y"}})
    one, two = workspaces.of(NETWORK, 1), workspaces.of(NETWORK, 2)
    login, other = workspaces.for_login(NETWORK, ROMEO.user), workspaces.for_login(NETWORK, ROMEO.user)

    await one.memory.put("k", "first")
    await one.memory.put("k", "second")
    await login.memory.put("k", "passing")

    assert await workspaces.of(NETWORK, 1).memory.get("k") == "second"
    assert await two.memory.get("k") is None
    assert await login.memory.get("k") == "passing"
    assert await other.memory.get("k") is None
    assert (one.account, login.account, one.options) == (1, 0, {"homeserver": "y"})
    assert one.data.is_dir()


@pytest.mark.parametrize("passing", [True, False])
async def test_a_memory_holds_64_kib_and_no_more(database: Database, tmp_path: Path, passing: bool) -> None:
    workspaces = Workspaces(database, NoHttp(), HandClock(), tmp_path / "networks", {})
    memory = (workspaces.for_login(NETWORK, ROMEO.user) if passing else workspaces.of(NETWORK, 1)).memory

    await memory.put("k", "x" * 65_536)
    with pytest.raises(ValueError, match="at most 64 KiB"):
        await memory.put("k", "é" * 32_769)

    assert await memory.get("k") == "x" * 65_536
