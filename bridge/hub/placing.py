"""Where an event belongs: its chat, and the link that this is of. What is written to a person opens both."""

from bridge.contract import Authored, MessageReceived
from bridge.hub.intake import Accept, Context
from bridge.hub.judge import BEFORE, Facts, Verdict, judge
from bridge.hub.naming import named
from bridge.hub.opening import home_chat, shown_again
from bridge.hub.owing import wished
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Link


def placed(accept: Accept, ledger: Ledger, event: Authored) -> tuple[Chat, Link] | Verdict:
    """The chat and its link; a message to a person opens them (XMPP)."""
    source, directory = accept.source, ledger.directory
    chat = directory.chat(source.network, source.scope, event.chat)
    link = directory.link_of(chat.id) if chat else None
    if event.addressee is not None and (link is None or not _usable(accept.context, ledger, link, event)):
        if link is None and chat is not None and _changes_what_was(ledger, chat, event):
            return BEFORE
        opened = home_chat(accept.context, ledger, event.sender.id, event.chat, event.addressee)
        if isinstance(opened, Verdict):
            return opened
        chat = opened
        link = directory.link_of(chat.id)
    if chat is not None and (link is None or len(link.endpoints) < 2):
        link = shown_again(accept, ledger, chat)
    if chat is None or link is None or len(link.endpoints) < 2:
        return judge(Facts(linked=False))
    return chat, link


def _changes_what_was(ledger: Ledger, chat: Chat, event: Authored) -> bool:
    """Whether it changes something that was said in the direct chat which has become a room."""
    target = getattr(event, "target", None)
    return target is not None and named(ledger, chat, target) is not None


def _usable(context: Context, ledger: Ledger, link: Link, event: Authored) -> bool:
    """Whether the author still has an account in the other chat; for something new the one that they have chosen."""
    assert event.addressee is not None
    user, network = event.sender.id, event.addressee.network
    mine = set(ledger.directory.accounts.of_user(user, network))
    if isinstance(event, MessageReceived):
        wanted = wished(context, ledger, user, network, event.chat.rpartition(" ")[2])
        mine = mine if wanted is None else {wanted}
    return any(
        mine & ledger.directory.accounts.in_chat(e.chat.id)
        for e in link.endpoints
        if e.chat.network == event.addressee.network
    )
