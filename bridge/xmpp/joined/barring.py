"""Whom a room does not want of ours, as the room tells it: by having them leave (XEP-0045 #kick, #ban), by not letting
them in (#enter-banned), and by messages of its own about who is not in (#modifyban, #invite-mediated).

That a ban is lifted servers tell those alone who may see real JIDs, if anybody: so it counts for a day, and whoever
speaks then is let in or told of anew. Who was merely made to leave is away for as long.
"""

from xml.etree.ElementTree import Element

from bridge.contract import Bar, ChatId, Contact, ContactId, NetworkId, Person, PersonaBarred
from bridge.xmpp.joined import writing
from bridge.xmpp.joined.people import OurPeople, Ours

_DAY = 86_400.0
_USER = f"{{{writing.USER}}}"
_LONGEST = 200  # characters of a reason


def event(room: ChatId, one: Ours, bar: Bar | None, by: Contact | None = None, reason: str = "") -> PersonaBarred:
    network, _, contact = one.key.partition(":")  # `Persona.key`
    who = Person(NetworkId(network), ContactId(contact))
    return PersonaBarred(
        chat=room, who=who, bar=bar, seconds=_DAY if bar is not None else None, by=by, reason=reason[:_LONGEST]
    )


def done(statuses: set[int]) -> Bar | None:
    """Why somebody was made to leave; None where that was not meant (XEP-0045 #registrar-statuscodes): an error, a room
    or a server that ends, a room that is for its members only now."""
    if statuses & {332, 333} or not statuses & {301, 307}:
        return None
    return Bar.BANNED if 301 in statuses else Bar.REMOVED


def said(stanza: Element, room: ChatId, others: dict[str, str]) -> tuple[Contact | None, str]:
    """Who has done it, as far as the room shows, and their words. `others`: nicks and occupant ids of who is there."""
    actor = stanza.find(f"{_USER}x/{_USER}item/{_USER}actor")
    nick = actor.get("nick", "") if actor is not None else ""
    by = Contact(ContactId(f"{room}/{others.get(nick) or nick}"), nick) if nick else None
    return by, stanza.findtext(f"{_USER}x/{_USER}item/{_USER}reason", "")


def of_absent(stanza: Element, people: OurPeople) -> tuple[Ours, Bar | None] | None:
    """What the room itself tells of one of ours who is not in: banned, or that they may come. None: nothing."""
    told = stanza.find(f"{_USER}x")
    if told is None or stanza.get("type", "normal") != "normal":
        return None
    if told.find(f"{_USER}invite") is not None:
        one = people.by_jid(f"{stanza.get('to', '').partition('/')[0]}/bridge")
        return (one, None) if one is not None and one.key else None
    for item in told.iter(f"{_USER}item"):
        one = people.by_jid(f"{item.get('jid', '').partition('/')[0]}/bridge")
        if one is not None and one.key and item.get("affiliation"):
            return one, Bar.BANNED if item.get("affiliation") == "outcast" else None
    return None
