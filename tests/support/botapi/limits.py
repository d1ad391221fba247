"""How fast a bot may be, and what happens when it is faster.

Source: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.
"""

import time
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.support.botapi.state import Bot, Chat


@dataclass
class Limits:
    """`scale` seconds here are one of Telegram's; 0 for no limits. `penalty` in seconds of Telegram's."""

    scale: float = 0.0
    overall: int = 30  # messages a second
    group: int = 20  # a minute
    penalty: int = 5
    slack: float = 0.0  # of our seconds: what comes so much too early is not too early
    exceeded: int = 0
    inside: int = 0  # requests inside a penalty
    _sent: dict[tuple[int, int], deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _until: dict[tuple[int, int], float] = field(default_factory=dict)

    def punish(self, bot: Bot, chat: Chat, seconds: float) -> None:
        """From now on, for seconds of Telegram's; a server with `scale` 0 counts ours."""
        self._until[bot.id, chat.id] = time.monotonic() + seconds * (self.scale or 1.0)

    def takes(self, bot: Bot, chat: Chat, count: int = 1) -> float:
        """Seconds of Telegram's that the bot has to wait with so many messages; 0 if it may."""
        now = time.monotonic()
        until = self._until.get((bot.id, chat.id), 0.0)
        if now < until:
            self.inside += 1
            return (until - now) / (self.scale or 1.0)
        if not self.scale:
            return 0.0
        one, minute = self.scale - self.slack, 60 * self.scale - self.slack
        windows = [(0, self.overall, one), (chat.id, count, one)]
        windows += [(chat.id, self.group, minute)] if chat.type != "private" else []
        for where, most, length in windows:
            times = self._sent[bot.id, where]
            if len([at for at in times if at > now - length]) + count > most:
                self.exceeded += 1
                self.punish(bot, chat, self.penalty)
                return float(self.penalty)
        for where in (0, chat.id):
            times = self._sent[bot.id, where]
            times.extend([now] * count)
            while len(times) > 100:
                times.popleft()
        return 0.0
