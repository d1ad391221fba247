"""Signs of life in a memory network: shown to who is connected, and to nobody later."""

from bridge.contract import (
    ChatId,
    MarkRead,
    MessageId,
    PresenceChanged,
    ReadUpTo,
    Reason,
    Receipt,
    SetPicture,
    SetPresence,
    SetTyping,
    TypingChanged,
)
from bridge.testing import wire
from bridge.testing.network import Network, refuse
from bridge.testing.places import Chat, Member


def types(network: Network, ask: wire.Types) -> None:
    chat = network.chat(ask.chat)
    network.happen(TypingChanged(chat=ChatId(chat.id), sender=network.person(ask.person), typing=ask.typing), chat)


def reads(network: Network, ask: wire.Reads) -> None:
    chat = network.chat(ask.chat)
    sign = ReadUpTo(
        chat=ChatId(chat.id), sender=network.person(ask.person), target=MessageId(ask.target), private=ask.private
    )
    network.happen(sign, chat, only=ask.person if ask.private else "")


def appears(network: Network, ask: wire.Appears) -> None:
    network.happen(
        PresenceChanged(
            contact=network.person(ask.person), available=ask.available, away=ask.away, status=ask.status, idle=ask.idle
        ),
        None,
    )


def set_typing(network: Network, member: Member, chat: Chat, action: SetTyping) -> Receipt:
    chat.typing.discard(member.id)
    if action.typing:
        chat.typing.add(member.id)
    sign = TypingChanged(chat=action.chat, sender=member.contact, typing=action.typing)
    network.happen(sign, chat, "account", member.id)
    return Receipt()


def mark_read(network: Network, member: Member, chat: Chat, action: MarkRead) -> Receipt:
    target = action.target.ids[-1]
    if target not in chat.known:
        raise refuse("There is no such message.")
    chat.read[member.id] = target
    chat.private.discard(member.id)
    if action.private:
        chat.private.add(member.id)
    sign = ReadUpTo(chat=action.chat, sender=member.contact, target=target, private=action.private)
    network.happen(sign, chat, "account", member.id, only=member.id if action.private else "")
    return Receipt()


def set_presence(network: Network, member: Member, action: SetPresence) -> Receipt:
    if action.chat:
        raise refuse("A presence is not of a chat.", Reason.BAD_REQUEST)
    member.presence = "unavailable" if not action.available else "away" if action.away else "available"
    sign = PresenceChanged(
        contact=member.contact, available=action.available, away=action.away, status=action.status
    )  # fmt: skip
    network.happen(sign, None, "account", member.id)
    return Receipt()


def wears(network: Network, ask: wire.Wears) -> None:
    member = network.accounts.get(ask.person)
    if member is None:
        raise refuse("There is no such account.")
    member.picture = ask.picture
    network.touched()


def set_picture(network: Network, member: Member, action: SetPicture) -> Receipt:
    if action.picture and action.picture not in network.files:
        raise refuse("There is no such file.")
    if member.picture not in ("", action.picture, *action.before):
        raise refuse("The account has a picture that its user has chosen.", Reason.NOT_ALLOWED)
    member.picture = action.picture
    network.touched()
    return Receipt()
