"""To whom an event is owed, and who performs it there. Whether it may go there at all: `bridge.hub.passing`."""

from collections.abc import Sequence

from bridge.contract import Authored, NetworkId
from bridge.hub.choices import ACCOUNT
from bridge.hub.facades import HOME
from bridge.hub.intake import Accept, Context
from bridge.hub.passing import barred, goes, halted, is_own, is_private, open_ends, reads, unwilling
from bridge.store.ledger import Ledger
from bridge.store.rows import Chat, Endpoint, Link


def owed_to(accept: Accept, ledger: Ledger, chat: Chat, link: Link) -> list[tuple[int, int]]:
    """Who performs an event of `chat` where: (chat, account). A chat that does not reflect is among them, but only if
    the event gets anywhere else. What is written in a direct chat reaches others of our users when its network has
    taken it (`bridge.hub.passing`)."""
    found: list[tuple[int, int]] = []
    if accept.position is not None:
        return found
    elsewhere = False
    stopped = held_back(accept, chat, link)
    ways = {endpoint.chat.id: endpoint.direction for endpoint in link.endpoints}
    source = next((endpoint for endpoint in link.endpoints if endpoint.chat.id == chat.id), None)
    for endpoint in open_ends(link, chat.id):
        here = endpoint.chat.id == chat.id
        if source is not None and not goes(source.room, endpoint.room, ways, stays=accept.stays):
            continue
        if here and accept.source.reflects:
            continue
        if is_private(endpoint.chat) and not here and not reads(ledger, endpoint.chat, chat):
            continue
        if is_private(chat) and not here and endpoint.chat.network == HOME:
            continue
        account = speaker(accept, ledger, endpoint.chat, endpoint.account)
        if account is None:
            continue
        stays_away = stopped or _unwilling(accept, endpoint.chat) or _barred(accept, ledger, link, endpoint)
        if stays_away and not is_own(ledger, chat, endpoint.chat, account):
            continue
        found.append((endpoint.chat.id, account))
        elsewhere = elsewhere or not here
    return found if elsewhere else []


def refuses(accept: Accept, ledger: Ledger, link: Link, owed: Sequence[tuple[int, int]]) -> str:
    """Who does not want it, where an event is owed to nobody because of that: "author" and "addressee", who have opted
    out, or the "room"; empty: it is not."""
    if owed or accept.position is not None:
        return ""
    out = next(filter(None, (_unwilling(accept, endpoint.chat) for endpoint in link.endpoints)), "")
    return out or ("room" if any(_barred(accept, ledger, link, endpoint) for endpoint in link.endpoints) else "")


def held_back(accept: Accept, chat: Chat, link: Link) -> str:
    """`bridge.hub.passing.halted`; what was fetched is not."""
    assert isinstance(accept.event, Authored)
    return halted(link, chat.id, accept.event.provenance) if accept.position is None else ""


def _unwilling(accept: Accept, there: Chat) -> str:
    event = accept.event
    assert isinstance(event, Authored)
    return unwilling(accept.context.opted_out, event, (accept.source.network, event.sender.id), there)


def _barred(accept: Accept, ledger: Ledger, link: Link, there: Endpoint) -> bool:
    event = accept.event
    assert isinstance(event, Authored)
    return barred(link, there.room, (accept.source.network, event.sender.id), ledger.now())


def speaker(accept: Accept, ledger: Ledger, chat: Chat, relay: int | None) -> int | None:
    """Who performs for the author there: an account of their own that is in the chat, else the endpoint's relay."""
    event, directory = accept.event, ledger.directory
    assert isinstance(event, Authored)
    if chat.network == HOME:
        return accept.context.home_account
    if accept.source.network == HOME:
        present = directory.accounts.in_chat(chat.id)
        item = event.chat.rpartition(" ")[2]
        mine = preferred(accept.context, ledger, event.sender.id, NetworkId(chat.network), item)
        own = next((a for a in mine if a in present), None)
        if own is not None:
            return own
    if accept.source.network == chat.network:
        own = directory.accounts.ours(chat.network).get(event.sender.id)
        if own is not None and own in directory.accounts.in_chat(chat.id):
            return own
    return relay


def preferred(context: Context, ledger: Ledger, user: str, network: NetworkId, item: str) -> list[int]:
    """The accounts of a user that are logged in: the one that they have chosen for a chat first, then their own, the
    oldest first."""
    accounts, wanted = ledger.directory.accounts, wished(context, ledger, user, network, item)
    mine = accounts.of_user(user, network)
    guest = context.guest(user, network) if len(mine) > 1 else ""
    return sorted(mine, key=lambda account: (account != wanted, guest != "" and accounts.me(account) == guest))


def wished(context: Context, ledger: Ledger, user: str, network: NetworkId, item: str) -> int | None:
    """Which of several accounts that are logged in a user has chosen for a chat; None: none."""
    accounts = ledger.directory.accounts
    mine = accounts.of_user(user, network)
    me = context.chosen(user, network, ACCOUNT, item) if len(mine) > 1 else ""
    return next((account for account in mine if accounts.me(account) == me), None) if me else None
