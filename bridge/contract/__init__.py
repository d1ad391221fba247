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
    Persona,
    React,
    Retract,
    Send,
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
    PresenceChanged,
    ReactionsChanged,
    Unparsable,
)
from bridge.contract.ids import AccountId, ChatId, ContactId, MessageId, NetworkId
from bridge.contract.login import Credentials, Dialogue, Field, Flow, Form, LoginRefused
from bridge.contract.message import Contact, Media, Message, Person, Span, SpanKind, Style
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
    "Live",
    "LoggedOut",
    "LoginRefused",
    "Media",
    "Memory",
    "Message",
    "MessageEdited",
    "MessageId",
    "MessageReceived",
    "MessageRetracted",
    "NetworkId",
    "Person",
    "Persona",
    "PresenceChanged",
    "React",
    "ReactionsChanged",
    "Reason",
    "Receipt",
    "Refused",
    "Retract",
    "Scope",
    "Send",
    "Session",
    "Span",
    "SpanKind",
    "Style",
    "Target",
    "Unavailable",
    "Unconfirmed",
    "Unparsable",
    "Workspace",
]
