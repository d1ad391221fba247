"""Links of rooms, in the journal: made, changed, ended. Inside a transaction."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from bridge.contract import ChatKind
from bridge.hub.closing import durably
from bridge.hub.wanted import COMMAND, CONFIG, End, WantedLink
from bridge.store import agreements, links
from bridge.store.agreements import Deed as Deed
from bridge.store.agreements import awaited as awaited
from bridge.store.ledger import Ledger
from bridge.store.links import LinkRow
from bridge.store.rows import Chat
from bridge.store.writer import Writer

log = logging.getLogger(__name__)
_NAMELESS = re.compile(r"[^A-Za-z0-9._-]+")  # what no name of a link has


class Linking:
    """Links chats that are known already."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def add(self, name: str, ends: Sequence[tuple[str, str, str, int]]) -> bool:
        """Link chats, given as (network, scope, chat id, account that speaks there). False if one is linked already.

        Accounts that merely see a chat report it themselves (`ChatSeen`)."""
        return await durably(self._writer, lambda ledger: _add(ledger, name, ends))


def _add(ledger: Ledger, name: str, ends: Sequence[tuple[str, str, str, int]]) -> bool:
    directory = ledger.directory
    chats = []
    for network, scope, native, account in ends:
        chat = directory.chat(network, scope, native) or directory.add_chat(network, scope, native, ChatKind.ROOM)
        if directory.link_of(chat.id) is not None:
            return False
        chats.append((chat, account))
    link = directory.add_link(name)
    for chat, account in chats:
        directory.add_endpoint(link, chat.id, account)
        directory.accounts.enter(chat.id, account)
    return True


@dataclass(frozen=True, slots=True)
class Resolved:
    """A room that was asked for, as its network calls it, and who speaks there."""

    end: End
    account: int
    scope: str
    native: str


def note(ledger: Ledger, wanted: Sequence[WantedLink]) -> list[int]:
    """The configuration has these links and no others. Chats that are in none now. What people have removed by command
    stays removed until its entry is another one."""
    run, gone = ledger.connection, []
    rows = {row.name: row for row in links.named(run)}
    by_name = {one.name: one for one in wanted}
    for row in rows.values():
        if row.source == CONFIG and row.name not in by_name:
            gone += end_link(ledger, row)
    for name, one in by_name.items():
        known = rows.get(name)
        if known is None:
            ledger.directory.add_link(name, CONFIG, one.text())
        elif known.source == CONFIG and known.wanted != one.text():
            links.change(run, known.id, wanted=one.text(), removed=False)
            gone += _without_encrypted(ledger, known)
        elif known.source == COMMAND:
            log.warning("a link of the configuration is not used: one of this name was made by command link=%s", name)
    return gone


def _without_encrypted(ledger: Ledger, row: LinkRow) -> list[int]:
    """What is not suspended any more goes on without the rooms for which it was."""
    directory = ledger.directory
    directory.forget_links()
    found = [directory.chat_by_id(one.chat) for one in links.ends(ledger.connection) if one.link == row.id]
    gone = [chat.id for chat in found if chat is not None and chat.encrypted]
    for chat in gone:
        untie(ledger, chat)
    return gone


def operators(did: str) -> Deed:
    """What the operator does about a link."""
    return Deed(0.0, "", "", did, "", "")


def begin(ledger: Ledger, wanted: WantedLink, deed: Deed | None = None) -> bool:
    """A link by command; False if there is one of this name."""
    rows = {row.name: row for row in links.named(ledger.connection)}
    if wanted.name in rows:
        return False
    ledger.directory.add_link(wanted.name, COMMAND, wanted.text())
    if deed is not None:
        agreements.note(ledger.connection, replace(deed, at=ledger.now(), link=wanted.name))
    return True


