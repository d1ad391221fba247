"""What a network must be: the words, the data that travels, and the two protocols a connector implements.

Rules of this package:

* Only the standard library is imported here.
* Everything that travels is a frozen dataclass; nothing here has behaviour worth a mock.
* Contact, chat and message ids are opaque to everybody but the connector that made them.
* Times are seconds since the epoch, UTC, as `float`. Positions in texts are code points.
"""

from bridge.contract.actions import (
    Action,
    Confirm,
    Edit,
    Fail,
    Invite,
    Join,
    Leave,
    Persona,
    React,
    Retract,
    Send,
    SetRoom,
    Target,
)
from bridge.contract.capabilities import Capabilities
from bridge.contract.errors import (
    ConnectorError,
    LoggedOut,
    Reason,
    Refused,
    Scope,
    Unavailable,
    Unconfirmed,
)
from bridge.contract.events import (
    Authored,
    ChatKind,
    ChatSeen,
    ContactChanged,
    CursorMoved,
    DeliveryFailed,
    Event,
    Live,
    MessageEdited,
    MessageReceived,
    MessageRetracted,
    OccupantChanged,
    PresenceChanged,
    ReactionsChanged,
    RoomInvited,
    Unparsable,
)
from bridge.contract.ids import AccountId, ChatId, ContactId, MessageId, NetworkId
from bridge.contract.login import Credentials, Dialogue, Field, Flow, Form, LoginRefused
from bridge.contract.message import Contact, Media, Membership, Message, Occupant, Person, Rank, Span, SpanKind, Style
from bridge.contract.session import Account, Connector, Receipt, Session
from bridge.contract.workspace import Clock, Memory, Workspace

__all__ = [
    "Account",
    "AccountId",
    "Action",
    "Authored",
    "Capabilities",
    "ChatId",
    "ChatKind",
    "ChatSeen",
    "Clock",
    "Confirm",
    "Connector",
    "ConnectorError",
    "Contact",
    "ContactChanged",
    "ContactId",
    "Credentials",
    "CursorMoved",
    "DeliveryFailed",
    "Dialogue",
    "Edit",
    "Event",
    "Fail",
    "Field",
    "Flow",
    "Form",
    "Invite",
    "Join",
    "Leave",
    "Live",
    "LoggedOut",
    "LoginRefused",
    "Media",
    "Membership",
    "Memory",
    "Message",
    "MessageEdited",
    "MessageId",
    "MessageReceived",
    "MessageRetracted",
    "NetworkId",
    "Occupant",
    "OccupantChanged",
    "Person",
    "Persona",
    "PresenceChanged",
    "Rank",
    "React",
    "ReactionsChanged",
    "Reason",
    "Receipt",
    "Refused",
    "Retract",
    "RoomInvited",
    "Scope",
    "Send",
    "Session",
    "SetRoom",
    "Span",
    "SpanKind",
    "Style",
    "Target",
    "Unavailable",
    "Unconfirmed",
    "Unparsable",
    "Workspace",
]
