"""Actions in direct chats, written as message stanzas from a contact to a user. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bridge.contract import (
    Action,
    Confirm,
    Edit,
    Fail,
    Invite,
    MarkRead,
    Message,
    React,
    Retract,
    Send,
    SetTyping,
    Target,
)  # fmt: skip
from bridge.xmpp import content, errors, signs, text
from bridge.xmpp.parse import Origin

_AROUND = 1_200  # bytes of a stanza besides its JIDs and its body
_LEAST = 256  # bytes of body in a stanza, however small the limit


def parts(action: Action, jids: int, limit: int, called: content.Called = content.nobody) -> list[Action]:
    """What one stanza each can carry. `jids` are the bytes of both addresses, `limit` those of a whole stanza; for
    `called` see `content`."""
    if isinstance(action, Retract):
        return _retractions(action)
    if not isinstance(action, (Send, Edit)):
        return [action]
    budget = max(_LEAST, limit - _AROUND - 2 * jids)
    pieces = content.split(action.message, budget, called)
    if len(pieces) == 1 and (isinstance(action, Send) or len(action.target.ids) == 1):
        return [action]
    if isinstance(action, Send):
        return [
            replace(action, key=_key(action, n), own_id=action.own_id if n == 0 else None, message=piece)
            for n, piece in enumerate(pieces)
        ]
    made: list[Action] = []
    ids = action.target.ids
    for n, piece in enumerate(pieces):
        if n < len(ids):
            made.append(replace(action, key=_key(action, n), target=_part_of(action.target, n), message=piece))
        else:
            made.append(
                Send(chat=action.chat, key=_key(action, n), persona=action.persona, at=action.at,
                     maybe_done=action.maybe_done, message=piece)
            )  # fmt: skip
    for n in range(len(pieces), len(ids)):
        made.append(
            Retract(chat=action.chat, key=_key(action, n), persona=action.persona, target=_part_of(action.target, n),
                    maybe_done=action.maybe_done)
        )  # fmt: skip
    return made


def _retractions(action: Retract) -> list[Action]:
    """One for each part."""
    return [
        replace(
            action, key=_key(action, n), own_id=action.own_id if n == 0 else None, target=_part_of(action.target, n)
        )
        for n in range(len(action.target.ids))
    ]


def _part_of(target: Target, n: int) -> Target:
    return Target(target.ids[n : n + 1], target.aliases[n : n + 1])


def stanza(
    action: Action, contact: str, user: str, nick: str = "", *, in_words: bool = False, beside: bool = False
) -> str:
    """One stanza from `contact` to `user`, bare JIDs. `nick` is told with it (XEP-0172). `in_words`: no app of theirs
    knows reactions; `beside`: all know markup. Empty for an answer that its author did not ask for."""
    match action:
        case Send(message=message):
            return _message(action, contact, user, _said(action, message, contact, user, beside=beside) + _named(nick))
        case Edit(message=message, target=target):
            replaced = f'<replace xmlns="urn:xmpp:message-correct:0" id="{text.attribute(target.ids[0])}"/>'
            return _message(action, contact, user, _said(action, message, contact, user, beside=beside) + replaced)
        case Retract(moderator=True):
            # XEP-0424 #security: apps believe nobody's retraction but the author's.
            return _message(action, contact, user, f"<body>{text.escape(removal(action))}</body>")
        case Retract(target=target):
            return _message(action, contact, user, retraction(target.ids[0]))
        case React(target=target, reactions=reactions):
            some = "".join(f"<reaction>{text.escape(one)}</reaction>" for one in reactions)
            wanted = f'<reactions xmlns="urn:xmpp:reactions:0" id="{text.attribute(target.ids[0])}">{some}</reactions>'
            words = _reacted(reactions) if in_words and reactions else ""
            return _message(action, contact, user, f'{words}{wanted}<store xmlns="urn:xmpp:hints"/>')
        case SetTyping(typing=composing):
            return _sign(contact, user, signs.typing(composing))
        case MarkRead(target=target):
            return _sign(contact, user, signs.displayed(target.ids[-1]))
        case Confirm(target=accepted, origin=given):
            origin = Origin.read(given)
            if not origin.receipt:
                return ""
            received = f'<received xmlns="urn:xmpp:receipts" id="{text.attribute(accepted)}"/>'
            return (
                f'<message type="chat" id="{action.key}" from="{text.attribute(origin.to)}" '
                f'to="{text.attribute(origin.sender)}">{received}<store xmlns="urn:xmpp:hints"/></message>'
            )
        case Fail(target=failed, origin=given, reason=reason, text=why):
            origin = Origin.read(given)
            return error(failed, origin.to, origin.sender, errors.render(reason.value, why))
        case Invite(by=name, reason=why):
            # RFC 6121 #sub-request: somebody whom the user does not know wants to talk with them.
            status = f"<status>{text.escape(why)}</status>" if why else ""
            return (
                f'<presence type="subscribe" from="{text.attribute(contact)}" to="{text.attribute(user)}">'
                f"{status}{_named(name)}</presence>"
            )
        case _:
            raise TypeError(f"{type(action).__name__} has no stanza")


def error(id: str, sender: str, to: str, payload: str, name: str = "message") -> str:
    """The stanza of type error that answers another (RFC 6120 #stanzas-error)."""
    return (
        f'<{name} type="error" id="{text.attribute(id)}" from="{text.attribute(sender)}" '
        f'to="{text.attribute(to)}">{payload}</{name}>'
    )


def _key(action: Action, n: int) -> str:
    return f"{action.key}.{n}" if n else action.key


def _said(action: Action, message: Message, contact: str, user: str, *, beside: bool) -> str:
    """A carbon goes from the user to the contact: whom it answers is not said, and nobody marks it as read."""
    author = message.quote.author if message.quote is not None else None
    own = action.persona is not None and action.persona.own
    to = "" if author is None or own else user if author.id == user else contact
    return content.written(message, to=to, beside=beside) + ("" if own else signs.MARKABLE)


def _named(nick: str) -> str:
    return f'<nick xmlns="http://jabber.org/protocol/nick">{text.escape(nick)}</nick>' if nick else ""


def retraction(target: str) -> str:
    """XEP-0424 #retract, also as it was in version 0, with the words for apps that know neither (XEP-0428)."""
    id = text.attribute(target)
    return (
        f'<retract xmlns="urn:xmpp:message-retract:1" id="{id}"/>'
        f'<apply-to xmlns="urn:xmpp:fasten:0" id="{id}"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"/>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:0"/>'
        '<body>/me retracted an earlier message.</body><store xmlns="urn:xmpp:hints"/>'
    )


def _reacted(reactions: Sequence[str]) -> str:
    """For apps that do not know reactions, and for no others (XEP-0428)."""
    words = text.escape(f"/me reacted with {' '.join(reactions)} to an earlier message.")
    return f'<body>{words}</body><fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reactions:0"/>'


def removal(action: Retract) -> str:
    """A moderator's retraction in words."""
    return "/me removed a message" + (f": {action.reason}" if action.reason else ".")


def _sign(contact: str, user: str, payload: str) -> str:
    """It has no id: nothing is to come back for it."""
    return f'<message type="chat" from="{text.attribute(contact)}" to="{text.attribute(user)}">{payload}</message>'


def _message(action: Action, contact: str, user: str, payload: str) -> str:
    delay = ""
    if action.at is not None:
        stamp = datetime.fromtimestamp(action.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        delay = f'<delay xmlns="urn:xmpp:delay" stamp="{stamp}"/>'
    return (
        f'<message type="chat" id="{action.key}" from="{text.attribute(contact)}" to="{text.attribute(user)}">'
        f'{payload}<origin-id xmlns="urn:xmpp:sid:0" id="{action.key}"/>{delay}</message>'
    )
