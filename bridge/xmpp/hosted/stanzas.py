"""What a hosted room says, as text (XEP-0045). Pure.

What goes to everybody is written once, with a gap for the address: 1.4 µs for each instead of 87 for a stanza object.

Occupants bear no nickname of XEP-0172 beside their nick. It is a name as its owner asserts it, neither unique nor
checked (#security), which apps may show in place of the nick (#impl): "Anna (2)" would be "Anna" again, like the other
one, and a name that looks like somebody else's would be shown as it is. Presences without a type must not have it
(#subscription); #muc allows it, by a MAY, to a user who enters and is not granted the name. Who wants to know the full
name finds it in the card of the address that an occupant's presence has (XEP-0045 `item/@jid`), and is told it with the
first message of a direct chat (#message).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bridge.contract import ChatId, Invite, Rank, Title
from bridge.hub.facades import Avatar
from bridge.xmpp import avatars, render, signs, text
from bridge.xmpp.hosted import hats
from bridge.xmpp.hosted.standing import RANKS

MUC = "http://jabber.org/protocol/muc"
USER = f"{MUC}#user"
BRIDGED = "urn:landbridge:bridged:0"  # what is said in a room is shown in others, too
VERSIONS = "urn:xmpp:muc:affiliations:1"
_GAP = "\0"  # stands in no stanza


@dataclass(frozen=True, slots=True)
class Seen:
    """An occupant as they are shown."""

    nick: str
    id: str  # XEP-0421
    jid: str  # of the contact, empty if they have none; real ones are shown to nobody
    rank: Rank = Rank.MEMBER
    avatar: Avatar | None = None
    photo: str | None = None  # its hash; empty: there is none; None: not known yet
    titles: tuple[Title, ...] = ()


@dataclass(frozen=True, slots=True)
class Out:
    """Somebody is not in the network's room any more."""

    banned: bool = False
    by: str = ""  # the nick of whoever had them go
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """Who took a message back, and why; `nick` and `occupant` of whoever keeps order, the room itself has none."""

    id: str
    at: float
    moderator: bool
    nick: str
    occupant: str
    reason: str


def filled(stanza: str, everybody: Iterable[str]) -> str:
    """`stanza` (or several, one after the other) for each of these full JIDs."""
    pieces = stanza.split(_GAP)
    return "".join(text.attribute(to).join(pieces) for to in everybody)


def present(room: ChatId, who: Seen, statuses: Iterable[int] = (), mav: str = "") -> str:
    """`mav`: see below."""
    return _presence(room, who, mav + _item(who), statuses)


def yourself(room: ChatId, me: Seen, jid: str, statuses: Iterable[int], mav: str = "") -> str:
    """`present` for whoever it is about, under the full JID that they have entered with. Only they are told it:
    COMPAT Converse.js: it finds itself among the occupants by it, and offers to keep order to nobody else."""
    return present(room, replace(me, jid=jid), statuses, mav)


def gone(
    room: ChatId, who: Seen, statuses: Iterable[int] = (), nick: str = "", out: Out | None = None, mav: str = ""
) -> str:
    """`nick`: they are called so now (XEP-0045 #changenick); `out`: they are no member any more (#kick, #ban)."""
    renamed = f' nick="{text.attribute(nick)}"' if nick else ""
    affiliation, why = RANKS[who.rank][0], ""
    if out is not None:
        affiliation = "outcast" if out.banned else "none"
        why = f'<actor nick="{text.attribute(out.by)}"/>' if out.by else ""
        why += f"<reason>{text.escape(out.reason)}</reason>" if out.reason else ""
    item = f'{mav}<item affiliation="{affiliation}" role="none"{renamed}>{why}</item>'
    return _presence(room, who, item, statuses, ' type="unavailable"')


def mav(since: str, until: str) -> str:
    """XEP-0463 #response: the affiliations of a room of the version `until`, or what is new in them since `since`."""
    known = f' since="{text.attribute(since)}"' if since else ""
    return f'<mav xmlns="{VERSIONS}"{known} until="{text.attribute(until)}"/>'


def standing(room: ChatId, affiliations: str) -> str:
    """Who has which affiliation (XEP-0463 #self, XEP-0045 #grantowner)."""
    return f'<message from="{text.attribute(room)}" to="{_GAP}"><x xmlns="{USER}">{affiliations}</x></message>'


def refusal(room: ChatId, error: str) -> str:
    """What was asked with a presence that is otherwise granted (XEP-0463 #errors)."""
    return f'<message type="error" from="{text.attribute(room)}" to="{_GAP}">{error}</message>'


