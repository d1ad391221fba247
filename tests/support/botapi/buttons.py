"""Buttons under messages, and people who tap them.

Source: https://core.telegram.org/bots/api#inlinekeyboardmarkup, #callbackquery, #answercallbackquery.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.support.botapi.refusals import bad
from tests.support.botapi.state import Bot, Chat, Said, User

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi
    from tests.support.botapi.world import World


def kept(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a message has of them; checked as Telegram does."""
    rows = (given.get("reply_markup") or {}).get("inline_keyboard")
    if rows is None:
        return {}
    for one in (button for row in rows for button in row):
        if not str(one.get("text", "")).strip():
            raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        if not 1 <= len(str(one.get("callback_data", "")).encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
    return {"reply_markup": {"inline_keyboard": rows}}


def texts(said: Said) -> list[str]:
    return [one["text"] for row in said.content.get("reply_markup", {}).get("inline_keyboard", []) for one in row]


def taps(world: "World", who: User, chat: Chat, said: Said, text: str, *, data: str | None = None) -> str:
    """Somebody taps the button that says `text`, or has a program of their own say `data`; the query's id."""
    buttons = [one for row in said.content.get("reply_markup", {}).get("inline_keyboard", []) for one in row]
    given = next(one["callback_data"] for one in buttons if one["text"] == text) if data is None else data
    bot = said.author
    assert isinstance(bot, Bot)
    id = str(world.state.new_id())
    query = {
        "id": id, "from": who.raw(), "message": world.state.view(chat, said, bot), "chat_instance": "1", "data": given,
    }  # fmt: skip
    world.updates.push(bot, "callback_query", query)
    world.touched()
    return id


def answer(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    api.answered[str(given.get("callback_query_id"))] = str(given.get("text", ""))
    return True
