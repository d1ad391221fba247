"""A bot of one's own: logging in by chat, people as contacts, messages and their changes each way, groups as rooms."""

from tests.scenarios.telegram.conftest import OnTelegram
from tests.support import muc
from tests.support.gateway import TELEGRAM
from tests.support.xmpp_client import bare, body, error_of, receipt_of

REPLACE = "{urn:xmpp:message-correct:0}replace"
REACTIONS = "{urn:xmpp:reactions:0}reactions"
FORM = "{jabber:x:data}"
RESTRICTED = f"{FORM}field"


async def test_logging_in_by_chat_says_what_is_wrong_and_what_privacy_mode_is(stage: OnTelegram) -> None:
    async def ask(line: str) -> str:
        stage.app.message(TELEGRAM, line, receipt=False)
        return await stage.app.text_from(TELEGRAM)

    assert "`business`" in await ask("login")
    assert "@BotFather" in await ask("bot")
    assert "no token of a bot" in await ask("12345")
    assert "no bot with this token" in await ask(f"{stage.bot.id}:{'A' * 35}")
    privacy, done = (await ask(stage.bot.token)).split("\n")

    assert "Privacy mode is on" in privacy
    assert "/setprivacy" in privacy
    assert done == f"You are logged in to Telegram as {stage.bot.id}."
    await stage.polls()
    assert "cannot be done" in await ask("join -100123")
    assert stage.bot.token not in stage.gateway.log

    stage.bot.reads_all = True
    await stage.gateway_restarts()
    assert (await stage.app.text_from(TELEGRAM)).startswith("Privacy mode is off now")


async def test_a_chat_with_everything_in_it(stage: OnTelegram) -> None:
    """Messages, receipts, edits, retractions, reactions and replies; names; who cannot be written to."""
    await stage.met()
    app, world, chat, juliet = stage.app, stage.world, stage.chat, stage.juliet

    art = world.says(juliet, chat, "Art thou not Romeo? 👩‍👩‍👧", entities=[{"type": "bold", "offset": 9, "length": 3}])
    came = await app.expect(lambda s: "Romeo" in body(s))
    assert body(came) == "Art thou *not* Romeo? 👩‍👩‍👧"

    id = app.message(f"{stage.address}/any", "Neither, *fair* maid & <more>")
    said = await stage.arrives("Neither, fair maid & <more>")
    assert [(e["type"], e["offset"], e["length"]) for e in said.content["entities"]] == [("bold", 9, 4)]
    await app.expect(lambda s: receipt_of(s) == id)

    corrected = f"<replace xmlns='urn:xmpp:message-correct:0' id='{id}'/>"
    app.message(stage.address, "Neither, fair saint", inner=corrected)
    await world.until(lambda: said.text == "Neither, fair saint")

    world.edits(art, chat, "Art thou Romeo?")
    edit = await app.expect(lambda s: s.find(REPLACE) is not None)
    assert body(edit) == "Art thou Romeo?"

    world.reacts(juliet, chat, said, "❤")
    reaction = await app.expect(lambda s: s.find(REACTIONS) is not None)
    assert [r.text for r in reaction.iter("{urn:xmpp:reactions:0}reaction")] == ["❤"]
    app.send(
        f"<message to='{stage.address}' type='chat' id='r1'><reactions xmlns='urn:xmpp:reactions:0' "
        f"id='{came.get('id')}'><reaction>🦄</reaction><reaction>👍</reaction><reaction>🫖</reaction></reactions></message>"
    )
    await world.until(lambda: art.emoji(stage.bot.id) == ["👍"])

    app.send(
        f"<message to='{stage.address}' type='chat' id='a1'><body>Call me but love</body>"
        f"<reply xmlns='urn:xmpp:reply:0' id='{came.get('id')}'/></message>"
    )
    assert (await stage.arrives("Call me but love")).reply_to is art

    app.send(
        f"<message to='{stage.address}' type='chat' id='t1'>"
        f"<retract xmlns='urn:xmpp:message-retract:1' id='{id}'/></message>"
    )
    await world.until(lambda: said.gone)

    world.blocks(juliet, stage.bot)
    refused = app.message(stage.address, "Wilt thou leave me so unsatisfied?")
    error = await app.expect(lambda s: s.get("id") == refused and s.get("type") == "error")
    assert error_of(error) == ("forbidden", "They have blocked your bot.")

    nurse = world.person("Nurse")
    app.message(f"{nurse.id}@{TELEGRAM}", "Good nurse")
    error = await app.expect(lambda s: s.get("type") == "error" and bare(s).startswith(str(nurse.id)))
    assert "never met" in error_of(error)[1]


async def test_a_group_is_a_room_also_when_it_becomes_a_supergroup(stage: OnTelegram) -> None:
    await stage.log_in()
    app, world = stage.app, stage.world
    group = world.group("Verona", stage.juliet, stage.bot)
    group.reactions = {"👍", "🔥"}
    room = f"{group.id}@{TELEGRAM}"
    await muc.listed(app, TELEGRAM, room)
    world.promotes(stage.juliet, group, stage.bot)
    entered = await muc.enter(app, room, "Romeo")
    assert entered.nick == "Romeo"
    assert entered.nicks == ["Juliet Capulet"]
    assert any("Privacy mode" in text for text in entered.texts)
    asked = await app.iq(room, "get", f"<query xmlns='{muc.INFO}'/>")
    allowed = [value.text for value in asked.iterfind(f".//{RESTRICTED}[@var='allowlist']/{FORM}value")]
    most = asked.findtext(f".//{RESTRICTED}[@var='max_reactions_per_user']/{FORM}value")
    assert (most, allowed) == ("1", ["👍", "🔥"])

    mercutio = world.person("Mercutio")
    world.comes(stage.juliet, group, mercutio)
    came = await app.expect(lambda s: muc.is_presence(s, room))
    assert muc.nick(came) == "Mercutio"
    plague = world.says(mercutio, group, "A plague o' both your houses!")
    heard = await muc.said(app, room, "A plague o' both your houses!")
    assert muc.nick(heard) == "Mercutio"
    muc.say(app, room, "Courage, man", "m1")
    await muc.said(app, room, "Courage, man")
    await stage.arrives("Courage, man", group)

    new = world.migrates(stage.juliet, group)
    world.says(stage.juliet, new, "Where have they gone?")
    await muc.said(app, room, "Where have they gone?")
    muc.say(app, room, "Here", "m2")
    await muc.said(app, room, "Here")
    await stage.arrives("Here", new)
    shown = heard.find(muc.STANZA_ID)
    assert shown is not None
    app.send(
        f"<message to='{room}' type='groupchat' id='m3'><body>Thou wert mine enemy's foe</body>"
        f"<reply xmlns='urn:xmpp:reply:0' id='{shown.get('id')}'/></message>"
    )
    await stage.arrives(f"{plague.text}\nThou wert mine enemy's foe", new)

    world.goes(stage.juliet, new, stage.bot)
    await app.expect(lambda s: muc.is_presence(s, room, "unavailable") and 110 in muc.statuses(s))
    assert not any(error_of(s)[0] for s in app.received)
