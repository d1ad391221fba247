"""The appservice on a real Synapse: who it speaks as, where they come in and where not, and what a crash does."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from urllib.parse import quote

from bridge.contract import (
    Bar,
    CursorMoved,
    Leave,
    Live,
    Message,
    MessageReceived,
    NetworkId,
    OccupantChanged,
    Persona,
    PersonaBarred,
    React,
    Reason,
    Refused,
    Retract,
    Session,
    Span,
    SpanKind,
    Target,
    Unavailable,
)
from bridge.testing.conformance.network import Reader, a_send, connected, raises, reading
from tests.conformance.appservice import AppserviceUnderTest
from tests.support.appservice import WithAppservice

ROMEO = Persona(key="xmpp:romeo@home.example", network=NetworkId("xmpp"), contact="romeo@home.example", name="Romeo")
HIM = "@xmpp_romeo=40home.example:localhost"


async def test_somebody_is_made_named_and_brought_in_once(network: AppserviceUnderTest) -> None:
    await network.come_in()
    for n, name in enumerate(("Romeo", "Romeo", "Romeo of Montague")):
        async with connected(network) as session, reading(session) as reader:
            await session.perform(a_send(network, f"once-{n}", f"said {n}", replace(ROMEO, name=name)))
            await reader.until(lambda r: bool(r.of(MessageReceived)))
            assert [one.key for one in reader.of(MessageReceived)] == [f"conformance-once-{n}"]
            assert reader.of(OccupantChanged) == []

    new = "Romeo of Montague"  # which homeservers tell rooms when they get to it
    await network.juliet.expect(lambda e: e.get("state_key") == HIM and e["content"].get("displayname") == new)
    events = await network.juliet.timeline(network.room)
    members = [e["content"] for e in events if e.get("state_key") == HIM]
    assert [(one["membership"], one.get("displayname")) for one in members] == [
        ("invite", "Romeo"), ("join", "Romeo"), ("join", "Romeo of Montague")
    ]  # fmt: skip
    assert [e["sender"] for e in events if e["type"] == "m.room.message"] == [HIM] * 3


async def test_who_is_not_wanted_is_reported_and_comes_again_when_the_hub_wants_that(
    network: AppserviceUnderTest,
) -> None:
    room, element = quote(network.room), network.juliet

    async def done(session: Session, reader: Reader, what: str) -> None:
        """And read, so that the session knows of it."""
        await element.call("POST", f"/rooms/{room}/{what}", {"user_id": HIM, "reason": "brawls"})
        await network.say(f"{what}: done")
        await reader.until(lambda r: f"{what}: done" in r.texts)

    async with connected(network) as session, reading(session) as reader:
        await session.perform(a_send(network, "in", "in", ROMEO))
        await done(session, reader, "kick")
        async with raises(Unavailable):  # until the hub has taken it in
            await session.perform(a_send(network, "out", "out", ROMEO))
        barred = [one for one in reader.events if isinstance(one, PersonaBarred)]
    async with connected(network) as session, reading(session) as reader:
        await session.perform(a_send(network, "in-again", "in again", ROMEO))
        await done(session, reader, "ban")
        barred += [one for one in reader.events if isinstance(one, PersonaBarred)]
    async with connected(network) as session, reading(session) as reader:
        async with raises(Refused) as caught:
            await session.perform(a_send(network, "out-2", "out", ROMEO))
        assert caught[0].reason is Reason.FORBIDDEN
        await done(session, reader, "unban")
        await session.perform(a_send(network, "back", "back", ROMEO))
        barred += [one for one in reader.events if isinstance(one, PersonaBarred)]

    assert [s.text for s in await network.shown() if s.ours] == ["in", "in again", "back"]
    assert [one.bar for one in barred] == [Bar.REMOVED, Bar.BANNED, None]
    assert {one.who.id for one in barred} == {ROMEO.contact}
    assert [one.seconds for one in barred] == [86_400.0, None, None]
    assert barred[0].reason == "brawls"


async def test_what_was_said_long_ago_has_its_time_and_is_not_said_twice(network: AppserviceUnderTest) -> None:
    then = time.time() - 3 * 3_600
    late = replace(a_send(network, "late", "long ago", ROMEO), at=then)
    async with connected(network) as session:
        first = await session.perform(late)
        # As if the homeserver did not know the transaction id any more: another way to the same event.
        again = await session.perform(replace(late, maybe_done=True))

    assert first == again
    [event] = [e for e in await network.juliet.timeline(network.room) if e["content"].get("body") == "long ago"]
    assert abs(event["origin_server_ts"] / 1000 - then) < 1


async def test_everybody_has_their_own_reactions_and_whoever_keeps_order_removes(network: AppserviceUnderTest) -> None:
    target = await network.say("a rose")
    async with connected(network) as session:
        for n, who in enumerate((ROMEO, replace(ROMEO, key="xmpp:b", contact="benvolio@home.example", name="Ben"))):
            react = React(chat=network.room, key=f"react-{n}", persona=who, target=Target((target,)), reactions=("🌹",))
            await session.perform(react)
        said = await session.perform(a_send(network, "bad", "bad", ROMEO))
        await session.perform(Retract(chat=network.room, key="gone", persona=ROMEO, target=Target(said.ids)))

    events = await network.juliet.timeline(network.room)
    assert len({e["sender"] for e in events if e["type"] == "m.reaction"}) == 2
    assert all(e["content"].get("body") != "bad" for e in events)


async def test_people_are_mentioned_as_who_they_are(network: AppserviceUnderTest) -> None:
    message = Message("Romeo, come", spans=(Span(0, 5, SpanKind.MENTION, "romeo@home.example", "xmpp"),))
    async with connected(network) as session, reading(session) as reader:
        await session.perform(replace(a_send(network, "call", ""), message=message))
        pill = f'<a href="https://matrix.to/#/{HIM}">Romeo</a>'
        content = {
            "msgtype": "m.text", "body": "Romeo, stay", "format": "org.matrix.custom.html",
            "formatted_body": f"{pill}, stay", "m.mentions": {"user_ids": [HIM]},
        }  # fmt: skip
        await network.juliet.send_event(network.room, content)
        await reader.until(lambda r: "Romeo, stay" in r.texts)

    [heard] = [e for e in reader.of(MessageReceived) if e.key is None]
    assert [(s.kind, s.value, s.network) for s in heard.message.spans] == [
        (SpanKind.MENTION, "romeo@home.example", "xmpp")
    ]
    [sent] = [e["content"] for e in await network.juliet.timeline(network.room) if "Romeo, come" in str(e["content"])]
    assert sent["m.mentions"] == {"user_ids": [HIM]}


async def test_who_was_lost_with_a_backup_is_made_again(
    network: AppserviceUnderTest, registered: WithAppservice
) -> None:
    await network.come_in()  # which the backup has
    before = await asyncio.to_thread(registered.back_up)
    async with connected(network) as session, reading(session) as reader:
        await session.perform(a_send(network, "before", "before", ROMEO))
        await reader.until(lambda r: bool(r.of(MessageReceived)))
        await asyncio.to_thread(registered.restore, before)
        said = await session.perform(a_send(network, "after", "after", ROMEO))
        again = await session.perform(a_send(network, "after", "after", ROMEO))  # it has a device, as before
        element = network.juliet
        [event] = [e for e in await element.timeline(network.room) if e["type"] == "m.room.message"]
        member = await element.call("GET", f"/rooms/{quote(network.room)}/state/m.room.member/{quote(HIM)}")
        assert said == again
        assert (event["event_id"], event["sender"], member["displayname"]) == (said.ids[0], HIM, "Romeo")

        await element.call("POST", f"/rooms/{quote(network.room)}/kick", {"user_id": HIM})
        async with raises(Refused):  # also before we are told: nobody comes back by this
            await session.perform(a_send(network, "kicked", "kicked", ROMEO))
    member = await element.call("GET", f"/rooms/{quote(network.room)}/state/m.room.member/{quote(HIM)}")
    assert member["membership"] == "leave"


async def test_leaving_a_room_for_good_everybody_of_ours_goes_also_when_that_was_broken_off(
    network: AppserviceUnderTest,
) -> None:
    ben = replace(ROMEO, key="xmpp:b", contact="ben@home.example", name="Ben")
    async with connected(network) as session, reading(session):
        for n, who in enumerate((ROMEO, ben)):
            await session.perform(a_send(network, f"in-{n}", "in", who))
        where = f"/rooms/{quote(network.room)}/leave?user_id={quote(HIM)}"
        token = network.synapse.registered.as_token
        await asyncio.to_thread(network.synapse.ask, "POST", f"/_matrix/client/v3{where}", {}, token)
        for _ in range(2):
            await session.perform(Leave(chat=network.room, key="leave"))
    joined = (await network.juliet.call("GET", f"/rooms/{quote(network.room)}/joined_members"))["joined"]
    assert list(joined) == [network.juliet.me]


async def test_what_is_encrypted_is_refused(network: AppserviceUnderTest) -> None:
    where = f"/rooms/{quote(network.room)}/state/m.room.encryption/"
    await network.juliet.call("PUT", where, {"algorithm": "m.megolm.v1.aes-sha2"})
    async with connected(network) as session, raises(Refused) as caught:
        await session.perform(a_send(network, "clear", "clear", ROMEO))

    assert "encrypted" in caught[0].text


async def test_what_was_not_journaled_comes_again_and_what_was_does_not(network: AppserviceUnderTest) -> None:
    """A crash in the middle of a transaction, over and over; by its id the journal knows what rooms are read for once
    more."""
    cursor, kept = None, dict[str, str]()
    async with connected(network) as session, reading(session) as reader:
        cursor = reader.cursor
    sent = [f"message {n}" for n in range(12)]
    for number, text in enumerate(sent):
        await network.say(text)
        if number % 3 == 2:  # a process that ends before it has journaled the second transaction that it takes
            async with (
                connected(network) as session,
                aclosing(session.events(cursor)) as events,  # type: ignore[type-var]
            ):
                taken, part = 0, dict[str, str]()
                async for event in events:
                    if isinstance(event, Live):
                        break
                    if isinstance(event, MessageReceived):
                        part[event.id] = event.message.text
                    if isinstance(event, CursorMoved):
                        taken += 1
                        if taken == 2:
                            break
                        session.journaled(event.cursor)
                        cursor, kept, part = event.cursor, part | kept, {}
    async with connected(network) as session, reading(session, cursor) as reader:
        kept = {one.id: one.message.text for one in reader.of(MessageReceived)} | kept

    assert sorted(kept.values(), key=sent.index) == sent
