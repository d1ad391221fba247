"""One link of two MUCs, a room where everybody gets a face, and one where a bot speaks; and what the operator does."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import yaml

from tests.scenarios.links.conftest import ANY_HALL, HOST, A, Cafe, T, heard, opened
from tests.support import muc
from tests.support.xmpp_client import bare, body
from tests.support.xmpp_servers import XmppServer

FORMAT = "{name} ({network}): "


@ANY_HALL
async def test_what_is_said_is_once_in_every_other_room(hall: XmppServer, tmp_path: Path) -> None:
    garden = f"garden-{tmp_path.name[-20:].lower().replace('_', '-')}@{HOST}"
    news = f"news-{tmp_path.name[-20:].lower().replace('_', '-')}@{HOST}"
    cafe_jid = f"cafe-{tmp_path.name[-40:].lower().replace('_', '-').strip('-')}@{HOST}"
    links: dict[str, Any] = {
        "cafe": [{"xmpp": cafe_jid}, {"xmpp": garden}, {A: "cafe"}, {T: "cafe", "name_format": FORMAT}],
        "news": [{"xmpp": news, "direction": "from"}, {A: "news"}],
    }
    async with opened(hall, tmp_path, networks=(A, T), links=links, make=(garden, news)) as cafe:
        await cafe.worlds[A].chat("news", "juliet", "relay")
        romeo = cafe.apps["romeo"]
        muc.leave(romeo, garden, "romeo")
        tybalt = await cafe.app("tybalt", garden)
        await cafe.linked(6)
        await _each_once(cafe, garden)
        await _one_way(cafe, news)
        await _unlinked(cafe, garden)
        await _linked_again(cafe, garden)
        assert all(muc.nick(s) != "romeo" or body(s) for s in tybalt.received if s.get("type") == "groupchat")


async def _each_once(cafe: Cafe, garden: str) -> None:
    romeo, tybalt = cafe.apps["romeo"], cafe.apps["tybalt"]
    muc.say(romeo, cafe.room, "from the café", "c1")
    muc.say(tybalt, garden, "from the garden", "g1")
    await cafe.worlds[A].says("juliet", "cafe", "from there")
    await cafe.worlds[T].says("nurse", "cafe", "from the bot's room")
    texts = {"from the café", "from the garden", "from there", "from the bot's room"}

    assert muc.nick(await heard(tybalt, garden, "from the café")) == "romeo"
    assert muc.nick(await heard(romeo, cafe.room, "from the garden")) == "tybalt"
    for app, room in ((romeo, cafe.room), (tybalt, garden)):
        assert muc.nick(await heard(app, room, "from there")) == "Juliet"
        assert muc.nick(await heard(app, room, "from the bot's room")) == "Nurse"
    await cafe.shown(A, *texts)
    await cafe.shown(T, "romeo (XMPP): from the café", "tybalt (XMPP): from the garden", "Juliet (Memory): from there")
    # Whatever came back to where it was from would be behind this, everywhere.
    await cafe.worlds[A].says("nurse", "cafe", "enough")
    for app, room in ((romeo, cafe.room), (tybalt, garden)):
        said = await heard(app, room, "enough")
        assert muc.nick(said) == "Nurse (2)"  # somebody else than the one of the bot's network
    await cafe.shown(T, "Nurse (Memory): enough")
    for room in (cafe.room, garden):
        archived = [text for _, text in await cafe.archive(room)]
        assert sorted(text for text in archived if text in texts) == sorted(texts)
    for network in (A, T):
        state = await cafe.worlds[network].state("cafe")
        found = [text for text in texts for said in state.visible if said.text.endswith(text)]
        assert sorted(found) == sorted(texts)


async def _one_way(cafe: Cafe, news: str) -> None:
    """From the news nothing comes back."""
    world, romeo = cafe.worlds[A], cafe.apps["romeo"]
    await world.says("juliet", "news", "may I say something?")
    muc.say(romeo, news, "the prince is here", "n1")
    await world.until("news", lambda state: any(said.text == "the prince is here" for said in state.visible))
    muc.say(romeo, news, "the prince is gone", "n2")
    await world.until("news", lambda state: any(said.text == "the prince is gone" for said in state.visible))
    assert [text for _, text in await cafe.archive(news)] == ["the prince is here", "the prince is gone"]


async def _unlinked(cafe: Cafe, garden: str) -> None:
    """By command; the operator sees it, our people leave, and it stays so over a restart."""
    romeo = cafe.apps["romeo"]
    listed = await cafe.command("link", "list")
    assert [line.split()[0] for line in listed.splitlines()] == ["cafe"] * 4 + ["news"] * 2
    assert all(line.endswith("linked") for line in listed.splitlines())
    said = await cafe.command("link", "remove", "cafe")
    assert said == "The link cafe is removed. It stays so until its entry in the configuration changes.\n"
    for nick in ("Juliet", "Nurse", "bridge"):
        await romeo.expect(
            lambda s, nick=nick: muc.is_presence(s, cafe.room, "unavailable") and muc.nick(s) == nick,
            30,
            nick,
            again=True,
        )  # type: ignore[misc]
    await asyncio.to_thread(cafe.gateway.stop)
    await asyncio.to_thread(cafe.gateway.start)
    assert (await cafe.command("link", "list")).count("removed by command") == 4
    muc.say(romeo, cafe.room, "nobody hears me", "c2")
    await heard(romeo, cafe.room, "nobody hears me")
    assert "There is no link cafe" in await cafe.command("link", "remove", "cafe")
    refused = await cafe.command("link", "add", "self", f"xmpp={cafe.room}", f"xmpp={cafe.room}")
    assert "a room is not linked with itself" in refused


async def _linked_again(cafe: Cafe, garden: str) -> None:
    """Its entry is another one now, and SIGHUP has it read."""
    tree = yaml.safe_load(cafe.gateway.config.read_text())
    tree["links"]["cafe"] = {"xmpp": garden, A: "cafe"}
    before = cafe.gateway.log.count("a room is linked ")
    cafe.gateway.config.write_text(yaml.safe_dump(tree))
    os.kill(cafe.gateway.pid, signal.SIGHUP)
    await cafe.linked(before + 2)
    muc.say(cafe.apps["tybalt"], garden, "only here", "g2")
    await cafe.shown(A, "only here")
    assert "nobody hears me" not in {said.text for said in (await cafe.worlds[A].state("cafe")).visible}
    taken = await cafe.command("link", "add", "second", f"xmpp={garden}", f"{T}=cafe")
    assert "It is in the link cafe already." in taken
    assert all(bare(s) != cafe.room or body(s) != "only here" for s in cafe.apps["romeo"].received)
