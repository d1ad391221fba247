"""A MUC, a Matrix room and a Telegram group are one room, with three people on each side: whatever any of them says or
does is in each of the others exactly once, under their name.

Each side begins in a link of its own, at the same time as the others: a bot may say 20 things a minute in a group.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from tests.conftest import ANY_SERVER, COMPONENTS, UPLOADS
from tests.support import files
from tests.support.appservice import WithAppservice
from tests.support.botapi import BotApi, albums, topics
from tests.support.botapi.uploads import file_of
from tests.support.crossing import (
    annotate,
    answering,
    corrects,
    edits,
    has_set,
    in_all,
    mention,
    pictures,
    react,
    reacted,
    reacts,
    redact,
    redacts,
    replying,
    retracts,
    sid,
    within,
)
from tests.support.files import OOB
from tests.support.gateway import MATRIX, TELEGRAM
from tests.support.threeway import NETWORKS, Link, World, nick, staged
from tests.support.xmpp_client import body
from tests.support.xmpp_servers import XmppServer

REPLY, THREAD = "{urn:xmpp:reply:0}reply", "{jabber:client}thread"
COMPOSING = "{http://jabber.org/protocol/chatstates}composing"
ROMEO, BENVOLIO, MERCUTIO = HERE = ("Romeo", "Benvolio", "Mercutio")
JULIET, NURSE, ROSALINE = FAR = ("Juliet", "Nurse", "Rosaline")
TYBALT, PARIS, PETER = AWAY = ("Tybalt", "Paris", "Peter")
PHONE = "+39 045 5550123"
LONG = " ".join(f"{number} times" for number in range(1, 700))  # more than one message on Telegram
PICTURES = [files.png(seed=number) for number in range(4)]


@ANY_SERVER
async def test_everything_that_anybody_does_is_in_every_room_once(server_kind: type[XmppServer]) -> None:
    async with BotApi() as api:
        with server_kind(COMPONENTS, rooms=True, uploads=UPLOADS) as server, WithAppservice(NETWORKS) as synapse:
            async with staged(server, synapse, api, make=people_and_rooms) as world:
                first, second, third, fourth = world.links
                plays = (on_xmpp(first), on_matrix(second), on_telegram(third), five_rooms(fourth))
                ends = await asyncio.gather(*plays, return_exceptions=True)
                if wrong := [end for end in ends if isinstance(end, Exception)]:
                    raise ExceptionGroup("what does not cross", wrong)
                await asyncio.gather(*(once(link) for link in world.links))
                nothing_private_has_crossed(world)
                assert world.gateway.metric("landbridge_dead_letters", network="matrix") == 0
                assert world.gateway.metric("landbridge_dead_letters", network="telegram") == 0


async def people_and_rooms(world: World) -> None:
    await world.on_xmpp(*HERE)
    await world.on_matrix(*FAR)
    for name in AWAY:
        world.people[name] = world.api.world.person(name)
    card = f"<vCard xmlns='vcard-temp'><FN>{ROMEO}</FN><TEL><NUMBER>{PHONE}</NUMBER></TEL></vCard>"
    assert (await world.apps[ROMEO].iq(world.apps[ROMEO].bare, "set", card)).get("type") == "result"
    for _ in range(3):
        await world.make()
    await world.make([(ROMEO, BENVOLIO), (MERCUTIO,)], [(TYBALT, PARIS), (PETER,)])


async def on_xmpp(link: Link) -> None:
    """Who has an XMPP app does it."""
    answered = [await link.on_matrix(JULIET, "from the balcony"), link.on_telegram(TYBALT, "from the street")]
    first = link.on_xmpp(BENVOLIO, "a first draft")
    for who in HERE:
        link.on_xmpp(who, f"{who} came to the feast")
    link.on_xmpp(ROMEO, "the sun is *very* bright")
    link.on_xmpp(MERCUTIO, "I should not have said it")
    await link.everywhere("a first draft", BENVOLIO)  # an edit of what waits would be said instead of it
    native = [sid(await link.in_muc(text)) for text in ("from the balcony", "from the street", f"{ROMEO} came")]

    link.on_xmpp(ROMEO, "to the balcony", inner=replying(native[0]))
    link.on_xmpp(BENVOLIO, "to the street", inner=replying(native[1]))
    link.on_xmpp(MERCUTIO, "to Romeo himself", inner=replying(native[2]))
    link.on_xmpp(ROMEO, f"{JULIET}: are you there?")
    link.on_xmpp(BENVOLIO, f"keep the peace, @{TYBALT}")
    link.on_xmpp(BENVOLIO, "a final word", inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>")
    url = await files.xmpp_upload(link.world.apps[MERCUTIO], "upload.localhost", PICTURES[0], "image/png", "mab.png")
    link.on_xmpp(MERCUTIO, url, inner=files.share(url))
    link.on_xmpp(ROMEO, f"at length: {LONG}")

    for who in HERE:
        await link.everywhere(f"{who} came to the feast", who)
    assert "<strong>very</strong>" in (await link.in_room("the sun is", by=ROMEO))["content"]["formatted_body"]
    bold = [one for one in (await link.in_group("the sun is", by=ROMEO)).content["entities"] if one["type"] == "bold"]
    assert len(bold) == 1
    assert (await link.in_room("to the balcony", by=ROMEO))["content"]["m.relates_to"] == {
        "m.in_reply_to": {"event_id": answered[0]}
    }
    said = await link.in_group("to the street", by=BENVOLIO)
    assert said.reply_to is answered[1]
    assert (await link.in_group("to Romeo himself", by=MERCUTIO)).reply_to is await link.in_group(f"{ROMEO} came")
    asked = await link.in_room("are you there?", by=ROMEO)
    assert asked["content"]["m.mentions"] == {"user_ids": [link.world.elements[JULIET].me]}
    meant = (await link.in_group("keep the peace", by=BENVOLIO)).content["entities"]
    assert [one["user"]["id"] for one in meant if one["type"] == "text_mention"] == [link.world.people[TYBALT].id]

    draft = await link.in_room("a first draft", by=BENVOLIO)
    await link.event(lambda e: edits(e, draft, "a final word"), "edit")
    await link.in_group("a final word", by=BENVOLIO)
    assert not [said for said in link.group.visible if "a first draft" in said.text]
    picture = await link.event(lambda e: e["content"].get("msgtype") == "m.image", "picture")
    assert (await link.names())[picture["sender"]] == MERCUTIO
    assert await files.matrix_file(link.world.element, picture["content"]["url"]) == PICTURES[0]
    await link.shown(lambda: pictures(link) == [PICTURES[0]], "picture")
    assert [s.text for s in link.group.visible if file_of(s.content)] == [f"{MERCUTIO}:"]
    assert LONG in (await link.in_room("at length", by=ROMEO))["content"]["body"]

    await taken_back_on_xmpp(link)
    await reactions_on_xmpp(link)
    await thread_on_xmpp(link)
    link.said -= {(BENVOLIO, "a first draft"), (BENVOLIO, "a final word"), (MERCUTIO, url)}


async def taken_back_on_xmpp(link: Link) -> None:
    bad = "I should not have said it"
    shown, event, said = await link.everywhere(bad, MERCUTIO)
    link.on_xmpp(
        MERCUTIO, "", inner=f"<retract xmlns='urn:xmpp:message-retract:1' id='{sid(shown)}'/><body>gone</body>"
    )
    await link.event(lambda e: redacts(e) == event["event_id"], "retraction")
    await link.shown(lambda: said.gone, "retraction")
    link.said.discard((MERCUTIO, bad))


async def reactions_on_xmpp(link: Link) -> None:
    """Everybody has a set of their own on Matrix; Telegram's bot has one reaction, which is the last one's."""
    await link.in_muc("from the balcony")
    event, bot = await link.in_room("from the balcony"), link.world.bot.id
    said = await link.in_group("from the balcony", by=JULIET)
    id = sid(await link.in_muc("from the balcony"))

    react(link, ROMEO, id, "👍")
    await link.event(lambda e: reacts(e, event, "👍"), "reaction")
    await link.shown(lambda: said.emoji(bot) == ["👍"], "👍")
    react(link, ROMEO, id, "❤")
    await link.event(lambda e: reacts(e, event, "❤"), "other reaction")
    await link.shown(lambda: said.emoji(bot) == ["❤"], "❤")
    react(link, BENVOLIO, id, "🔥")
    await link.event(lambda e: reacts(e, event, "🔥"), "reaction")
    await reacted(link, event, {(ROMEO, "❤"), (BENVOLIO, "🔥")})
    react(link, ROMEO, id)
    react(link, BENVOLIO, id)
    await reacted(link, event, set())
    await link.shown(lambda: said.emoji(bot) == [], "no reaction")


async def thread_on_xmpp(link: Link) -> None:
    begun = await link.on_matrix(JULIET, "a matter for itself")
    await link.on_matrix(NURSE, "one more on the matter", **{"m.relates_to": within(begun)})
    thread = (await link.in_muc("one more on the matter", by=NURSE)).findtext(THREAD, "")
    link.on_xmpp(BENVOLIO, "my word on the matter", inner=f"<thread>{thread}</thread>")
    relation = (await link.in_room("my word on the matter", by=BENVOLIO))["content"]["m.relates_to"]
    assert (relation["rel_type"], relation["event_id"]) == ("m.thread", begun)


async def on_matrix(link: Link) -> None:
    """Who has a Matrix app does it."""
    link.on_xmpp(ROMEO, "from the orchard")
    street = link.on_telegram(TYBALT, "from the street")
    first = await link.on_matrix(NURSE, "a first draft")
    names = [await link.on_matrix(who, f"{who} came to the window") for who in FAR]
    html = {"format": "org.matrix.custom.html", "formatted_body": "the moon is <strong>very</strong> pale"}
    await link.on_matrix(JULIET, "the moon is very pale", **html)
    bad = await link.on_matrix(ROSALINE, "I should not have said it")
    orchard, there = await link.in_room("from the orchard"), await link.in_room("from the street")
    romeo, tybalt = orchard["sender"], there["sender"]
    await link.everywhere("a first draft", NURSE)

    await link.on_matrix(JULIET, "to the orchard", **answering(orchard["event_id"]))
    await link.on_matrix(NURSE, "to the street", **answering(there["event_id"]))
    await link.on_matrix(ROSALINE, "to Juliet herself", **answering(names[0]))
    await link.on_matrix(JULIET, f"{ROMEO}: wherefore?", **mention(romeo, ROMEO, ": wherefore?"))
    await link.on_matrix(NURSE, f"{TYBALT}: for shame", **mention(tybalt, TYBALT, ": for shame"))
    change: dict[str, Any] = {
        "m.new_content": {"msgtype": "m.text", "body": "a final word"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": first},
    }
    await link.world.elements[NURSE].send(link.room, "* a final word", **change)
    await files.send_file(link.world.elements[ROSALINE], link.room, PICTURES[1], "image/png", "rose.png")
    await link.on_matrix(JULIET, f"at length: {LONG}")

    for who in FAR:
        await link.everywhere(f"{who} came to the window", who)
    assert body(await link.in_muc("the moon is", by=JULIET)) == "the moon is *very* pale"
    bold = [one for one in (await link.in_group("the moon is", by=JULIET)).content["entities"] if one["type"] == "bold"]
    assert len(bold) == 1
    answer = await link.in_muc("to the orchard", by=JULIET)
    assert answer.find(REPLY).get("id") == sid(await link.in_muc("from the orchard"))  # type: ignore[union-attr]
    assert (await link.in_group("to the street", by=NURSE)).reply_to is street
    assert (await link.in_group("to Juliet herself", by=ROSALINE)).reply_to is await link.in_group(f"{JULIET} came")
    assert body(await link.in_muc("wherefore?", by=JULIET)) == f"{ROMEO}: wherefore?"
    meant = (await link.in_group("for shame", by=NURSE)).content["entities"]
    assert [one["user"]["id"] for one in meant if one["type"] == "text_mention"] == [link.world.people[TYBALT].id]
    draft = await link.in_muc("a first draft", by=NURSE)
    await link.stanza(lambda s: corrects(s, draft, "a final word") and nick(s) == NURSE, "edit")
    await link.in_group("a final word", by=NURSE)
    shared = await link.stanza(lambda s: s.find(f"{OOB}x") is not None and nick(s) == ROSALINE, "picture")
    assert (await files.get(shared.findtext(f"{OOB}x/{OOB}url", ""))).body == PICTURES[1]
    await link.shown(lambda: pictures(link) == [PICTURES[1]], "picture")
    assert LONG in body(await link.in_muc("at length", by=JULIET))

    shown, said = await link.in_muc("I should not", by=ROSALINE), await link.in_group("I should not", by=ROSALINE)
    await redact(link, ROSALINE, bad)
    await link.stanza(lambda s: retracts(s, shown) and nick(s) == ROSALINE, "retraction")
    await link.shown(lambda: said.gone, "retraction")
    await reactions_on_matrix(link, there["event_id"], street)
    await threads_and_typing_on_matrix(link)
    link.said -= {(NURSE, "a first draft"), (ROSALINE, "I should not have said it")}


async def reactions_on_matrix(link: Link, event: str, said: Any) -> None:
    bot, id = link.world.bot.id, sid(await link.in_muc("from the street"))
    one = await annotate(link, JULIET, event, "👍")
    await link.stanza(lambda s: has_set(s, JULIET, id, {"👍"}), "👍")
    await link.shown(lambda: said.emoji(bot) == ["👍"], "👍")
    two = await annotate(link, JULIET, event, "🔥")
    await link.stanza(lambda s: has_set(s, JULIET, id, {"👍", "🔥"}), "👍 and 🔥")
    await redact(link, JULIET, one)
    await link.stanza(lambda s: has_set(s, JULIET, id, {"🔥"}), "🔥")
    await link.shown(lambda: said.emoji(bot) == ["🔥"], "🔥")
    await redact(link, JULIET, two)
    await link.stanza(lambda s: has_set(s, JULIET, id, set()), "no reaction")
    await link.shown(lambda: said.emoji(bot) == [], "no reaction")


async def threads_and_typing_on_matrix(link: Link) -> None:
    begun = await link.on_matrix(JULIET, "a matter for itself")
    await link.on_matrix(NURSE, "one more on the matter", **{"m.relates_to": within(begun)})
    assert (await link.in_muc("one more on the matter", by=NURSE)).findtext(THREAD)
    await link.world.elements[NURSE].types(link.room, True)
    await link.stanza(lambda s: s.find(COMPOSING) is not None and nick(s) == NURSE, "sign that the nurse writes")


async def on_telegram(link: Link) -> None:
    """Who has a Telegram app does it."""
    world, group = link.world.api.world, link.group
    link.on_xmpp(ROMEO, "from the orchard")
    balcony = await link.on_matrix(JULIET, "from the balcony")
    await link.in_group("from the balcony")
    await link.on_matrix(NURSE, "from the stairs")
    for who in AWAY:
        link.on_telegram(who, f"{who} came with a sword")
    link.on_telegram(TYBALT, "the night is very hot", entities=[{"type": "bold", "offset": 13, "length": 4}])
    draft = link.on_telegram(PARIS, "a first draft")
    orchard, there = await link.in_group("from the orchard"), await link.in_group("from the balcony")
    await link.in_group("from the stairs")  # so the gateway has been told what the two before are called

    link.on_telegram(TYBALT, "to the orchard", reply_to=orchard)
    link.on_telegram(PARIS, "to the balcony", reply_to=there)
    link.on_telegram(PETER, "to Tybalt himself", reply_to=await link.in_group(f"{TYBALT} came"))
    paris = {"type": "text_mention", "offset": 0, "length": 5, "user": link.world.people[PARIS].raw()}
    link.on_telegram(PETER, "Paris is late", entities=[paris])
    shown, event = await link.in_muc("a first draft", by=PARIS), await link.in_room("a first draft", by=PARIS)
    world.edits(draft, group, "a final word")
    world.sends_file(link.world.people[PETER], group, "photo", "p.png", "image/png", PICTURES[2], caption="a likeness")
    album = [("photo", f"{n}.png", "image/png", PICTURES[n]) for n in (0, 1, 3)]
    albums.sends_album(world, link.world.people[TYBALT], group, album, "three of them")
    link.on_telegram(PARIS, f"at length: {LONG[:4_000]}")

    for who in AWAY:
        await link.everywhere(f"{who} came with a sword", who)
    assert body(await link.in_muc("the night is", by=TYBALT)) == "the night is *very* hot"
    assert "<strong>very</strong>" in (await link.in_room("the night is", by=TYBALT))["content"]["formatted_body"]
    answer = await link.in_muc("to the orchard", by=TYBALT)
    assert answer.find(REPLY).get("id") == sid(await link.in_muc("from the orchard"))  # type: ignore[union-attr]
    relation = (await link.in_room("to the balcony", by=PARIS))["content"]["m.relates_to"]
    assert relation == {"m.in_reply_to": {"event_id": balcony}}
    before = await link.in_room(f"{TYBALT} came")
    relation = (await link.in_room("to Tybalt himself", by=PETER))["content"]["m.relates_to"]
    assert relation == {"m.in_reply_to": {"event_id": before["event_id"]}}
    late = await link.in_room("Paris is late", by=PETER)
    assert late["content"]["m.mentions"] == {"user_ids": [event["sender"]]}
    await link.stanza(lambda s: corrects(s, shown, "a final word") and nick(s) == PARIS, "edit")
    await link.event(lambda e: edits(e, event, "a final word"), "edit")
    await in_all(link, PETER, [PICTURES[2]])
    await in_all(link, TYBALT, [PICTURES[0], PICTURES[1], PICTURES[3]])
    await link.everywhere("at length", PARIS)
    await reactions_on_telegram(link, orchard)
    await topic(link)
    link.said -= {(PARIS, "a first draft")}


async def reactions_on_telegram(link: Link, orchard: Any) -> None:
    world, tybalt, paris = link.world.api.world, link.world.people[TYBALT], link.world.people[PARIS]
    id, event = sid(await link.in_muc("from the orchard")), await link.in_room("from the orchard")
    world.reacts(tybalt, link.group, orchard, "👍")
    await link.stanza(lambda s: has_set(s, TYBALT, id, {"👍"}), "👍")
    world.reacts(tybalt, link.group, orchard, "🔥")
    await link.stanza(lambda s: has_set(s, TYBALT, id, {"🔥"}), "🔥")
    world.reacts(paris, link.group, orchard, "👍")
    await reacted(link, event, {(TYBALT, "🔥"), (PARIS, "👍")})
    world.reacts(tybalt, link.group, orchard)
    world.reacts(paris, link.group, orchard)
    await link.stanza(lambda s: has_set(s, TYBALT, id, set()), "no reaction")
    await link.stanza(lambda s: has_set(s, PARIS, id, set()), "no reaction")
    await reacted(link, event, set())


async def topic(link: Link) -> None:
    """A topic of the group is a thread elsewhere, and what is said there in it comes into the topic."""
    world = link.world.api.world
    begun = topics.begins(world, link.world.people[TYBALT], link.group, "Swords")
    topics.says(world, link.world.people[PARIS], begun, link.group, "a matter for itself")
    event = await link.in_room("a matter for itself", by=PARIS)
    relation = event["content"]["m.relates_to"]
    assert relation["rel_type"] == "m.thread"
    await link.in_muc("a matter for itself", by=PARIS)
    await link.on_matrix(NURSE, "one more on the matter", **{"m.relates_to": within(relation["event_id"])})
    said = await link.in_group("one more on the matter", by=NURSE)
    assert said.content["message_thread_id"] == link.group.number(begun, 0)


async def five_rooms(link: Link) -> None:
    """Two MUCs and two groups in one link, and different people in each."""
    _, garden = link.mucs
    street, church = link.groups
    first = link.on_xmpp(ROMEO, "from the café")
    link.on_xmpp(MERCUTIO, "from the garden", muc=garden)
    await link.on_matrix(JULIET, "from the balcony")
    link.on_telegram(TYBALT, "from the street")
    there = link.on_telegram(PETER, "from the church", group=church)

    for who, text in list(link.said):
        await link.everywhere(text, who)
    shown = await link.in_muc("from the church", muc=garden)
    link.on_xmpp(MERCUTIO, "to the church", muc=garden, inner=replying(sid(shown)))
    await link.everywhere("to the church", MERCUTIO)
    assert (await link.in_group("to the church", group=church)).reply_to is there
    answered = (await link.in_group("from the church", group=street)).text
    assert (await link.in_group("to the church", group=street)).reply_to.text == answered  # type: ignore[union-attr]
    link.on_xmpp(ROMEO, "from the theatre", inner=f"<replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>")
    for group in link.groups:
        await link.in_group("from the theatre", by=ROMEO, group=group)
    before = await link.in_muc("from the café", muc=garden)
    await link.mucs[garden].expect(
        lambda s: corrects(s, before, "from the theatre") and nick(s) == ROMEO, 30, "edit", again=True
    )
    link.said -= {(ROMEO, "from the café"), (ROMEO, "from the theatre")}


def nothing_private_has_crossed(world: World) -> None:
    """Neither real addresses of people in MUCs that do not show them, nor telephone numbers, nor secrets."""
    secrets = {
        "xmpp": [COMPONENTS[MATRIX], COMPONENTS[TELEGRAM]],
        "matrix": [world.synapse.registered.as_token, world.synapse.registered.hs_token],
        "telegram": [world.bot.token],
    }
    addresses = [app.bare.partition("@")[0] for app in world.apps.values()]
    for network in secrets:
        told = unquote_to_bytes(world.told(network))
        assert len(told) > 1_000
        for other, some in secrets.items():
            if other != network:
                assert not [secret for secret in some if secret.encode() in told], f"{other}'s secrets to {network}"
        assert PHONE.encode() not in told
        if network != "xmpp":
            assert not [one for one in addresses if one.encode() in told], f"to {network}"


async def once(link: Link) -> None:
    """Everything that stands, in every room, under the name of its author; and nothing else of theirs."""
    link.on_xmpp(ROMEO, "all from XMPP")
    await link.on_matrix(JULIET, "all from Matrix")
    link.on_telegram(TYBALT, "all from Telegram")
    for who, last in ((ROMEO, "all from XMPP"), (JULIET, "all from Matrix"), (TYBALT, "all from Telegram")):
        await link.everywhere(last, who)
    rooms = {
        **{room: await link.archived(room) for room in link.mucs},
        "Matrix": await link.timeline(),
        **{str(group.id): link.written(group) for group in link.groups},
    }
    for where, found in rooms.items():
        # Of what is long the beginning: it is several messages on Telegram. Emphasis is not written everywhere.
        times = Counter(
            (who, text)
            for who, text in link.said
            for by, line in found
            if by == who and text[:40].replace("*", "") in line.replace("*", "")
        )
        assert times == Counter(link.said), f"in {where}: {Counter(link.said) - times} {times - Counter(link.said)}"
        strangers = [who for who, text in found if any(one in text for _, one in link.said) and who not in everybody()]
        assert not strangers, f"in {where}"


def everybody() -> Iterable[str]:
    return (*HERE, *FAR, *AWAY)
