"""Files in a memory network: people and sessions put them there and get them, small ones, whole."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from bridge.contract import Reason
from bridge.testing import wire
from bridge.testing.network import Failed, refuse

if TYPE_CHECKING:
    from bridge.testing.control import Control
    from bridge.testing.world import Connection

FILES = "(files)"  # the chat to name for faults that concern files, and nothing else
LARGEST = 1024 * 1024  # bytes that a session may send; people send what a line holds


async def have(control: "Control", name: str, data: bytes, mime: str = "application/octet-stream") -> str:
    """Somebody has a file; its reference, for `Control.says(…, media=[…])`."""
    return str(await control.do(wire.PutFile(name=name, mime=mime, data=data)))


async def content(control: "Control", reference: str) -> bytes:
    """What a file of the network holds."""
    return msgspec.convert(await control.do(wire.GetFile(reference)), bytes)


def put(who: "Connection", ask: wire.PutFile) -> None:
    """Answers whoever has a file."""

    def keep() -> None:
        files = who.world.network.files
        reference = f"file-{len(files) + 1}"
        files[reference] = ask
        who.reply(ask.re, reference)

    if who.member is not None and not who.world.network.traits.media:
        raise refuse("This network carries no files.", Reason.UNSUPPORTED)
    if who.member is not None and len(ask.data) > LARGEST:
        raise refuse(f"A file has at most {LARGEST} bytes.", Reason.RESOURCE)
    _unless_held(who, keep)


def get(who: "Connection", ask: wire.GetFile) -> None:
    """Answers whoever wants one."""
    file = who.world.network.files.get(ask.reference)
    if file is None:
        raise refuse("There is no such file.")
    data = file.data
    _unless_held(who, lambda: who.reply(ask.re, data))


def _unless_held(who: "Connection", act: Callable[[], None]) -> None:
    if who.member is None:  # a person
        act()
        return
    trouble = who.world.faults.before(who.member.id, FILES)
    if trouble is not None:
        raise Failed(trouble)
    if not who.world.faults.waits(who.member.id, FILES, act):
        act()
