"""Which function takes in which kind of event, collected from the feature files."""

from collections.abc import Mapping

from bridge.contract import (
    ChatMoved,
    ChatSeen,
    DeliveryFailed,
    MessageEdited,
    MessageReceived,
    MessageRetracted,
    OccupantChanged,
    PersonaBarred,
    RanksChanged,
    ReactionsChanged,
    RoomInvited,
    Unparsable,
)
from bridge.hub.acquaintances import known
from bridge.hub.anew import accept_move
from bridge.hub.barring import accept_bar, telling
from bridge.hub.changes import accept_reactions, accept_retraction
from bridge.hub.consent.spoken import accept_edit, accept_message
from bridge.hub.failures import accept_failure, accept_unparsable
from bridge.hub.halting import watched
from bridge.hub.hosting import accept_invitation, accept_occupant, accept_ranks
from bridge.hub.intake import Journals
from bridge.hub.opening import accept_chat

KINDS: Mapping[type, Journals] = {
    MessageReceived: telling(watched(known(accept_message))),
    MessageEdited: watched(known(accept_edit)),
    MessageRetracted: accept_retraction,
    ReactionsChanged: known(accept_reactions),
    ChatSeen: accept_chat,
    ChatMoved: accept_move,
    OccupantChanged: accept_occupant,
    PersonaBarred: accept_bar,
    RanksChanged: accept_ranks,
    RoomInvited: accept_invitation,
    DeliveryFailed: accept_failure,
    Unparsable: accept_unparsable,
}
