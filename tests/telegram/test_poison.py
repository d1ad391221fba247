"""Updates that nobody should send, by the thousand: what can be said of them is said, and the next one passes."""

import asyncio
import copy
import random
import time
from typing import Any

import pytest

from bridge.contract import Live, MessageReceived, Unparsable
from tests.conftest import FULL
from tests.support import poison
from tests.telegram.stage import Stage

UPDATES = 10_000 if FULL else 1_500
VALUES: list[Any] = [
    None, True, -1, 0, 2**53, 2**63, 1e308, "", "x" * 5_000, "\x00", "\ud800", [], {}, [[]], {"id": {}}, [None] * 40,
]  # fmt: skip
KINDS = ("message", "edited_message", "channel_post", "message_reaction", "my_chat_member", "chat_member", "hologram")


def base(play: Stage, number: int) -> dict[str, Any]:
    user, chat = play.juliet.raw(), play.chat.raw()
    within: dict[str, Any] = {}
    if number % 2:  # in a topic
        chat = {"id": -1_001_234_567_890, "type": "supergroup", "title": "Verona", "is_forum": True}
        answered = {"message_id": 5, "from": user, "forum_topic_created": {"name": "Duels", "icon_color": 1}}
        within = {"message_thread_id": 5, "is_topic_message": True, "reply_to_message": answered}
        within |= {("forum_topic_edited", "forum_topic_closed", "quote")[number % 3]: {"name": "Fencing"}}
    return {
        "message_id": number + 10, "date": int(time.time()), "chat": chat, "from": user, "user": user,
        "text": "x", "entities": [{"type": "bold", "offset": 0, "length": 1}], "new_reaction": [{"emoji": "👍"}],
        "new_chat_member": {"user": user, "status": "member"}, "old_chat_member": {"user": user, "status": "left"},
        "reply_to_message": {"message_id": 3, "text": "y", "from": user}, "quote": {"text": "y"},
        **within,
    }  # fmt: skip


def spoiled(thing: Any, chance: random.Random) -> None:
    """Something somewhere in it is something else."""
    while isinstance(thing, dict) and thing:
        key = chance.choice(sorted(thing))
        if not isinstance(thing[key], dict) or chance.random() < 0.5:
            thing[key] = copy.deepcopy(chance.choice(VALUES))
            return
        thing = thing[key]


@pytest.mark.parametrize("topics", ["threads", "rooms"])
async def test_whatever_comes_the_next_one_passes(play: Stage, topics: str) -> None:
    play.options["topics"] = topics
    chance = poison.dice()
    async with play.live() as (_, reader):
        for number in range(UPDATES):
            what = base(play, number)
            what["text"] = poison.text(chance, number, 3_000)
            if number % 3:
                spoiled(what, chance)
            if number % 50 == 7:
                what[f"new field {number}"] = {"deep": [{}] * 5}
                del what["text"]
            update = {"update_id": play.bot.next_update, chance.choice(KINDS): what}
            play.world.updates.push_raw(play.bot, update)
            if number % 500 == 0:
                await asyncio.sleep(0)
        said = time.monotonic()
        play.world.says(play.juliet, play.chat, "still there")
        async with asyncio.timeout(120):
            while not any(e.message.text == "still there" for e in reader.of(MessageReceived)):
                assert reader.error is None, reader.error
                await asyncio.sleep(0.02)
        print(f"{UPDATES} updates and one more: {time.monotonic() - said:.1f} s")

    assert len(reader.of(Live)) == 1, "it never began anew"
    letters = reader.of(Unparsable)
    assert UPDATES > len(letters) > UPDATES / 20
    assert all(letter.reason and len(letter.raw) <= 10_000 for letter in letters)
    assert len(reader.of(MessageReceived)) > UPDATES / 10
    for event in reader.events:
        repr(event).encode()  # nothing in it that no database takes
        assert "\\ud800" not in repr(event) or isinstance(event, Unparsable)
