"""Commands that are said in rooms: they are known, and stay where they were said.

In a room that an account of the operator is in, what begins with `!bridge` is a command to it, whoever reports it; it
goes to nothing but the rooms on XMPP that show the same room. Elsewhere it may be meant for somebody else's program,
and is carried like anything. It is carried out when the operator's own account reports it.
"""

from bridge.contract import ChatKind, Message, MessageEdited, MessageReceived, Provenance, Style
from bridge.hub import absent, changes, keys
from bridge.hub.facades import HOME
from bridge.hub.intake import Accept, Outcome
from bridge.hub.judge import Ruling
from bridge.store.ledger import Ledger
from bridge.store.rooms import HOSTED
from bridge.store.rows import Chat

WORD = "!bridge"


def is_command(message: Message) -> bool:
    first, _, _ = message.text[:200].strip().partition(" ")
    return message.style is Style.TEXT and not message.media and first.partition("\n")[0].casefold() == WORD


def accept_message(accept: Accept, ledger: Ledger) -> Outcome:
    """A message, and whether it is a command that is to be carried out."""
    event = accept.event
    assert isinstance(event, MessageReceived)
    if event.key is not None and _own_word(accept, ledger, event):
        return Outcome(Ruling.ECHO)
    if not is_command(event.message) or event.key is not None or accept.position is not None:
        return absent.accept_message(accept, ledger)
    chat = _place(accept, ledger, event)
    if chat is None:
        return absent.accept_message(accept, ledger)
    ours = not accept.source.user and chat.kind != HOSTED
    ours = ours and event.provenance is Provenance.PERSON  # programs that keep order say what others have them say
    if _shown(ledger, chat):
        accept.stays = True
        outcome = absent.accept_message(accept, ledger)
    else:
        outcome = Outcome(Ruling.IGNORE, "command")
    # Who is there with an account of their own may have told it first: then it is a repeat for us, and the first word.
    outcome.command = ours and event.sender.id != accept.source.me and outcome.ruling is not Ruling.ECHO
    return outcome


def accept_edit(accept: Accept, ledger: Ledger) -> Outcome:
    """An edit that reads as a command is no command, and stays where it was made, too."""
    event = accept.event
    assert isinstance(event, MessageEdited)
    if is_command(event.message) and event.key is None and accept.position is None:
        chat = _place(accept, ledger, event)
        if chat is not None and not _shown(ledger, chat):
            return Outcome(Ruling.IGNORE, "command")
        accept.stays = chat is not None
    return changes.accept_edit(accept, ledger)


def _own_word(accept: Accept, ledger: Ledger, event: MessageReceived) -> bool:
    """Whether it is what we have said of ourselves, seen again."""
    source = accept.source
    ours = source.personas or event.sender.id in ledger.directory.accounts.ours(source.network)
    return ours and event.key is not None and accept.context.keys.is_word(keys.split(event.key)[0])


def _place(accept: Accept, ledger: Ledger, event: MessageReceived | MessageEdited) -> Chat | None:
    """The room, if commands in it are ours."""
    source, directory = accept.source, ledger.directory
    if event.addressee is not None:
        return None
    chat = directory.chat(source.network, source.scope, event.chat)
    if chat is None:
        if source.user or source.network == HOME:
            return None
        chat = directory.add_chat(source.network, source.scope, event.chat, ChatKind.ROOM)
        directory.accounts.enter(chat.id, source.account)
    if chat.kind not in (ChatKind.ROOM, HOSTED):
        return None
    there = chat.shows if chat.kind == HOSTED and chat.shows is not None else chat.id
    present = directory.accounts.in_chat(there)
    operators = any(not directory.accounts.user_of(account) for account in present)
    return chat if operators or (not source.user and chat.kind == ChatKind.ROOM) else None


def _shown(ledger: Ledger, chat: Chat) -> bool:
    """Whether a room on XMPP shows it, or it is one that shows another."""
    link = ledger.directory.link_of(chat.id)
    here = next((one.room for one in link.endpoints if one.chat.id == chat.id), None) if link is not None else None
    return link is not None and sum(one.room == here for one in link.endpoints) > 1
