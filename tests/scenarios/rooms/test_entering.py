"""Entering: others first, oneself last, then what was said, then the subject."""

from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import error_of


async def test_a_message_each_way(verona: InVerona) -> None:
    entered = await verona.enter()

    assert entered.nicks == ["Juliet", "Nurse"]
    assert (entered.nick, entered.statuses) == ("Romeo", {100, 110})
    assert entered.own is not None
    [item] = entered.own.iter(f"{muc.USER}item")
    assert item.get("jid") == verona.app.jid  # one's own address, which nobody else is told
    assert entered.subject == "A feud"
    muc.say(verona.app, verona.room, "But soft!", "m1")
    await verona.heard("But soft!")
    echo = await muc.said(verona.app, verona.room, "But soft!")
    assert (echo.get("id"), echo.get("from")) == ("m1", f"{verona.room}/Romeo")
    origin = echo.find("{urn:xmpp:sid:0}origin-id")
    assert origin is not None
    assert origin.get("id") == "m1"
    await verona.says("juliet", "Ay me!")
    said = await muc.said(verona.app, verona.room, "Ay me!")
    assert said.get("from") == f"{verona.room}/Juliet"


async def test_one_is_called_as_on_the_network(verona: InVerona) -> None:
    entered = await verona.enter(wanted="Montague")

    assert (entered.nick, entered.statuses) == ("Romeo", {100, 110, 210})


async def test_presences_say_who_somebody_is_and_what_they_may(verona: InVerona) -> None:
    entered = await verona.enter()

    owner, nurse = (one.find(f".//{muc.USER}item") for one in entered.others)
    assert owner is not None
    assert nurse is not None
    assert owner.attrib == {"affiliation": "owner", "role": "moderator", "jid": f"juliet@{MEMORY}"}
    assert nurse.attrib == {"affiliation": "member", "role": "participant", "jid": f"nurse@{MEMORY}"}
    ids = [one.find(muc.OCCUPANT_ID) for one in (*entered.others, entered.own)]  # type: ignore[list-item]
    assert len({one.get("id") for one in ids if one is not None}) == 3


async def test_people_of_one_name_are_numbered(verona: InVerona) -> None:
    await verona.play.world.people("juliet.two")
    await verona.play.world.do(verona.person("juliet.two", "Juliet"))
    await verona.play.world.do(verona.comes("juliet.two"))

    entered = await verona.enter()

    assert sorted(entered.nicks) == ["Juliet", "Juliet (2)", "Nurse"]


async def test_what_cannot_be_entered_is_refused(verona: InVerona) -> None:
    assert (await muc.refused(verona.app, f"#mantua%elsewhere@{MEMORY}"))[0] == "item-not-found"
    assert (await muc.refused(verona.app, verona.room, ""))[0] == "jid-malformed"
    async with verona.play.on_stage(f"paris-{verona.app.bare[6:20]}") as paris:
        assert (await muc.refused(paris, verona.room))[0] == "registration-required"


async def test_a_very_long_nick_and_a_password_do_no_harm(verona: InVerona) -> None:
    entered = await verona.enter(wanted="n" * 1_000, history="<password>x</password>")

    assert (entered.nick, 210 in entered.statuses) == ("Romeo", True)


async def test_several_sessions_share_one_nick(verona: InVerona) -> None:
    await verona.enter()
    async with verona.play.on_stage("romeo") as other:
        entered = await verona.enter(other)
        muc.say(other, verona.room, "from the other app", "o1")

        for app in (verona.app, other):
            said = await muc.said(app, verona.room, "from the other app")
            assert (said.get("from"), said.get("id")) == (f"{verona.room}/Romeo", "o1")
        assert entered.nicks == ["Juliet", "Nurse"]
        muc.leave(other, verona.room, "Romeo")
        gone = await other.expect(lambda s: muc.is_presence(s, verona.room, "unavailable"))
        assert muc.statuses(gone) == {110}
    await verona.says("juliet", "still there?")
    await muc.said(verona.app, verona.room, "still there?")


async def test_while_the_network_is_down_one_comes_in_all_the_same(verona: InVerona) -> None:
    await verona.play.world.fault("down")

    entered = await muc.enter(verona.app, verona.room, "Romeo", seconds=10)

    assert (entered.nick, entered.nicks) == ("romeo", [])


async def test_who_does_not_enter_can_say_nothing(verona: InVerona) -> None:
    muc.say(verona.app, verona.room, "But soft!", "m1")
    answer = await verona.app.expect(lambda s: s.get("id") == "m1")

    assert error_of(answer) == ("not-acceptable", "You are not in this room. Enter it first.")


async def test_another_nick_is_answered_with_ones_own(verona: InVerona) -> None:
    await verona.enter()
    verona.app.send(f"<presence to='{verona.room}/Montague'/>")
    own = await verona.app.expect(lambda s: muc.is_presence(s, verona.room))

    assert (muc.nick(own), muc.statuses(own)) == ("Romeo", {100, 110, 210})


async def test_names_of_every_kind_are_nicks(verona: InVerona) -> None:
    names = {"a1": "😀 Anna", "a2": "אנה", "a3": "Ünï ﬁ", "a4": "a/b & <c> \"d\" 'e'", "a5": "x" * 500}
    for id, name in names.items():
        await verona.play.world.do(verona.person(id, name))
        await verona.play.world.do(verona.comes(id))

    entered = await verona.enter()

    assert set(entered.nicks) == {
        "Juliet", "Nurse", "Anna", "אנה", "Ünï fi", "a/b & <c> \"d\" 'e'", "x" * 100,
    }  # fmt: skip
    for id in names:
        await verona.says(id, f"by {id}")
        await muc.said(verona.app, verona.room, f"by {id}")
    assert await muc.ping(verona.app, f"{verona.room}/Anna") == "service-unavailable"


@ANY_SERVER
async def test_two_thousand_joins_harm_nobody_else(verona: InVerona) -> None:
    async with verona.play.on_stage("romeo") as flood:
        for number in range(2_000):
            flood.send(
                f"<presence to='{verona.room}/n{number}'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
                if number % 2
                else f"<presence to='{verona.room}/Romeo' type='unavailable'/>"
            )
        entered = await muc.enter(verona.app, verona.room, "Romeo", seconds=30)
        await verona.says("juliet", "what noise?")
        await muc.said(verona.app, verona.room, "what noise?")

    assert entered.nicks == ["Juliet", "Nurse"]
