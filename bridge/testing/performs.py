"""What accounts do in a memory network, as it goes over the wire: one ask for every action of the contract."""

from collections.abc import Mapping
from typing import cast

import msgspec

from bridge.contract import (
    Action,
    Ban,
    Block,
    Confirm,
    CreateRoom,
    Edit,
    Fail,
    Invite,
    Join,
    Leave,
    MarkRead,
    React,
    Remove,
    Report,
    Retract,
    Send,
    SetPicture,
    SetPresence,
    SetRank,
    SetRoom,
    SetTyping,
    Unban,
)


class Ask(msgspec.Struct, tag_field="op", kw_only=True, omit_defaults=True):
    re: int = 0


class Perform(Ask):
    """An action; one of its classes for each kind (`ASKS`)."""

    action: Action


def _ask(kind: type[Action]) -> type[Perform]:
    made = msgspec.defstruct(f"{kind.__name__}It", [("action", kind)], bases=(Perform,), tag=f"do-{kind.__name__}")
    return cast(type[Perform], made)


ASKS: Mapping[type[Action], type[Perform]] = {
    kind: _ask(kind)
    for kind in (
        Send, Edit, Retract, React, Confirm, Fail, Join, Leave, Invite, Remove, Ban, Unban, SetRank, SetRoom,
        CreateRoom, SetTyping, MarkRead, SetPicture, SetPresence, Block, Report,
    )
}  # fmt: skip
