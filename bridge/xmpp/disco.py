"""Service discovery (XEP-0030): what an address is, what it can do, and what is found there.

The items of the gateway are the rooms (XEP-0045 #disco-rooms) and the contacts of whoever asks; those of the node of
commands are the commands (XEP-0050 #disco). Rooms that one is not in are in nodes of their own (`listing`).
"""

from bridge.hub.facades import Caller, Desk, People, Rooms, Verb
from bridge.hub.found import Finder
from bridge.xmpp import capabilities, listing, rsm, text
from bridge.xmpp.capabilities import Description
from bridge.xmpp.chats import Addresses
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question

_INFO = "http://jabber.org/protocol/disco#info"
_ITEMS = "http://jabber.org/protocol/disco#items"


class Disco:
    """Answers for the gateways and their contacts."""

    def __init__(self, addresses: Addresses, people: People, desk: Desk, rooms: Rooms, finder: Finder) -> None:
        self._addresses = addresses
        self._people = people
        self._desk = desk
        self._rooms = rooms
        self._finder = finder

    def answerers(self) -> Answerers:
        return {("get", f"{{{_INFO}}}query"): self._info, ("get", f"{{{_ITEMS}}}query"): self._items}

    async def _info(self, question: Question) -> str:
        node = question.payload.get("node", "")
        return _query(_INFO, node, self._describe(question, node).render())

    def _describe(self, question: Question, node: str) -> Description:
        whom = question.whom
        if whom.contact is not None:
            own = capabilities.CONTACT if whom.resource else capabilities.ACCOUNT
        else:
            own = capabilities.gateway(whom.gateway)
            if node == capabilities.COMMANDS:
                return capabilities.COMMAND_LIST
            if listing.is_node(node):
                return listing.describe(node)
            for verb in self._verbs(question):
                if node == verb.name:
                    return capabilities.command(verb.summary)
        if not node or node == f"{capabilities.NODE}#{own.digest}":
            return own
        raise _nothing()

    async def _items(self, question: Question) -> str:
        node = question.payload.get("node", "")
        whom = question.whom
        if whom.contact is None and node == capabilities.COMMANDS:
            items = "".join(
                f'<item jid="{whom.gateway.domain}" node="{text.attribute(verb.name)}" '
                f'name="{text.attribute(verb.summary)}"/>'
                for verb in self._verbs(question)
            )
        elif whom.contact is None and listing.is_node(node) and self._people.allowed(question.user):
            items = await listing.items(self._finder, question, node)
        elif not node:
            items = "" if whom.contact is not None else await self._found(question)
        else:
            raise _nothing()
        return _query(_ITEMS, node, items)

    async def _found(self, question: Question) -> str:
        """Rooms first: clients that look for rooms ask each item what it is."""
        if not self._people.allowed(question.user):
            return ""
        network = question.whom.gateway.network
        found = [(str(room.jid), room.name, "") for room in await self._rooms.rooms(question.user, network)]
        for contact in await self._people.contacts(question.user, network):
            found.append((self._addresses.jid(network, contact.id), contact.name, ""))
        if await self._people.accounts(question.user, network):
            found += [(question.whom.gateway.domain, name, node) for node, name in listing.BRANCHES]
        some = rsm.page(question.payload, [f"{jid} {node}".rstrip() for jid, _, node in found])
        return "".join(_item(*found[place]) for place in some.places) + some.xml

    def _verbs(self, question: Question) -> list[Verb]:
        return list(self._desk.verbs(Caller(question.user, question.whom.gateway.network)))


def _item(jid: str, name: str, node: str) -> str:
    at = f' node="{node}"' if node else ""
    named = f' name="{text.attribute(name)}"' if name else ""
    return f'<item jid="{text.attribute(jid)}"{at}{named}/>'


def _query(space: str, node: str, content: str) -> str:
    at = f' node="{text.attribute(node)}"' if node else ""
    return f'<query xmlns="{space}"{at}>{content}</query>'


def _nothing() -> StanzaError:
    return StanzaError("item-not-found", "There is nothing under this name here.")
