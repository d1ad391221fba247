"""Software version (XEP-0092) of the gateways. Contacts have none: what they run is not ours to say."""

from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question


class Software:
    """`version` of this program; the machine it runs on is told to nobody."""

    def __init__(self, version: str) -> None:
        self._answer = (
            f'<query xmlns="jabber:iq:version"><name>Landbridge</name><version>{text.escape(version)}</version></query>'
        )

    def answerers(self) -> Answerers:
        return {("get", "{jabber:iq:version}query"): self._version}

    async def _version(self, question: Question) -> str:
        if question.whom.contact is not None:
            raise StanzaError("service-unavailable", "What this person's app is cannot be told.")
        return self._answer
