"""`logout`: end an account's session, here and on its network. Chats stay, for whoever comes back."""

import asyncio

from bridge.contract import Account, AccountId, Connector, ConnectorError, ContactId, Field, Form, NetworkId
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb
from bridge.store import accounts
from bridge.store.accounts import AccountRow
from bridge.store.secrets import WrongKey

_PATIENCE = 20.0  # seconds for the network to end the credentials


async def _logout(tools: Tools, caller: Caller, talk: Talk) -> str:
    connector = tools.connectors[caller.network]
    rows = await tools.database.read(lambda c: accounts.accounts_of(c, caller.user, caller.network))
    row = await _which([row for row in rows if row.active], connector, talk)
    talk.seal()
    identity = AccountId(row.id)
    await tools.sessions.stop(identity)
    try:
        trouble = await _end_on_network(tools, connector, row)
    finally:
        await tools.database.write(lambda c: accounts.end_account(c, identity))
    done = f"You are logged out of {connector.name} ({row.me}). Your chats are kept for when you log in again."
    if trouble:
        done += (
            f"\n{connector.name} could not be told: {trouble}\n"
            f"To be sure, end this session in another {connector.name} app, or change your password."
        )
    return done


async def _which(rows: list[AccountRow], connector: Connector, talk: Talk) -> AccountRow:
    """The account that is meant; asked for when there are several."""
    if not rows:
        raise Declined(f"You are not logged in to {connector.name}.")
    by_me = {row.me: row for row in rows}
    if len(rows) == 1:
        wanted = talk.given("account")
        if talk.unused():
            raise Declined("The only field here is `account`.")
        if wanted is not None and wanted.strip() not in by_me:
            raise Declined(f"You are not logged in to {connector.name} with that account, only as {rows[0].me}.")
        return rows[0]
    form = Form(
        f"Log out of {connector.name}",
        f"You have several accounts: {', '.join(by_me)}. Which one do you want to log out?",
        (Field("account", "Account", options=tuple((row.me, row.name or row.me) for row in rows)),),
    )
    return by_me[(await talk.ask(form))["account"]]


async def _end_on_network(tools: Tools, connector: Connector, row: AccountRow) -> str:
    """Why the network's own session could not be ended; empty when it was."""
    network, identity = NetworkId(row.network), AccountId(row.id)
    try:
        secret = tools.secrets.open(row.secret)
        account = Account(identity, network, row.user, ContactId(row.me), secret)
        async with asyncio.timeout(_PATIENCE):
            await connector.log_out(account, tools.workspaces.of(network, identity))
    except (ConnectorError, WrongKey) as error:
        return error.text
    except TimeoutError:
        return "It did not answer."
    return ""


LOGOUT = Command(Verb("logout", "Disconnect an account of yours; your chats are kept."), _logout)
