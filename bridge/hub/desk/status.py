"""`status`: what accounts one has here, whether they are connected, and what waits."""

from bridge.contract import AccountId
from bridge.hub.desk.ports import Command, Talk, Tools
from bridge.hub.desk.words import duration
from bridge.hub.facades import HOME, Caller, Verb
from bridge.store import accounts
from bridge.store.accounts import AccountRow


async def _status(tools: Tools, caller: Caller, talk: Talk) -> str:
    text = await _accounts(tools, caller)
    if tools.choices.opt_outs.opted_out(HOME, caller.user):
        text = f"{text}\nYou have opted out of being bridged but for your own accounts: `optout off` ends that."
    return text


async def _accounts(tools: Tools, caller: Caller) -> str:
    name = tools.connectors[caller.network].name
    rows = await tools.database.read(lambda c: accounts.accounts_of(c, caller.user, caller.network))
    if not rows:
        return f"You are not logged in to {name}. Send `login` to connect your account."
    lines = [_line(tools, row) for row in rows]
    if not any(row.active for row in rows):
        lines.append(f"You are not logged in to {name}. Send `login` to sign in again.")
    number, age = await tools.waiting.count([AccountId(row.id) for row in rows])
    return "\n".join([f"Your accounts on {name}:", *lines, _waiting(number, age)])


def _line(tools: Tools, row: AccountRow) -> str:
    if not row.active:
        return f"{row.me}: logged out. {row.error}".rstrip()
    connected, why = tools.sessions.state(AccountId(row.id))
    return f"{row.me}: connected." if connected else f"{row.me}: not connected. {why}".rstrip()


def _waiting(number: int, age: float) -> str:
    if not number:
        return "No messages are waiting."
    if number == 1:
        return f"1 message has been waiting for {duration(age)}."
    return f"{number:,} messages are waiting, the oldest for {duration(age)}."


STATUS = Command(Verb("status", "Show your accounts, and what waits."), _status, fields=False)
