"""Whether all is well with the Bot API and with bots: for an operator who asks, with what to do about it.

Source: https://core.telegram.org/bots/api#getme, #getwebhookinfo, #getupdates, #getchatmember, #chatpermissions.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from bridge.contract import (
    Account,
    ChatId,
    ConnectorError,
    Finding,
    LoggedOut,
    LoginRefused,
    NetworkId,
    Refused,
    Unavailable,
    Workspace,
)
from connectors.telegram import errors, fields, login, receiving
from connectors.telegram.api import UNREACHABLE, URL, Api, base_of
from connectors.telegram.business import connection
from connectors.telegram.chats import Chats
from connectors.telegram.privacy import PRIVACY
from connectors.telegram.rights import missing

_SECONDS = 10.0
_LARGEST = 100_000
_LISTEN = 3  # seconds in which another program that reads the same bot asks again
_RECENT = 3_600.0  # seconds for which what went wrong counts
_MOST = 50  # rooms of a bot
_UNKNOWN_BOT = "Telegram knows no bot with this token (bot_token). Copy it from @BotFather."
_UNKNOWN = ("resend", "drop")
_TOPICS = ("threads", "rooms")


async def section(workspace: Workspace, network: NetworkId) -> Sequence[Finding]:
    """The options, and whether the Bot API is there."""
    found = []
    unknown = workspace.options.get("on_unknown", _UNKNOWN[0])
    if unknown not in _UNKNOWN:
        found.append(Finding(f"{unknown!r} is neither resend nor drop.", "on_unknown"))
    wanted = workspace.options.get("topics", _TOPICS[0])
    if wanted not in _TOPICS:
        found.append(Finding(f"{wanted!r} is neither threads nor rooms.", "topics"))
    address = receiving.address_of(network, "0", workspace)
    if receiving.wanted(workspace) and base_of(None) == _base(workspace) and not address.startswith("https://"):
        found.append(Finding("Telegram calls only web addresses with https. Set http.public_url.", "webhook"))
    api = await _bot_api(workspace)
    if api:
        return [*found, Finding(api, "api_url")]
    token = str(workspace.options.get("bot_token") or "")
    if token and login.SHAPE.fullmatch(token) is None:
        text = "this is no token of a bot: they look like 123456789:AAF… Copy it from @BotFather."
        found.append(Finding(text, "bot_token"))
    return found


async def account(
    known: Account, rooms: Sequence[ChatId], trouble: str | None, workspace: Workspace
) -> Sequence[Finding]:
    """A bot that somebody has logged in with, or the operator's own."""

    async def groups(api: Api, me: Mapping[str, Any]) -> list[Finding]:
        found, blind = await _groups(api, login.bot_of(me).id, rooms, workspace)
        if not login.reads_all(me):
            found.append(Finding(PRIVACY, fault=blind or not known.user))  # the operator's bot is for groups, too
        return found

    return await _checked(known, trouble, workspace, groups)


async def business(known: Account, trouble: str | None, workspace: Workspace) -> Sequence[Finding]:
    """A bot that somebody has connected with their account."""

    async def rights(api: Api, me: Mapping[str, Any]) -> list[Finding]:
        found = await connection.asked(api, known.secret.get("connection", ""))
        if found is None or not found.enabled:
            return [Finding(connection.WITHDRAWN)]
        may = found.rights
        lacks = [
            what
            for what, allowed in (
                ("reply to messages", may.reply), ("read messages", may.read),
                ("delete messages", may.delete_sent or may.delete_all),
            )
            if not allowed
        ]  # fmt: skip
        text = f"The bot may not {', nor '.join(lacks)} for its user, who can allow it {connection.WHERE}."
        return [Finding(text, fault=not may.reply)] if lacks else []

    return await _checked(known, trouble, workspace, rights)


