"""Direct chats: how a user's chat on XMPP and the same chat on a network find each other."""

from dataclasses import replace

from bridge.contract import ChatKind, ChatSeen, ContactId, NetworkId, Person, Reason
from bridge.hub import acquaintances, halting, suspending
from bridge.hub.facades import HOME, Home
from bridge.hub.hosting import hosted_for, room_seen
from bridge.hub.intake import Accept, Context, Outcome
from bridge.hub.judge import Ruling, Verdict
from bridge.hub.owing import preferred, wished
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Link


def home_chat(context: Context, ledger: Ledger, user: str, native: str, whom: Person) -> Chat | Verdict:
    """The user's chat with `whom`, linked. The other side is opened later, in its lane, if there is none yet."""
    directory = ledger.directory
    item = native.rpartition(" ")[2]
    accounts = preferred(context, ledger, user, whom.network, item)
    if not accounts and (guest := context.appoint(ledger, user, whom.network)) is not None:
        accounts = [guest]
    if not accounts:
        name = context.names.get(whom.network, whom.network)
        text = f"You are not logged in to {name}. Send “login” to the gateway, or use its command of that name."
        return Verdict(Ruling.REFUSE, "not logged in", Reason.NOT_LOGGED_IN, text)
    wanted = wished(context, ledger, user, whom.network, item)
    able = accounts if wanted is None else [wanted]
    known = next((c for a in able if (c := directory.accounts.direct(a, whom.id)) is not None), None)
    if known is None:
        if context.opens(user):
            text = "You have begun very many new chats in the last hour. Wait a while before you begin another one."
            return Verdict(Ruling.REFUSE, "quota", Reason.POLICY, text)
        there = directory.add_chat(whom.network, "", None, ChatKind.DIRECT, contact=whom.id)
        directory.accounts.enter(there.id, accounts[0])
        directory.accounts.set_direct(accounts[0], whom.id, there.id)
        known = there.id
    return _tie(context, ledger, user, native, whom.id, known)


def gateway_chat(ledger: Ledger, home: Home, user: str, network: NetworkId) -> Chat:
    """The user's chat with the gateway of a network, where it tells them what it has to say."""
    native = home.direct_chat(user, network, None)
    known = ledger.directory.chat(HOME, "", native)
    return known or ledger.directory.add_chat(HOME, "", native, ChatKind.DIRECT, owner=user)


def shown_again(accept: Accept, ledger: Ledger, chat: Chat) -> Link | None:
    """The link of a direct chat that nobody at home is shown. Two accounts of one user may each have one with the same
    person, and at home that is one chat: it goes with whichever of them something happens in."""
    source, context = accept.source, accept.context
    if chat.kind == ChatKind.DIRECT and chat.contact and source.user and context.home is not None:
        native = context.home.direct_chat(source.user, source.network, ContactId(chat.contact))
        _tie(context, ledger, source.user, native, chat.contact, chat.id)
    return ledger.directory.link_of(chat.id)


def accept_chat(accept: Accept, ledger: Ledger) -> Outcome:
    """A chat of an account as it is now (`ChatSeen`)."""
    event, source, directory = accept.event, accept.source, ledger.directory
    assert isinstance(event, ChatSeen)
    chat = directory.chat(source.network, source.scope, event.chat)
    if event.kind is ChatKind.DIRECT and chat is not None and chat.kind == ChatKind.ROOM:
        # It is a room for others of ours, or was one before, and it stays one (`bridge.hub.conversion`).
        event = replace(event, kind=ChatKind.ROOM, contact=None, name=chat.name, subject=chat.subject)
    outcome = Outcome(Ruling.ACCEPT)
    if event.kind is ChatKind.DIRECT and event.contact is not None:
        chat = _direct_seen(accept, ledger, chat, event, outcome)
        if source.user and accept.context.home is not None:
            home = accept.context.home.direct_chat(source.user, source.network, event.contact.id)
            shown = _tie(accept.context, ledger, source.user, home, event.contact.id, chat.id)
            acquaintances.asked(accept, ledger, shown, event.contact, outcome)
    if event.kind is ChatKind.ROOM and source.user:
        room_seen(accept, ledger, event, outcome)
    elif chat is None and event.kind is ChatKind.ROOM:  # of the operator's account: people may want to link it
        chat = directory.add_chat(
            source.network, source.scope, event.chat, ChatKind.ROOM, encrypted=event.encrypted, name=event.name
        )
        directory.accounts.enter(chat.id, source.account)
    elif chat is not None:
        directory.accounts.enter(chat.id, source.account)
        if chat.encrypted != event.encrypted:
            directory.change_chat(replace(chat, encrypted=event.encrypted))
    suspending.note(accept, ledger, event, outcome)
    if event.encrypted and chat is not None:
        halting.encrypted(accept.context.keys, ledger, chat, outcome, event.name)
    return outcome


