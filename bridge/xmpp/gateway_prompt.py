"""What people type becomes an address (jabber:iq:gateway, XEP-0100 #addressing-iqgateway)."""

from collections.abc import Iterator

from bridge.contract import ContactId, Refused
from bridge.xmpp import text
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question

PROMPT = "jabber:iq:gateway"
_QUERY = f"{{{PROMPT}}}query"
_LONGEST = 1_000  # characters of what is typed


class GatewayPrompt:
    """Knows how addresses are made, and asks no network: whether there is such a person shows when one writes."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    def answerers(self) -> Answerers:
        return {("get", _QUERY): self._ask, ("set", _QUERY): self._translate}

    async def _ask(self, question: Question) -> str:
        name = text.escape(_gateway(question).name)
        return (
            f'<query xmlns="{PROMPT}"><desc>Type the address of somebody on {name}, as people write it there.</desc>'
            f"<prompt>Address on {name}</prompt></query>"
        )

    async def _translate(self, question: Question) -> str:
        gateway = _gateway(question)
        typed = (question.payload.findtext(f"{{{PROMPT}}}prompt") or "").strip()
        if not typed:
            raise StanzaError("bad-request", f"Type the address of somebody on {gateway.name}.")
        if len(typed) > _LONGEST:
            raise StanzaError("item-not-found", f"Nobody on {gateway.name} has an address that is so long.")
        return f'<query xmlns="{PROMPT}"><jid>{text.escape(self._jid(gateway, typed))}</jid></query>'

    def _jid(self, gateway: Gateway, typed: str) -> str:
        for contact in self._meanings(gateway, typed):
            try:
                return self._addresses.jid(gateway.network, contact)
            except Refused as error:
                raise StanzaError("item-not-found", error.text) from error
        raise StanzaError(
            "item-not-found", f"`{typed[:100]}` is no address of a person on {gateway.name}. Type it as it is there."
        )

    def _meanings(self, gateway: Gateway, typed: str) -> Iterator[ContactId]:
        """Whom it may mean, likeliest first: the network's own way to write somebody, the same without the sign that
        most begin with, our own JID, its first part."""
        for own in (typed, f"@{typed}") if typed[0].isalnum() else (typed,):
            if gateway.contact(gateway.localpart(ContactId(own))) == own:
                yield ContactId(own)
        try:
            whom = self._addresses.whom(typed.lower())
        except StanzaError:
            whom = None
        if whom is not None and whom.gateway is gateway and whom.contact is not None:
            yield whom.contact
        known = gateway.contact(typed)
        if known is not None and gateway.localpart(known) == typed:
            yield known


def _gateway(question: Question) -> Gateway:
    if question.whom.contact is not None:
        raise StanzaError("service-unavailable", "Addresses are translated by the gateway, not by people.")
    return question.whom.gateway
