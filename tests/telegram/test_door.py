"""What people, and programs that are none of Telegram's, may send to the operator's bot: none of it ends anything."""

import asyncio
import time
from pathlib import Path
from typing import Any

from bridge.contract import MessageReceived, Unparsable
from bridge.testing.conformance.network import connected, reading
from tests.conformance.guests import GuestUnderTest, guest_network
from tests.conftest import FULL
from tests.support import poison
from tests.telegram.test_poison import spoiled

UPDATES = 10_000 if FULL else 1_500
KINDS = ("message", "edited_message", "message_reaction", "my_chat_member", "callback_query")
COMMANDS = (
    "/start", "/start x", "/start " + "0" * 32, "/help", "/help@verona_bot", "/stop@another_bot", "/optout", "/START",
    "/start\n\n" + "x" * 3_000, "/start \ud800", "/", "//start", "/help me",
)  # fmt: skip
DATA = ("to:1", "to:999999999", "to:9999999999", "stop:7", "", "to:", "to:1\n", "to:²", "x" * 10_000, "\ud800")


def odd(play: GuestUnderTest, chance: Any, number: int) -> dict[str, Any]:
    user, chat = play.juliet.raw(), play.chat.raw()
    text = chance.choice(COMMANDS) if number % 2 else poison.text(chance, number, 1_000)
    return {
        "message_id": number + 1_000, "date": int(time.time()), "chat": chat, "from": user, "user": user, "text": text,
        "new_reaction": [{"emoji": "👍"}], "id": str(number), "data": chance.choice(DATA),
        "message": {"message_id": 3, "chat": chat}, "edit_date": int(time.time()),
        "new_chat_member": {"user": user, "status": chance.choice(("member", "kicked", "left", "odd"))},
        "reply_to_message": {"message_id": chance.randrange(2_000), "text": "y", "from": user},
    }  # fmt: skip


async def test_whatever_comes_to_the_door_the_next_one_passes(tmp_path: Path) -> None:
    chance = poison.dice()
    async with guest_network(tmp_path) as play:
        world, bot = play.api.world, play.bot
        async with connected(play) as guest, reading(guest) as reader:
            for number in range(UPDATES):
                what = odd(play, chance, number)
                if number % 3 == 0:
                    spoiled(what, chance)
                if number % 50 == 7:
                    what[f"new field {number}"] = {"deep": [{}] * 5}
                world.updates.push_raw(bot, {"update_id": bot.next_update, chance.choice(KINDS): what})
                if number % 500 == 0:
                    await asyncio.sleep(0)
            bot.counter += UPDATES + 1_000  # behind all that was made up
            world.says(play.juliet, play.chat, "/start")
            world.says(play.juliet, play.chat, "still there")
            await reader.until(lambda r: "still there" in r.texts, 300 if FULL else 60)

        assert play.api.calls["getme"] == 1, "it never began anew"
        assert len(reader.of(MessageReceived)) > UPDATES / 20
        assert not reader.of(Unparsable), "those are the operator's"


async def test_people_who_make_the_bot_speak_read_the_last_of_it(tmp_path: Path) -> None:
    """And strangers, however many, are answered when nobody else has to be."""
    async with guest_network(tmp_path) as play:
        world, bot = play.api.world, play.bot
        for _ in range(300):
            world.says(play.juliet, play.chat, "/help")
        strangers = [world.person(f"Guard {number}") for number in range(300)]
        for one in strangers:
            world.says(one, world.state.private(bot, one), "Who goes there?")
            bot.started.add(one.id)
        async with connected(play) as guest, reading(guest) as reader:
            world.says(play.juliet, play.chat, "still there")
            await reader.until(lambda r: "still there" in r.texts)
            await world.until(lambda: bot.id in world.updates.waiting)

        helped = [said for said in play.chat.visible if said.author is bot and "/optout" in said.text]
        assert 1 <= len(helped) < 300
        assert any(len(world.state.private(bot, one).visible) > 1 for one in strangers)
        assert play.api.calls["getme"] == 1