def free_name(ledger: Ledger, wish: str) -> str:
    """What a link can be called that is like `wish`."""
    taken = {row.name for row in links.named(ledger.connection)}
    base = _NAMELESS.sub("-", wish)[:40].strip("-._") or "link"
    return next(name for number in count(1) if (name := base if number == 1 else f"{base}-{number}") not in taken)


def known(ledger: Ledger, one: Resolved) -> Chat:
    """The room, for who wants to link it."""
    directory, end = ledger.directory, one.end
    chat = directory.chat(end.network, one.scope, one.native)
    chat = chat or directory.add_chat(end.network, one.scope, one.native, ChatKind.ROOM)
    directory.accounts.enter(chat.id, one.account, ledger.now())
    return chat


def closed(chat: Chat) -> str:
    """Why it can be in no link, whichever that is; empty if it can."""
    if chat.kind != ChatKind.ROOM:
        return "It is no room that can be linked, but a chat between two people."
    if chat.encrypted:
        return "It is encrypted, and a link would show elsewhere what is said in it."
    return ""


def end_by(ledger: Ledger, row: LinkRow, keep: bool, deed: Deed) -> list[int]:
    """`end_link`, and whose word it was."""
    agreements.note(ledger.connection, replace(deed, at=ledger.now(), link=row.name))
    return end_link(ledger, row, keep=keep)


def end_link(ledger: Ledger, row: LinkRow, *, keep: bool = False) -> list[int]:
    """Unlink all its chats. `keep`: that it was removed is remembered."""
    gone = [one.chat for one in links.ends(ledger.connection) if one.link == row.id]
    for chat in gone:
        untie(ledger, chat)
    if keep:
        links.change(ledger.connection, row.id, wanted=row.wanted, removed=True)
    else:
        links.drop(ledger.connection, row.id)
    ledger.directory.forget_links()
    return gone


def tie(ledger: Ledger, link: LinkRow, one: Resolved) -> str:
    """Put a room into a link; why that cannot be, else empty. `link`: as it was wanted when the room was looked for."""
    if link not in links.named(ledger.connection):
        return "The link was changed meanwhile."
    directory, end = ledger.directory, one.end
    chat = directory.chat(end.network, one.scope, one.native)
    if chat is None:
        chat = directory.add_chat(end.network, one.scope, one.native, ChatKind.ROOM)
    if why := closed(chat):
        return why
    present = directory.link_of(chat.id)
    if chat.closed and (present is None or present.id != link.id):  # or not any more: what is said there next tells
        directory.change_chat(replace(chat, closed=""))
    how = {"direction": end.direction, "name_format": end.name_format, "typed": end.chat}
    if present is not None and present.id != link.id:
        if present.name:
            return f"It is in the link {present.name} already."
        links.move(ledger.connection, present.id, link.id)  # rooms of users that show it come with it
        links.drop(ledger.connection, present.id)
    elif present is None:
        directory.add_endpoint(link.id, chat.id, one.account)
    links.serve(ledger.connection, chat.id, one.account, **how, programs=end.bots)
    directory.forget_links()
    directory.accounts.enter(chat.id, one.account, ledger.now())
    links.unlinked(ledger.connection, chat.id, one.account, leaving=False)
    return ""


def untie(ledger: Ledger, chat: int) -> None:
    """A room leaves its link; what it is still owed is not sent, and whom the account there has brought is to leave.
    With the rooms of users that show it, it stays."""
    ledger.owed.flush()
    directory, run = ledger.directory, ledger.connection
    here = directory.link_of(chat)
    home = {e.chat.id: e.account for e in here.endpoints} if here is not None else {}
    speaker = home.get(chat)
    if speaker is not None:
        links.unlinked(run, chat, speaker, leaving=True)
    directory.remove_endpoint(chat)
    links.forgive(run, chat)
    shown = links.shown_by(run, chat)
    if not shown:
        return
    personal = directory.add_link()
    directory.add_endpoint(personal, chat, None)
    for hosted in shown:
        directory.remove_endpoint(hosted)
        directory.add_endpoint(personal, hosted, home.get(hosted))
