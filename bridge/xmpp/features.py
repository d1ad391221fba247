"""Every question that is answered, collected from the feature files."""

from bridge.hub.facades import Desk, People
from bridge.xmpp import ping, pubsub
from bridge.xmpp.chats import Addresses
from bridge.xmpp.commands import Commands
from bridge.xmpp.disco import Disco
from bridge.xmpp.gateway_prompt import GatewayPrompt
from bridge.xmpp.questions import Answerers
from bridge.xmpp.registration import Registration
from bridge.xmpp.software import Software
from bridge.xmpp.vcard import Cards


def answerers(addresses: Addresses, people: People, desk: Desk, version: str) -> Answerers:
    return {
        **Disco(addresses, people, desk).answerers(),
        **Commands(desk).answerers(),
        **Registration(desk, people).answerers(),
        **GatewayPrompt(addresses).answerers(),
        **Cards(people).answerers(),
        **Software(version).answerers(),
        **ping.answerers(),
        **pubsub.answerers(),
    }
