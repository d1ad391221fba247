"""What accounts do in a memory network, as it goes over the wire: one ask for every action of the contract."""

import msgspec

from bridge.contract import (
    Block,
    Confirm,
    Edit,
    Fail,
    Invite,
    Join,
    Leave,
    MarkRead,
    React,
    Retract,
    Send,
    SetPicture,
    SetPresence,
    SetRoom,
    SetTyping,
)
from bridge.contract import Report as ReportAction


class Ask(msgspec.Struct, tag_field="op", kw_only=True, omit_defaults=True):
    re: int = 0


class SendIt(Ask, tag="send"):
    action: Send


class EditIt(Ask, tag="edit"):
    action: Edit


class RetractIt(Ask, tag="retract"):
    action: Retract


class ReactIt(Ask, tag="react"):
    action: React


class ConfirmIt(Ask, tag="confirm"):
    action: Confirm


class FailIt(Ask, tag="fail"):
    action: Fail


class JoinIt(Ask, tag="join"):
    action: Join


class LeaveIt(Ask, tag="leave"):
    action: Leave


class InviteIt(Ask, tag="invite"):
    action: Invite


class SetRoomIt(Ask, tag="set-room"):
    action: SetRoom


class SetTypingIt(Ask, tag="set-typing"):
    action: SetTyping


class MarkReadIt(Ask, tag="mark-read"):
    action: MarkRead


class SetPresenceIt(Ask, tag="set-presence"):
    action: SetPresence


class SetPictureIt(Ask, tag="set-picture"):
    action: SetPicture


class BlockIt(Ask, tag="block"):
    action: Block


class ReportIt(Ask, tag="report-it"):
    action: ReportAction


Perform = (
    SendIt | EditIt | RetractIt | ReactIt | ConfirmIt | FailIt | JoinIt | LeaveIt | InviteIt | SetRoomIt
    | SetTypingIt | MarkReadIt | SetPresenceIt | SetPictureIt | BlockIt | ReportIt
)  # fmt: skip
