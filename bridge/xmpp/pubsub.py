"""Personal events (XEP-0163) of contacts: there are none, and that is said at once.

Clients ask a contact for OMEMO devices (XEP-0384 #devices) before the first message, and write in plain when there are
none; one that got no answer would wait.
"""

from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question

_PUBSUB = "http://jabber.org/protocol/pubsub"


def answerers() -> Answerers:
    return {("get", f"{{{_PUBSUB}}}pubsub"): _items, ("set", f"{{{_PUBSUB}}}pubsub"): _change}


async def _items(question: Question) -> str:
    # XEP-0060 #subscriber-retrieve-error-nonode
    raise StanzaError("item-not-found", "Nothing is published here.")


async def _change(question: Question) -> str:
    raise StanzaError("feature-not-implemented", "Nothing can be published or subscribed to here.")
