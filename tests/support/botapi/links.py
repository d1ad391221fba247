"""People who follow links to bots, and who let them write again.

Source: https://core.telegram.org/bots/features#deep-linking.
"""

import re
from typing import TYPE_CHECKING

from tests.support.botapi.state import Bot, Said, User

if TYPE_CHECKING:
    from tests.support.botapi.world import World

LINK = re.compile(r"https://t\.me/(\w+)\?start=([A-Za-z0-9_-]{1,64})")


def follows(world: "World", who: User, link: str) -> Said:
    """Opens the link, and taps “Start”."""
    found = LINK.fullmatch(link)
    assert found is not None, link
    bot = next(bot for bot in world.state.bots if bot.username == found[1])
    return starts(world, who, bot, found[2])


def starts(world: "World", who: User, bot: Bot, code: str = "") -> Said:
    """Telegram shows “/start” alone, and gives the bot the code."""
    chat = world.state.private(bot, who)
    if chat.members.get(who.id) == "kicked":
        unblocks(world, who, bot)
    bot.started.add(who.id)
    return world.says(who, chat, f"/start {code}".strip(), entities=[{"type": "bot_command", "offset": 0, "length": 6}])


def unblocks(world: "World", who: User, bot: Bot) -> None:
    chat = world.state.private(bot, who)
    chat.members[who.id] = "member"
    bot.started.add(who.id)
    world.stands(bot, chat, who, "kicked", "member")
