"""Signs of life shown to users: written once and not waited for, since they are worth nothing later.

What users themselves have read in another app goes into their own: in a direct chat as a marker said in their name
(`bridge.xmpp.carbons`), in a room to their server (XEP-0490 #publish), both by privilege; else nowhere. There a direct
chat is not named: its messages are called there as the user's server has called them, which it tells nobody else.
"""

import logging
from collections.abc import Mapping

from bridge.contract import Action, MarkRead, NetworkId, Receipt, Scope, SetTyping, Unavailable
from bridge.xmpp import nodes, render, text
from bridge.xmpp.carbons import Carbons
from bridge.xmpp.chats import Where, Whom
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted import speaking
from bridge.xmpp.hosted.house import House
from bridge.xmpp.own_reading import NODE
from bridge.xmpp.requests import Requests
from bridge.xmpp.stream import Stream

log = logging.getLogger(__name__)
SIGNS = (SetTyping, MarkRead)
# XEP-0490 #publish: nobody else may read it, and it is kept.
_OPTIONS = nodes.options(
    {
        "pubsub#persist_items": "true",
        "pubsub#access_model": "whitelist",
        "pubsub#max_items": "max",
        "pubsub#send_last_published_item": "never",
    }
)


class Showing:
    """For all streams."""

    def __init__(
        self,
        streams: Mapping[NetworkId, Stream],
        house: House,
        carbons: Mapping[NetworkId, Carbons],
        requests: Mapping[NetworkId, Requests],
    ) -> None:
        self._streams = streams
        self._house = house
        self._carbons = carbons
        self._requests = requests

    async def in_room(self, action: Action, where: Where) -> Receipt:
        """Raises `Unavailable` and `Unconfirmed`."""
        network, persona = where.gateway.network, action.persona
        if isinstance(action, MarkRead) and persona is not None and persona.own:
            if self._streams[network].privileges.may(persona.contact, "iq"):
                await self._publish(network, persona.contact, action)
        elif stanza := speaking.DOINGS[type(action)](self._house, action):
            self._send(network, stanza)
        return Receipt()

    async def to(self, action: Action, user: str, whom: Whom) -> Receipt:
        """Raises `Unavailable` and `Unconfirmed`."""
        network = whom.gateway.network
        if action.persona is not None and action.persona.own:
            return await self._carbons[network].show(action, user, whom)
        self._send(network, render.stanza(action, whom.bare, user))
        return Receipt()

    def _send(self, network: NetworkId, stanza: str) -> None:
        if not self._streams[network].send(stanza):
            raise Unavailable("The connection to the XMPP server is not up.", scope=Scope.CHAT)

    async def _publish(self, network: NetworkId, user: str, action: MarkRead) -> None:
        requests = self._requests[network]
        try:
            try:
                await requests.ask_as("set", user, published(action, _OPTIONS))
            except StanzaError as error:
                if error.condition != "conflict":
                    raise
                await requests.ask_as("set", user, published(action))  # the node is there, as its owner has it
        except StanzaError as error:
            log.info("a server did not take what its user has read network=%s reason=%s", network, error.condition)


def published(action: MarkRead, options: str = "") -> str:
    """How far a room has been read, as its reader's server keeps it."""
    room = text.attribute(action.chat)
    name = f'<stanza-id xmlns="urn:xmpp:sid:0" by="{room}" id="{text.attribute(action.target.ids[-1])}"/>'
    item = f'<item id="{room}"><displayed xmlns="{NODE}">{name}</displayed></item>'
    return nodes.wrapped(f'<publish node="{NODE}">{item}</publish>{options}')
