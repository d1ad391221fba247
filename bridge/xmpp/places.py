"""Places (XEP-0080), beside a body that has them as a geo URI; for apps, such a body alone is one, too. Pure."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from bridge.contract import Place, geo
from bridge.xmpp import text

_SPACE = "http://jabber.org/protocol/geoloc"
GEOLOC = f"{{{_SPACE}}}geoloc"
_LONGEST = 30  # characters of a number


def read(children: Mapping[str, Element], words: str) -> Place | None:
    """The place that a message with these words is; `children` are those of its stanza, by tag."""
    found = children.get(GEOLOC)
    if found is None:
        return geo.read(words.strip()) if len(words) < 500 else None
    latitude, longitude = _number(found, "lat"), _number(found, "lon")
    if latitude is None or longitude is None:
        return None
    return geo.place(latitude, longitude, _number(found, "accuracy"))


def said(place: Place, words: str) -> str:
    """`words`, with the place in them if it is not there."""
    return words if "geo:" in words else f"{words} {geo.uri(place)}".strip()


def write(place: Place, words: str) -> str:
    """XEP-0080 #schema; `words` are those of the message."""
    uri = geo.uri(place)
    described = text.escape(words.replace(uri, "").strip())
    latitude, longitude = uri.removeprefix("geo:").partition(";")[0].split(",")
    accuracy = "" if place.accuracy is None else f"<accuracy>{place.accuracy:g}</accuracy>"
    named = f"<description>{described}</description>" if described else ""
    return f'<geoloc xmlns="{_SPACE}">{accuracy}{named}<lat>{latitude}</lat><lon>{longitude}</lon></geoloc>'


def _number(geoloc: Element, name: str) -> float | None:
    words = (geoloc.findtext(f"{{{_SPACE}}}{name}") or "").strip()
    try:
        return float(words) if len(words) <= _LONGEST else None
    except ValueError:
        return None
