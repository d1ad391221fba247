"""Hosted rooms: a network's room that an account of a user is in appears as a room on the gateway's domain.

Both are one link, made when the room is first seen; everybody whose account sees it (in the same scope) shares it. What
people are told of a room's state goes to them after the commit (`Outcome.news`), before anything that is said later.
"""

from dataclasses import replace

from bridge.contract import (
    ChatId,
    ChatKind,
    ChatSeen,
    Membership,
    NetworkId,
    OccupantChanged,
    RanksChanged,
    RoomInvited,
    Rules,
)
from bridge.hub import barring, codec, occupants
from bridge.hub.closing import owe
from bridge.hub.codec import Invitation
from bridge.hub.conversion import become_room
from bridge.hub.facades import HOME, Removal, RoomNews
from bridge.hub.intake import Accept, Context, Outcome
from bridge.hub.judge import Ruling
from bridge.store import histories, rooms
from bridge.store.ledger import Ledger
from bridge.store.rooms import HOSTED
from bridge.store.rows import Chat, Debt

_LONGEST = 1_000  # characters of a name or a subject
_SHORT = 10  # characters of a name that we make up: 50 bits


def room_seen(accept: Accept, ledger: Ledger, event: ChatSeen, outcome: Outcome) -> None:
    """An account of a user is in a room, which is as it is told."""
    source, directory = accept.source, ledger.directory
    chat, changed = _noted(
        accept, ledger, event.chat, name=event.name, subject=event.subject, crypt=event.encrypted, avatar=event.avatar,
        rules=event.rules,
    )  # fmt: skip
    came = directory.accounts.enter(chat.id, source.account, ledger.now())
    if came:
        barring.came(accept, ledger, chat, outcome)
    wanted = rooms.made(ledger.connection, event.made) if event.made else ""
    hosted = _host(accept.context, ledger, chat, event.alias, outcome, wanted)
    if hosted is None:
        return
    if came:
        histories.forget(ledger.connection, hosted.id, source.account)
    if changed or came:
        outcome.news.append(RoomNews(_jid(hosted), room=occupants.room_of(hosted, chat)))
    invited = came and rooms.uninvite(ledger.connection, chat.id, source.account)
    if came and not invited and not source.first and not wanted:
        outcome.debts.append(_owed(accept, ledger, hosted, Invitation(user=source.user, inside=True)))


def accept_invitation(accept: Accept, ledger: Ledger) -> Outcome:
    """`RoomInvited`: the room can be entered, and the user is asked to."""
    event, source = accept.event, accept.source
    assert isinstance(event, RoomInvited)
    outcome = Outcome(Ruling.ACCEPT)
    if not source.user:
        return Outcome(Ruling.IGNORE, "nobody is invited")
    chat, _ = _noted(accept, ledger, event.chat, name=event.name)
    hosted = _host(accept.context, ledger, chat, event.alias, outcome)
    if hosted is None or source.account in ledger.directory.accounts.in_chat(chat.id):
        return outcome
    if rooms.invite(ledger.connection, chat.id, source.account) and not source.first:
        by = (event.inviter.name or event.inviter.id) if event.inviter is not None else ""
        said = Invitation(user=source.user, by=by[:_LONGEST], reason=event.reason[:_LONGEST])
        outcome.debts.append(_owed(accept, ledger, hosted, said))
    return outcome


def accept_occupant(accept: Accept, ledger: Ledger) -> Outcome:
    """`OccupantChanged`. Before a room's people have been asked for nothing is kept of them."""
    event, source, directory = accept.event, accept.source, ledger.directory
    assert isinstance(event, OccupantChanged)
    chat = directory.chat(source.network, source.scope, event.chat)
    hosted = hosted_for(ledger, chat) if chat is not None else None
    if chat is None:
        return Outcome(Ruling.IGNORE, "no link")
    outcome = Outcome(Ruling.ACCEPT)
    who = event.occupant
    removal = _removal(event)
    if who.contact.id == source.me and who.membership in (Membership.LEFT, Membership.BANNED):
        rooms.uninvite(ledger.connection, chat.id, source.account)
        barring.removed(accept, ledger, chat, event, outcome)
        if directory.accounts.leave(chat.id, source.account) and hosted is not None:
            outcome.news.append(RoomNews(_jid(hosted), gone=source.user, removal=removal))
    home = accept.context.home
    if home is not None and hosted is not None and rooms.peopled(ledger.connection, chat.id) != rooms.UNKNOWN:
        invited = who.membership is Membership.INVITED
        now = occupants.put(ledger, home, chat, who) if not invited else None
        moved = rooms.move_outside(ledger.connection, chat.id, who.contact.id, str(who.membership))
        outside = (who.contact.id, who.membership) if moved else None
        if now is not None or outside is not None:
            outcome.news.append(RoomNews(_jid(hosted), occupant=now, outside=outside, removal=removal))
    return outcome


