"""What `landbridge check` tries beyond XMPP: each network, by its connector, and the accounts that are logged in."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from bridge.config import Config
from bridge.contract import Account, AccountId, ChatId, Connector, ContactId, Finding, NetworkId, Refused, Workspace
from bridge.contract.workspace import Answerer
from bridge.hub.workspace import PassingMemory, Routes
from bridge.registry import find
from bridge.store import inspect
from bridge.store.inspect import LoggedIn
from bridge.web import control
from bridge.web.client import HttpClient

_SECONDS = 30.0  # for one account; connectors have limits of their own
_AT_ONCE = 8  # accounts


@dataclass(slots=True)
class Found:
    """Whole lines; notes by network."""

    faults: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    def add(self, network: str, findings: Sequence[Finding], whose: str = "") -> None:
        for one in findings:
            if one.fault:
                where = f"networks.{network}.{one.key}" if one.key else f"networks.{network}"
                self.faults.append(f"{where}: {whose}{one.text}")
            else:
                self.notes.setdefault(network, []).append(f"{whose}{one.text}")


async def check(config: Config, http: HttpClient) -> Found:
    """Changes nothing. What is wrong with the database itself is told by who looks at that."""
    found = Found()
    connectors = {
        name: connector
        for name, network in config.networks.items()
        if (connector := find(network.connector, NetworkId(name))) is not None
    }
    for name, connector in connectors.items():
        found.add(name, await connector.check(_workspace(config, http, name, {})))
    accounts = _appointed(await asyncio.to_thread(_logged_in, config), connectors, config)
    states = await asyncio.to_thread(_states, config) if accounts else None
    few = asyncio.Semaphore(_AT_ONCE)

    async def one(account: LoggedIn) -> Sequence[Finding]:
        trouble = None if states is None else states.get(account.id, "")
        async with few:
            return await _account(connectors[account.network], account, trouble, config, http)

    mine = [account for account in accounts if account.network in connectors]
    for account, findings in zip(mine, await asyncio.gather(*map(one, mine)), strict=True):
        whose = f"account {account.id} ({account.me}, of {account.user})" if account.user else "the gateway's account"
        found.add(account.network, findings, f"{whose}: ")
    return found


def _appointed(accounts: Sequence[LoggedIn], connectors: Mapping[str, Connector], config: Config) -> Sequence[LoggedIn]:
    """With the operator's own as the configuration has them now: no gateway need have run with them yet."""
    found = [account for account in accounts if account.user]
    for name, connector in connectors.items():
        try:
            wanted = connector.operator(config.networks[name].options)
        except Refused:
            continue  # told of the section
        if wanted is not None:
            known = (one for one in accounts if not one.user and (one.network, one.me) == (name, wanted.me))
            unknown = LoggedIn(0, name, "", wanted.me, wanted.secret, (), {})
            found.append(replace(next(known, unknown), secret=wanted.secret))
    return found


async def _account(
    connector: Connector, known: LoggedIn, trouble: str | None, config: Config, http: HttpClient
) -> Sequence[Finding]:
    network = NetworkId(known.network)
    account = Account(AccountId(known.id), network, known.user, ContactId(known.me), known.secret)
    workspace = _workspace(config, http, known.network, known.memory, known.id)
    rooms = [ChatId(room) for room in known.rooms]
    try:
        async with asyncio.timeout(_SECONDS):
            return await connector.check_account(account, rooms, trouble, workspace)
    except TimeoutError:
        return [Finding(f"it could not be checked within {_SECONDS:.0f} seconds. Is the network slow, or its server?")]


def _logged_in(config: Config) -> list[LoggedIn]:
    try:
        return inspect.logged_in(config.database, config.data / "key")
    except inspect.Unusable:
        return []


def _states(config: Config) -> Mapping[int, str] | None:
    """Why the running gateway is not connected with an account, by its number; None when none runs."""
    try:
        said = control.ask(config.data / control.NAME, "/accounts")
    except control.NotRunning:
        return None
    except OSError:
        return {}
    return {
        one["id"]: "" if one["state"] == "connected" else str(one["state"]).removeprefix("not connected. ")
        for one in said
    }


def _workspace(
    config: Config, http: HttpClient, network: str, memory: Mapping[str, str], account: int = 0
) -> Workspace:
    """What a connector may use to look at things; what it notes is forgotten."""
    options = config.networks[network].options
    log = logging.getLogger(f"landbridge.{network}")
    return Workspace(
        AccountId(account), options, http, PassingMemory(memory), _Clock(), log, config.data / network,
        routes=_nowhere(config.http.public_url),
    )  # fmt: skip


def _nowhere(public_url: str) -> Routes:
    """Addresses as the running gateway has them; nothing is answered here."""

    @contextmanager
    def mount(prefix: str, answer: Answerer) -> Iterator[str]:
        yield public_url + prefix

    return mount


class _Clock:
    def time(self) -> float:
        return time.time()
