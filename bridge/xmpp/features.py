"""Every question that is answered, collected from the feature files."""

from bridge.xmpp import ping, roster
from bridge.xmpp.asked import Asked
from bridge.xmpp.chats import Addresses
from bridge.xmpp.commands import Commands
from bridge.xmpp.disco import Disco
from bridge.xmpp.gateway_prompt import GatewayPrompt
from bridge.xmpp.pubsub import PersonalEvents
from bridge.xmpp.questions import Answerers
from bridge.xmpp.registration import Registration
from bridge.xmpp.search import Search
from bridge.xmpp.software import Software
from bridge.xmpp.vcard import Cards


def answerers(addresses: Addresses, asked: Asked, version: str) -> Answerers:
    return {
        **Disco(addresses, asked.people, asked.desk, asked.rooms, asked.finder).answerers(),
        **Commands(asked.desk).answerers(),
        **Registration(asked.desk, asked.people).answerers(),
        **GatewayPrompt(addresses).answerers(),
        **Search(addresses, asked.people, asked.finder).answerers(),
        **Cards(asked.people, asked.avatars, asked.finder).answerers(),
        **Software(version).answerers(),
        **ping.answerers(),
        **PersonalEvents(asked.people, asked.avatars).answerers(),
        **roster.answerers(),
    }
