"""Actions in direct chats, written as message stanzas from a contact to a user. Pure."""

from dataclasses import replace
from datetime import UTC, datetime

from bridge.contract import Action, Confirm, Edit, Fail, Message, React, Retract, Send, Style, Target
from bridge.xmpp import errors, files, text
from bridge.xmpp.parse import Origin

_AROUND = 1_200  # bytes of a stanza besides its JIDs and its body
_LEAST = 256  # bytes of body in a stanza, however small the limit


def parts(action: Action, jids: int, limit: int) -> list[Action]:
    """What one stanza each can carry. `jids` are the bytes of both addresses, `limit` those of a whole stanza."""
    if isinstance(action, Retract):
        return _retractions(action)
    if not isinstance(action, (Send, Edit)):
        return [action]
    budget = max(_LEAST, limit - _AROUND - 2 * jids)
    whole, media = words(action.message), action.message.media
    if text.size(whole) <= budget and not media and (isinstance(action, Send) or len(action.target.ids) == 1):
        return [action]
    # A file's address is a message of its own, so that apps show the file.
    pieces = [Message(media=(one,)) for one in media]
    pieces += [Message(piece) for piece in text.split(whole, budget) if piece or not media]
    if isinstance(action, Send):
        return [
            replace(
                action,
                key=_key(action, n),
                own_id=action.own_id if n == 0 else None,
                message=replace(piece, reply_to=action.message.reply_to if n == 0 else None),
            )
            for n, piece in enumerate(pieces)
        ]
    made: list[Action] = []
    ids = action.target.ids
    for n, piece in enumerate(pieces):
        if n < len(ids):
            made.append(replace(action, key=_key(action, n), target=Target((ids[n],)), message=piece))
        else:
            made.append(
                Send(chat=action.chat, key=_key(action, n), persona=action.persona, at=action.at,
                     maybe_done=action.maybe_done, message=piece)
            )  # fmt: skip
    for n in range(len(pieces), len(ids)):
        made.append(
            Retract(chat=action.chat, key=_key(action, n), persona=action.persona, target=Target((ids[n],)),
                    maybe_done=action.maybe_done)
        )  # fmt: skip
    return made


def _retractions(action: Retract) -> list[Action]:
    """One for each part."""
    return [
        replace(action, key=_key(action, n), own_id=action.own_id if n == 0 else None, target=Target((id,)))
        for n, id in enumerate(action.target.ids)
    ]


def words(message: Message) -> str:
    """The body: `/me` (XEP-0245) for an emote."""
    return f"/me {message.text}" if message.style is Style.EMOTE else message.text


def stanza(action: Action, contact: str, user: str, nick: str = "") -> str:
    """One stanza from `contact` to `user`, bare JIDs. `nick` is told with it (XEP-0172). Empty for an answer that its
    author did not ask for."""
    match action:
        case Send(message=message):
            return _message(action, contact, user, body(message) + _named(nick))
        case Edit(message=message, target=target):
            replaced = f'<replace xmlns="urn:xmpp:message-correct:0" id="{text.attribute(target.ids[0])}"/>'
            return _message(action, contact, user, body(message) + replaced)
        case Retract(target=target):
            return _message(action, contact, user, retraction(target.ids[0]))
        case React(target=target, reactions=reactions):
            some = "".join(f"<reaction>{text.escape(one)}</reaction>" for one in reactions)
            wanted = f'<reactions xmlns="urn:xmpp:reactions:0" id="{text.attribute(target.ids[0])}">{some}</reactions>'
            return _message(action, contact, user, wanted + '<store xmlns="urn:xmpp:hints"/>')
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


def body(message: Message) -> str:
    """The text, or the file of a message that is one."""
    return files.payload(message.media[0]) if message.media else f"<body>{text.escape(words(message))}</body>"


def _named(nick: str) -> str:
    return f'<nick xmlns="http://jabber.org/protocol/nick">{text.escape(nick)}</nick>' if nick else ""


def retraction(target: str) -> str:
    """XEP-0424 #retract, with the words for apps that do not know it (XEP-0428)."""
    return (
        f'<retract xmlns="urn:xmpp:message-retract:1" id="{text.attribute(target)}"/>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"/>'
        "<body>/me retracted an earlier message.</body>"
    )


def _message(action: Action, contact: str, user: str, payload: str) -> str:
    delay = ""
    if action.at is not None:
        stamp = datetime.fromtimestamp(action.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        delay = f'<delay xmlns="urn:xmpp:delay" stamp="{stamp}"/>'
    return (
        f'<message type="chat" id="{action.key}" from="{text.attribute(contact)}" to="{text.attribute(user)}">'
        f'{payload}<origin-id xmlns="urn:xmpp:sid:0" id="{action.key}"/>{delay}</message>'
    )
