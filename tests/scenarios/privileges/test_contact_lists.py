"""Romeo's contacts are in his contact list, under their names and in a group, and what he does with them stays."""

import asyncio
from typing import Any
from xml.etree.ElementTree import Element

from bridge.testing.wire import AddPerson
from tests.scenarios.conftest import Play
from tests.scenarios.privileges.conftest import ON_EJABBERD, ON_PROSODY, listening
from tests.scenarios.test_many_contacts import SECONDS, all_shown, shown, with_contacts
from tests.scenarios.test_operator_commands import landbridge
from tests.scenarios.test_subscriptions import NICK, PRESENCE, subscriptions
from tests.support.gateway import MEMORY
from tests.support.ports import wait_until
from tests.support.xmpp_client import XmppClient, bare

ROSTER = "jabber:iq:roster"
JULIET = ("Juliet", "both", ["Memory"])
NURSE = f"nurse@{MEMORY}"


def item_of(stanza: Element, jid: str) -> tuple[Any, ...] | None:
    """Name, subscription and groups of a contact in a contact list or a change of it; None if they are not in it."""
    for item in stanza.iter(f"{{{ROSTER}}}item"):
        if item.get("jid") == jid and item.get("subscription") != "remove":
            return item.get("name"), item.get("subscription"), sorted(group.text or "" for group in item)
    return None


async def until_listed(app: XmppClient, jid: str, wanted: tuple[Any, ...]) -> None:
    """The server tells the app that a contact is so."""
    await app.expect(
        lambda s: s.get("type") == "set" and item_of(s, jid) == wanted, what=f"{jid}: {wanted}", again=True
    )


async def listed(app: XmppClient, jid: str) -> tuple[Any, ...] | None:
    return item_of(await app.iq(app.bare, "get", f"<query xmlns='{ROSTER}'/>"), jid)


async def change(app: XmppClient, item: str) -> None:
    answer = await app.iq(app.bare, "set", f"<query xmlns='{ROSTER}'>{item}</query>")
    assert answer.get("type") == "result"


async def in_step(play: Play, contact: str = "nurse", name: str = "Nurse") -> None:
    """The list has been looked at after everything before: somebody new is in it."""
    await play.world.chat(f"with {contact}", "romeo", contact, kind="direct")
    await until_listed(play.app, f"{contact}@{MEMORY}", (name, "both", ["Memory"]))


@ON_PROSODY
async def test_a_contact_is_listed_with_name_group_and_presence_and_asks_for_nothing(play: Play) -> None:
    await play.met()
    await until_listed(play.app, play.juliet, JULIET)
    there = await play.app.expect(lambda s: s.tag == PRESENCE and bare(s) == play.juliet, again=True)
    assert there.findtext(NICK) == "Juliet"
    assert there.get("type") is None
    await in_step(play)

    assert [s for s in play.app.received if s.tag == PRESENCE and s.get("type") == "subscribe"] == []


@ON_PROSODY
async def test_contacts_from_before_the_login_are_listed_at_it(play: Play) -> None:
    await play.world.chat("balcony", "romeo", "juliet", kind="direct")
    await play.world.chat("garden", "romeo", "nurse", kind="direct")
    await play.log_in()

    await until_listed(play.app, play.juliet, JULIET)
    await until_listed(play.app, NURSE, ("Nurse", "both", ["Memory"]))


@ON_PROSODY
async def test_who_is_removed_stays_removed(play: Play) -> None:
    await play.met()
    await until_listed(play.app, play.juliet, JULIET)
    await change(play.app, f"<item jid='{play.juliet}' subscription='remove'/>")
    assert await play.world.says("juliet", play.chat, "Art thou gone so?")
    await in_step(play)
    assert await listed(play.app, play.juliet) is None

    await asyncio.to_thread(play.gateway.stop)
    await asyncio.to_thread(play.gateway.start)
    await play.world.people("tybalt")
    await in_step(play, "tybalt", "Tybalt")
    assert await listed(play.app, play.juliet) is None


@ON_PROSODY
async def test_a_new_name_is_told_unless_the_user_has_chosen_one(play: Play) -> None:
    await play.met()
    await until_listed(play.app, play.juliet, JULIET)
    await change(play.app, f"<item jid='{play.juliet}' name='Juliet'><group>Capulets</group></item>")
    await renamed(play, "juliet", "Juliet of Verona")
    await until_listed(play.app, play.juliet, ("Juliet of Verona", "both", ["Capulets"]))

    await change(play.app, f"<item jid='{play.juliet}' name='My love'/>")
    await renamed(play, "juliet", "Juliet Capulet")
    await in_step(play)
    assert await listed(play.app, play.juliet) == ("My love", "both", [])