async def _checked(
    known: Account,
    trouble: str | None,
    workspace: Workspace,
    more: Callable[[Api, Mapping[str, Any]], Awaitable[list[Finding]]],
) -> Sequence[Finding]:
    try:
        base = base_of(workspace.options.get("api_url"))
    except Refused:
        return ()  # told of the section
    async with Api(base, known.secret.get("token", ""), workspace.http) as api:
        try:
            me = fields.mapping(await api.ask("getMe", seconds=_SECONDS))
            address = receiving.address_of(known.network, login.bot_of(me).id, workspace)
            found = [*await _readers(api, trouble, address, workspace), *await more(api, me)]
        except LoggedOut:
            return [Finding(errors.REVOKED if known.user else _UNKNOWN_BOT)]
        except ConnectorError as error:
            return [] if error.text == UNREACHABLE else [Finding(error.text)]  # that is told of the section
        except LoginRefused:
            return [Finding("Telegram's answer makes no sense.")]
    return found or ([Finding(trouble)] if trouble else [])


async def _bot_api(workspace: Workspace) -> str:
    """Why there is no Bot API; empty if there is. Of a bot that cannot be it says that there is none."""
    url = str(workspace.options.get("api_url", URL)).rstrip("/")
    try:
        base = base_of(url)
        answer = await workspace.http.request(
            "GET", f"{base}/bot0:none/getMe", timeout=_SECONDS, limit=_LARGEST, trusted=True
        )
    except ConnectorError as error:
        return error.text
    if b'"ok"' not in answer.body or answer.status not in (401, 404):
        return f"{url} is no Bot API: it answers {answer.status}."
    return ""


async def _readers(api: Api, trouble: str | None, address: str, workspace: Workspace) -> list[Finding]:
    """Whether somebody else gets what is said to the bot, or nobody. `address`: where Telegram would call us."""
    hook = fields.mapping(await api.ask("getWebhookInfo", seconds=_SECONDS))
    url = fields.line(hook.get("url"))
    if url and url == address and (trouble is None or receiving.wanted(workspace)):
        return _called(hook, url, workspace)
    if url:
        return [Finding(f"{errors.WEBHOOK} It is {url}.")]
    if trouble is not None:
        return []  # the session of the gateway that runs would be the other one; it has said what it has seen
    try:
        # Without an offset nothing is confirmed. While another program waits for news, the later request ends the
        # earlier one, and the program asks again; what is there already would have been read by it.
        await api.ask("getUpdates", {"limit": 1, "timeout": _LISTEN}, _LISTEN + _SECONDS)
    except Unavailable as error:
        if error.text != errors.RIVAL:
            raise
        return [Finding(errors.RIVAL)]
    return []


def _called(hook: Mapping[str, Any], url: str, workspace: Workspace) -> list[Finding]:
    """#webhookinfo: how it goes when Telegram calls us."""
    failed, why = fields.number(hook.get("last_error_date")), fields.line(hook.get("last_error_message"))
    waiting = fields.positive(hook.get("pending_update_count")) or 0
    if not waiting or failed is None or workspace.clock.time() - failed > _RECENT:
        return []
    text = (
        f"Telegram cannot deliver what is said to the bot ({waiting} waiting) to {url}: {why}. Let your web server "
        "pass /telegram/ on to http.listen, and see that http.public_url is how it is reached."
    )
    return [Finding(text)]


def _base(workspace: Workspace) -> str:
    try:
        return base_of(workspace.options.get("api_url"))
    except Refused:
        return ""


async def _groups(api: Api, me: str, rooms: Sequence[ChatId], workspace: Workspace) -> tuple[list[Finding], bool]:
    """What the bot lacks there; and whether there is one in which privacy mode would keep things from it."""
    chats = Chats(workspace.memory)
    await chats.load()
    found: list[Finding] = []
    blind = False
    for number in list(dict.fromkeys(chats.number(room) for room in rooms))[:_MOST]:
        if number is not None and number < 0:
            standing = await missing(api, int(me), number)
            found += [Finding(text) for text in standing.lacks]
            blind = blind or (standing.present and not standing.administrator)
    return found, blind
