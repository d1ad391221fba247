"""`settings`: what others are shown of oneself and what one is told, everywhere or in one chat, and which account is
used."""

from collections.abc import Mapping

from bridge.contract import Field, Form
from bridge.hub.choices import ACCOUNT, OFF, ON, SETTINGS, Setting, TooMany
from bridge.hub.desk import meaning
from bridge.hub.desk.ports import Command, Declined, Talk, Tools
from bridge.hub.facades import Caller, Verb
from bridge.store import accounts

_SAME = "same"
_SWITCH = ((ON, "Yes"), (OFF, "No"))


async def _settings(tools: Tools, caller: Caller, talk: Talk) -> str:
    item = await _chat(tools, caller, talk)
    fields = [_field(tools, caller, one, item) for one in SETTINGS.values() if one.per_chat or not item]
    rows = await tools.database.read(lambda c: accounts.accounts_of(c, caller.user, caller.network))
    mine = {row.me: row.name or row.me for row in rows if not row.ended}
    if len(mine) > 1:
        fields.append(_account(tools, caller, mine, item))
    where = f"in the chat {item}" if item else "in all chats"
    given = await talk.ask(Form("Settings", f"Settings {where}. What you leave out stays as it is.", tuple(fields)))
    talk.seal()
    await _keep(tools, caller, item, given)
    return "\n".join([f"Your settings {where}:", *_lines(tools, caller, item)])


async def _chat(tools: Tools, caller: Caller, talk: Talk) -> str:
    """The chat that is meant; empty: all of them."""
    typed = talk.given("chat")
    if typed is None and not talk.unused():
        text = "\n".join(
            [*_lines(tools, caller, ""), "For which chat do you want to change something? Leave it empty for all."]
        )
        typed = (await talk.ask(Form("Settings", text, (Field("chat", "Contact or room", required=False),))))["chat"]
    return await meaning.chat(tools, caller, typed) if typed and typed.strip() else ""


def _field(tools: Tools, caller: Caller, one: Setting, item: str) -> Field:
    """Proposed is what is chosen now."""
    if not item:
        value = ON if tools.choices.on(caller.user, caller.network, one.name) else OFF
        return Field(one.name, one.label, required=False, value=value, options=_SWITCH)
    value = tools.choices.chosen(caller.user, caller.network, item).get(one.name, _SAME)
    return Field(one.name, one.label, required=False, value=value, options=(*_SWITCH, (_SAME, "As in other chats")))


def _account(tools: Tools, caller: Caller, mine: Mapping[str, str], item: str) -> Field:
    chosen = tools.choices.chosen(caller.user, caller.network, item).get(ACCOUNT, _SAME)
    rest = "As in other chats" if item else "The first that is there"
    options = (*mine.items(), (_SAME, rest))
    return Field(ACCOUNT, "Account that is used", required=False, value=chosen, options=options)


async def _keep(tools: Tools, caller: Caller, item: str, given: Mapping[str, str]) -> None:
    try:
        for name, value in given.items():
            if value:
                chosen = "" if value == _SAME else value
                await tools.choices.choose(caller.user, caller.network, item, name, chosen)
    except TooMany:
        raise Declined("You have settings of your own for too many chats. Set some of them back first.") from None


def _lines(tools: Tools, caller: Caller, item: str) -> list[str]:
    found = []
    for one in SETTINGS.values():
        if one.per_chat or not item:
            yes = tools.choices.on(caller.user, caller.network, one.name, item)
            found.append(f"{one.label} (`{one.name}`): {'yes' if yes else 'no'}.")
    account = tools.choices.of(caller.user, caller.network, ACCOUNT, item)
    return [*found, f"Account that is used (`{ACCOUNT}`): {account}."] if account else found


_VERB = Verb(
    "settings", "Choose what others see of you, and what you are told.", fields=("chat",), named=(*SETTINGS, ACCOUNT)
)
SETTINGS_COMMAND = Command(_VERB, _settings)
