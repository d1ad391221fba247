"""Personal events (XEP-0163) of contacts: their pictures (XEP-0084). There is nothing else, and that is said at once.

Clients ask a contact for OMEMO devices (XEP-0384 #devices) before the first message, and write in plain when there are
none; one that got no answer would wait.
"""

from collections.abc import Callable

from bridge.hub.facades import Avatars, People, Picture
from bridge.xmpp import avatars, text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question
from bridge.xmpp.vcard import shown

_PUBSUB = "http://jabber.org/protocol/pubsub"
_NODES: dict[str, Callable[[Picture], str]] = {avatars.METADATA: avatars.metadata, avatars.DATA: avatars.data}


class PersonalEvents:
    def __init__(self, people: People, pictures: Avatars) -> None:
        self._people = people
        self._pictures = pictures

    def answerers(self) -> Answerers:
        return {("get", f"{{{_PUBSUB}}}pubsub"): self._items, ("set", f"{{{_PUBSUB}}}pubsub"): self._change}

    async def _items(self, question: Question) -> str:
        """XEP-0060 #subscriber-retrieve; each node has one item."""
        items = question.payload.find(f"{{{_PUBSUB}}}items")
        node = items.get("node", "") if items is not None else ""
        render = _NODES.get(node)
        picture = await shown(self._people, self._pictures, question) if render is not None else None
        if items is None or render is None or picture is None:
            # XEP-0060 #subscriber-retrieve-error-nonode
            raise StanzaError("item-not-found", "Nothing is published here.")
        wanted = [one.get("id", "") for one in items.iterfind(f"{{{_PUBSUB}}}item")]
        item = render(picture) if not wanted or picture.sha1 in wanted else ""
        return f'<pubsub xmlns="{_PUBSUB}"><items node="{text.attribute(node)}">{item}</items></pubsub>'

    async def _change(self, question: Question) -> str:
        raise StanzaError("feature-not-implemented", "Nothing can be published or subscribed to here.")
