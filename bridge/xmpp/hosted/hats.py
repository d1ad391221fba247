"""What people in a hosted room are beyond their rank, as hats (XEP-0317 #presence). Pure.

They are given on the network alone: there are no commands, and what apps send of hats is not read.
"""

import uuid
from collections.abc import Iterable

from bridge.contract import ChatId, Title
from bridge.xmpp import text

HATS = "urn:xmpp:hats:0"


def worn(room: ChatId, titles: Iterable[Title]) -> str:
    """Everything that somebody wears."""
    domain = room.partition("@")[2]
    some = "".join(f'<hat uri="{_uri(domain, one.id)}" title="{text.attribute(one.name)}"/>' for one in titles)
    return f'<hats xmlns="{HATS}">{some}</hats>'


def _uri(domain: str, id: str) -> str:
    """The same in all rooms of a gateway's domain, and valid whatever the network's id has in it."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"xmpp:{domain} {id}").urn
