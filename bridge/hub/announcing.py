"""What the gateway says to its users by itself, on the operator's word."""

import uuid
from dataclasses import dataclass

from bridge.contract import Message, NetworkId, Send, Unavailable
from bridge.hub.facades import HOME, Home
from bridge.hub.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Announcer:
    sessions: Sessions
    home: Home

    async def say(self, user: str, network: NetworkId, text: str) -> None:
        """As the gateway of `network`; their server keeps it for whoever is away. Raises the four errors."""
        session = next((seat.session for seat in self.sessions.seats() if seat.network == HOME), None)
        if session is None:
            raise Unavailable("XMPP is not connected.")
        chat = self.home.direct_chat(user, network, None)
        for part in session.parts(Send(chat=chat, key=uuid.uuid4().hex, message=Message(text))):
            await session.perform(part)
