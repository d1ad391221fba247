"""What users' apps can do (XEP-0030 #info), asked once for each version of an app that shows itself (XEP-0115).

What a user's apps say counts for that user alone, so nobody can say it for others, and hashes need not be checked.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from xml.etree.ElementTree import Element

from bridge.contract import ConnectorError, NetworkId
from bridge.xmpp import text
from bridge.xmpp.errors import StanzaError

log = logging.getLogger(__name__)

REACTIONS, MARKUP = "urn:xmpp:reactions:0", "urn:xmpp:markup:0"
_CAPS = "{http://jabber.org/protocol/caps}c"
_INFO = "http://jabber.org/protocol/disco#info"
_KEPT = 20_000  # versions of apps
_AT_ONCE = 50  # questions
_LONGEST = 500  # characters of a node and its version
_MOST = 1_000  # features of an app

Ask = Callable[[NetworkId, str, str], Awaitable[Element]]
"""An IQ get of a network's gateway: to whom, and the payload. Raises `StanzaError` and `ConnectorError`."""
Version = tuple[str, str]  # a user, and what a version of an app of theirs is called


def version_of(presence: Element) -> Version:
    """Of the app that a presence comes from; one that has no name is its own."""
    app = presence.get("from", "")
    caps = presence.find(_CAPS)
    name = f"{caps.get('node', '')}#{caps.get('ver', '')}" if caps is not None else ""
    return app.partition("/")[0], name if 1 < len(name) <= _LONGEST else app


class Abilities:
    """Owns the questions under way; `close` ends them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: OrderedDict[Version, frozenset[str]] = OrderedDict()
        self._asking: dict[Version, asyncio.Task[None]] = {}

    def heard(self, presence: Element, network: NetworkId) -> None:
        """An app is there: what it can do is asked, if that is not known."""
        version = version_of(presence)
        if version in self._known or version in self._asking or len(self._asking) >= _AT_ONCE:
            return
        task = self._asking[version] = asyncio.create_task(self._learn(version, network, presence.get("from", "")))
        task.add_done_callback(lambda _: self._asking.pop(version, None))

    def of(self, version: Version) -> frozenset[str] | None:
        """Its features; None while they are not known."""
        return self._known.get(version)

    async def close(self) -> None:
        tasks = [*self._asking.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _learn(self, version: Version, network: NetworkId, app: str) -> None:
        node = "" if version[1] == app else f' node="{text.attribute(version[1])}"'
        try:
            answer = await self._ask(network, app, f'<query xmlns="{_INFO}"{node}/>')
        except (StanzaError, ConnectorError) as error:
            log.debug("what an app can do is not known network=%s reason=%s", network, error)
            return
        features = [one.get("var", "") for one in answer.iter(f"{{{_INFO}}}feature")]
        self._known[version] = frozenset(features[:_MOST])
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
