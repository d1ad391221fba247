"""`check` of an appservice, over a real Synapse."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import Account, AccountId, Finding, NetworkId, Workspace
from bridge.hub.workspace import PassingMemory
from bridge.testing.conformance.network import reading
from bridge.web.client import HttpClient
from connectors.matrix import MatrixConnector
from connectors.matrix.relay import registration
from tests.support.appservice import WithAppservice
from tests.support.clock import RealClock


@dataclass
class Checking:
    server: WithAppservice
    workspace: Workspace

    async def section(self, **options: Any) -> list[Finding]:
        workspace = replace(self.workspace, options={**self.workspace.options, **options})
        return list(await MatrixConnector("matrix").check(workspace))

    async def account(self, trouble: str | None, **options: Any) -> list[Finding]:
        workspace = replace(self.workspace, options={**self.workspace.options, **options})
        account = Account(AccountId(1), NetworkId("matrix"), "", self.server.registered.me, {})
        return list(await MatrixConnector("matrix").check_account(account, [], trouble, workspace))

    def copy(self, folder: Path, **changes: Any) -> Path:
        """Another registration than the homeserver's."""
        path = folder / "copy.yaml"
        path.write_text(registration.written(replace(self.server.registered, **changes)))
        path.chmod(0o600)
        return path


@pytest.fixture
async def checking(registered: WithAppservice, tmp_path: Path) -> AsyncIterator[Checking]:
    http = HttpClient()
    options = {"homeserver": registered.url, "appservice": registered.file}
    log = logging.getLogger("landbridge.matrix")
    try:
        yield Checking(
            registered, Workspace(AccountId(1), options, http, PassingMemory(), RealClock(), log, tmp_path)
        )  # fmt: skip
    finally:
        await http.close()


@asynccontextmanager
async def running(checking: Checking, file: Path) -> AsyncIterator[None]:
    """A gateway that has this registration, without looking at whether the homeserver reaches it."""
    from connectors.matrix.relay.inbox import PREFIX, Inbox

    async def nobody(person: object) -> bool:
        return False

    async with checking.server.routes() as routes:
        with routes.mount(PREFIX, Inbox(registration.read(file), nobody)):
            yield


async def test_all_is_well(checking: Checking, registered: WithAppservice) -> None:
    assert await checking.section() == []
    assert [one.fault for one in await checking.account(None)] == [False]
    async with running(checking, registered.file):
        assert await checking.account("") == []


async def test_a_homeserver_that_does_not_know_the_registration(checking: Checking, tmp_path: Path) -> None:
    [found] = await checking.section(appservice=checking.copy(tmp_path, as_token="another"))

    assert found.key == "appservice"
    assert "app_service_config_files" in found.text


async def test_another_hs_token_or_place(checking: Checking, registered: WithAppservice, tmp_path: Path) -> None:
    async with running(checking, checking.copy(tmp_path, hs_token="another")):
        [found] = await checking.account("")
    assert "hs_token" in found.text
    [found] = await checking.account("")  # nobody is there
    assert registered.registered.url in found.text


async def test_another_homeserver_or_sender(checking: Checking, tmp_path: Path) -> None:
    for changes in ({"server": "example.org"}, {"sender": "somebody"}):
        [found] = await checking.section(appservice=checking.copy(tmp_path, **changes))
        assert "@landbridge:localhost" in found.text


async def test_namespaces_that_the_homeserver_has_not(checking: Checking, tmp_path: Path) -> None:
    [found] = await checking.section(appservice=checking.copy(tmp_path, networks=("xmpp", "irc")))

    assert "irc" in found.text


async def test_what_is_wrong_with_the_file(checking: Checking, tmp_path: Path) -> None:
    path = checking.copy(tmp_path)
    path.chmod(0o644)
    [found] = await checking.section(appservice=path)
    assert "chmod 640" in found.text
    [found] = await checking.section(appservice=tmp_path / "none")
    assert "cannot be read" in found.text


async def test_reading_is_not_disturbed(checking: Checking, registered: WithAppservice) -> None:
    """While a session runs."""
    async with checking.server.routes() as routes:
        workspace = replace(checking.workspace, routes=routes.mount)
        account = Account(AccountId(1), NetworkId("matrix"), "", registered.registered.me, {})
        async with MatrixConnector("matrix").connect(account, workspace) as session, reading(session):
            assert await checking.section() == []
            assert await checking.account("") == []
