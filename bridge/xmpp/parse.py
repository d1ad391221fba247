"""Message stanzas of users to contacts and rooms, read into events. Pure: the time is given.

| stanza | event |
|---|---|
| chat or normal, with a body (RFC 6121 #message-syntax-type) | MessageReceived |
| with replace (XEP-0308) | MessageEdited |
| with reply (XEP-0461) | the same, its quotation cut off (XEP-0428) |
| retract (XEP-0424) | MessageRetracted |
| reactions (XEP-0444) | ReactionsChanged |
| type error | DeliveryFailed |
| chat states, markers | signs (`bridge.xmpp.signs`) |
| receipts, headlines | nothing |
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import Element

from bridge.contract import (
    Authored,
    ChatId,
    Contact,
    ContactId,
    DeliveryFailed,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Person,
    ReactionsChanged,
)
from bridge.hub import fallback
from bridge.xmpp import errors, files, places, reading, signs
from bridge.xmpp.chats import Whom
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.mentions import People

_OURS = ("{jabber:component:accept}", "{jabber:client}")
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_REPLACE = "{urn:xmpp:message-correct:0}replace"
_RETRACT = "{urn:xmpp:message-retract:1}retract"
# COMPAT apps that know only version 0 of XEP-0424; other things are fastened (XEP-0422), too.
_APPLY_TO, _RETRACT_0 = "{urn:xmpp:fasten:0}apply-to", "{urn:xmpp:message-retract:0}retract"
_REACTIONS = "{urn:xmpp:reactions:0}reactions"
_REACTION = "{urn:xmpp:reactions:0}reaction"
_RECEIPT = "{urn:xmpp:receipts}request"
_ORIGIN = "{urn:xmpp:sid:0}origin-id"
ENCRYPTED = {
    "{urn:xmpp:eme:0}encryption",
    "{eu.siacs.conversations.axolotl}encrypted",
    "{urn:xmpp:omemo:2}encrypted",
    "{urn:xmpp:openpgp:0}openpgp",
    "{jabber:x:encrypted}x",
}
_EPHEMERAL = "{urn:xmpp:ephemeral:0}ephemeral"
_LONGEST_ID = 1_000  # characters
_LONGEST_SUBJECT = 1_000  # characters
_MOST_REACTIONS = 50  # of one person to one message
_LONGEST_REACTION = 100  # characters; an emoji has some ten at most


@dataclass(frozen=True, slots=True)
class Origin:
    """How to answer an author (`Authored.origin`): where they wrote from and to, and whether they asked for a
    receipt (XEP-0184)."""

    sender: str  # full JID
    to: str  # as they wrote it
    receipt: bool

    def text(self) -> str:
        """Neither JID can hold a newline (RFC 6122 #security-prohibited)."""
        return f"{self.sender}\n{self.to}\n{'receipt' if self.receipt else ''}"

    @classmethod
    def read(cls, text: str) -> "Origin":
        sender, to, receipt = text.split("\n")
        return cls(sender, to, bool(receipt))


def body(stanza: Element) -> str | None:
    """The body, the one without a language first; None when there is none."""
    found: str | None = None
    for child in stanza:
        if child.tag.endswith("}body") and child.tag[:-4] in _OURS:
            text = "".join(child.itertext())
            if child.get(_LANG) is None:
                return text
            found = text if found is None else found
    return found


def failure(stanza: Element, chat: ChatId) -> DeliveryFailed | None:
    """A bounce: None when it does not say of what."""
    target = stanza.get("id")
    if not target or len(target) > _LONGEST_ID:
        return None
    reason, text = errors.read(stanza)
    return DeliveryFailed(chat=chat, target=MessageId(target), reason=reason, text=text)


def message(stanza: Element, user: str, whom: Whom, chat: ChatId, now: float) -> Authored | None:
    """What `user` (bare JID) said to a contact; None when the stanza says nothing.

    Raises `StanzaError` for what cannot be carried: the sender is told.
    """
    kind = stanza.get("type", "normal")
    if kind == "headline":
        return None
    if kind == "groupchat":
        raise StanzaError("service-unavailable", "This address is a person and not a room.")
    children = {child.tag: child for child in stanza}
    _refuse_what_is_lost(children, whom.gateway.name)
    authored = _authored(stanza, children, user, whom, chat, now)
    authored["marks"] = signs.marks(stanza)
    return doing(stanza, children, authored) or said(stanza, children, authored, lambda: _them(whom))


def _them(whom: Whom) -> Mapping[str, Person]:
    return {whom.bare: whom.person} if whom.person is not None else {}


@dataclass(frozen=True, slots=True)
class Subject:
    """A wish that a room is about this now (XEP-0045 #subject-mod)."""

    text: str


def room_message(
    stanza: Element, user: str, network: str, chat: ChatId, now: float, people: People
) -> Authored | Subject | None:
    """What `user` said in a hosted room of `network` (its name); None when the stanza says nothing. `people` may be
    meant there. The room's showing it is the answer, so no receipt is sent. Raises `StanzaError`."""
    children = {child.tag: child for child in stanza}
    _refuse_what_is_lost(children, network)
    words = body(stanza)
    subject = next((children[f"{space}subject"] for space in _OURS if f"{space}subject" in children), None)
    if subject is not None and words is None and not any(f"{space}thread" in children for space in _OURS):
        return Subject("".join(subject.itertext())[:_LONGEST_SUBJECT])
    authored = _authored(stanza, children, user, None, chat, now) | {"confirm": False}
    return doing(stanza, children, authored) or said(stanza, children, authored, people)


def _refuse_what_is_lost(children: Mapping[str, Element], network: str) -> None:
    """Secrets, and that a message is to disappear (XEP-0466 #disco: who cannot see to it does not say so)."""
    if _EPHEMERAL in children:
        raise StanzaError(
            "not-acceptable",
            f"{network} keeps messages, so one that is to disappear is not sent. Switch that off in this chat.",
        )
    if not ENCRYPTED.isdisjoint(children):
        raise StanzaError(
            "not-acceptable", f"{network} cannot carry encrypted messages. Switch encryption off in this chat."
        )


def _authored(
    stanza: Element, children: Mapping[str, Element], user: str, whom: Whom | None, chat: ChatId, now: float
) -> dict[str, Any]:
    """The fields of `Authored`."""
    identity = stanza.get("id") or ""
    if not identity and _ORIGIN in children:
        identity = children[_ORIGIN].get("id") or ""
    if len(identity) > _LONGEST_ID:
        raise StanzaError("bad-request", "The id of this message is too long.")
    origin = Origin(stanza.get("from", user), stanza.get("to", chat), _RECEIPT in children)
    return {
        "chat": chat,
        "id": MessageId(identity or uuid4().hex),
        "sender": Contact(ContactId(user)),
        "at": now,
        "addressee": whom.person if whom is not None else None,
        "origin": origin.text(),
        "confirm": origin.receipt,
    }


def doing(stanza: Element, children: Mapping[str, Element], by: Mapping[str, Any]) -> Authored | None:
    """A retraction or reactions, which may carry a body for apps that know neither."""
    found = children.get(_RETRACT)
    fastened = children.get(_APPLY_TO)
    if found is None and fastened is not None and fastened.find(_RETRACT_0) is not None:
        found = fastened
    if found is not None:
        return MessageRetracted(target=_target(found), **by)
    found = children.get(_REACTIONS)
    if found is not None:
        some = dict.fromkeys((r.text or "").strip() for r in found if r.tag == _REACTION)
        reactions = tuple(text for text in some if text)
        if len(reactions) > _MOST_REACTIONS or any(len(one) > _LONGEST_REACTION for one in reactions):
            raise StanzaError(
                "not-acceptable", "These are too many reactions to one message, or one of them is too long."
            )
        return ReactionsChanged(target=_target(found), reactions=reactions, **by)
    return None


def _subject(children: Mapping[str, Element]) -> str:
    found = next((children[f"{space}subject"] for space in _OURS if f"{space}subject" in children), None)
    return "" if found is None else " ".join("".join(found.itertext()).split())[:_LONGEST_SUBJECT]


def _thread(children: Mapping[str, Element]) -> MessageId | None:
    """XEP-0201 #intro: what an app makes up itself means nothing elsewhere, and nothing is called so."""
    found = next((children[f"{space}thread"] for space in _OURS if f"{space}thread" in children), None)
    name = "" if found is None else "".join(found.itertext()).strip()
    return MessageId(name) if 0 < len(name) <= _LONGEST_ID else None


def _target(change: Element) -> MessageId:
    """What an edit, a retraction or reactions are about."""
    target = change.get("id")
    if not target:
        raise StanzaError("bad-request", "This does not say which message it is about, so nothing was changed.")
    return MessageId(target[:_LONGEST_ID])


def said(stanza: Element, children: Mapping[str, Element], by: Mapping[str, Any], people: People) -> Authored | None:
    text = body(stanza)
    media, words = files.read(stanza, text, by["id"])
    if text is None and not media and places.GEOLOC not in children:
        return None
    said = reading.message(stanza, children, words, people)
    if not text and not media and said.place is None:
        raise StanzaError("bad-request", "The message is empty.")
    if media:
        said = replace(said, media=media)
    if thread := _thread(children):
        said = replace(said, thread=thread)
    if about := _subject(children):  # RFC 6121 #message-syntax-subject: of a message with a body
        said = fallback.prefixed(f"{about}\n", said)
    replaced = children.get(_REPLACE)
    if replaced is not None:
        return MessageEdited(target=_target(replaced), message=said, **by)
    return MessageReceived(message=said, **by)
