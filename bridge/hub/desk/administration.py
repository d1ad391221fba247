"""What admins may do besides: `users`, `accounts`, `dead`, `announce`."""

import asyncio
from collections import defaultdict

from bridge.contract import ConnectorError, Field, Form
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb

_MOST = 200  # lines of a list
_LONGEST = 2_000  # characters of an announcement
_DOINGS = (("show", "Show it"), ("retry", "Try it again"), ("drop", "Remove it"))


async def _users(tools: Tools, caller: Caller, talk: Talk) -> str:
    found: dict[str, list[str]] = defaultdict(list)
    for one in await tools.operator.accounts():
        if one.network == caller.network and one.user:
            found[one.user].append(f"{one.me} ({one.state.rstrip('.')})")
    if not found:
        return "Nobody has logged in here yet."
    lines = [f"{user}: {', '.join(mine)}" for user, mine in sorted(found.items())]
    return "\n".join(["Users of this gateway:", *_cut(lines)])


async def _accounts(tools: Tools, caller: Caller, talk: Talk) -> str:
    lines = [one for one in await tools.operator.accounts() if one.network == caller.network]
    wanted = talk.given("remove")
    if talk.unused():
        raise Declined("The only field here is `remove`, the number of an account that is to be logged out.")
    if wanted is not None:
        number = wanted.strip()
        if number not in [str(one.id) for one in lines]:
            raise Declined("There is no account with this number here. Send `accounts` to see them.")
        talk.seal()
        done = await tools.operator.remove_account(int(number))
        if not done.ok:
            raise Declined(done.text)
        return done.text
    if not lines:
        return "There are no accounts here yet."
    shown = [f"{one.id}: {one.me}, of {one.user or 'the operator'}, {one.state}" for one in lines]
    last = "Send `accounts remove=NUMBER` to log one out."
    return "\n".join([f"{len(lines):,} accounts:", *_cut(shown), last])


async def _dead(tools: Tools, caller: Caller, talk: Talk) -> str:
    found = await tools.operator.dead()
    lines = [f"{one.id}: {one.at}, {one.chat}, {one.why}" for one in found.lines if one.network == caller.network]
    if not lines:
        return "Everything here was delivered and understood."
    text = "\n".join(["What was not delivered, or not understood:", *_cut(lines), "Which one, and what about it?"])
    fields = (Field("do", "What about it", value="show", options=_DOINGS), Field("id", "Which"))
    given = await talk.ask(Form("Not delivered", text, fields))
    identity = given["id"]
    if not any(one.id == identity and one.network == caller.network for one in found.lines):
        raise Declined("There is nothing of that name here.")
    if given["do"] == "show":
        return "\n".join(f"{name}: {value}" for name, value in await tools.operator.show(identity))
    talk.seal()
    done = await (tools.operator.retry(identity) if given["do"] == "retry" else tools.operator.drop(identity))
    if not done.ok:
        raise Declined(done.text)
    return done.text


async def _announce(tools: Tools, caller: Caller, talk: Talk) -> str:
    users = sorted({one.user for one in await tools.operator.accounts() if one.network == caller.network and one.user})
    people = "1 user" if len(users) == 1 else f"{len(users):,} users"
    form = Form("Announce", f"What do you want to tell {people} of this gateway?", (Field("text", "Text"),))
    text = (await talk.ask(form))["text"]
    if len(text) > _LONGEST:
        raise Declined(f"That is too long: at most {_LONGEST:,} characters are possible.")
    talk.seal()
    reached = 0
    for number, user in enumerate(users):
        try:
            await tools.announce(user, caller.network, text)
            reached += 1
        except ConnectorError:
            continue
        if number % 50 == 49:
            await asyncio.sleep(0)
    return f"{reached:,} of {people} were told."


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= _MOST else [*lines[:_MOST], f"… and {len(lines) - _MOST:,} more."]


USERS = Command(Verb("users", "Show who uses this gateway."), _users, fields=False, admin=True)
ACCOUNTS = Command(Verb("accounts", "Show all accounts; log one out.", fields=("remove",)), _accounts, admin=True)
DEAD = Command(Verb("dead", "Show what was not delivered; try it again.", fields=("do", "id")), _dead, admin=True)
ANNOUNCE = Command(Verb("announce", "Tell all users something.", fields=("text",)), _announce, admin=True)
