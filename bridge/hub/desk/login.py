"""`login`: connect an account of one's own. The same person again keeps everything; another one is another account."""

from collections.abc import Mapping
from contextlib import suppress

from bridge.contract import (
    Account,
    AccountId,
    Connector,
    ConnectorError,
    Credentials,
    Field,
    Flow,
    Form,
    LoginRefused,
)
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.desk.throttle import Throttle
from bridge.hub.facades import Caller, Verb
from bridge.store import accounts


async def _login(tools: Tools, caller: Caller, talk: Talk) -> str:
    connector = tools.connectors[caller.network]
    refusal = tools.throttle.refusal(caller.user)
    if refusal:
        raise Declined(refusal)
    flow = await _flow(connector, talk)
    person = _Counted(talk, tools.throttle, caller.user)
    try:
        credentials = await connector.login(flow, person, tools.workspaces.for_login(caller.network, caller.user))
    except (LoginRefused, ConnectorError):
        tools.throttle.failed(caller.user)
        raise
    talk.seal()
    await keep(tools, caller, credentials)
    return f"You are logged in to {connector.name} as {credentials.me}."


async def _flow(connector: Connector, talk: Talk) -> Flow:
    """The way to log in; asked for when there are several."""
    flows = {flow.id: flow for flow in connector.flows}
    if not flows:
        raise Declined(f"Nobody can log in to {connector.name} through this gateway.")
    if len(flows) == 1:
        wanted = talk.given("flow")
        only = next(iter(flows))
        if wanted is not None and wanted.strip() != only:
            raise Declined(f"There is only one way to log in to {connector.name}: `{only}`.")
        return flows[only]
    if talk.unused() and "flow" not in talk.unused():
        return connector.flows[0]  # XEP-0077 #usecases-register: one form, and nowhere to choose
    options = tuple((flow.id, flow.label) for flow in flows.values())
    ways = "; ".join(f"`{flow.id}` ({flow.label})" for flow in flows.values())
    form = Form(
        f"Log in to {connector.name}",
        f"How do you want to log in? {ways}.",
        (Field("flow", "Way to log in", value=options[0][0], options=options),),
    )
    return flows[(await talk.ask(form))["flow"]]


async def keep(tools: Tools, caller: Caller, credentials: Credentials) -> None:
    """Store and connect. What was connected before is connected again, also when storing fails."""
    rows = await tools.database.read(lambda c: accounts.accounts_of(c, caller.user, caller.network))
    active = [row.me for row in rows if row.active]
    if credentials.me not in active and len(active) >= tools.limits.accounts:
        await _give_back(tools, caller, credentials)
        raise Declined(
            f"You are logged in with {len(active)} accounts already, and more are not possible here. "
            "Send `logout` to end one of those, and log in again."
        )
    connecting = {AccountId(row.id) for row in rows if row.me == credentials.me}
    for known in connecting:
        # The old session first: that its credentials end must not be taken for the end of the new ones.
        await tools.sessions.stop(known)
    sealed = tools.secrets.seal(credentials.secret)

    me, name = credentials.me, credentials.name
    try:
        identity = await tools.database.write(
            lambda c: accounts.put_account(c, caller.network, caller.user, me, name, sealed)
        )
        connecting.add(AccountId(identity))
    finally:
        for either in connecting:
            await tools.sessions.start(either)


async def _give_back(tools: Tools, caller: Caller, credentials: Credentials) -> None:
    """Nobody will use these."""
    account = Account(AccountId(0), caller.network, caller.user, credentials.me, credentials.secret)
    with suppress(ConnectorError):
        await tools.connectors[caller.network].log_out(account, tools.workspaces.for_login(caller.network, caller.user))


class _Counted:
    """The person, for a connector: who asks the same again has refused the answer, and that counts as a failure, if
    there was one."""

    def __init__(self, talk: Talk, throttle: Throttle, user: str) -> None:
        self._talk = talk
        self._throttle = throttle
        self._user = user
        self._answered: set[tuple[str, ...]] = set()

    async def ask(self, form: Form) -> Mapping[str, str]:
        names = tuple(field.name for field in form.fields)
        if names in self._answered:
            self._throttle.failed(self._user)
            refusal = self._throttle.refusal(self._user)
            if refusal:
                raise Declined(f"{form.text}\n{refusal}")
        given = await self._talk.ask(form)
        if any(given.values()):
            self._answered.add(names)
            refusal = self._throttle.tried(self._user)
            if refusal:
                raise Declined(refusal)
        return given

    async def show(self, text: str) -> None:
        await self._talk.show(text)


LOGIN = Command(Verb("login", "Connect your own account."), _login)
