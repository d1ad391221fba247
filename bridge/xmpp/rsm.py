"""Long lists page by page (XEP-0059). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError

NAMESPACE = "http://jabber.org/protocol/rsm"
_MOST = 200  # items of a page


@dataclass(frozen=True, slots=True)
class Page:
    """The places of the items that were asked for, and what says so."""

    places: range
    xml: str


def page(query: Element, ids: Sequence[str]) -> Page:
    """The page of a list of `ids` that `query` asks for; all that fits when it asks for none. Raises `StanzaError`."""
    asked = query.find(f"{{{NAMESPACE}}}set")
    if asked is None:
        some = range(min(len(ids), _MOST))
        return Page(some, "" if len(some) == len(ids) else _set(ids, some))
    most = min(number(asked.findtext(f"{{{NAMESPACE}}}max"), _MOST), _MOST)
    first, end = 0, len(ids)
    after, before = asked.find(f"{{{NAMESPACE}}}after"), asked.find(f"{{{NAMESPACE}}}before")
    index = asked.findtext(f"{{{NAMESPACE}}}index")
    if after is not None and after.text:
        first = _place(ids, after.text) + 1
    elif index is not None:
        first = min(number(index, 0), end)
    if before is not None:
        end = _place(ids, before.text) if before.text else end
        first = max(first, end - most)
    some = range(first, max(first, min(end, first + most)))
    return Page(some, _set(ids, some))


def _place(ids: Sequence[str], id: str) -> int:
    """XEP-0059 #notfound."""
    try:
        return ids.index(id)
    except ValueError:
        raise StanzaError("item-not-found", "The list has changed. Begin again at its first page.") from None


def number(given: str | None, otherwise: int) -> int:
    """How many are asked for. Raises `StanzaError`."""
    if given is None:
        return otherwise
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise StanzaError("bad-request", "The number of items is no number.")
    return int(given)


def _set(ids: Sequence[str], some: range) -> str:
    ends = ""
    if some:
        first, last = text.escape(ids[some.start]), text.escape(ids[some.stop - 1])
        ends = f'<first index="{some.start}">{first}</first><last>{last}</last>'
    return f'<set xmlns="{NAMESPACE}">{ends}<count>{len(ids)}</count></set>'
