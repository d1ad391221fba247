"""Setting up a hosted room (XEP-0045 #roomconfig): a form of what its network can do, filled in and sent back.

What is wanted is done by the asker's own account, and its network's answer is the answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element

from bridge.contract import Past, Rank, SetRoom
from bridge.hub.facades import Room, Rooms
from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError
from bridge.xmpp.hosted.asked import RoomQuestion, answered, inside
from bridge.xmpp.hosted.house import House

OWNER = "http://jabber.org/protocol/muc#owner"
CONFIG = "http://jabber.org/protocol/muc#roomconfig"
_X, _FIELD, _VALUE = "{jabber:x:data}x", "{jabber:x:data}field", "{jabber:x:data}value"
_PAST = "{urn:landbridge}past"
_LONGEST = 1_000  # characters of a name or a subject
_MOST = 100  # fields that are looked at


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: what it says of a room, and the room that is wanted when it has another value."""

    kind: str
    label: str
    shown: Callable[[Room], str]
    wanted: Callable[[Room, str], Room]  # raises ValueError, with a sentence, for what cannot be
    options: Mapping[str, str] = field(default_factory=dict)  # value: label


def _flag(value: str) -> bool:
    if value not in ("0", "1", "false", "true"):
        raise ValueError("It is either true or false.")
    return value in ("1", "true")


def _line(value: str) -> str:
    if len(value) > _LONGEST:
        raise ValueError(f"It has at most {_LONGEST} characters.")
    return value


def _ruled(room: Room, **changes: Any) -> Room:
    return replace(room, rules=replace(room.rules, **changes))


def _fixed(only: str, why: str) -> Callable[[Room, str], Room]:
    def wanted(room: Room, value: str) -> Room:
        if value not in only.split():
            raise ValueError(why)
        return room

    return wanted


def _by_anybody(rank: Rank) -> bool:
    return not rank.above(Rank.MEMBER)


def _rank(now: Rank, value: str) -> Rank:
    """Who may: everybody, or those who keep order; as it is, where it says so already."""
    wanted = _flag(value)
    return now if _by_anybody(now) is wanted else Rank.MEMBER if wanted else Rank.MODERATOR


_FIELDS: Mapping[str, _Field] = {
    "muc#roomconfig_roomname": _Field(
        "text-single", "Name", lambda room: room.name, lambda room, value: replace(room, name=_line(value))
    ),
    "muc#roomconfig_roomdesc": _Field(
        "text-single", "What the room is about (its subject)", lambda room: room.subject,
        lambda room, value: replace(room, subject=_line(value)),
    ),
    "muc#roomconfig_membersonly": _Field(
        "boolean", "Only who is invited may come in", lambda room: _bool(not room.rules.open),
        lambda room, value: _ruled(room, open=not _flag(value)),
    ),
    "muc#roomconfig_moderatedroom": _Field(
        "boolean", "Who comes in may only listen until they are given voice", lambda room: _bool(room.rules.moderated),
        lambda room, value: _ruled(room, moderated=_flag(value)),
    ),
    "muc#roomconfig_changesubject": _Field(
        "boolean", "Everybody may change the subject", lambda room: _bool(_by_anybody(room.rules.subject)),
        lambda room, value: _ruled(room, subject=_rank(room.rules.subject, value)),
    ),
    "muc#roomconfig_allowinvites": _Field(
        "boolean", "Everybody may invite people", lambda room: _bool(_by_anybody(room.rules.invites)),
        lambda room, value: _ruled(room, invites=_rank(room.rules.invites, value)),
    ),
    _PAST: _Field(
        "list-single", "Who may read what is said", lambda room: room.rules.past.value,
        lambda room, value: _ruled(room, past=_past(value)),
        {
            "anybody": "Anybody, also who is not in the room", "members": "Who is in the room, everything",
            "invited": "Who is in the room, since they were invited", "joined": "Who is in the room, since they came",
        },
    ),
    "muc#roomconfig_persistentroom": _Field(
        "boolean", "The room stays when everybody has left it", lambda room: "1",
        _fixed("1 true", "A room of another network always stays."),
    ),
    "muc#roomconfig_whois": _Field(
        "list-single", "Who may see people's addresses", lambda room: "anyone",
        _fixed("anyone", "Everybody in a room of another network sees who is in it."), {"anyone": "Anyone"},
    ),
}  # fmt: skip


