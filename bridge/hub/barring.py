"""Whom a room does not want: those who keep order there have had somebody leave whom we had brought (`PersonaBarred`),
or the account of one of our users. From then on nothing of theirs is carried there, whoever would perform it but an
account of their own: what waits is not owed any more, and what they say later never is (`bridge.hub.passing.barred`).
They are told so once, where they speak.

A ban holds until it is lifted. Who was merely made to leave could come again, were they there by themselves; here they
would come with their next word, as if nothing had happened. So that holds for a while (`PersonaBarred.seconds`: a day),
or until they are asked in again, or come in by an account of their own. Both hold over restarts, new names and new
links of the room.
"""

from dataclasses import dataclass, replace

from bridge.contract import Bar, Membership, MessageReceived, OccupantChanged, PersonaBarred
from bridge.hub import codec
from bridge.hub.closing import owe
from bridge.hub.codec import Notice
from bridge.hub.consent import words
from bridge.hub.facades import HOME
from bridge.hub.intake import Accept, Journals, Outcome
from bridge.hub.judge import Ruling
from bridge.hub.passing import Someone, barred, goes
from bridge.hub.wanted import plain
from bridge.store import agreements, bans
from bridge.store.agreements import Deed
from bridge.store.bans import Ban
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Debt, Link

DAY = 86_400.0
"""Seconds for which a removal holds where nothing tells that it is over."""
_LONGEST = 200  # characters of a reason or a name
_DID = {Bar.BANNED: "banned", Bar.REMOVED: "removed", None: "let in again"}


@dataclass(frozen=True, slots=True)
class _Word:
    """What those who keep order have said."""

    chat: Chat
    who: Someone
    bar: Bar | None
    seconds: float | None
    by: str
    reason: str


def accept_bar(accept: Accept, ledger: Ledger) -> Outcome:
    """`PersonaBarred`."""
    event, source = accept.event, accept.source
    assert isinstance(event, PersonaBarred)
    chat = ledger.directory.chat(source.network, source.scope, event.chat)
    if chat is None or source.user or not source.personas:
        return Outcome(Ruling.IGNORE, "nobody of ours is barred")
    outcome = Outcome(Ruling.ACCEPT)
    by = event.by.id if event.by is not None else ""
    word = _Word(chat, (event.who.network, event.who.id), event.bar, event.seconds, by, event.reason)
    _note(accept, ledger, word, outcome)
    return outcome


def removed(accept: Accept, ledger: Ledger, chat: Chat, event: OccupantChanged, outcome: Outcome) -> None:
    """An account of a user's own was made to leave a room: nobody speaks for its user there either."""
    user = accept.source.user
    if event.by is None or not user:
        return
    banned = event.occupant.membership is Membership.BANNED
    bar, seconds = (Bar.BANNED, None) if banned else (Bar.REMOVED, DAY)
    _note(accept, ledger, _Word(chat, (HOME, user), bar, seconds, event.by.id, event.reason), outcome)


def came(accept: Accept, ledger: Ledger, chat: Chat, outcome: Outcome) -> None:
    """An account of a user's own has come into a room: who is let in themselves may be shown there."""
    if accept.source.user:
        _note(accept, ledger, _Word(chat, (HOME, accept.source.user), None, None, "", ""), outcome)


def _note(accept: Accept, ledger: Ledger, word: _Word, outcome: Outcome) -> None:
    """Over is what is over; how it is now is written, and who did it."""
    run, now, room, (network, person) = ledger.connection, ledger.now(), word.chat, word.who
    if word.bar is None:
        if not bans.drop(run, room.id, network, person):
            return
    else:
        known = next((one for one in bans.of(run, [room.id]) if (one.network, one.person) == word.who), None)
        banned = word.bar is Bar.BANNED
        knows = known is not None and known.told and known.banned is banned
        until = now + word.seconds if word.seconds is not None else 0.0
        bans.put(run, Ban(room.id, network, person, banned, now, until, plain(word.reason)[:_LONGEST], knows))
    bans.prune(run, now)
    ledger.directory.forget_links()
    link = ledger.directory.link_of(room.id)
    name = link.name if link is not None else ""
    by, whom = word.by[:_LONGEST], f"{person} on {network}"
    agreements.note(run, Deed(now, room.network, by, _DID[word.bar], name, room.native or "", whom))
    if word.bar is not None and link is not None and link.name:
        _forgive(accept, ledger, word, link, outcome)


def _forgive(accept: Accept, ledger: Ledger, word: _Word, link: Link, outcome: Outcome) -> None:
    """What waits is not carried any more; whose it is hears so, for they believe that it will be."""
    ends = [end for end in link.endpoints if end.room == word.chat.id and end.account is not None]
    chats, accounts = [end.chat.id for end in ends], [end.account for end in ends if end.account is not None]
    ledger.flush()
    for where, body in bans.forgive(ledger.connection, chats, *word.who, accounts):
        said = codec.decode("message", body)
        name = said.sender.name if isinstance(said, MessageReceived) else ""
        outcome.debts += _told(accept, ledger, where, link, word.who, name)
    outcome.reread += chats


def telling(journals: Journals) -> Journals:
    """`journals`, and who has just said something is told where it is not shown, if they do not know yet."""

    def told(accept: Accept, ledger: Ledger) -> Outcome:
        outcome, event, source = journals(accept, ledger), accept.event, accept.source
        if outcome.ruling not in (Ruling.ACCEPT, Ruling.REFUSE) or not isinstance(event, MessageReceived):
            return outcome
        chat = ledger.directory.chat(source.network, source.scope, event.chat) if accept.position is None else None
        link = ledger.directory.link_of(chat.id) if chat is not None else None
        if chat is not None and link is not None and link.barred:
            who = (source.network, event.sender.id)
            outcome.debts += _told(accept, ledger, chat.id, link, who, event.sender.name)
        return outcome

    return told


def _told(accept: Accept, ledger: Ledger, where: int, link: Link, who: Someone, name: str) -> list[Debt]:
    """In the room `where` they have said something, once for each room where it is not shown."""
    here = next((end for end in link.endpoints if end.chat.id == where), None)
    if here is None or here.account is None or link.suspended:
        return []
    ways = {end.chat.id: end.direction for end in link.endpoints}
    rooms = {end.room: end.chat for end in link.endpoints if end.room == end.chat.id and end.room != here.room}
    there = [room for room in rooms if barred(link, room, who, ledger.now()) and goes(here.room, room, ways)]
    debts = []
    for ban in bans.of(ledger.connection, there) if there else ():
        if (ban.network, ban.person) != who or ban.told:
            continue
        bans.put(ledger.connection, replace(ban, told=True))
        text = _text(ban, name, words.called(rooms[ban.chat], accept.context.names))
        said = owe(ledger, accept.context.keys, Notice(text=text), chat=where, account=here.account, message=None)
        debts.append(said)
    return debts


def _text(ban: Ban, name: str, room: str) -> str:
    """`room`: the one that does not want them, for people of another."""
    who = f"“{plain(name)[:_LONGEST]}”" if name else "Somebody here"
    why = f" ({ban.reason})" if ban.reason else ""
    if ban.banned:
        return (
            f"{who} is banned from {room} by those who keep order there{why}, so what they say here is not shown "
            "there until the ban is lifted."
        )
    hours = max(1, round((ban.until - ban.at) / 3_600))
    long = f"for the next {hours} hours, or " if ban.until else ""
    return (
        f"Those who keep order in {room} have had {who} leave{why}, so what they say here is not shown there, {long}"
        "until they are asked in again."
    )