@ON_PROSODY
async def test_who_was_there_before_keeps_name_and_groups(play: Play) -> None:
    await change(play.app, f"<item jid='{play.juliet}' name='My love'><group>Capulets</group></item>")
    await play.met()

    await until_listed(play.app, play.juliet, ("My love", "both", ["Capulets"]))


@ON_PROSODY
async def test_a_logout_takes_out_who_was_put_in_and_a_login_puts_them_back(play: Play) -> None:
    await change(play.app, f"<item jid='{NURSE}' name='Angelica'/>")
    await play.met()
    await until_listed(play.app, play.juliet, JULIET)
    await play.world.chat("garden", "romeo", "nurse", kind="direct")
    await until_listed(play.app, NURSE, ("Angelica", "both", []))
    await play.app.iq(MEMORY, "get", "<ping xmlns='urn:xmpp:ping'/>")

    play.app.message(MEMORY, "logout", receipt=False)
    await play.app.expect(
        lambda s: s.get("type") == "set" and any(is_removal(item, play.juliet) for item in s.iter(f"{{{ROSTER}}}item"))
    )
    await until_listed(play.app, NURSE, ("Angelica", "none", []))
    assert await listed(play.app, play.juliet) is None

    await play.log_in()
    await until_listed(play.app, play.juliet, JULIET)
    await until_listed(play.app, NURSE, ("Angelica", "both", []))


@ON_PROSODY
async def test_who_is_logged_out_while_the_gateway_is_stopped_is_taken_out_when_it_starts(play: Play) -> None:
    await play.met()
    await until_listed(play.app, play.juliet, JULIET)
    await asyncio.to_thread(play.gateway.stop)
    assert (await landbridge(play, "account", "remove", "2"))[0] == 0
    await asyncio.to_thread(play.gateway.start)

    await play.app.expect(
        lambda s: s.get("type") == "set" and any(is_removal(item, play.juliet) for item in s.iter(f"{{{ROSTER}}}item"))
    )


@ON_PROSODY
async def test_five_hundred_contacts_are_listed_without_a_prompt_and_taken_out_again(play: Play) -> None:
    jids = await with_contacts(play)
    await play.log_in()
    await all_shown(play.app, jids)
    async with play.on_stage("romeo") as other:
        await listening(other)
        await all_shown(other, jids)
        await other.iq(jids[-1], "get", "<ping xmlns='urn:xmpp:ping'/>")
        for app in (play.app, other):
            assert shown(app) == dict.fromkeys(jids, 1)
            assert shown(app, "subscribe") == {}
    assert await subscriptions(play.app) == dict.fromkeys(jids, "both")

    play.app.message(MEMORY, "logout", receipt=False)
    for jid in jids:
        await play.app.expect(
            lambda s, jid=jid: any(is_removal(item, jid) for item in s.iter(f"{{{ROSTER}}}item")), SECONDS,
            f"removal of {jid}", again=True,
        )  # fmt: skip
    assert await subscriptions(play.app) == {}


def is_removal(item: Element, jid: str) -> bool:
    return item.get("jid") == jid and item.get("subscription") == "remove"


@ON_PROSODY
async def test_a_new_app_hears_of_each_contact_once(play: Play) -> None:
    await play.met()
    await until_listed(play.app, play.juliet, JULIET)
    async with play.on_stage("romeo") as other:
        await listening(other)
        await other.expect(lambda s: s.tag == PRESENCE and bare(s) == play.juliet)
        await other.iq(play.juliet, "get", "<ping xmlns='urn:xmpp:ping'/>")

        assert len([s for s in other.received if s.tag == PRESENCE and bare(s) == play.juliet]) == 1


@ON_EJABBERD
async def test_a_server_that_does_not_do_what_it_grants_is_asked_once(play: Play) -> None:
    """ejabberd 23.01 grants contact lists and fails at changing them. Everything else goes on."""
    failed = "a privilege that is granted does not work network=memory domain=localhost access=roster"
    await play.met()
    await asyncio.to_thread(wait_until, lambda: failed in play.gateway.log, 30, "the server has failed")
    await play.world.chat("garden", "romeo", "nurse", kind="direct")
    await play.world.says("nurse", "garden", "Young sir!")
    assert await play.app.text_from(NURSE) == "Young sir!"
    play.app.send(f"<presence type='subscribe' to='{play.juliet}'/>")
    await play.app.expect(lambda s: s.tag == PRESENCE and bare(s) == play.juliet and s.get("type") is None)

    assert play.gateway.log.count(failed) == 1


async def renamed(play: Play, person: str, name: str) -> None:
    """They have another name, and have said something under it."""
    await play.world.do(AddPerson(id=person, name=name))
    await play.world.says(person, play.chat, f"call me {name}")
    await play.app.expect(lambda s: (s.findtext("{jabber:client}body") or "") == f"call me {name}", again=True)
