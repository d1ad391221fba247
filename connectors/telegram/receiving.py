"""How a bot gets its news: it asks (`polling`), or is called (`webhook`, if the network's section says so).

Whichever it is, only one can be: what the other way has left at Telegram is taken away, and a webhook of somebody else
is left alone.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from bridge.contract import Contact, NetworkId, Unavailable, Workspace
from bridge.contract.workspace import Call, Reply
from connectors.telegram import errors, fields
from connectors.telegram.api import Api
from connectors.telegram.holding import Holding
from connectors.telegram.polling import Polling, Reads
from connectors.telegram.webhook import Webhook

_OURS = "webhook"  # in an account's memory: the address that we have told Telegram last
_CALLED: set[str] = set()  # addresses at which sessions of ours are called


@asynccontextmanager
async def receiving(
    api: Api, reader: Reads, me: Contact, network: NetworkId, since: float, workspace: Workspace
) -> AsyncIterator[Polling | Webhook]:
    """Entering raises the four errors. `since` as for both."""
    known = fields.string(fields.mapping(await api.ask("getWebhookInfo")).get("url"))
    # Who does not say since when (the operator's bot has no login) has begun now at the latest.
    holding = Holding(workspace.memory)
    hook = Webhook(api, reader, holding, min(since, int(workspace.clock.time())))
    with workspace.routes(_prefix(network, me.id), hook.answer) as address:
        if known and known not in (address, await workspace.memory.get(_OURS)):
            raise Unavailable(errors.WEBHOOK, lasting=True)
        if wanted(workspace):
            if not address:
                raise Unavailable("The option webhook of this network needs http.public_url.", lasting=True)
            with _only(address):
                await workspace.memory.put(_OURS, address)
                hook.url = address
                yield hook
            return
    if known:
        await api.ask("deleteWebhook")  # what waits there comes by asking then
    yield Polling(api, reader, holding, since)


@contextmanager
def _only(address: str) -> Iterator[None]:
    """Telegram calls one session of a bot. Raises `Unavailable` for another account with the same bot."""
    if address in _CALLED:
        raise Unavailable(errors.RIVAL, lasting=True)
    _CALLED.add(address)
    try:
        yield
    finally:
        _CALLED.discard(address)


def wanted(workspace: Workspace) -> bool:
    return workspace.options.get("webhook") is True


def address_of(network: NetworkId, me: str, workspace: Workspace) -> str:
    """Where Telegram calls, or would; empty when it cannot."""
    with workspace.routes(_prefix(network, me), _nobody) as address:
        return address


async def end(api: Api, workspace: Workspace) -> None:
    """The account is logged out: Telegram calls us no more. Raises the four errors."""
    noted = await workspace.memory.get(_OURS)
    if noted and fields.mapping(await api.ask("getWebhookInfo")).get("url") == noted:
        await api.ask("deleteWebhook")


def _prefix(network: NetworkId, me: str) -> str:
    return f"/telegram/{network}/{me}/"


async def _nobody(call: Call) -> Reply | None:
    return None