def _direct_seen(accept: Accept, ledger: Ledger, chat: Chat | None, event: ChatSeen, outcome: Outcome) -> Chat:
    """Make `event.chat` *the* direct chat of the account with the person."""
    source, directory = accept.source, ledger.directory
    assert event.contact is not None
    identity = directory.accounts.direct(source.account, event.contact.id)
    before = directory.chat_by_id(identity) if identity is not None else None
    if before is not None and chat is None:
        # It was still to be opened, or the person now writes in another room: the same chat by a new name.
        chat = replace(before, native=event.chat, scope=source.scope)
        directory.change_chat(chat)
        outcome.reread.append(chat.id)
    elif chat is None:
        chat = directory.add_chat(
            source.network, source.scope, event.chat, ChatKind.DIRECT,
            contact=event.contact.id, encrypted=event.encrypted,
        )  # fmt: skip
    elif before is not None and before.id != chat.id:
        _merge(ledger, before, chat)
        outcome.gone.append(before.id)
        outcome.reread.append(chat.id)
    directory.accounts.enter(chat.id, source.account)
    directory.accounts.set_direct(source.account, event.contact.id, chat.id)
    return chat


def name_chat(ledger: Ledger, identity: int, network: str, scope: str, native: str, account: int) -> Outcome:
    """The network has opened the direct chat `identity` for `account`: it is called `native` there. `REFUSE` if that is
    a room here; `why` is its JID."""
    directory = ledger.directory
    outcome = Outcome(Ruling.ACCEPT)
    opened = directory.chat_by_id(identity)
    if opened is None or opened.native == native:
        return outcome
    there = directory.chat(network, scope, native)
    if there is not None and there.kind == ChatKind.ROOM:
        room = hosted_for(ledger, there)
        return Outcome(Ruling.REFUSE, room.native or "" if room is not None else "")
    if there is None:
        directory.change_chat(replace(opened, native=native, scope=scope))
    else:
        _merge(ledger, opened, there)
        directory.accounts.enter(there.id, account)
        directory.accounts.set_direct(account, opened.contact, there.id)
        outcome.gone.append(identity)
        outcome.reread.append(there.id)
    return outcome


def _merge(ledger: Ledger, gone: Chat, into: Chat) -> None:
    """Two chats are one: everything about `gone` moves, also what this group has added."""
    ledger.flush()
    ledger.directory.merge(gone, into)


def _tie(context: Context, ledger: Ledger, user: str, native: str, contact: str, other: int) -> Chat:
    """Put the user's XMPP chat and the network's chat `other` into one link."""
    directory = ledger.directory
    home = directory.chat(HOME, "", native) or directory.add_chat(
        HOME, "", native, ChatKind.DIRECT, owner=user, contact=contact
    )
    present, theirs = directory.link_of(home.id), directory.link_of(other)
    if theirs is None:
        identity = directory.add_link()
        directory.add_endpoint(identity, other, None)
    else:
        identity = theirs.id
    if present is not None and present.id != identity:
        directory.remove_endpoint(home.id)
        present = None
    if present is None:
        directory.add_endpoint(identity, home.id, context.home_account)
    return home
