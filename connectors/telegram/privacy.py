"""Privacy mode, in which a bot sees little of what groups say: its user is told when it has changed, and once.

Source: https://core.telegram.org/bots/features#privacy-mode, https://core.telegram.org/bots/api#user
(`can_read_all_group_messages`).
"""

from bridge.contract import Memory

PRIVACY = (
    "Privacy mode is on, so this bot sees only commands and answers to it in groups. To change that: write to "
    "@BotFather, /setprivacy, choose the bot, Disable; then take the bot out of each group and add it again."
)
OFF = (
    "Privacy mode is off now, so your bot sees all that is said in groups to which it is added from now on. Take it "
    "out of each group in which it was before, and add it again."
)
_KEY = "privacy"


class Privacy:
    """`on`: as Telegram says at this start. The first time nothing is told: the login has said it."""

    def __init__(self, memory: Memory, *, on: bool) -> None:
        self._memory = memory
        self._now = "on" if on else "off"

    async def news(self) -> str:
        """What the user is to know; empty when it is as it was."""
        before = await self._memory.get(_KEY)
        if before is None:
            await self.told()
        return "" if before in (None, self._now) else PRIVACY if self._now == "on" else OFF

    async def told(self) -> None:
        await self._memory.put(_KEY, self._now)
