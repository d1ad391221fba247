"""Cards (XEP-0054, XEP-0292) of gateways and contacts: names and pictures, addresses, rooms that one shares.

All that counts only for those who may see it: of whom one's own accounts have never seen it is what the network shows
to them, and nothing else, whoever here may know more.
"""

from dataclasses import dataclass
from urllib.parse import quote

from bridge.contract import Contact, Unavailable
from bridge.hub.facades import Avatars, People, Picture
from bridge.hub.found import Finder
from bridge.xmpp import avatars, text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question

VCARD4 = "urn:ietf:params:xml:ns:vcard-4.0"


@dataclass(frozen=True, slots=True)
class _More:
    """As it stands in cards."""

    jid: str
    uri: str  # the same in an `xmpp:` URI (RFC 5122)
    words: str


class Cards:
    def __init__(self, people: People, pictures: Avatars, finder: Finder) -> None:
        self._finder = finder
        self._people = people
        self._pictures = pictures

    def answerers(self) -> Answerers:
        return {
            ("get", "{vcard-temp}vCard"): self._card,
            ("set", "{vcard-temp}vCard"): self._change,
            ("get", f"{{{VCARD4}}}vcard"): self._card4,
            ("set", f"{{{VCARD4}}}vcard"): self._change,
        }

    async def _card(self, question: Question) -> str:
        name, picture = await self._known(question)
        if not name:
            # XEP-0054 #error: no card is said like this.
            raise StanzaError("item-not-found", "No name is known of this person.")
        nick = f"<NICKNAME>{name}</NICKNAME>" if question.whom.contact is not None else ""
        more = await self._more(question)
        told = f"<JABBERID>{more.jid}</JABBERID><DESC>{more.words}</DESC>" if more is not None else ""
        return f'<vCard xmlns="vcard-temp"><FN>{name}</FN>{nick}{told}{avatars.photo(picture)}</vCard>'

    async def _card4(self, question: Question) -> str:
        """XEP-0292 #self-iq-retrieval: an empty one if there is none."""
        name, picture = await self._known(question)
        more = await self._more(question) if name else None
        told = ""
        if more is not None:
            told = f"<impp><uri>xmpp:{more.uri}</uri></impp><note><text>{more.words}</text></note>"
        return f'<vcard xmlns="{VCARD4}">{card4(name, picture)}{told}</vcard>'

    async def _more(self, question: Question) -> "_More | None":
        """Of a contact: their addresses here and there, and rooms that one shares with them."""
        gateway, contact = question.whom.gateway, question.whom.contact
        if contact is None:
            return None
        rooms = await self._finder.common(question.user, gateway.network, contact)
        shared = f" Also in: {', '.join(rooms)}." if rooms else ""
        jid = question.whom.bare
        words = text.escape(f"{contact} on {gateway.name}.{shared}")
        return _More(text.escape(jid), text.escape(quote(jid, safe="@")), words)

    async def _known(self, question: Question) -> tuple[str, Picture | None]:
        """Name, escaped, and picture; of whom none has been seen, nothing."""
        network, contact = question.whom.gateway.network, question.whom.contact
        if contact is None:
            return text.escape(question.whom.gateway.name), None
        known = await self._people.profile(question.user, network, contact)
        if known is None or not known.name:
            return "", None
        return text.escape(known.name), await _picture(self._pictures, question, known)

    async def _change(self, question: Question) -> str:
        raise StanzaError("forbidden", "You can only change your own card.")


def card4(name: str, picture: Picture | None) -> str:
    """What stands in a card of version 4."""
    named = f"<fn><text>{name}</text></fn><nickname><text>{name}</text></nickname>" if name else ""
    return f"{named}{avatars.photo_uri(picture)}"


async def shown(people: People, pictures: Avatars, question: Question) -> Picture | None:
    """The picture of the contact who is asked; None also while it does not come."""
    whom = question.whom
    known = (
        await people.profile(question.user, whom.gateway.network, whom.contact) if whom.contact is not None else None
    )
    return await _picture(pictures, question, known) if known is not None else None


async def _picture(pictures: Avatars, question: Question, known: Contact) -> Picture | None:
    avatar = pictures.of(question.user, question.whom.gateway.network, known)
    try:
        return await pictures.get(avatar) if avatar is not None else None
    except Unavailable:
        return None
