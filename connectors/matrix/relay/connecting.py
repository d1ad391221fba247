"""Connecting the appservice: the homeserver knows us, and reaches us."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bridge.contract import Account, ChatId, NetworkId, Person, Refused, Unavailable, Unconfirmed, Workspace
from connectors.matrix import errors
from connectors.matrix.api import Api, path, scope
from connectors.matrix.discovery import Configured
from connectors.matrix.fields import line
from connectors.matrix.groups import Groups
from connectors.matrix.notes import Notes
from connectors.matrix.patience import Pace, Patience
from connectors.matrix.pulse import Pulse
from connectors.matrix.relay import registration
from connectors.matrix.relay.attendance import Attendance
from connectors.matrix.relay.bridged import Bridged
from connectors.matrix.relay.doors import Doors
from connectors.matrix.relay.faces import Faces
from connectors.matrix.relay.fence import Fence
from connectors.matrix.relay.gaps import Gaps
from connectors.matrix.relay.inbox import PREFIX, Inbox
from connectors.matrix.relay.registration import Registration
from connectors.matrix.relay.session import Parts, RelaySession
from connectors.matrix.relay.speech import Voice
from connectors.matrix.relay.upgrades import Upgrades
from connectors.matrix.signs import Signs
from connectors.matrix.tokens import Fixed
from connectors.matrix.unread import Lines

_UNKNOWN = (
    "The homeserver does not know the gateway's registration: that file must be in its app_service_config_files, and "
    "it must have been restarted since."
)
HOME = NetworkId("xmpp")
_NAME = "Landbridge"
_SECONDS = 30.0  # for the homeserver to call us
_OLD = "M_UNRECOGNIZED"


@asynccontextmanager
async def connected(
    account: Account, workspace: Workspace, network: NetworkId, pace: Pace
) -> AsyncIterator[RelaySession]:
    """Raises `Unavailable`."""
    told = registered(workspace)
    pulse = Pulse(api_of(workspace, told), pace)
    api = replace(pulse.api, http=pulse)
    removed, asked = Notes(workspace.memory, "removed"), Notes(workspace.memory, "asked into")
    await removed.load()
    await asked.load()
    faces = Faces(api, told, workspace.memory)

    async def user(person: Person) -> bool:
        """Whether somebody may be called; then they are a user."""
        if person.network != HOME or not await workspace.summon(person.id, True):
            return False
        await faces.made(told.user(person), person.id.partition("@")[0], anew=False)
        return True

    inbox = Inbox(told, user)
    try:
        with workspace.routes(PREFIX, inbox):
            await _reached(api, inbox, _SECONDS)
            try:
                me = await faces.made(told.me, _NAME, anew=False)
                if await faces.lost(me):
                    me = await faces.made(told.me, _NAME, anew=False)
            except Refused as refusal:
                raise Unavailable(refusal.text, lasting=True) from refusal
            except Unconfirmed as error:
                raise Unavailable(error.text) from error
            patience = Patience(pace, pulse.check, workspace.log)
            clock = workspace.clock
            groups = Groups(network, api, told.me, patience, Lines(told.me, clock), clock)
            attendance = Attendance(api, told, removed)
            voice = Voice(api, me, faces, attendance, groups, clock)
            doors = Doors(api, asked, clock, workspace.log)

            async def check() -> None:
                await _reached(api, inbox, pace.sign)

            linked = partial(_linked, workspace, api)
            gaps = Gaps(api, told.me, groups, workspace.memory, linked)
            bridged = Bridged(api, told.me, told.ours, groups, workspace.memory)
            answering = asyncio.create_task(doors.run(), name=f"invitations of {told.me}")
            try:
                upgrades = Upgrades(api, groups, attendance, doors, linked, workspace.log)
                yield RelaySession(
                    Parts(
                        api, told, inbox, attendance, doors, Fence(api, workspace.memory), gaps, groups,
                        Signs(api, told.me), voice, bridged, upgrades, clock,
                        workspace.log, pace.silence, check, workspace.summon,
                    )
                )  # fmt: skip
            finally:
                answering.cancel()
                await asyncio.wait({answering})
    finally:
        inbox.close()


async def _linked(workspace: Workspace, api: Api, chat: ChatId) -> bool:
    return await workspace.linked(scope(api.base), chat)


async def _reached(api: Api, inbox: Inbox, seconds: float) -> None:
    """The homeserver calls us. COMPAT Synapse (1.163) may say that it has failed after it did."""
    inbox.pinged = False
    try:
        await ping(api, inbox.registration, seconds)
    except Unavailable:
        if not inbox.pinged:
            raise


async def ping(api: Api, told: Registration, seconds: float) -> None:
    """Have the homeserver call us: it then also sends what it could not before (application service API #pinging).
    Raises `Unavailable` with a sentence for the operator."""
    try:
        answer = await api.ask("POST", path("appservice", told.id, "ping", version="v1"), {}, seconds=seconds)
    except Unconfirmed as error:
        raise Unavailable(error.text) from error
    said, code = errors.decoded(answer.body) or {}, errors.code_of(answer)
    if answer.status == 200 or code == _OLD:  # COMPAT homeservers before version 1.7
        return
    words = line(said.get("error"))
    if code == "M_BAD_STATUS":
        status = said.get("status")
        text = (
            f"The homeserver calls {told.url} and is answered {status}: that is another server, or the homeserver's "
            "copy of the registration has another hs_token."
        )
    elif code in ("M_CONNECTION_FAILED", "M_CONNECTION_TIMEOUT", "M_URL_NOT_SET"):
        text = f"The homeserver cannot call the gateway at {told.url}: {words or code}."
    elif code == "M_FORBIDDEN":
        text = f"The homeserver knows our token by another id than {told.id}: its copy of the registration is another."
    else:
        raise Unavailable(f"The homeserver does not call us: {words or f'HTTP status {answer.status}'}.")
    raise Unavailable(text, lasting=True)


def registered(workspace: Workspace) -> Registration:
    """Raises `Unavailable`."""
    where = workspace.options.get("appservice")
    if not isinstance(where, Path):
        raise Unavailable("The configuration names no appservice any more.", lasting=True)
    try:
        return registration.read(where)
    except Refused as refusal:
        raise Unavailable(refusal.text, lasting=True) from refusal


def api_of(workspace: Workspace, told: Registration) -> Api:
    """It speaks as ourselves. Raises `Unavailable`."""
    base = Configured.read(workspace.options.get("homeserver")).base
    return Api(workspace.http, base, trusted=True, bearer=Fixed(told.as_token, lacks=_UNKNOWN))
