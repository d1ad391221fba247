"""Signs of life in message stanzas: who writes (XEP-0085), who has read how far (XEP-0333). Pure.

Only a stanza without a body is one: with what is said everybody knows already.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from bridge.contract import ChatId, Contact, ContactId, MessageId, ReadUpTo, TypingChanged
from bridge.xmpp import text

CHATSTATES, MARKERS = "http://jabber.org/protocol/chatstates", "urn:xmpp:chat-markers:0"
MARKABLE = f'<markable xmlns="{MARKERS}"/>'
_STATES = {f"{{{CHATSTATES}}}{state}": state == "composing" for state in
           ("active", "composing", "gone", "inactive", "paused")}  # fmt: skip
_DISPLAYED = f"{{{MARKERS}}}displayed"
_LONGEST_ID = 1_000  # characters


def read(stanza: Element, user: str, chat: ChatId) -> Sequence[TypingChanged | ReadUpTo]:
    """What a stanza without a body tells of its sender, `user` (bare JID)."""
    found: list[TypingChanged | ReadUpTo] = []
    if stanza.get("type") in ("headline", "error") or any(child.tag.endswith("}body") for child in stanza):
        return found
    sender = Contact(ContactId(user))
    for child in stanza:
        target = child.get("id", "")
        if child.tag in _STATES:
            found.append(TypingChanged(chat=chat, sender=sender, typing=_STATES[child.tag]))
        elif child.tag == _DISPLAYED and 0 < len(target) <= _LONGEST_ID:
            found.append(ReadUpTo(chat=chat, sender=sender, target=MessageId(target)))
    return found[:2]


def marks(stanza: Element) -> bool:
    """Whether its author wants to know that it is read (XEP-0333 #usecases)."""
    return any(child.tag == f"{{{MARKERS}}}markable" for child in stanza)


def typing(composing: bool) -> str:
    """A chat state, which is not kept for later (XEP-0334)."""
    state = "composing" if composing else "paused"
    return f'<{state} xmlns="{CHATSTATES}"/><no-store xmlns="urn:xmpp:hints"/>'


def displayed(target: MessageId) -> str:
    """XEP-0333 #format; kept, so that apps that come later know it too."""
    return f'<displayed xmlns="{MARKERS}" id="{text.attribute(target)}"/><store xmlns="urn:xmpp:hints"/>'
