"""Places as geo URIs (RFC 5870 #section-3.3), which people and apps of most networks can read. Pure."""

import math
import re

from bridge.contract.message import Place

_NUMBER = r"-?[0-9]{1,3}(?:\.[0-9]{1,20})?"
_URI = re.compile(
    rf"geo:({_NUMBER}),({_NUMBER})(?:,{_NUMBER})?((?:;[A-Za-z0-9-]{{1,30}}(?:=[^;\s]{{1,100}})?){{0,10}})"
)
_UNCERTAIN = re.compile(r";u=([0-9]{1,8}(?:\.[0-9]{1,10})?)(?:;|$)", re.IGNORECASE)


def place(latitude: float, longitude: float, accuracy: float | None = None) -> Place | None:
    """None for what is nowhere on Earth."""
    if not (math.isfinite(latitude) and math.isfinite(longitude)) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    known = accuracy is not None and math.isfinite(accuracy) and 0 <= accuracy < 1e8
    return Place(latitude, longitude, accuracy if known else None)


def read(uri: str) -> Place | None:
    """The place that `uri` names, if all of it is a geo URI; another planet's is none."""
    found = _URI.fullmatch(uri)
    if found is None or ";crs=" in found[3].lower().replace(";crs=wgs84", ""):
        return None
    uncertain = _UNCERTAIN.search(found[3])
    return place(float(found[1]), float(found[2]), float(uncertain[1]) if uncertain else None)


def uri(where: Place) -> str:
    """The geo URI of a place."""
    uncertain = "" if where.accuracy is None else f";u={_written(where.accuracy)}"
    return f"geo:{_written(where.latitude)},{_written(where.longitude)}{uncertain}"


def _written(number: float) -> str:
    """Seven decimals are a centimetre."""
    return f"{round(number, 7) + 0.0:.7f}".rstrip("0").rstrip(".")
