"""Contact lists (RFC 6121 #roster): by privilege (XEP-0356 #access_roster) contacts are in them without a prompt.

| in the list | put there by us before | then |
|---|---|---|
| no | no | it is added, in the group of the network, subscribed both ways |
| no | yes | nothing: the user has removed it |
| yes | no | it stays as the user has it, but subscribed both ways |
| yes | yes | a new name, if it is still called as we called it; else nothing |

Contacts whose account was ended (by its user or the operator) are taken out if we have put them in, and unsubscribed.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from bridge.contract import Contact, ContactId, Refused
from bridge.hub.facades import Lists, People
from bridge.xmpp import presence, text
from bridge.xmpp.chats import Addresses, Gateway
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.questions import Answerers, Question
from bridge.xmpp.requests import Requests

_ROSTER = "jabber:iq:roster"
_KIND, _ADDED = "contact", "added"  # all that we have seen to; which of them were not in the list before
_SUBSCRIPTIONS = ("none", "to", "from", "both")


@dataclass(frozen=True, slots=True)
class Item:
    """A contact as a user's list has them (RFC 6121 #roster-syntax-items)."""

    name: str = ""
    groups: tuple[str, ...] = ()
    subscription: str = "none"

    def render(self, jid: str) -> str:
        named = f' name="{text.attribute(self.name)}"' if self.name else ""
        groups = "".join(f"<group>{text.escape(group)}</group>" for group in self.groups)
        return (
            f'<query xmlns="{_ROSTER}"><item jid="{text.attribute(jid)}"{named} subscription="{self.subscription}">'
            f"{groups}</item></query>"
        )


class Rosters:
    """Keeps the contact lists of the users of one gateway."""

    access = "roster"

    def __init__(
        self,
        gateway: Gateway,
        addresses: Addresses,
        people: People,
        lists: Lists,
        requests: Requests,
        send: Callable[[str], object],
    ) -> None:
        self._gateway = gateway
        self._addresses = addresses
        self._people = people
        self._lists = lists
        self._requests = requests
        self._send = send

    async def keep(self, user: str) -> None:
        """Bring the list of `user` in step. Raises `StanzaError` and `Unavailable`."""
        network = self._gateway.network
        before = await self._lists.put(user, network, _KIND)
        contacts = await self._people.contacts(user, network, strangers=False)
        await self._take_out(user, before.keys() - {contact.id for contact in contacts})
        if not any(_is_news(contact, before.get(contact.id)) for contact in contacts):
            return  # the list need not be read for that
        there = read(await self._requests.ask("get", user, f'<query xmlns="{_ROSTER}"/>'))
        friends = []
        for contact in contacts:
            try:
                jid = self._addresses.jid(network, contact.id)
            except Refused:
                continue  # nobody can write to them
            if await self._keep_one(user, jid, contact, there.get(jid), before.get(contact.id)):
                friends.append(jid)
        if friends:  # they may see the user now, of whose apps one answer tells us
            self._send(presence.probe(friends[0], user))

    async def part(self, user: str) -> None:
        """`user` has no account any more. Raises what `keep` does."""
        network = self._gateway.network
        seen_to, added = await self._lists.put(user, network, _KIND), await self._lists.put(user, network, _ADDED)
        await self._take_out(user, seen_to.keys() | added.keys())

    async def _take_out(self, user: str, gone: Collection[str]) -> None:
        network = self._gateway.network
        added = await self._lists.put(user, network, _ADDED) if gone else {}
        for contact in map(ContactId, sorted(gone)):
            jid = self._addresses.jid(network, contact)
            if contact in added:
                await self._remove(user, jid)
            async with self._people.parting(user, network, [contact]):
                self._send(presence.farewell(jid, contact, user))
            await self._lists.drop(user, network, _ADDED, contact)
            await self._lists.drop(user, network, _KIND, contact)

    async def _remove(self, user: str, jid: str) -> None:
        """RFC 6121 #roster-delete."""
        item = f'<item jid="{text.attribute(jid)}" subscription="remove"/>'
        try:
            await self._requests.ask("set", user, f'<query xmlns="{_ROSTER}">{item}</query>')
        except StanzaError as error:
            if error.condition != "item-not-found":
                raise

    async def _keep_one(self, user: str, jid: str, contact: Contact, item: Item | None, before: str | None) -> bool:
        """Whether they are subscribed both ways only now."""
        network = self._gateway.network
        now = wanted(contact.name, item, before, self._gateway.name)
        if item is None and before is None:
            await self._lists.keep(user, network, _ADDED, contact.id, "")
        if now is not None:
            try:
                await self._requests.ask("set", user, now.render(jid))
            except StanzaError as error:
                if error.condition not in ("item-not-found", "not-acceptable"):
                    raise
                return False  # this server will not have it
        befriended = before is None and await self._people.befriend(user, network, contact.id, True)
        if befriended:
            self._send(presence.of(self._people.presence(user, network, contact.id), jid, user))
        if _is_news(contact, before):
            await self._lists.keep(user, network, _KIND, contact.id, contact.name)
        return befriended


def _is_news(contact: Contact, before: str | None) -> bool:
    """Whether we have not put the contact into the list under this name; one that is not known says nothing."""
    return before is None or (contact.name != "" and contact.name != before)


def read(answer: Element) -> dict[str, Item]:
    """The contact list in an answer, by JID."""
    found = {}
    for item in answer.iter(f"{{{_ROSTER}}}item"):
        groups = tuple(filter(None, (group.text for group in item.findall(f"{{{_ROSTER}}}group"))))
        subscription = item.get("subscription", "none")
        known = subscription if subscription in _SUBSCRIPTIONS else "none"
        found[item.get("jid", "")] = Item(item.get("name", ""), groups, known)
    return found


def wanted(name: str, item: Item | None, before: str | None, group: str) -> Item | None:
    """How a contact, who is called `name` now, is to be in a list where they are as `item`; None: as they are.
    `before`: how we called them there when we put them into it; None if we have not."""
    if item is None:
        return Item(name, (group,), "both") if before is None else None
    if before is None:
        now = replace(item, name=item.name or name, subscription="both")
    else:
        now = replace(item, name=name if name and item.name == before else item.name)
    return None if now == item else now


def answerers() -> Answerers:
    return {("set", f"{{{_ROSTER}}}query"): _pushed}


async def _pushed(question: Question) -> str:
    """A server tells us of changes (XEP-0356 since 0.4); we look when we need to know."""
    if "/" in question.sender:
        raise StanzaError("service-unavailable", "This is not offered here.")
    return ""
