"""What accounts do in a memory network: one function per action, looked up in `DOINGS`."""

import time
from collections.abc import Callable
from typing import Any

from bridge.contract import (
    Action,
    Block,
    Capabilities,
    ChatId,
    ChatKind,
    Confirm,
    Contact,
    ContactId,
    CreateRoom,
    Edit,
    Fail,
    Join,
    Leave,
    MarkRead,
    MessageEdited,
    MessageId,
    MessageReceived,
    MessageRetracted,
    Persona,
    Rank,
    React,
    ReactionsChanged,
    Reason,
    Receipt,
    Report,
    Retract,
    Send,
    SetPicture,
    SetPresence,
    SetTyping,
)
from bridge.testing import directory, governing, rooms, signs, wire
from bridge.testing.network import Network, refuse, set_reactions
from bridge.testing.performs import Perform
from bridge.testing.places import Chat, Member
from bridge.testing.states import Answered, Said
from bridge.testing.traits import Traits

ACTIONS: dict[str, type[Action]] = {"edit": Edit, "retract": Retract, "react": React}


def abilities(traits: Traits, *, relay: bool, reflects: bool = True) -> Capabilities:
    """What a session says of a chat of such a network."""
    actions: set[type[Action]] = {Send, Edit, Retract, React} - {ACTIONS[name] for name in traits.without}
    if traits.answers:
        actions |= {Confirm, Fail}
    if not traits.fence:
        actions |= {Join, Leave, *governing.DOINGS}
    if traits.finds and not traits.fence:
        actions |= {Block, Report}
    if traits.signs:
        actions |= {SetTyping, MarkRead, SetPresence}
    if traits.signs and traits.media:
        actions |= {SetPicture}
    return Capabilities(
        actions=frozenset(actions),
        window=traits.window,
        idempotent=traits.idempotent,
        echoes=traits.echoes,
        unique_ids=traits.unique_ids,
        personas=traits.personas and relay,
        media=traits.media,
        reflects=reflects,
        history=traits.history,
    )


def perform(network: Network, member: Member, ask: Perform) -> Receipt:
    """Carry out an action of `member`. Raises `Failed`."""
    action: Any = ask.action
    if isinstance(action, CreateRoom):
        return governing.create(network, member, action)
    if isinstance(action, Join | Leave):
        return MOVES[type(action)](network, member, rooms.room(network, action.chat))
    if isinstance(action, SetPresence | SetPicture | Block | Report):
        return ABOUT_NO_CHAT[type(action)](network, member, action)
    chat = network.chat(action.chat)
    if not chat.sees(member) and not network.traits.implicit:
        raise refuse("This account is not in the chat.", Reason.FORBIDDEN)
    if isinstance(action, Edit | Retract | React) and (name := type(action).__name__.lower()) in network.traits.without:
        raise refuse(f"This network has no way to {name}.", Reason.UNSUPPORTED)
    done = member.receipts.get(action.key) if network.traits.idempotent else None
    if done is not None:
        said, receipt = done
        if said is not None:
            said.keys.append(action.key)
        network.touched()
        return Receipt(**receipt)
    return DOINGS[type(action)](network, member, chat, action)


def direct(network: Network, member: Member, ask: wire.Direct) -> str:
    """The direct chat of `member` with a person, made if there is none. Raises `Failed`."""
    if ask.contact not in network.people or ask.contact == member.id:
        raise refuse("There is no such person.")
    present = member.opened.get(ask.key) or next(
        (c.id for c in network.chats.values() if c.kind == "direct" and {member.id, ask.contact} == set(c.members)),
        None,
    )
    if present is None:
        present = network.add_chat(
            wire.AddChat(id=f"dm.{member.id}.{ask.contact}", kind="direct", members=[member.id, ask.contact])
        )
    member.opened[ask.key] = present
    return present


def contacts(network: Network, member: Member) -> list[Contact]:
    """People `member` has direct chats with."""
    found = [c for c in network.chats.values() if c.kind is ChatKind.DIRECT and member.id in c.members]
    return [network.person(other) for c in found for other in c.members if other != member.id]


def _send(network: Network, member: Member, chat: Chat, action: Send) -> Receipt:
    traits, message = network.traits, action.message
    if chat.kind is ChatKind.ROOM and chat.rank(member.id) is Rank.VISITOR and not member.relay:
        raise refuse("You may only listen in this room.", Reason.FORBIDDEN)
    if len(message.text) > traits.longest:
        raise refuse(f"A message has at most {traits.longest} characters.", Reason.POLICY)
    if not message.text and not message.media:
        raise refuse("A message needs a text.", Reason.NOT_ACCEPTABLE)
    author, by = _author(network, member, action.persona)
    identity = network.new_id() if traits.unique_ids else action.key
    again = chat.known.get(identity)
    if again is not None:  # ids are chosen by whoever writes: people's apps show the same one once
        again.keys.append(action.key)
        network.touched()
        return Receipt((MessageId(identity),))
    said = Said(
        id=identity, author=author.id, name=author.name, text=message.text, reply_to=message.reply_to,
        media=[m.reference for m in message.media], spans=list(message.spans), style=message.style,
        keys=[action.key], at=action.at, by=by,
    )  # fmt: skip
    chat.add(said)
    authored = _authored(chat, author, identity, action)
    network.happen(MessageReceived(**authored, message=message), chat, by, member.id)
    if traits.parrots and chat.kind is ChatKind.DIRECT:
        for person in [p for p in chat.members if p not in network.accounts]:
            network.says(wire.Says(person=person, chat=chat.id, text=message.text))
    return _receipt(network, member, action, said, identity)


