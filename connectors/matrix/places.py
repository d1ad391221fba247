"""Places (`m.location`, MSC3488). Pure.

Source: client-server API #mlocation; RFC 5870.
"""

from collections.abc import Mapping
from typing import Any

from bridge.contract import Message, Place, geo
from connectors.matrix import fields

_FIELDS = ("m.location", "org.matrix.msc3488.location")


def read(content: Mapping[str, Any]) -> Message | None:
    """What a content of this msgtype says; None when it names no place."""
    extended = next((fields.mapping(content[key]) for key in _FIELDS if key in content), {})
    uri = fields.line(content.get("geo_uri")) or fields.line(extended.get("uri"))
    place = geo.read(uri)
    if place is None:
        return None
    words = fields.line(extended.get("description")) or fields.line(content.get("body"), 500)
    # Apps write a body of their own where their users say nothing: "Location geo:1,2 at …".
    if not words or "geo:" in words:
        return Message(geo.uri(place), place=place)
    return Message(f"{words} {geo.uri(place)}", place=place)


def content(place: Place, said: dict[str, Any]) -> dict[str, Any]:
    """`said` is the content of a message of words."""
    uri = geo.uri(place)
    words = said["body"].replace(uri, "").strip()
    described = {"description": words} if words else {}
    return {**said, "msgtype": "m.location", "geo_uri": uri, "org.matrix.msc3488.location": {"uri": uri, **described}}
