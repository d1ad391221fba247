"""What people may do in a room elsewhere, as the room shows it to its listener (XEP-0045 #affil, #enter-nonanon)."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.contract import Rank
from bridge.xmpp.joined import writing

_ITEM = f"{{{writing.USER}}}x/{{{writing.USER}}}item"
_BY_AFFILIATION = {"owner": Rank.OWNER, "admin": Rank.ADMIN}
_BY_ROLE = {"moderator": Rank.MODERATOR, "visitor": Rank.VISITOR}


@dataclass(frozen=True, slots=True)
class Standing:
    rank: Rank
    jid: str  # the bare one; empty where the room hides it from us


def read(presence: Element) -> Standing:
    """From somebody's presence in the room."""
    item = presence.find(_ITEM)
    said = item if item is not None else Element("item")
    role = _BY_ROLE.get(said.get("role", ""), Rank.MEMBER)
    rank = _BY_AFFILIATION.get(said.get("affiliation", ""), role)
    return Standing(rank, said.get("jid", "").partition("/")[0].lower())


def of(contact: str, room: str, others: Mapping[str, str], standings: Mapping[str, Standing]) -> Rank | None:
    """Of somebody as the room calls them (`Shown.contact`), or of a bare JID; None: they are not in, or the room does
    not show us who they are. `others`: nicks and occupant ids of who is in."""
    if contact.startswith(f"{room}/"):
        called = contact.removeprefix(f"{room}/")
        nicks = [nick for nick, occupant in others.items() if (occupant or nick) == called]
    else:
        nicks = [nick for nick, one in standings.items() if one.jid == contact and nick in others]
    found = [standings[nick].rank for nick in nicks if nick in standings]
    return min(found, key=list(Rank).index, default=None)