def accept_ranks(accept: Accept, ledger: Ledger) -> Outcome:
    """`RanksChanged`: what people may do, whether they are there or were."""
    event, source = accept.event, accept.source
    assert isinstance(event, RanksChanged)
    chat = ledger.directory.chat(source.network, source.scope, event.chat)
    hosted = hosted_for(ledger, chat) if chat is not None else None
    if chat is None or hosted is None:
        return Outcome(Ruling.IGNORE, "no link")
    changed = occupants.set_ranks(ledger, chat, dict(event.ranks), event.others)
    return Outcome(Ruling.ACCEPT, news=[RoomNews(_jid(hosted), occupant=one) for one in changed if one.present])


def _removal(event: OccupantChanged) -> Removal | None:
    if event.by is None:
        return None
    banned = event.occupant.membership is Membership.BANNED
    return Removal(event.by.id, event.by.name[:_LONGEST], event.reason[:_LONGEST], banned)


def hosted_for(ledger: Ledger, chat: Chat) -> Chat | None:
    """The hosted room that shows `chat`."""
    link = ledger.directory.link_of(chat.id)
    return next((e.chat for e in link.endpoints if e.chat.shows == chat.id), None) if link is not None else None


def _noted(
    accept: Accept,
    ledger: Ledger,
    native: ChatId,
    *,
    name: str,
    subject: str | None = None,
    crypt: bool | None = None,
    avatar: str | None = None,
    rules: Rules | None = None,
) -> tuple[Chat, bool]:
    """The room as it is told, and whether that is new. None: not told."""
    source, directory = accept.source, ledger.directory
    chat = directory.chat(source.network, source.scope, native)
    known = chat or directory.add_chat(source.network, source.scope, native, ChatKind.ROOM)
    now = replace(
        known,
        name=name[:_LONGEST],
        subject=known.subject if subject is None else subject[:_LONGEST],
        encrypted=known.encrypted if crypt is None else crypt,
        avatar=known.avatar if avatar is None else avatar[:_LONGEST],
        rules=known.rules if rules is None else codec.rules_text(rules),
    )
    if now != known:
        directory.change_chat(now)
    return now, now != known


def _host(context: Context, ledger: Ledger, chat: Chat, alias: str, outcome: Outcome, wanted: str = "") -> Chat | None:
    """The hosted room of `chat`, made if there is none; None where there can be none. `wanted`: its JID, if it is
    free."""
    found = hosted_for(ledger, chat) or _made(context, ledger, chat, alias, wanted)
    if found is not None:
        become_room(context, ledger, chat, found, outcome)
    return found


def _made(context: Context, ledger: Ledger, chat: Chat, alias: str, wanted: str) -> Chat | None:
    if context.home is None or chat.native is None:
        return None
    directory = ledger.directory
    short = context.keys.of_source(chat.network, chat.scope, chat.native, "room")[:_SHORT]
    named = (context.home.room_chat(NetworkId(chat.network), name) for name in (alias, f"!{short}") if name)
    for jid in (ChatId(wanted) if wanted else None, *named):
        if jid is not None and directory.chat(HOME, "", jid) is None:
            hosted = directory.add_chat(HOME, "", jid, HOSTED, shows=chat.id)
            link = directory.link_of(chat.id)
            identity = link.id if link is not None else directory.add_link()
            if link is None:
                directory.add_endpoint(identity, chat.id, None)
            directory.add_endpoint(identity, hosted.id, context.home_account)
            return hosted
    return None


def _owed(accept: Accept, ledger: Ledger, hosted: Chat, said: Invitation) -> Debt:
    context = accept.context
    return owe(ledger, context.keys, said, chat=hosted.id, account=context.home_account, message=None)


def _jid(hosted: Chat) -> ChatId:
    assert hosted.native is not None
    return ChatId(hosted.native)
