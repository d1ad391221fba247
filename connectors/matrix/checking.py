"""Whether all is well with the homeserver that the configuration names; people's own may be anywhere."""

from collections.abc import Sequence
from pathlib import Path

from bridge.contract import (
    ConnectorError,
    ContactId,
    Finding,
    NetworkId,
    Person,
    Refused,
    Unavailable,
    Workspace,
)
from connectors.matrix import errors
from connectors.matrix.api import Api, path
from connectors.matrix.bot import connecting as bots
from connectors.matrix.relay import connecting, registration
from connectors.matrix.relay.registration import Registration

_SECONDS = 15.0
_LARGEST = 1024 * 1024
_KEY, _FILE = "homeserver", "appservice"


async def homeserver(workspace: Workspace) -> Sequence[Finding]:
    """Client-server API #api-versions."""
    url = workspace.options.get(_KEY)
    if not url:
        return ()
    where = f"{url.rstrip('/')}/_matrix/client/versions"
    try:
        answer = await workspace.http.request("GET", where, timeout=_SECONDS, limit=_LARGEST, trusted=True)
    except ConnectorError as error:
        return [Finding(error.text, _KEY)]
    if answer.status != 200 or b'"versions"' not in answer.body:
        return [Finding(f"{url} is no Matrix homeserver: it answers {answer.status}.", _KEY)]
    return ()


async def appservice(workspace: Workspace) -> Sequence[Finding]:
    """The registration: whether it makes sense, is ours alone to read, and is the one that the homeserver has."""
    file = workspace.options.get(_FILE)
    if not isinstance(file, Path):
        return ()
    try:
        told = registration.read(file)
        api = connecting.api_of(workspace, told)
    except (Refused, Unavailable) as error:
        return [Finding(error.text, _FILE)]
    if not api.base:
        return [Finding("An appservice needs the homeserver's address.", _KEY)]
    found: list[Finding] = []
    if file.stat().st_mode & 0o007:
        text = (
            f"Everybody on this machine can read {file}, and it holds secrets: run chmod 640 {file}, and give it the "
        )
        found.append(Finding(f"{text}group that the homeserver runs as.", _FILE))
    try:
        found += await _known(api, told)
    except ConnectorError as error:
        found.append(Finding(error.text, _FILE))
    return found


async def bot(workspace: Workspace) -> Sequence[Finding]:
    """Whether the token of the operator's bot is the bot's."""
    me = workspace.options.get("bot")
    if not me or workspace.options.get(_FILE):
        return ()
    try:
        await bots.check(bots.api_of(workspace), me)
    except ConnectorError as error:
        return [Finding(error.text, "bot_token")]
    return ()


async def _known(api: Api, told: Registration) -> Sequence[Finding]:
    """Whether the homeserver has this very registration; changes nothing. Raises the four errors."""
    answer = await api.ask("GET", path("account", "whoami"), seconds=_SECONDS)
    me = errors.read(answer, changes=False).get("user_id")
    if me != told.me:
        text = (
            f"The homeserver says that we are {me}, and the file says {told.me}: their registrations are not the same."
        )
        return [Finding(text, _FILE)]
    for network in told.networks:
        user = told.user(Person(NetworkId(network), ContactId("landbridge-check")))
        answer = await api.ask("GET", path("account", "whoami"), None, {"user_id": user}, seconds=_SECONDS)
        # COMPAT Synapse: it says so where the user is in no namespace; else that there is no such user yet.
        if answer.status == 403 and b"masquerade" in answer.body:
            text = f"The homeserver's copy of the registration has no people of {network}: restart it with this one."
            return [Finding(text, _FILE)]
    return ()


async def reached(trouble: str | None, workspace: Workspace) -> Sequence[Finding]:
    """Whether the homeserver reaches the gateway that runs; application service API #pinging."""
    if trouble is None:
        return [Finding("whether the homeserver can call the gateway shows only when it runs.", _FILE, fault=False)]
    if trouble:
        return [Finding(trouble, _FILE)]
    try:
        told = connecting.registered(workspace)
        await connecting.ping(connecting.api_of(workspace, told), told, _SECONDS)
    except Unavailable as error:
        return [Finding(error.text, _FILE)]
    return ()
