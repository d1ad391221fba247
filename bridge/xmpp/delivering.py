"""Delivering a stanza: written, and fenced by a ping. One for which the server closes the stream is found and given up.

A server that cannot take a stanza closes the whole stream (RFC 6120 #streams-error-conditions), and with it goes
whatever was under way. After that everything is sent alone for a while; what closes the stream alone, and twice, is
refused.
"""

import asyncio

from bridge.contract import Reason, Refused, Scope, Unavailable, Unconfirmed
from bridge.xmpp.repeats import Repeats
from bridge.xmpp.stream import Stream

_STANZAS = 500  # sent alone after a fault; more than all lanes together have under way, as a rule
# Conditions that a stanza of ours can be the reason of.
_FAULTS = frozenset(
    {"bad-format", "bad-namespace-prefix", "invalid-from", "invalid-namespace", "invalid-xml", "not-well-formed",
     "policy-violation", "restricted-xml", "undefined-condition", "unsupported-encoding", "unsupported-stanza-type"}
)  # fmt: skip


class Delivering:
    """For one stream."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._alone = 0  # stanzas that are still to be sent alone
        self._turn = asyncio.Lock()
        self._repeats = Repeats()
        self._accused = ""  # the key of what was sent alone when the stream was last closed

    def changed(self, connected: bool) -> None:
        """The stream is there, or has ended."""
        if not connected:
            self._repeats.lost(self._stream.condition)
            return
        for stanza in self._repeats.again():
            self._stream.send(stanza)

    async def deliver(self, key: str, stanza: str) -> None:
        """Return when the server has handled it. `key` is the same for every attempt. Raises `Unavailable`,
        `Unconfirmed`, and `Refused` when the server closes the stream for it."""
        await self._stream.ready()
        if self._alone:
            await self._deliver_alone(key, stanza)
            return
        self._stream.send(stanza)
        try:
            await self._stream.fence()
        except Unconfirmed:
            if self._stream.condition in _FAULTS:
                self._alone = _STANZAS
            raise
        self._repeats.taken(stanza)

    async def _deliver_alone(self, key: str, stanza: str) -> None:
        connection = self._stream.since
        async with self._turn:
            if connection != self._stream.since or not self._stream.connected:
                # What waited before this one may have gone down with the stream: the lanes begin anew, in order.
                raise Unavailable("The connection to the XMPP server was made anew.", scope=Scope.CHAT)
            self._stream.send(stanza)
            try:
                await self._stream.fence()
            except Unconfirmed:
                self._blame(key)
                raise
            self._repeats.taken(stanza)
            self._alone = max(0, self._alone - 1)

    def _blame(self, key: str) -> None:
        """Something else may have been written in the same moment: once is no proof."""
        if self._stream.condition not in _FAULTS:
            return
        self._alone = _STANZAS
        before, self._accused = self._accused, key
        if before == key:
            text = "The XMPP server closes the connection when it gets this message, so it was given up."
            raise Refused(text, Reason.POLICY)
