"""What is asked of an archive (XEP-0313 #query), read. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from bridge.xmpp.errors import StanzaError
from bridge.xmpp.rsm import NAMESPACE as RSM

NAMESPACE = "urn:xmpp:mam:2"
EXTENDED = f"{NAMESPACE}#extended"
FEATURES = (NAMESPACE, EXTENDED, "urn:xmpp:message-retract:1#tombstone")
QUERY, METADATA = f"{{{NAMESPACE}}}query", f"{{{NAMESPACE}}}metadata"
MOST = 200  # results of a page
_USUAL = 100  # where a client does not say
_IDS = 200  # of one query
_LONGEST = 200  # characters of an id
_X = "{jabber:x:data}x"
_FIELD, _VALUE = "{jabber:x:data}field", "{jabber:x:data}value"
_FIELDS = 20  # that are looked at

FORM = (
    f'<query xmlns="{NAMESPACE}"><x xmlns="jabber:x:data" type="form">'
    f'<field type="hidden" var="FORM_TYPE"><value>{NAMESPACE}</value></field>'
    '<field type="jid-single" var="with"/><field type="text-single" var="start"/><field type="text-single" var="end"/>'
    '<field type="text-single" var="before-id"/><field type="text-single" var="after-id"/>'
    '<field type="list-multi" var="ids"><validate xmlns="http://jabber.org/protocol/xdata-validate" '
    'datatype="xs:string"><open/></validate></field></x></query>'
)
"""Every field there is (XEP-0313 #query-form)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`before` and `after` are the page's (XEP-0059), `above` and `below` those of the form; times in seconds since the
    epoch."""

    most: int
    backwards: bool
    after: str = ""
    before: str = ""
    above: str = ""
    below: str = ""
    ids: Sequence[str] = ()
    start: float | None = None
    end: float | None = None
    person: str = ""  # a JID
    queryid: str = ""
    flipped: bool = False


def read(query: Element) -> Asked:
    """Raises `StanzaError`."""
    if query.get("node"):
        raise StanzaError("item-not-found", "There is no archive under this name here.")
    given = _form(query)
    unknown = given.keys() - {"with", "start", "end", "before-id", "after-id", "ids"}
    if unknown:
        raise StanzaError("feature-not-implemented", f"This archive has no field {sorted(unknown)[0][:100]!r}.")
    most, after, before, backwards = _page(query)
    ids = tuple(_id(value) for value in given.get("ids", ()))
    if len(ids) > _IDS:
        raise StanzaError("bad-request", f"Ask for at most {_IDS} messages at once.")
    person = _one(given, "with")
    if len(person) > 3_071 or any(not c.isprintable() for c in person):
        raise StanzaError("bad-request", "The field `with` is no address.")
    return Asked(
        most, backwards, after, before, _id(_one(given, "after-id")), _id(_one(given, "before-id")), ids,
        _time(given, "start"), _time(given, "end"), person, query.get("queryid", "")[:1_000],
        query.find(f"{{{NAMESPACE}}}flip-page") is not None,
    )  # fmt: skip


def _form(query: Element) -> dict[str, list[str]]:
    """The values of each field; one without any is as if it were not there."""
    forms = query.findall(_X)
    if not forms:
        return {}
    if len(forms) > 1 or forms[0].get("type") != "submit":
        raise StanzaError("bad-request", "Send one form, with the type `submit`.")
    fields = forms[0].findall(_FIELD)
    given: dict[str, list[str]] = {}
    if len(fields) > _FIELDS:
        raise StanzaError("bad-request", f"The form can have at most {_FIELDS} fields.")
    for field in fields:
        name = field.get("var", "")
        if name in given:
            raise StanzaError("bad-request", f"The field {name[:100]!r} is there twice.")
        given[name] = [value.text for value in field.findall(_VALUE) if value.text]
    if given.pop("FORM_TYPE", None) != [NAMESPACE]:
        raise StanzaError("bad-request", f"The form must say that it is of the type {NAMESPACE}.")
    given.pop("", None)
    return given


def _page(query: Element) -> tuple[int, str, str, bool]:
    """XEP-0059: how many, after what, before what, and whether from the end."""
    asked = query.findall(f"{{{RSM}}}set")
    if not asked:
        return _USUAL, "", "", False
    if len(asked) > 1:
        raise StanzaError("bad-request", "Ask for one page.")
    some = asked[0]
    if some.find(f"{{{RSM}}}index") is not None:
        raise StanzaError("feature-not-implemented", "Pages have no numbers here. Ask for what is after a message.")
    after, before = some.find(f"{{{RSM}}}after"), some.find(f"{{{RSM}}}before")
    if after is not None and before is not None:
        raise StanzaError("bad-request", "Use before-id and after-id for what lies between two messages.")
    most = _number(some.findtext(f"{{{RSM}}}max"))
    return (
        _USUAL if most is None else min(most, MOST),
        _id(after.text or "") if after is not None else "",
        _id(before.text or "") if before is not None else "",
        before is not None,
    )


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise StanzaError("bad-request", "The number of messages is no number.")
    return int(text)


def _one(given: dict[str, list[str]], name: str) -> str:
    values = given.get(name, ())
    if len(values) > 1:
        raise StanzaError("bad-request", f"The field {name!r} has one value.")
    return values[0] if values else ""


def _id(text: str) -> str:
    """No id of ours is longer, so there is none."""
    if len(text) > _LONGEST:
        raise StanzaError("item-not-found", "There is no such message in this archive.")
    return text


def _time(given: dict[str, list[str]], name: str) -> float | None:
    """XEP-0082 #sect-datetime."""
    text = _one(given, name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00")) if len(text) <= 40 else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise StanzaError("bad-request", f"The field {name!r} is no time. Write it like 2026-01-31T12:00:00Z.")
    return found.timestamp()