def configured(room: ChatId, status: int = 104) -> str:
    """How a room is set up is new (XEP-0045 #roomconfig-notify). 104: disco#info tells; 170: from now on everybody can
    read what is said, 171: they cannot any more."""
    return (
        f'<message type="groupchat" from="{text.attribute(room)}" to="{_GAP}">'
        f'<x xmlns="{USER}"><status code="{status}"/></x></message>'
    )


def ping(room: ChatId, id: str) -> str:
    return f'<iq type="get" id="{id}" from="{text.attribute(room)}" to="{_GAP}"><ping xmlns="urn:xmpp:ping"/></iq>'


def _item(who: Seen) -> str:
    affiliation, role = RANKS[who.rank]
    jid = f' jid="{text.attribute(who.jid)}"' if who.jid else ""
    return f'<item affiliation="{affiliation}" role="{role}"{jid}/>'


def _presence(room: ChatId, who: Seen, item: str, statuses: Iterable[int], kind: str = "") -> str:
    codes = "".join(f'<status code="{code}"/>' for code in statuses)
    photo = avatars.update(who.photo) if who.photo is not None and not kind else ""
    worn = hats.worn(room, who.titles) if who.titles and not kind else ""
    return (
        f'<presence{kind} from="{text.attribute(_full(room, who.nick))}" to="{_GAP}">'
        f'<x xmlns="{USER}">{item}{codes}</x>{_occupant(who.id)}{worn}{photo}</presence>'
    )


def subject(room: ChatId, words: str) -> str:
    """XEP-0045 #enter-subject: a subject and no body, also when it is empty."""
    return (
        f'<message type="groupchat" from="{text.attribute(room)}" to="{_GAP}">'
        f"<subject>{text.escape(words)}</subject></message>"
    )


def remark(room: ChatId, id: str, words: str) -> str:
    """The room itself says something that is not kept."""
    return (
        f'<message type="groupchat" id="{id}" from="{text.attribute(room)}" to="{_GAP}">'
        f"<body>{text.escape(words)}</body></message>"
    )


def said(room: ChatId, nick: str, occupant: str, id: str, key: str, content: str, at: float | None = None) -> str:
    """A message. `id` is its author's own where there is one, `key` the room's (XEP-0359); `at` if it was said long ago
    (XEP-0203 #protocol)."""
    return _message(room, nick, occupant, id, key, content + signs.MARKABLE, at)


def tombstone(room: ChatId, nick: str, occupant: str, id: str, key: str, gone: Gone) -> str:
    """What is left of a message that was taken back (XEP-0424 #tombstones, XEP-0425 #tombstones)."""
    named = f' id="{text.attribute(gone.id)}"' if gone.id else ""
    by = ""
    if gone.moderator:
        who = text.attribute(_full(room, gone.nick))
        by = f'<moderated xmlns="urn:xmpp:message-moderate:1" by="{who}">{_occupant(gone.occupant)}</moderated>'
    reason = f"<reason>{text.escape(gone.reason)}</reason>" if gone.reason else ""
    left = f'<retracted xmlns="urn:xmpp:message-retract:1"{named} stamp="{stamp(gone.at)}">{by}{reason}</retracted>'
    return _message(room, nick, occupant, id, key, left)


def archived(stanza: str, room: ChatId, who: Seen | None, key: str, at: float, queryid: str) -> str:
    """`stanza`, as everybody was sent it, as a result of a query (XEP-0313 #results): to whom that goes, not whom it
    was for; and who the sender is (#business-storeret-muc-archives)."""
    inner = stanza.replace(f' to="{_GAP}"', "", 1).replace("<message", '<message xmlns="jabber:client"', 1)
    if who is not None and inner.endswith("</message>"):
        inner = f'{inner.removesuffix("</message>")}<x xmlns="{USER}">{_item(who)}</x></message>'
    named = f' queryid="{text.attribute(queryid)}"' if queryid else ""
    return (
        f'<message from="{text.attribute(room)}" to="{_GAP}"><result xmlns="urn:xmpp:mam:2"{named} '
        f'id="{text.attribute(key)}"><forwarded xmlns="urn:xmpp:forward:0">'
        f'<delay xmlns="urn:xmpp:delay" stamp="{stamp(at)}"/>{inner}</forwarded></result></message>'
    )


