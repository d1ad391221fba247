"""Leaving a room for good: everybody of ours, our own user last. Whoever is still there when that was broken off is
found by it the next time.

Source: client-server API #post_matrixclientv3roomsroomidleave.
"""

from bridge.contract import Leave, LoggedOut, Receipt, Refused
from connectors.matrix import moving
from connectors.matrix.api import Api
from connectors.matrix.errors import Locked
from connectors.matrix.relay.attendance import Attendance
from connectors.matrix.relay.faces import Face, speaking


async def leave(api: Api, attendance: Attendance, action: Leave) -> Receipt:
    """Raises `Unavailable`, `Unconfirmed`."""
    attendance.forget(action.chat)
    try:
        for user in await attendance.brought(action.chat):
            try:
                await moving.leave(speaking(api, Face(user)), action)
            except (Refused, LoggedOut, Locked):
                continue  # they are not there any more, or can do nothing any more
        return await moving.leave(api, action)
    except Refused:
        return Receipt()  # so is the room, or our own user is not in it
    finally:
        attendance.forget(action.chat)
