"""Topics of a group, each linked with a room of its own elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bridge.contract import (
    ChatId,
    Contact,
    ContactId,
    Edit,
    Fail,
    Message,
    MessageId,
    MessageReceived,
    NetworkId,
    React,
    ReactionsChanged,
    Send,
)
from bridge.hub.wanted import End, WantedLink
from tests.support.botapi import topics
from tests.support.botapi.state import Chat, Said
from tests.telegram.linked import Linked, linked
from tests.telegram.stage import Stage

LINKED = "This room is now linked with "
UNTIL = "What you write here does not get there until that changes; you will be told."
CLOSED = f"“Square: Duels” is closed on Telegram. {UNTIL}"
OPEN = "“Square: Duels” on Telegram is open again. People there can be heard and hear you again."


@dataclass
class Square:
    """A group with two topics; `hub` links them."""

    play: Stage
    hub: Linked
    group: Chat
    duels: Said
    peace: Said

    async def link(self, name: str, topic: int) -> str:
        """What is said of it, where that is not all well."""
        assert self.hub.hub is not None
        ends = (End(NetworkId("xmpp"), name), End(NetworkId("telegram"), f"{self.group.id}/{topic}"))
        said = await self.hub.hub.links.add(WantedLink(name, ends))
        return said.text.partition("\n")[2]

    async def left(self) -> None:
        """Return when the bot is in no room that is in no link; nobody tells of it."""
        query = (
            "select a.chat from chat_accounts a join accounts b on b.id = a.account where b.network = 'telegram' "
            "and a.chat not in (select chat from endpoints)"
        )
        async with asyncio.timeout(20):
            while await self.hub.database.read(lambda c: c.exec_driver_sql(query).all()):
                await asyncio.sleep(0.05)

    def number(self, topic: Said) -> int:
        return self.group.number(topic, 0)

    def says(self, room: str, text: str, kind: type = MessageReceived, **more: object) -> MessageId:
        """Abram, on the other network."""
        id = MessageId(f"m{next(self.hub._ids)}")
        sender = Contact(ContactId("abram@home.example"), "Abram")
        what = {"message": Message(text)} if kind is not ReactionsChanged else {}
        event = kind(chat=ChatId(room), id=id, sender=sender, at=1.0, origin=f"app {id}", **what, **more)
        self.hub.away.report(self.hub.account, event)
        return id

    def heard(self, room: str) -> list[str]:
        said = [one.message.text for one in self.hub.away.actions(Send) if one.chat == room]
        return [text for text in said if not text.startswith(LINKED)]

    async def until(self, room: str, *texts: str) -> None:
        async with asyncio.timeout(20):
            while self.heard(room)[-len(texts) :] != list(texts):
                async with self.hub.away.changed:
                    await self.hub.away.changed.wait()

    def written(self, topic: Said | None) -> list[str]:
        said = [one.text for one in topics.inside(self.group, topic) if one.author is self.play.bot]
        return [text for text in said if not text.startswith(LINKED)]

    async def until_written(self, topic: Said | None, *texts: str) -> None:
        await self.play.world.until(lambda: self.written(topic)[-len(texts) :] == list(texts))


@asynccontextmanager
async def square(play: Stage) -> AsyncIterator[Square]:
    group = play.world.group("Square", play.juliet, play.bot, supergroup=True)
    duels, peace = (topics.begins(play.world, play.juliet, group, name) for name in ("Duels", "Peace"))
    async with linked(play) as hub:
        yield Square(play, hub, group, duels, peace)


async def test_each_topic_is_a_room_and_nothing_leaks(play: Stage) -> None:
    world, juliet = play.world, play.juliet
    async with square(play) as at:
        assert await at.link("duels", at.number(at.duels)) == ""
        assert await at.link("peace", at.number(at.peace)) == ""
        assert await at.link("all", 1) == "", "the general topic"
        world.says(juliet, at.group, "To all")
        first = topics.says(world, juliet, at.duels, at.group, "I bite my thumb")
        topics.says(world, juliet, at.peace, at.group, "Part, fools!", reply_to=None)
        await at.until("peace", "Part, fools!")
        await at.until("duels", "I bite my thumb")
        await at.until("all", "To all")
        assert [len(at.heard(room)) for room in ("duels", "peace", "all")] == [1, 1, 1]
        assert {one.message.thread for one in at.hub.away.actions(Send)} == {None}

        at.says("duels", "Do you bite it at us?")
        at.says("peace", "I do but keep the peace")
        at.says("all", "Hear me")
        await at.until_written(at.duels, "Abram: Do you bite it at us?")
        await at.until_written(at.peace, "Abram: I do but keep the peace")
        await at.until_written(None, "Abram: Hear me")

        # What changes a message, of which Telegram does not say where it is.
        world.edits(first, at.group, "I do bite my thumb")
        [edit] = await at.hub.away.until(1, Edit)
        assert (edit.chat, edit.message.text) == ("duels", "I do bite my thumb")
        world.promotes(juliet, at.group, play.bot)
        said = [one for one in topics.inside(at.group, at.peace) if one.author is play.bot]
        [theirs] = [one for one in said if not one.text.startswith(LINKED)]
        world.reacts(juliet, at.group, theirs, "👍")
        world.reacts(juliet, at.group, first, "👎")
        reactions = await at.hub.away.until(2, React)
        assert {one.chat: one.reactions for one in reactions} == {"peace": ("👍",), "duels": ("👎",)}


async def test_a_closed_topic_suspends_its_link_until_it_is_open_again(play: Stage) -> None:
    world, juliet = play.world, play.juliet
    async with square(play) as at:
        await at.link("duels", at.number(at.duels))
        await at.link("peace", at.number(at.peace))
        topics.closes(world, juliet, at.duels, at.group)
        await at.until("duels", CLOSED)
        at.says("duels", "Draw, if you be men")
        [refused] = await at.hub.away.until(1, Fail)
        at.says("peace", "Put up your swords")
        await at.until_written(at.peace, "Abram: Put up your swords")
        topics.says(world, juliet, at.duels, at.group, "I may write here all the same")
        await at.until("duels", "I may write here all the same")
        assert at.hub.hub is not None
        states = {line.chat: line.state for line in await at.hub.hub.links.lines()}
        topics.reopens(world, juliet, at.duels, at.group)
        await at.until("duels", OPEN)
        at.says("duels", "Part")
        await at.until_written(at.duels, "Abram: Part")

        assert states[f"{at.group.id}/{at.number(at.duels)}"] == "suspended: “Square: Duels” is closed on Telegram."
        assert at.written(at.duels) == ["Abram: Part"]
        assert len(at.heard("duels")) == 3
        assert at.heard("peace") == []

        topics.renames(world, juliet, at.duels, at.group, "Fencing")
        await at.until("duels", "[Topic changed: Fencing]")
        topics.deletes(at.duels, at.group)
        at.says("duels", "Is nobody there?")
        await at.until("duels", f"“Square: Fencing” does not exist on Telegram any more. {UNTIL}")
        failed = (await at.hub.away.until(2, Fail))[1]
        assert refused.text == "“Square: Duels” is closed on Telegram."
        assert failed.text == "This topic does not exist any more."
        assert at.written(None) == [], "it did not go to all instead"


async def test_the_general_topic_that_is_hidden_is_closed(play: Stage) -> None:
    async with square(play) as at:
        await at.link("all", 1)
        topics.hides_general(play.world, play.juliet, at.group)
        await at.until("all", CLOSED.replace("Duels", "General"))
        topics.reopens_general(play.world, play.juliet, at.group)
        await at.until("all", OPEN.replace("Duels", "General"))


async def test_what_is_no_topic_is_said_to_the_operator(play: Stage) -> None:
    plain = play.world.group("Cellar", play.juliet, play.bot, supergroup=True)
    async with square(play) as at:
        none = await at.link("none", 77)
        topics.closes(play.world, play.juliet, at.duels, at.group)
        await at.link("duels", at.number(at.duels))
        at.says("duels", "Is nobody there?")
        await at.until("duels", CLOSED)
        at.group = plain
        cellar = await at.link("cellar", 2)

    assert "There is no topic 77 in the group “Square” on Telegram." in none
    assert "The group “Cellar” has no topics on Telegram; leave the topic out." in cellar


async def test_a_topic_that_is_unlinked_is_a_thread_of_its_group_again(play: Stage) -> None:
    world, juliet = play.world, play.juliet
    async with square(play) as at:
        await at.hub.link(at.group)
        whole = str(at.group.id)
        first = topics.says(world, juliet, at.duels, at.group, "Before")
        await at.until(whole, "Before")
        await at.link("duels", at.number(at.duels))
        topics.says(world, juliet, at.duels, at.group, "While")
        topics.says(world, juliet, at.peace, at.group, "Elsewhere")
        await at.until("duels", "While")
        world.edits(first, at.group, "Before, changed")  # which was said in the group
        [edit] = await at.hub.away.until(1, Edit)
        assert at.hub.hub is not None
        await at.hub.hub.links.remove("duels")
        await at.left()
        topics.says(world, juliet, at.duels, at.group, "After")
        await at.until(whole, "After")

    assert (edit.chat, edit.message.text) == (whole, "Before, changed")
    assert at.heard("duels") == ["While"]
    after = [one for one in at.hub.away.actions(Send) if one.chat == whole]
    assert after[-1].message.thread is not None
