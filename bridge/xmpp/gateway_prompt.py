"""What people type becomes an address (jabber:iq:gateway, XEP-0100 #addressing-iqgateway)."""

from bridge.contract import Refused
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
        contact = self._addresses.person(gateway.network, typed)
        if contact is None:
            words = f"`{typed[:100]}` is no address of a person on {gateway.name}. Type it as it is there."
            raise StanzaError("item-not-found", words)
        try:
            return self._addresses.jid(gateway.network, contact)
        except Refused as error:
            raise StanzaError("item-not-found", error.text) from error


def _gateway(question: Question) -> Gateway:
    if question.whom.contact is not None:
        raise StanzaError("service-unavailable", "Addresses are translated by the gateway, not by people.")
    return question.whom.gateway
