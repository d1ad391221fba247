"""`logout`: end an account's session, here and on its network. Chats stay, for whoever comes back."""

from bridge.contract import Connector, Field, Form
from bridge.hub.desk.departure import Departure
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb
from bridge.store import accounts
from bridge.store.accounts import AccountRow


async def _logout(tools: Tools, caller: Caller, talk: Talk) -> str:
    connector = tools.connectors[caller.network]
    rows = await tools.database.read(lambda c: accounts.accounts_of(c, caller.user, caller.network))
    row = await _which([row for row in rows if not row.ended], connector, talk)
    talk.seal()
    departure = Departure(tools.database, tools.secrets, tools.sessions, tools.workspaces, tools.connectors)
    trouble = await departure.of(row)
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


LOGOUT = Command(Verb("logout", "Disconnect an account of yours; your chats are kept."), _logout)
