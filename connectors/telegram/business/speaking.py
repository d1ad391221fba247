"""What somebody says and does in their own chats, through a bot.

Source: https://core.telegram.org/bots/api#sendmessage (`business_connection_id`), #deletebusinessmessages,
#readbusinessmessage, #businessbotrights.
"""

from bridge.contract import Action, Edit, MarkRead, Reason, Receipt, Refused, Retract, Send, SetTyping
from connectors.telegram import errors
from connectors.telegram.api import Api
from connectors.telegram.business.connection import WHERE, Connection
from connectors.telegram.business.updates import Own
from connectors.telegram.chats import Chats
from connectors.telegram.limits import Limits
from connectors.telegram.sending import Speaker, target_of
from connectors.telegram.stickers import Stickers

_MAY_NOT = f"Your Telegram account does not let your bot do that for you. Allow it {WHERE}: “{{}}”."
_POSSIBLE = frozenset({Send, Edit, Retract, SetTyping, MarkRead})
_REPLY, _DELETE = "Reply to messages", "Delete messages"


class Speaking:
    """For one session."""

    def __init__(
        self, api: Api, chats: Chats, limits: Limits, stickers: Stickers, connection: Connection, own: Own
    ) -> None:
        self.speaker = Speaker(api, chats, limits, stickers, more={Retract: _retract, MarkRead: _mark})
        self._connection = connection
        self._own = own

    async def perform(self, action: Action) -> Receipt:
        """Raises the four errors; `LoggedOut` when the connection has been withdrawn."""
        self._check(action)
        try:
            receipt = await self.speaker.perform(action)
        except errors.No as refusal:
            gone = await self._connection.withdrawn() if refusal.disconnected else None
            raise refusal if gone is None else gone from refusal
        for id in receipt.ids:
            self._own.wrote(id, action.message.text if isinstance(action, Edit) else None)
        return receipt

    def _check(self, action: Action) -> None:
        """Telegram would refuse it, too, without saying where it can be allowed."""
        may = self._connection.rights
        if type(action) not in _POSSIBLE:
            raise Refused("A bot cannot do this for you on Telegram.", Reason.UNSUPPORTED)
        if isinstance(action, Send | Edit | SetTyping) and not may.reply:
            raise Refused(_MAY_NOT.format(_REPLY), Reason.FORBIDDEN)
        if isinstance(action, Retract) and not (may.delete_sent or may.delete_all):
            raise Refused(_MAY_NOT.format(_DELETE), Reason.FORBIDDEN)


async def _retract(speaker: Speaker, chat: int, action: Retract) -> Receipt:
    """#deletebusinessmessages: of one chat, at most 100."""
    numbers = [target_of(chat, one) for one in action.target.ids]
    try:
        await speaker.api.do("deleteBusinessMessages", {"message_ids": numbers})
    except errors.No as refusal:
        if not (action.maybe_done and refusal.reason is Reason.NOT_FOUND):
            raise
    return Receipt()


async def _mark(speaker: Speaker, chat: int, action: MarkRead) -> Receipt:
    """#readbusinessmessage: it, and what came before."""
    number = target_of(chat, action.target.ids[-1])
    await speaker.api.do("readBusinessMessage", {"chat_id": chat, "message_id": number})
    return Receipt()
