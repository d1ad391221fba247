"""Every command by chat, by form and by in-band registration (XEP-0077), with the same result; what comes of blocking
and of settings; looking for people and rooms without commands."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from bridge.testing.states import AccountState
from bridge.testing.wire import Appears, Types
from tests.conftest import ANY_SERVER
from tests.scenarios.conftest import PASSWORD, Play, staged
from tests.scenarios.rooms.conftest import VERONA, InVerona
from tests.support import muc
from tests.support.commands import execute
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import bare, body, error_of
from tests.support.xmpp_servers import XmppServer

pytestmark = ANY_SERVER
ITEMS, RSM, SEARCH = "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/rsm", "jabber:iq:search"
NODE = "http://jabber.org/protocol/commands"
SQUARE = f"#square%y@{MEMORY}"
LOGIN = {"username": "romeo", "password": PASSWORD}

# What is typed after the verb (chat; None: it is asked for), what is filled in (forms), and how the answer begins.
COMMANDS: Sequence[tuple[str, str | None, dict[str, str], str]] = (
    ("login", None, LOGIN, "You are logged in to Memory as romeo."),  # again: everything is kept
    ("help", "", {}, "This is the gateway to Memory."),
    ("status", "", {}, "Your accounts on Memory:\nromeo: connected."),
    ("contacts", "", {}, "Your contacts on Memory:\nJuliet: juliet@memory.localhost\nYour rooms:\nVerona: #verona@"),
    ("search", "nurse", {"text": "nurse", "server": ""}, "People:\nNurse: nurse@memory.localhost"),
    ("search", "square", {"text": "square", "server": ""}, "Rooms that anybody may come into"),
    ("invite", "nurse verona", {"whom": "nurse", "room": "Verona", "reason": ""}, "nurse is invited to Verona."),
    ("join", "#square%y", {"room": "#square%y"}, "You are in Square on Memory. Enter it in your app as #square%y@"),
    ("leave", "square", {"room": "Square"}, "You have left Square on Memory."),
    ("create", "Mantua", {"name": "Mantua", "visibility": "private", "people": ""}, "You have made Mantua on Memory."),
    ("link", SQUARE, {"room": SQUARE, "code": ""}, f"{SQUARE} on XMPP is no room elsewhere"),
    ("unlink", SQUARE, {"room": SQUARE}, f"{SQUARE} on XMPP is no room elsewhere"),
    ("links", "", {}, "There are no links of rooms in which you keep order."),
    ("block", "nurse", {"whom": "nurse", "blocked": "on"}, "You hear nothing of nurse any more."),
    ("block", "nurse off", {"whom": "nurse", "blocked": "off"}, "You hear of nurse again."),
    ("report", "juliet too fair", {"whom": "juliet", "reason": "too fair", "room": ""}, "The last message of juliet"),
    ("report", "nurse talks", {"whom": "nurse", "reason": "talks", "room": ""}, "nurse was reported."),
    ("settings", "typing=off", {"chat": ""}, "Your settings in all chats:"),
    ("optout", "on", {"out": "on"}, "You have opted out"),
    ("optout", "off", {"out": "off"}, "You have not opted out"),
    ("users", "", {}, "Users of this gateway:\n"),
    ("accounts", "", {}, "1 accounts:\n"),
    ("dead", "", {}, "Everything here was delivered and understood."),
    ("announce", "Arise, fair sun!", {"text": "Arise, fair sun!"}, "1 of 1 user were told."),
    ("logout", "", {}, "You are logged out of Memory (romeo)."),
)
# XEP-0077 is one form, and one wish to have nothing to do with a service any more: these two verbs. What it cannot
# carry it refuses with a sentence, and does nothing.
REGISTERS = {"login", "logout"}


async def by_chat(play: Play, verb: str, typed: str | None, answers: dict[str, str]) -> str:
    if typed is not None:
        return await play.ask(f"{verb} {typed}".strip())
    said = await play.ask(verb)
    for answer in answers.values():
        said = await play.ask(answer)
    return said


async def by_form(play: Play, verb: str, answers: dict[str, str]) -> str:
    forms = [answers] if answers else []
    if verb == "settings":
        forms.append({"typing": "off"})
    step = await execute(play.app, MEMORY, verb, *forms)
    assert step.status == "completed", step
    return step.text


async def by_registration(play: Play, verb: str, answers: dict[str, str]) -> str:
    """What it was refused with, if it was: its success has no words (XEP-0077 #usecases-register)."""
    fields = "".join(f"<field var='{name}'><value>{escape(value)}</value></field>" for name, value in answers.items())
    wish = "<remove/>" if verb == "logout" else f"<x xmlns='jabber:x:data' type='submit'>{fields}</x>"
    answer = await play.app.iq(MEMORY, "set", f"<query xmlns='jabber:iq:register'>{wish}</query>")
    return " ".join(error_of(answer)) if answer.get("type") == "error" else ""


@pytest.fixture
async def admin(server: XmppServer, tmp_path: Path) -> AsyncIterator[Play]:
    async with staged(server, tmp_path, settings={"admins": ["*"]}) as play:
        await play.world.chat("verona", "juliet", "nurse", "romeo", name="Verona", alias="#verona")
        await play.world.chat("!square", "nurse", name="Square", alias="#square%y", public=True)
        await play.met()
        await muc.listed(play.app, MEMORY, VERONA)
        yield play


@pytest.mark.parametrize("way", ["chat", "form", "registration"])
async def test_every_command(admin: Play, way: str) -> None:
    items = await admin.app.iq(MEMORY, "get", f"<query xmlns='{ITEMS}' node='{NODE}'/>")
    assert {item.get("node") for item in items.iter(f"{{{ITEMS}}}item")} == {verb for verb, *_ in COMMANDS}

    for verb, typed, answers, begins in COMMANDS:
        if way == "registration":
            await registered(admin, verb, answers, begins)
            continue
        if verb == "announce":
            said = await execute(admin.app, MEMORY, verb, answers) if way == "form" else None
            if said is None:
                admin.app.message(MEMORY, f"{verb} {typed}", receipt=False)
            assert await admin.app.text_from(MEMORY) == "Arise, fair sun!"
            assert (said.text if said is not None else await admin.app.text_from(MEMORY)).startswith(begins)
            continue
        text = await (by_chat(admin, verb, typed, answers) if way == "chat" else by_form(admin, verb, answers))
        assert text.startswith(begins), (verb, text)
        if verb == "login":
            await admin.world.until_accounts(lambda found: found["romeo"].attached)

    assert [(one.whom, one.reason, bool(one.target)) for one in await admin.world.reports()] == (
        [] if way == "registration" else [("juliet", "too fair", True), ("nurse", "talks", False)]
    )
    assert (await admin.world.state("!square")).members == ["nurse"]
    await admin.world.until_accounts(lambda found: not found["romeo"].attached)
    assert (await admin.ask("status")).startswith("Your accounts on Memory:\nromeo: logged out.")


async def registered(play: Play, verb: str, answers: dict[str, str], begins: str) -> None:
    refused = await by_registration(play, verb, answers)
    if verb in REGISTERS:
        assert refused == "", verb
    elif answers:
        assert refused.startswith(f"not-acceptable There is no field `{next(iter(answers))}` here."), verb
    else:
        assert refused.startswith("not-acceptable Please fill in: "), verb
    if verb == "login":
        await play.world.until_accounts(lambda found: found["romeo"].attached)
        assert (await play.ask("status")).startswith("Your accounts on Memory:\nromeo: connected.")


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


async def test_which_account_writes_to_whom_is_as_one_has_chosen(verona: InVerona) -> None:
    play = verona.play
    await play.world.account("montague", password=PASSWORD, name="Montague")
    step = await execute(play.app, MEMORY, "login", {"username": "montague", "password": PASSWORD})
    assert step.text == "You are logged in to Memory as montague."
    await play.world.until_accounts(lambda found: found["montague"].attached)
    await play.world.chat(play.chat, "romeo", "juliet", kind="direct")
    await play.world.says("juliet", play.chat, "Art thou not Romeo?")
    assert await play.app.text_from(play.juliet) == "Art thou not Romeo?"

    play.app.message(play.juliet, "I am")
    state = await play.world.until(play.chat, lambda state: state.texts[1:] == ["I am"])
    assert state.visible[-1].author == "romeo"
    chosen = await play.ask(f"settings chat={play.juliet} account=montague")
    assert chosen.endswith("Account that is used (`account`): montague.")
    await play.world.chat("other", "montague", "juliet", kind="direct")
    play.app.message(play.juliet, "and a Montague")
    state = await play.world.until("other", lambda state: state.texts == ["and a Montague"])
    assert state.visible[-1].author == "montague"


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


async def test_who_wants_it_is_told_in_a_line_who_has_come_and_gone(server: XmppServer, tmp_path: Path) -> None:
    async with staged(server, tmp_path, settings={"limits": {"notice_window": 10}}) as play:
        await play.world.chat("verona", "juliet", "romeo", name="Verona", alias="#verona")
        await play.log_in()
        await muc.listed(play.app, MEMORY, VERONA)
        verona = InVerona(play)
        await verona.enter()
        await play.world.do(verona.comes("nurse"))
        await play.app.expect(lambda s: s.get("from") == f"{VERONA}/Nurse")
        assert "(`joins`): no." in await play.ask("settings typing=on")

        assert "(`joins`): yes." in await play.ask("settings chat=verona joins=on")
        await play.world.do(verona.goes("nurse"))
        await play.world.do(verona.goes("juliet"))
        line = await play.app.expect(lambda s: s.get("from") == VERONA and body(s) != "")
        assert body(line) in ("Nurse and Juliet have left.", "Juliet has left.")
        assert [body(one) for one in play.app.received if one.get("from") == VERONA and body(one)] == [body(line)]


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
