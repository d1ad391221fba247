"""Who is in a room asks others of its network to come in, through the room (XEP-0045 #invite-mediated)."""

from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import commands, muc
from tests.support.gateway import MEMORY
from tests.support.xmpp_client import error_of

pytestmark = ANY_SERVER
DIRECT = "{jabber:x:conference}x"


def invite(verona: InVerona, id: str, *whom: str) -> None:
    some = "".join(f"<invite to='{one}'><reason>Come</reason></invite>" for one in whom)
    verona.app.send(
        f"<message to='{verona.room}' id='{id}'><x xmlns='http://jabber.org/protocol/muc#user'>{some}</x></message>"
    )


async def test_somebody_of_the_network_is_invited_and_comes_in(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.account("paris", password="open sesame", name="Paris")
    async with verona.play.on_stage(f"paris-{verona.app.bare[6:20]}") as paris:
        given = {"username": "paris", "password": "open sesame"}
        assert (await commands.execute(paris, MEMORY, "login", given)).status == "completed"
        await verona.play.world.until_accounts(lambda found: found["paris"].journaled is not None)

        invite(verona, "i1", f"paris@{MEMORY}")
        asked = await paris.expect(lambda s: s.find(DIRECT) is not None)
        entered = await muc.enter(paris, verona.room, "Paris")

    found = asked.find(DIRECT)
    assert found is not None
    assert (asked.get("from"), found.get("jid"), found.get("reason")) == (verona.room, verona.room, "Come")
    assert (entered.nick, set(entered.nicks)) == ("Paris", {"Juliet", "Nurse", "Romeo"})
    assert "paris" in (await verona.play.world.state(verona.chat)).members
    assert [s for s in verona.app.received if s.get("id") == "i1"] == []


async def test_who_cannot_be_invited_is_said_and_then_nobody_is(verona: InVerona) -> None:
    await verona.enter()
    await verona.play.world.account("paris", password="open sesame", name="Paris")
    for id, whom in (("i1", f"romeo@{MEMORY.replace('memory', 'other')}"), ("i2", MEMORY), ("i3", verona.room)):
        invite(verona, id, f"paris@{MEMORY}", whom)
        condition, text = error_of(await verona.app.expect(lambda s, id=id: s.get("id") == id))
        assert condition == "item-not-found"
        assert text.startswith("Only people of Memory can be invited")
    invite(verona, "i4", f"stranger@{MEMORY}")
    assert error_of(await verona.app.expect(lambda s: s.get("id") == "i4"))[0] == "item-not-found"
    invite(verona, "i5", *[f"paris@{MEMORY}"] * 51)
    assert error_of(await verona.app.expect(lambda s: s.get("id") == "i5"))[0] == "policy-violation"

    invited = (await verona.play.world.accounts())["paris"].behind
    assert invited == 0


async def test_who_is_not_in_the_room_invites_nobody(verona: InVerona) -> None:
    invite(verona, "i1", f"juliet@{MEMORY}")

    assert error_of(await verona.app.expect(lambda s: s.get("id") == "i1"))[0] == "item-not-found"
