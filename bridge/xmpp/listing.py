"""Rooms that one is not in, as nodes of the gateway (XEP-0030 #items-nodes), page by page (XEP-0059).

| node | what is in it |
|---|---|
| `rooms` | rooms that anybody may come into, as one's own server lists them |
| `rooms/example.org` | those that another server lists |
| `spaces` | the spaces that one is in |
| `space/ID` | the rooms and spaces of a space |

A page's last item is named by where the next page begins, which only the network understands; so one goes forward only.
A room without a name of its own has no address here before one is in it: it is left out.
"""

from xml.etree.ElementTree import Element

from bridge.contract import ConnectorError
from bridge.hub.found import Finder, FoundRooms
from bridge.xmpp import errors, rsm, text
from bridge.xmpp.capabilities import Description
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Question

ROOMS, SPACES, _SPACE = "rooms", "spaces", "space/"
BRANCHES = ((ROOMS, "Public rooms"), (SPACES, "Your spaces"))
_NAMES = {ROOMS: "Public rooms", SPACES: "Your spaces"}
_FEATURES = ("http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", rsm.NAMESPACE)
_MOST = 100  # of a page
_LONGEST = 1_000  # characters of a node


def is_node(node: str) -> bool:
    return len(node) <= _LONGEST and (node in _NAMES or node.startswith((f"{ROOMS}/", _SPACE)))


def describe(node: str) -> Description:
    """XEP-0030: a branch of a hierarchy."""
    name = _NAMES.get(node) or (f"Rooms of {node[len(ROOMS) + 1 :]}" if node.startswith(ROOMS) else "Space")
    return Description("hierarchy", "branch", name, _FEATURES)


async def items(finder: Finder, question: Question, node: str) -> str:
    """A page. Raises `StanzaError`."""
    network, domain = question.whom.gateway.network, question.whom.gateway.domain
    after, most = _asked(question.payload)
    if not most:
        return f'<set xmlns="{rsm.NAMESPACE}"/>'
    try:
        if node == SPACES:
            found = await finder.spaces(question.user, network)
        elif node.startswith(_SPACE):
            found = await finder.inside(question.user, network, node[len(_SPACE) :], after, most)
        else:
            found = await finder.rooms(question.user, network, "", node[len(ROOMS) + 1 :], after, most)
    except ConnectorError as error:
        raise errors.of(error) from error
    return "".join(_items(found, domain)) + _page(found, after)


def _items(found: FoundRooms, domain: str) -> list[str]:
    lines = []
    for one in found.rooms:
        name = text.attribute(one.listed.name or one.listed.alias)
        if one.listed.space:
            node = text.attribute(f"{_SPACE}{one.listed.chat}")
            lines.append(f'<item jid="{domain}" node="{node}" name="{name}"/>')
        elif one.jid is not None:
            lines.append(f'<item jid="{text.attribute(one.jid)}" name="{name}"/>')
    return lines


def _asked(query: Element) -> tuple[str, int]:
    """Where to begin, and how many."""
    asked = query.find(f"{{{rsm.NAMESPACE}}}set")
    if asked is None:
        return "", _MOST
    if asked.find(f"{{{rsm.NAMESPACE}}}before") is not None or asked.find(f"{{{rsm.NAMESPACE}}}index") is not None:
        raise StanzaError("feature-not-implemented", "This list can only be read forward, from its beginning.")
    most = asked.findtext(f"{{{rsm.NAMESPACE}}}max")
    return (asked.findtext(f"{{{rsm.NAMESPACE}}}after") or "")[:_LONGEST], min(rsm.number(most, _MOST), _MOST)


def _page(found: FoundRooms, after: str) -> str:
    if not found.after and not after:
        return ""  # it is all of it
    last = f"<last>{text.escape(found.after)}</last>" if found.after else ""
    return f'<set xmlns="{rsm.NAMESPACE}">{last}</set>'
