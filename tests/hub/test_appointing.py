"""The operator's accounts are those of the configuration, also when that changes."""

from pathlib import Path

from sqlalchemy import Connection

from bridge.contract import ContactId, Credentials, NetworkId
from bridge.hub.appointing import Operators, appointments
from bridge.store import accounts
from bridge.store.database import Database
from bridge.store.ledger import Ledger
from bridge.store.secrets import Secrets

NET = NetworkId("near")


async def started(database: Database, secrets: Secrets, wanted: Operators) -> dict[str, tuple[str, str]]:
    """State and token of each account of the operator."""
    appoint = appointments(wanted, secrets)

    def write(connection: Connection) -> None:
        ledger = Ledger(lambda: 0.0)
        ledger.begin(connection)
        appoint(ledger)

    await database.write(write)
    rows = await database.read(lambda c: accounts.accounts_of(c, "", NET))
    return {row.me: (row.state, secrets.open(row.secret)["token"] if row.secret else "") for row in rows}


def of(me: str, token: str) -> Operators:
    return {NET: Credentials(ContactId(me), me, {"token": token})}


async def test_the_configuration_says_which_account_the_operator_has(database: Database, tmp_path: Path) -> None:
    secrets = await database.write(lambda c: Secrets.for_database(tmp_path / "key", c))
    assert await started(database, secrets, {}) == {}
    assert await started(database, secrets, of("a", "1")) == {"a": ("active", "1")}
    assert await started(database, secrets, of("a", "2")) == {"a": ("active", "2")}
    assert await started(database, secrets, {}) == {"a": ("active", "2")}, "what is not asked for stays"
    assert await started(database, secrets, of("b", "3")) == {"a": ("logged_out", ""), "b": ("active", "3")}

    await database.write(lambda c: accounts.end_account(c, 2, "The token is revoked.", accounts.REVOKED))
    assert (await started(database, secrets, of("b", "3")))["b"] == ("active", "3"), "it is tried again"
    assert (await started(database, secrets, {NET: None}))["b"] == ("logged_out", "")
