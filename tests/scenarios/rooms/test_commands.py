"""Every command that concerns people and rooms, by chat and by form, with the same result; what comes of blocking and
of settings; looking for people and rooms without commands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from bridge.testing.states import AccountState
from bridge.testing.wire import Appears, Types
from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import Play, staged
from tests.scenarios.rooms.conftest import VERONA, InVerona
from tests.support import muc
from tests.support.commands import execute
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import bare, body, error_of
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
ITEMS, RSM, SEARCH = "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/rsm", "jabber:iq:search"
SQUARE = f"#square%y@{MEMORY}"
Way = Callable[[Play, str, dict[str, str]], Awaitable[str]]

# What is typed after the verb (chat), what is filled in (forms), and how the answer begins.
COMMANDS: Sequence[tuple[str, str, dict[str, str], str]] = (
    ("help", "", {}, "This is the gateway to Memory."),
    ("status", "", {}, "Your accounts on Memory:\nromeo: connected."),
    ("contacts", "", {}, "Your contacts on Memory:\nJuliet: juliet@memory.localhost\nYour rooms:\nVerona: #verona@"),
    ("search", "nurse", {"text": "nurse", "server": ""}, "People:\nNurse: nurse@memory.localhost"),
    ("search", "square", {"text": "square", "server": ""}, "Rooms that anybody may come into"),
    ("invite", "nurse verona", {"whom": "nurse", "room": "Verona", "reason": ""}, "nurse is invited to Verona."),
    ("join", "#square%y", {"room": "#square%y"}, "You are in Square on Memory. Enter it in your app as #square%y@"),
    ("leave", "square", {"room": "Square"}, "You have left Square on Memory."),
    ("block", "nurse", {"whom": "nurse", "blocked": "on"}, "You hear nothing of nurse any more."),
    ("block", "nurse off", {"whom": "nurse", "blocked": "off"}, "You hear of nurse again."),
    ("report", "juliet too fair", {"whom": "juliet", "reason": "too fair", "room": ""}, "The last message of juliet"),
    ("report", "nurse talks", {"whom": "nurse", "reason": "talks", "room": ""}, "nurse was reported."),
    ("settings", "typing=off", {"chat": ""}, "Your settings in all chats:"),
    ("users", "", {}, "Users of this gateway:\n"),
    ("accounts", "", {}, "1 accounts:\n"),
    ("dead", "", {}, "Everything here was delivered and understood."),
    ("announce", "Arise, fair sun!", {"text": "Arise, fair sun!"}, "1 of 1 user were told."),
)


async def by_chat(play: Play, verb: str, typed: str) -> str:
    return await play.ask(f"{verb} {typed}".strip())


async def by_form(play: Play, verb: str, answers: dict[str, str]) -> str:
    forms = [answers] if answers else []
    if verb == "settings":
        forms.append({"typing": "off"})
    step = await execute(play.app, MEMORY, verb, *forms)
    assert step.status == "completed", step
    return step.text


@pytest.fixture
async def admin(server: XmppServer, tmp_path: Path) -> AsyncIterator[Play]:
    async with staged(server, tmp_path, settings={"admins": ["*"]}) as play:
        await play.world.chat("verona", "juliet", "nurse", "romeo", name="Verona", alias="#verona")
        await play.world.chat("!square", "nurse", name="Square", alias="#square%y", public=True)
        await play.met()
        await muc.listed(play.app, MEMORY, VERONA)
        yield play


@pytest.mark.parametrize("way", ["chat", "form"])
async def test_every_command(admin: Play, way: str) -> None:
    for verb, typed, answers, begins in COMMANDS:
        if verb == "announce":
            said = await execute(admin.app, MEMORY, verb, answers) if way == "form" else None
            if said is None:
                admin.app.message(MEMORY, f"{verb} {typed}", receipt=False)
            assert await admin.app.text_from(MEMORY) == "Arise, fair sun!"
            assert (said.text if said is not None else await admin.app.text_from(MEMORY)).startswith(begins)
            continue
        text = await (by_chat(admin, verb, typed) if way == "chat" else by_form(admin, verb, answers))
        assert text.startswith(begins), (verb, text)

    assert [(one.whom, one.reason, bool(one.target)) for one in await admin.world.reports()] == [
        ("juliet", "too fair", True), ("nurse", "talks", False),
    ]  # fmt: skip
    assert (await admin.world.state("!square")).members == ["nurse"]


async def test_who_is_no_admin_has_no_such_commands(verona: InVerona) -> None:
    for verb in ("users", "accounts", "dead", "announce"):
        assert (await verona.play.ask(verb)).startswith("There is no command")
        step = await execute(verona.app, MEMORY, verb)
        assert step.text.startswith("item-not-found There is no command")


async def test_of_whom_one_blocks_one_hears_nothing(verona: InVerona) -> None:
    play = verona.play
    await verona.enter()
    await play.world.chat(play.chat, "romeo", "juliet", kind="direct")
    await play.world.says("juliet", play.chat, "before")
    assert await play.app.text_from(play.juliet) == "before"
    play.app.send(f"<presence to='{play.juliet}' type='subscribe'/>")
    await play.app.expect(lambda s: bare(s) == play.juliet and s.tag.endswith("presence") and s.get("type") is None)

    await play.ask("block juliet")
    away = await play.app.expect(
        lambda s: bare(s) == play.juliet and s.tag.endswith("presence") and s.get("type") == "unavailable"
    )
    await play.world.do(Appears(person="juliet"))
    await play.world.do(Types(person="juliet", chat=play.chat))
    await play.world.says("juliet", play.chat, "unheard")
    await verona.says("juliet", "unheard, too")
    await verona.says("nurse", "heard")
    await play.app.expect(lambda s: body(s) == "heard")
    await asyncio.to_thread(play.gateway.stop)
    await asyncio.to_thread(play.gateway.start)
    await play.world.until_accounts(lambda found: found["romeo"].attached)
    async with play.on_stage("romeo") as other:
        assert (await verona.enter(other)).texts == ["heard"]
    later = play.app.received[play.app.received.index(away) :]
    assert [one for one in later if "unheard" in body(one) or one.find("{*}composing") is not None] == []

    await play.ask("block juliet off")  # what has come meanwhile can be read in the room, if one wants to
    await play.app.expect(lambda s: bare(s) == play.juliet and s.tag.endswith("presence") and s.get("type") is None)
    await verona.enter()
    await play.world.says("juliet", play.chat, "after")
    await verona.says("juliet", "after, too")
    await play.app.expect(lambda s: body(s) == "after", again=True)
    await play.app.expect(lambda s: body(s) == "after, too", again=True)


async def test_what_others_see_is_as_one_has_chosen(verona: InVerona) -> None:
    play = verona.play
    await play.world.chat(play.chat, "romeo", "juliet", kind="direct")
    await play.world.says("juliet", play.chat, "first")
    assert await play.app.text_from(play.juliet) == "first"
    chatstate = (
        f"<message to='{play.juliet}' type='chat'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>"
    )

    assert "(`receipts`): no." in await play.ask("settings receipts=off typing=off")
    said = await play.world.says("juliet", play.chat, "second")
    stanza = await play.app.expect(lambda s: body(s) == "second")
    play.app.send(chatstate)
    read = f"<displayed xmlns='urn:xmpp:chat-markers:0' id='{stanza.get('id')}'/>"
    play.app.send(f"<message to='{play.juliet}' type='chat'>{read}</message>")
    state = await play.world.until(play.chat, lambda state: state.read.get("romeo") == said)
    assert (state.private, state.typing) == (["romeo"], [])

    await play.ask(f"settings chat={play.juliet} typing=on")
    play.app.send(chatstate)
    await play.world.until(play.chat, lambda state: state.typing == ["romeo"])


async def test_whether_one_is_there_is_told_as_one_has_chosen(verona: InVerona) -> None:
    def shown(how: str) -> Callable[[dict[str, AccountState]], bool]:
        return lambda found: found["romeo"].presence == how

    verona.app.send(f"<presence to='{MEMORY}' type='subscribe'/>")
    verona.app.send(f"<presence to='{MEMORY}'/>")
    await verona.play.world.until_accounts(shown("available"))
    await verona.play.ask("settings presence=off")
    await verona.play.world.until_accounts(shown("unavailable"))
    await verona.play.ask("settings presence=on")
    await verona.play.world.until_accounts(shown("available"))


async def test_looking_for_people_and_rooms_without_commands(admin: Play) -> None:
    await admin.world.chat("!houses", "romeo", name="Houses", holds=["!square"])
    found = await admin.app.iq(MEMORY, "set", f"<query xmlns='{SEARCH}'><nick>NURSE</nick></query>")
    assert [one.get("jid") for one in found.iter(f"{{{SEARCH}}}item")] == [f"nurse@{MEMORY}"]
    card = await admin.app.iq(f"nurse@{MEMORY}", "get", "<vCard xmlns='vcard-temp'/>")
    assert card.findtext(".//{vcard-temp}FN") == "Nurse"

    page = f"<set xmlns='{RSM}'><max>1</max></set>"
    answer = await admin.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}' node='rooms'>{page}</query>")
    assert [one.get("jid") for one in answer.iter(f"{{{ITEMS}}}item")] == [SQUARE]
    spaces = await admin.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}' node='spaces'/>")
    [space] = spaces.iter(f"{{{ITEMS}}}item")
    assert (space.get("jid"), space.get("name")) == (MEMORY, "Houses")
    inside = await admin.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}' node='{space.get('node')}'/>")
    assert [one.get("jid") for one in inside.iter(f"{{{ITEMS}}}item")] == [SQUARE]
    remote = await admin.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}' node='rooms/elsewhere.example'/>")
    assert error_of(remote) == ("item-not-found", "There is no other directory.")
    none = await admin.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}' node='space/!no'/>")
    assert error_of(none)[0] == "forbidden"
    async with admin.on_stage("paris-looks") as paris:
        refused = await paris.iq(MEMORY, "set", f"<query xmlns='{SEARCH}'><nick>nurse</nick></query>")
        assert error_of(refused)[0] == "registration-required"
        his = await paris.iq(f"nurse@{MEMORY}", "get", "<vCard xmlns='vcard-temp'/>")
        assert error_of(his)[0] == "item-not-found"
