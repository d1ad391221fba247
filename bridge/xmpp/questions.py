"""IQs to our addresses, as the feature files that answer them see them (RFC 6120 #stanzas-semantics-iq)."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from bridge.xmpp.chats import Whom


@dataclass(frozen=True, slots=True)
class Question:
    """An IQ of type get or set to the gateway or to one of its contacts."""

    kind: str  # "get" or "set"
    payload: Element
    sender: str  # full JID, as the server gave it
    user: str  # its bare JID
    whom: Whom


Answerer = Callable[[Question], Coroutine[Any, Any, str]]
"""Returns the payload of the result as XML, empty for none; raises `StanzaError`."""

Answerers = dict[tuple[str, str], Answerer]
"""By kind and tag of the payload (`{namespace}name`)."""
