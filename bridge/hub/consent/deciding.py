"""What is asked and agreed to, in the journal. Inside a transaction; each says why it is not done, or nothing."""

from collections.abc import Sequence
from dataclasses import replace

from bridge.hub import linking, wanted
from bridge.hub.consent import words
from bridge.hub.wanted import End, WantedLink
from bridge.store import agreements, links
from bridge.store.agreements import Code, Deed
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat

_MOST = 1_000  # links by command


def ask(ledger: Ledger, code: Code, deed: Deed) -> str:
    """A code is good from now on; the one that its room had is not any more."""
    why = _closed(ledger, code.chat, words.LINKED)
    if code.other is not None:
        why = why or (words.ITSELF if code.other == code.chat else "")
        why = why or _closed(ledger, code.other, words.OTHER_LINKED)
    if not why:
        agreements.prune_codes(ledger.connection, ledger.now())
        agreements.keep(ledger.connection, code)
        agreements.note(ledger.connection, deed)
    return why


def confirm(ledger: Ledger, code: Code, deed: Deed) -> str:
    """Somebody of `code.other` has agreed, and whoever asked has the last word. Of several rooms the first counts."""
    now = agreements.find(ledger.connection, code.code, ledger.now())
    if now is None or now.chat != code.chat or now.other not in (None, code.other):
        return words.NO_CODE
    assert code.other is not None
    why = _closed(ledger, code.other, words.LINKED) or _closed(ledger, code.chat, words.OTHER_LINKED)
    if not why and not now.agreed:
        agreements.keep(ledger.connection, code)
        agreements.note(ledger.connection, deed)
    return why


def make(ledger: Ledger, code: Code, ends: tuple[End, ...], deeds: Sequence[Deed]) -> WantedLink | str:
    """The link, begun; the code is used up by it."""
    run = ledger.connection
    now = agreements.find(run, code.code, ledger.now())
    if now is None or now.chat != code.chat or now.other not in (None, code.other):
        return words.NO_CODE
    assert code.other is not None
    why = _closed(ledger, code.chat, words.LINKED) or _closed(ledger, code.other, words.OTHER_LINKED)
    if why:
        return why
    if sum(row.source == wanted.COMMAND for row in links.named(run)) >= _MOST:
        return words.FULL
    link = WantedLink(linking.free_name(ledger, _base(ends)), ends)
    if wanted.faults(link):
        return words.ITSELF
    agreements.drop(run, code.chat)
    agreements.drop(run, code.other)
    linking.begin(ledger, link)
    for deed in deeds:
        agreements.note(run, replace(deed, link=link.name))
    return link


def linked(ledger: Ledger, chat: int) -> tuple[str, Sequence[Chat]]:
    """The name of a room's link, and its rooms; empty if it is in none."""
    link = ledger.directory.link_of(chat)
    if link is None or not link.name:
        return "", ()
    return link.name, [one.chat for one in link.endpoints if one.chat.shows is None]


def follow(ledger: Ledger, chat: int, into: int, deed: Deed) -> str:
    """A room that was ended goes on in another one, by the word of somebody who keeps order in its link. That is the
    same chat by another name from then on, so that its link stays as it is."""
    directory = ledger.directory
    old, new, link = directory.chat_by_id(chat), directory.chat_by_id(into), directory.link_of(chat)
    if old is None or new is None or link is None or not link.name or old.moved != new.native:
        return words.NOTHING_MOVED
    if directory.link_of(into) is not None:
        return words.MOVED_LINKED
    if why := linking.closed(new):
        return why
    account = next((end.account for end in link.endpoints if end.chat.id == chat), None)
    ledger.flush()
    directory.merge(new, old)
    directory.change_chat(replace(old, native=new.native, scope=new.scope, closed="", moved=""))
    if account is not None:
        directory.accounts.enter(chat, account, ledger.now())
    agreements.note(ledger.connection, replace(deed, link=link.name, whom=new.native or ""))
    return ""


def _closed(ledger: Ledger, identity: int, linked: str) -> str:
    """Why a room cannot be linked."""
    chat, link = ledger.directory.chat_by_id(identity), ledger.directory.link_of(identity)
    if chat is None:
        return words.NO_CODE
    return linked if link is not None and link.name else linking.closed(chat)


def _base(ends: Sequence[End]) -> str:
    """What a link of such rooms may be called."""
    return ends[0].chat.lstrip("#!").partition("@")[0].partition(":")[0]