class Configuring:
    """Answers for the form, and what is filled in."""

    def __init__(self, house: House, rooms: Rooms) -> None:
        self._house = house
        self._rooms = rooms

    async def form(self, question: RoomQuestion) -> str:
        """Raises `StanzaError`."""
        room = self._own(question)
        fields = "".join(_written(name, one, room) for name, one in _FIELDS.items())
        kind = f'<field var="FORM_TYPE" type="hidden"><value>{CONFIG}</value></field>'
        title = f"<title>{text.escape(room.name or 'This room')}</title>"
        return f'<query xmlns="{OWNER}"><x xmlns="jabber:x:data" type="form">{title}{kind}{fields}</x></query>'

    async def change(self, question: RoomQuestion) -> str:
        """Raises `StanzaError`: then the network has said no, or nothing was asked of it."""
        room = self._own(question)
        if question.payload.find(f"{{{OWNER}}}destroy") is not None:
            raise StanzaError(  # XEP-0045 #destroyroom
                "not-allowed",
                "A room of another network cannot be destroyed from here. Remove its people and leave it: send `leave` "
                "to the gateway.",
            )
        forms = question.payload.findall(_X)
        if len(forms) != 1:
            raise StanzaError("bad-request", "Send the form, filled in.")
        kind = forms[0].get("type")
        if kind == "cancel":
            return ""
        if kind != "submit":
            raise StanzaError("bad-request", "The form must be sent with the type `submit`.")
        wish = _wish(room, _filled_in(room, forms[0]))
        if wish is not None:
            await answered(self._rooms.change(question.user, wish))
        return ""

    def _own(self, question: RoomQuestion) -> Room:
        there = inside(self._house, question)
        if not there.me.rank.above(Rank.MODERATOR):
            raise StanzaError("forbidden", "Only owners and administrators of this room can set it up.")
        return there.room.room


def _filled_in(room: Room, form: Element) -> Room:
    """The room as it is wanted. Raises `StanzaError` for a form that says what cannot be, or two things at once."""
    given: dict[str, str] = {}
    if len(form) > _MOST:
        raise StanzaError("bad-request", f"A form can have at most {_MOST} fields.")
    for one in form.findall(_FIELD):
        name, values = one.get("var", ""), [value.text or "" for value in one.findall(_VALUE)]
        if name == "FORM_TYPE":
            if values != [CONFIG]:
                raise StanzaError("bad-request", "This is another form than the one of this room.")
            continue
        if name not in _FIELDS:
            raise StanzaError("not-acceptable", f"This room has nothing called {name[:100]} to be set.")
        if name in given or len(values) > 1:
            raise StanzaError("not-acceptable", f"{_FIELDS[name].label}: that is said more than once.")
        given[name] = values[0] if values else ""
    for name, value in given.items():
        try:
            room = _FIELDS[name].wanted(room, value)
        except ValueError as error:
            raise StanzaError("not-acceptable", f"{_FIELDS[name].label}: {error}") from error
    return room


def _wish(now: Room, wanted: Room) -> SetRoom | None:
    """Only what is to be otherwise."""
    if wanted == now:
        return None
    return SetRoom(
        chat=now.jid,
        key="-",
        name=wanted.name if wanted.name != now.name else None,
        subject=wanted.subject if wanted.subject != now.subject else None,
        rules=wanted.rules if wanted.rules != now.rules else None,
    )


def _past(value: str) -> Past:
    try:
        return Past(value)
    except ValueError:
        raise ValueError("There is no such choice.") from None


def _bool(value: bool) -> str:
    return "1" if value else "0"


def _written(name: str, what: _Field, room: Room) -> str:
    options = "".join(
        f'<option label="{text.attribute(label)}"><value>{value}</value></option>'
        for value, label in what.options.items()
    )
    return (
        f'<field var="{name}" type="{what.kind}" label="{text.attribute(what.label)}">'
        f"<value>{text.escape(what.shown(room))}</value>{options}</field>"
    )