def _edit(network: Network, member: Member, chat: Chat, action: Edit) -> Receipt:
    said = _own(network, member, chat, action, action.target.ids[0])
    if said is None:
        return Receipt((MessageId(action.key),))
    if len(action.message.text) > network.traits.longest:
        raise refuse(f"A message has at most {network.traits.longest} characters.", Reason.POLICY)
    author, by = _author(network, member, action.persona)
    said.text, said.edited = action.message.text, said.edited + 1
    said.spans, said.style = list(action.message.spans), action.message.style
    identity = network.new_id() if network.traits.unique_ids else action.key
    authored = _authored(chat, author, identity, action)
    network.happen(MessageEdited(**authored, target=MessageId(said.id), message=action.message), chat, by, member.id)
    return _receipt(network, member, action, None, identity)


def _retract(network: Network, member: Member, chat: Chat, action: Retract) -> Receipt:
    said = _own(network, member, chat, action, action.target.ids[0])
    if said is None:
        return Receipt((MessageId(action.key),))
    author, by = _author(network, member, action.persona)
    said.gone = True
    identity = network.new_id() if network.traits.unique_ids else action.key
    authored = _authored(chat, author, identity, action)
    moderator = said.author != author.id
    event = MessageRetracted(**authored, target=MessageId(said.id), moderator=moderator, reason=action.reason)
    network.happen(event, chat, by, member.id)
    return _receipt(network, member, action, None, identity)


def _react(network: Network, member: Member, chat: Chat, action: React) -> Receipt:
    said = chat.known.get(action.target.ids[0])
    if said is None:
        raise refuse("There is no such message.")
    author, by = _author(network, member, action.persona)
    set_reactions(said, author.id, list(action.reactions))
    identity = network.new_id() if network.traits.unique_ids else action.key
    authored = _authored(chat, author, identity, action)
    event = ReactionsChanged(**authored, target=MessageId(said.id), reactions=action.reactions)
    network.happen(event, chat, by, member.id)
    receipt = {
        "ids": (MessageId(identity),),
        "reactions": tuple((emoji, MessageId(f"{identity}.{emoji}")) for emoji in action.reactions),
    }
    if network.traits.idempotent and network.traits.unique_ids:
        member.receipts[action.key] = (None, receipt)
    return Receipt(**receipt)  # type: ignore[arg-type]


def _answer(network: Network, member: Member, chat: Chat, action: Confirm | Fail) -> Receipt:
    if not network.traits.answers:
        raise refuse("Nobody is told here what becomes of a message.", Reason.UNSUPPORTED)
    reason, text = (str(action.reason), action.text) if isinstance(action, Fail) else ("", "")
    chat.answers.append(Answered(action.target, action.origin, reason, text))
    network.touched()
    return Receipt()


def _join(network: Network, member: Member, chat: Chat) -> Receipt:
    rooms.comes(network, wire.Comes(person=member.id, chat=chat.id))
    return Receipt(chat=ChatId(chat.id))


def _leave(network: Network, member: Member, chat: Chat) -> Receipt:
    rooms.goes(network, wire.Goes(person=member.id, chat=chat.id))
    return Receipt()


MOVES: dict[type[Action], Callable[[Network, Member, Chat], Receipt]] = {Join: _join, Leave: _leave}

ABOUT_NO_CHAT: dict[type[Action], Callable[..., Receipt]] = {
    SetPresence: signs.set_presence,
    SetPicture: signs.set_picture,
    Block: directory.block,
    Report: directory.report,
}

DOINGS: dict[type[Action], Callable[..., Receipt]] = {
    Send: _send,
    Edit: _edit,
    Retract: _retract,
    React: _react,
    Confirm: _answer,
    Fail: _answer,
    **{kind: does for kind, does in governing.DOINGS.items() if kind is not CreateRoom},
    SetTyping: signs.set_typing,
    MarkRead: signs.mark_read,
}


def _author(network: Network, member: Member, persona: Persona | None) -> tuple[Contact, str]:
    """Who is seen to do it."""
    traits = network.traits
    if persona is None or not (traits.personas and member.relay):
        return member.contact, "account"
    if persona.network == member.network:
        return Contact(ContactId(persona.contact), persona.name), "persona"  # one of our own people
    return Contact(ContactId(f"{persona.network}_{persona.contact}"), persona.name), "persona"


def _own(network: Network, member: Member, chat: Chat, action: Edit | Retract, target: str) -> Said | None:
    """The message, if `action` may change it. None where nobody would say that there is no such message."""
    said = chat.known.get(target)
    if said is None or (said.gone and not network.traits.idempotent):
        if network.traits.fence:
            return None
        raise refuse("There is no such message.")
    keeps_order = isinstance(action, Retract) and action.moderator and chat.rank(member.id).keeps_order
    if said.author != _author(network, member, action.persona)[0].id and not keeps_order:
        raise refuse("This is somebody else's message.", Reason.FORBIDDEN)
    return said


def _authored(chat: Chat, author: Contact, identity: str, action: Action) -> dict[str, Any]:
    return {
        "chat": action.chat, "id": MessageId(identity), "sender": author,
        "at": action.at or time.time(), "key": action.key,
    }  # fmt: skip


def _receipt(network: Network, member: Member, action: Action, said: Said | None, identity: str) -> Receipt:
    ids = (MessageId(identity),)
    if network.traits.idempotent and network.traits.unique_ids:
        member.receipts[action.key] = (said, {"ids": ids})
    return Receipt(ids)