def stamp(at: float) -> str:
    """XEP-0082 #sect-datetime, UTC, to the millisecond: what a client asks for by time it then finds by the same."""
    try:
        when = datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):  # no year that a calendar has
        when = datetime.fromtimestamp(0, UTC)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def corrected(room: ChatId, nick: str, occupant: str, id: str, key: str, target: str, content: str) -> str:
    """XEP-0308 #usecase."""
    replaced = f'<replace xmlns="urn:xmpp:message-correct:0" id="{text.attribute(target)}"/>'
    return _message(room, nick, occupant, id, key, content + signs.MARKABLE + replaced)


def retracted(room: ChatId, nick: str, occupant: str, id: str, key: str, target: str) -> str:
    """XEP-0424 #retract."""
    return _message(room, nick, occupant, id, key, render.retraction(target))


def reacted(room: ChatId, nick: str, occupant: str, id: str, key: str, target: str, reactions: Iterable[str]) -> str:
    """XEP-0444 #usecases."""
    some = "".join(f"<reaction>{text.escape(one)}</reaction>" for one in reactions)
    wanted = f'<reactions xmlns="urn:xmpp:reactions:0" id="{text.attribute(target)}">{some}</reactions>'
    return _message(room, nick, occupant, id, key, wanted + '<store xmlns="urn:xmpp:hints"/>')


def removed(room: ChatId, key: str, target: str, why: str, nick: str = "", occupant: str = "") -> str:
    """A message is taken back by whoever keeps order, or by the room (XEP-0425 #moderator-retracts-message); also as
    version 0 had it, with words for apps that know neither."""
    by, id = text.attribute(_full(room, nick)), text.attribute(target)
    reason = f"<reason>{text.escape(why)}</reason>" if why else ""
    now = f'<moderated xmlns="urn:xmpp:message-moderate:1" by="{by}">{_occupant(occupant)}</moderated>'
    before = f'<moderated xmlns="urn:xmpp:message-moderate:0" by="{by}"><retract xmlns="urn:xmpp:message-retract:0"/>'
    words = "A message was removed" + (f": {why}" if why else ".")
    return (
        f'<message type="groupchat" id="{key}" from="{text.attribute(room)}" to="{_GAP}">'
        f'<retract xmlns="urn:xmpp:message-retract:1" id="{id}">{now}{reason}</retract>'
        f'<apply-to xmlns="urn:xmpp:fasten:0" id="{id}">{before}{reason}</moderated></apply-to>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"/>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:0"/>'
        f"<body>{text.escape(words)}</body>"
        f'<stanza-id xmlns="urn:xmpp:sid:0" id="{key}" by="{text.attribute(room)}"/></message>'
    )


def sign(room: ChatId, nick: str, occupant: str, payload: str) -> str:
    """A chat state or a marker of somebody there; it has no id, and nothing is to come back for it."""
    return (
        f'<message type="groupchat" from="{text.attribute(_full(room, nick))}" to="{_GAP}">'
        f"{payload}{_occupant(occupant)}</message>"
    )


def invitation(invite: Invite) -> str:
    """XEP-0249 #example-1, with words for apps that do not know it."""
    room, user, key = invite.chat, invite.whom, invite.key
    words = f"{invite.by or 'Somebody'} invites you to {room}."
    if invite.inside:
        words = f"You are in {room}: your app can show it."
    why = text.attribute(invite.reason or words)
    return (
        f'<message id="{key}" from="{text.attribute(room)}" to="{text.attribute(user)}">'
        f'<x xmlns="jabber:x:conference" jid="{text.attribute(room)}" reason="{why}"/>'
        f"<body>{text.escape(words)}</body></message>"
    )


def _message(room: ChatId, nick: str, occupant: str, id: str, key: str, payload: str, at: float | None = None) -> str:
    delay = ""
    # XEP-0359 #origin-id. COMPAT profanity: it knows by nothing else what it has said itself, and shows it twice.
    origin = f'<origin-id xmlns="urn:xmpp:sid:0" id="{text.attribute(id)}"/>' if id != key else ""
    if at is not None:
        delay = f'<delay xmlns="urn:xmpp:delay" from="{text.attribute(room)}" stamp="{stamp(at)}"/>'
    return (
        f'<message type="groupchat" id="{text.attribute(id)}" from="{text.attribute(_full(room, nick))}" to="{_GAP}">'
        f"{payload}{_occupant(occupant)}{origin}"
        f'<stanza-id xmlns="urn:xmpp:sid:0" id="{key}" by="{text.attribute(room)}"/>{delay}</message>'
    )


def _occupant(id: str) -> str:
    return f'<occupant-id xmlns="urn:xmpp:occupant-id:0" id="{id}"/>' if id else ""


def _full(room: ChatId, nick: str) -> str:
    """The occupant, or the room itself."""
    return f"{room}/{nick}" if nick else room
