"""What our people say and do in rooms elsewhere, as stanzas. Pure."""

from bridge.contract import Action, Edit, Message, React, Retract, Send, SetTyping
from bridge.xmpp import content, errors, render, signs, text
from bridge.xmpp.hosted.stanzas import stamp

MUC = "http://jabber.org/protocol/muc"
USER = f"{MUC}#user"


_BRIDGED = "urn:landbridge:bridged:0"
BRIDGED = f'<bridged xmlns="{_BRIDGED}"/>'
"""In what is said for somebody of another network or room, so that other bridges do not carry it once more."""
_INFO = "http://jabber.org/protocol/disco#info"


def enter(room: str, nick: str, jid: str, seconds: int | None, host: str, password: str = "") -> str:
    """XEP-0045 #enter-muc. `seconds`: the history of the last so many is wanted; None: none is. `host`: the gateway
    that listens there, so that others of its kind see that the room is bridged. `password`: of the room, if it is known
    (#enter-pw)."""
    history = f'seconds="{seconds}"' if seconds is not None else 'maxstanzas="0"'
    secret = f"<password>{text.escape(password)}</password>" if password else ""
    return (
        f'<presence from="{text.attribute(jid)}" to="{text.attribute(f"{room}/{nick}")}">'
        f'<x xmlns="{MUC}"><history {history}/>{secret}</x>'
        f"{_brought(host)}</presence>"
    )


def rename(room: str, nick: str, jid: str, host: str) -> str:
    """XEP-0045 #changenick."""
    to = text.attribute(f"{room}/{nick}")
    return f'<presence from="{text.attribute(jid)}" to="{to}">{_brought(host)}</presence>'


def _brought(host: str) -> str:
    return f'<bridged xmlns="{_BRIDGED}" by="{text.attribute(host)}"/>'


def leave(room: str, nick: str, jid: str) -> str:
    """XEP-0045 #exit."""
    return f'<presence type="unavailable" from="{text.attribute(jid)}" to="{text.attribute(f"{room}/{nick}")}"/>'


def moderate(target: str, reason: str, *, old: bool) -> str:
    """XEP-0425 #moderating-messages. `old`: version 0 of it, which is fastened (XEP-0422)."""
    id = text.attribute(target)
    why = f"<reason>{text.escape(reason)}</reason>" if reason else ""
    if old:
        return (
            f'<apply-to xmlns="urn:xmpp:fasten:0" id="{id}"><moderate xmlns="urn:xmpp:message-moderate:0">'
            f'<retract xmlns="urn:xmpp:message-retract:0"/>{why}</moderate></apply-to>'
        )
    return (
        f'<moderate xmlns="urn:xmpp:message-moderate:1" id="{id}"><retract xmlns="urn:xmpp:message-retract:1"/>{why}'
        "</moderate>"
    )


def voice(room: str, jid: str) -> str:
    """XEP-0045 #requestvoice."""
    return (
        f'<message from="{text.attribute(jid)}" to="{text.attribute(room)}"><x xmlns="jabber:x:data" type="submit">'
        f'<field var="FORM_TYPE"><value>{MUC}#request</value></field>'
        '<field var="muc#role" type="list-single"><value>participant</value></field></x></message>'
    )


def stanza(action: Action, room: str, jid: str, called: content.Called) -> str:
    """One stanza of the occupant `jid`; empty where there is nothing to say."""
    match action:
        case Send(message=message):
            payload = _said(message, called) + signs.MARKABLE
        case Edit(message=message, target=target):
            # XEP-0308 #rules: by the name that its author has given it.
            first = (target.aliases or target.ids)[0]
            replaced = f'<replace xmlns="urn:xmpp:message-correct:0" id="{text.attribute(first)}"/>'
            payload = _said(message, called) + replaced
        case Retract(target=target):
            payload = render.retraction(target.ids[0])
        case React(target=target, reactions=reactions):
            some = "".join(f"<reaction>{text.escape(one)}</reaction>" for one in reactions)
            payload = (
                f'<reactions xmlns="urn:xmpp:reactions:0" id="{text.attribute(target.ids[0])}">{some}</reactions>'
                '<store xmlns="urn:xmpp:hints"/>'
            )
        case SetTyping(typing=composing):
            return _groupchat(room, jid, "", signs.typing(composing))
        case _:
            raise TypeError(f"{type(action).__name__} has no stanza")
    origin = f'<origin-id xmlns="urn:xmpp:sid:0" id="{action.key}"/>'
    delay = f'<delay xmlns="urn:xmpp:delay" stamp="{stamp(action.at)}"/>' if action.at is not None else ""
    return _groupchat(room, jid, action.key, payload + origin + delay + BRIDGED)


def parts(action: Action, limit: int, called: content.Called) -> list[Action]:
    """What one stanza each can carry."""
    return render.parts(action, len(action.chat.encode()) + 500, limit, called)


def described(iq: str, jid: str, to: str) -> str:
    """XEP-0030 #info: who is in the room as one of us is somebody elsewhere."""
    identity = '<identity category="gateway" type="xmpp" name="Landbridge"/>'
    features = "".join(f'<feature var="{one}"/>' for one in (_INFO, "urn:xmpp:ping", _BRIDGED))
    return (
        f'<iq type="result" id="{text.attribute(iq)}" from="{text.attribute(jid)}" to="{text.attribute(to)}">'
        f'<query xmlns="{_INFO}">{identity}{features}</query></iq>'
    )


def pong(iq: str, jid: str, to: str) -> str:
    return f'<iq type="result" id="{text.attribute(iq)}" from="{text.attribute(jid)}" to="{text.attribute(to)}"/>'


def not_here(iq: str, jid: str, to: str) -> str:
    return render.error(iq, jid, to, errors.render("service-unavailable", "This is not offered here."), "iq")


def not_private(jid: str, to: str) -> str:
    """What who writes privately to one of ours is answered; in words, since a room has whoever answers with an error
    leave."""
    words = "Private messages are not brought to other networks here. Write to me in the room."
    return (
        f'<message type="chat" from="{text.attribute(jid)}" to="{text.attribute(to)}"><body>{words}</body>'
        f'<x xmlns="{USER}"/><no-store xmlns="urn:xmpp:hints"/></message>'
    )


def archive(after: str, start: str, page: str, query: str) -> str:
    """XEP-0313 #query: what comes behind `after`, or since `start`; `page` is a result set's (XEP-0059)."""
    fields = f'<field var="start"><value>{start}</value></field>' if start else ""
    begin = f"<after>{text.escape(after)}</after>" if after else ""
    return (
        f'<query xmlns="urn:xmpp:mam:2" queryid="{query}"><x xmlns="jabber:x:data" type="submit">'
        '<field var="FORM_TYPE" type="hidden"><value>urn:xmpp:mam:2</value></field>'
        f'{fields}</x><set xmlns="http://jabber.org/protocol/rsm">{page}{begin}</set></query>'
    )


def _said(message: Message, called: content.Called) -> str:
    quote = message.quote
    author = called(quote.author) if quote is not None and quote.author is not None else content.Name()
    name = author.nick or (quote.name if quote is not None else "")
    return content.written(message, to=author.jid, name=name, called=called)


def _groupchat(room: str, jid: str, id: str, payload: str) -> str:
    named = f' id="{text.attribute(id)}"' if id else ""
    return (
        f'<message type="groupchat"{named} from="{text.attribute(jid)}" to="{text.attribute(room)}">{payload}</message>'
    )
