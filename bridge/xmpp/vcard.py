"""Cards (XEP-0054) of gateways and contacts: their names.

A name counts only for those who were told it, so a contact that one's own accounts have never seen has no card, whoever
else may know them.
"""

from bridge.hub.facades import People
from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question


class Cards:
    def __init__(self, people: People) -> None:
        self._people = people

    def answerers(self) -> Answerers:
        return {("get", "{vcard-temp}vCard"): self._card, ("set", "{vcard-temp}vCard"): self._change}

    async def _card(self, question: Question) -> str:
        gateway, contact = question.whom.gateway, question.whom.contact
        if contact is None:
            return f'<vCard xmlns="vcard-temp"><FN>{text.escape(gateway.name)}</FN></vCard>'
        known = await self._people.profile(question.user, gateway.network, contact)
        if known is None or not known.name:
            # XEP-0054 #error: no card is said like this.
            raise StanzaError("item-not-found", "No name is known of this person.")
        name = text.escape(known.name)
        return f'<vCard xmlns="vcard-temp"><FN>{name}</FN><NICKNAME>{name}</NICKNAME></vCard>'

    async def _change(self, question: Question) -> str:
        raise StanzaError("forbidden", "You can only change your own card.")
