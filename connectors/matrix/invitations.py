"""Invitations to direct chats, accepted by policy.

What a sync brings is noted durably before its cursor moves; a task then joins, as long as that takes: a homeserver may
have to ask others first. Of guests all invitations of somebody who invites too often are declined, those to direct
chats and others, when nothing else waits; that is not noted: after a crash they stay open.
Source: client-server API #direct-messaging, #post_matrixclientv3roomsroomidjoin,
#post_matrixclientv3roomsroomidleave, #stripped-state.
"""

import asyncio
import contextlib
import json
import logging
from dataclasses import dataclass

from bridge.contract import Clock, ContactId, LoggedOut, Refused, Unavailable, Unconfirmed
from connectors.matrix import fields
from connectors.matrix.api import Api, path
from connectors.matrix.callers import Callers
from connectors.matrix.directs import Directs
from connectors.matrix.events import member
from connectors.matrix.notes import Notes

_DAY = 86_400.0
_FIRST, _LONGEST = 2.0, 300.0  # seconds between tries
_SECONDS = 120.0  # for one


@dataclass(slots=True)
class _Invitation:
    inviter: ContactId
    since: float  # seconds since the epoch
    pause: float = _FIRST
    due: float = 0.0
    declined: bool = False


class Invitations:
    """One account's. `note` and `drop` from syncs, `run` as a task."""

    def __init__(
        self,
        api: Api,
        me: ContactId,
        directs: Directs,
        notes: Notes,
        clock: Clock,
        log: logging.Logger,
        callers: Callers | None = None,
    ) -> None:
        """`callers`: who invites too often is declined; None: nobody is."""
        self._callers = callers
        self._api = api
        self._me = me
        self._directs = directs
        self._notes = notes
        self._clock = clock
        self._log = log
        self._waiting: dict[str, _Invitation] = {}
        self._more = asyncio.Event()

    async def load(self) -> None:
        """What an earlier session has noted."""
        await self._notes.load()
        for room, noted in self._notes.all().items():
            inviter, since = json.loads(noted)
            self._waiting[room] = _Invitation(ContactId(inviter), float(since))
        self._more.set()

    async def note(self, room: str, state: object) -> bool:
        """An invitation with its stripped state; durable when this returns. Other ones than to direct chats wait for
        their user in a Matrix app, or are declined: then True."""
        mine = [
            found for raw in fields.listed(fields.mapping(state).get("events"))
            if (found := member(raw)) is not None and found.user == self._me and found.membership == "invite"
        ]  # fmt: skip
        by = mine[-1].by if mine else None
        if by is None or room in self._waiting:
            return room in self._waiting and self._waiting[room].declined
        now = self._clock.time()
        declined = self._callers is not None and self._callers.too_many(by, now)
        if declined:
            self._log.warning("too many invitations by one person; declined room=%s by=%s", room, by)
        elif not mine[-1].direct:
            return False
        elif not await self._notes.put(room, json.dumps([by, now], ensure_ascii=False)):
            self._log.warning("too many invitations are waiting, one is left to other apps room=%s", room)
            return False
        self._waiting[room] = _Invitation(by, now, declined=declined)
        self._more.set()
        return declined

    async def drop(self, room: str) -> None:
        """It has been taken back, or turned down in another app."""
        if self._waiting.pop(room, None) is not None:
            await self._notes.drop(room)

    async def run(self) -> None:
        """Answer what waits, until cancelled."""
        while True:
            now = self._clock.time()
            while due := [item for item in self._waiting.items() if item[1].due <= now]:
                await self._try(*min(due, key=lambda item: item[1].declined))
                now = self._clock.time()
            self._more.clear()
            pauses = [max(0.1, one.due - self._clock.time()) for one in self._waiting.values()]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(pauses, default=None)):
                    await self._more.wait()

    async def _try(self, room: str, invitation: _Invitation) -> None:
        try:
            if invitation.declined:
                await self._api.post(path("rooms", room, "leave"), {})
            else:
                await self._api.post(path("rooms", room, "join"), {}, seconds=_SECONDS)
                await self._directs.add(invitation.inviter, room)
        except Refused as refusal:
            self._log.info("an invitation could not be accepted room=%s reason=%s", room, refusal.text)
        except (Unavailable, Unconfirmed) as error:
            if self._clock.time() - invitation.since < _DAY:
                asked = error.retry_after if isinstance(error, Unavailable) else None
                invitation.due = self._clock.time() + max(invitation.pause, asked or 0.0)
                invitation.pause = min(_LONGEST, 2 * invitation.pause)
                return
            self._log.warning("an invitation is given up after a day room=%s reason=%s", room, error.text)
        except LoggedOut:
            invitation.due = self._clock.time() + _LONGEST  # the sync hears of it, too
            return
        await self.drop(room)
