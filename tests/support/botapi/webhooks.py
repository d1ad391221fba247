"""Webhooks: the server calls whoever has set one, one update after the other, until each is taken.

Source: https://core.telegram.org/bots/api#setwebhook, #deletewebhook, #getwebhookinfo.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.botapi.refusals import bad
from tests.support.botapi.state import Bot

if TYPE_CHECKING:
    from tests.support.botapi.server import BotApi

_PAUSE = 0.05  # seconds until the next try


@dataclass
class Hook:
    """Of one bot; `calls` are the answers' statuses."""

    url: str
    secret: str
    calling: "asyncio.Task[None] | None" = None
    failed: tuple[float, str] | None = None
    calls: list[int] = field(default_factory=list)


@dataclass
class Webhooks:
    """`local`: as a Bot API server of one's own, which takes plain http."""

    local: bool = True
    hooks: dict[int, Hook] = field(default_factory=dict)

    def stop(self, bot: int) -> None:
        hook = self.hooks.pop(bot, None)
        if hook is not None and hook.calling is not None:
            hook.calling.cancel()

    async def close(self) -> None:
        tasks = [hook.calling for hook in self.hooks.values() if hook.calling is not None]
        for bot in list(self.hooks):
            self.stop(bot)
        await asyncio.gather(*tasks, return_exceptions=True)


def set_webhook(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    url = str(given.get("url", ""))
    if not url:
        return delete_webhook(api, bot, given)
    if not url.startswith("https://" if not api.webhooks.local else ("http://", "https://")):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    api.webhooks.stop(bot.id)
    bot.webhook, bot.allowed = url, given.get("allowed_updates") or bot.allowed
    hook = api.webhooks.hooks[bot.id] = Hook(url, str(given.get("secret_token", "")))
    hook.calling = asyncio.create_task(_call(api, bot, hook), name=f"webhook of {bot.first_name}")
    api.world.updates.interrupt()
    return True


def delete_webhook(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    api.webhooks.stop(bot.id)
    bot.webhook = ""
    return True


def webhook_info(api: "BotApi", bot: Bot, given: Mapping[str, Any]) -> Any:
    told: dict[str, Any] = {
        "url": bot.webhook, "has_custom_certificate": False, "pending_update_count": len(bot.queue)
    }  # fmt: skip
    hook = api.webhooks.hooks.get(bot.id)
    if hook is not None and hook.failed is not None:
        told |= {"last_error_date": int(hook.failed[0]), "last_error_message": hook.failed[1]}
    return told


async def _call(api: "BotApi", bot: Bot, hook: Hook) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret} if hook.secret else {}
    async with aiohttp.ClientSession() as http:
        while True:
            await api.world.until(lambda: bool(bot.queue), 86_400)
            update = bot.queue[0]
            try:
                async with http.post(hook.url, json=update, headers=headers) as answer:
                    status, why = answer.status, f"Wrong response from the webhook: {answer.status} {answer.reason}"
            except aiohttp.ClientError:
                status, why = 0, "Connection refused"
            hook.calls.append(status)
            if 200 <= status < 300:
                bot.queue.remove(update)
                api.world.touched()
                continue
            hook.failed = (time.time(), why)
            api.world.touched()
            await asyncio.sleep(_PAUSE)


METHODS = {"setwebhook": set_webhook, "deletewebhook": delete_webhook, "getwebhookinfo": webhook_info}
