"""Guests: only an address that XMPP servers would give is one, and who opts out is no guest any more."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.contract import AccountId, ContactId, Credentials, Invitation, NetworkId, Send
from bridge.hub.bare import is_bare
from bridge.store.database import Database
from tests.support.house import FAR, House, house

ROMEO = "romeo@home.example"
XMPP = NetworkId("xmpp")


@dataclass
class Inn:
    begins: bool = True

    def credentials(self, user: str) -> Credentials:
        return Credentials(ContactId(f"@{user}"), user, {})

    async def invite(self, user: str) -> Invitation:
        return Invitation("https://far.example/", 1)


async def called(home: House, user: str) -> bool:
    return await home.people.host(user, FAR)


async def until_connected(home: House, *wanted: str) -> None:
    """The users who have a session on far are these; nothing tells when that changes."""
    assert home.hub is not None
    async with asyncio.timeout(20):
        while sorted(s.user for s in home.hub.sessions.seats() if s.network == FAR and s.session) != sorted(wanted):
            await asyncio.sleep(0.02)


NOBODY = (
    "romeo@home.example/x", "Romeo@home.example", "romeo@Home.example", "romeo\n@home.example", "home.example",
    "romeo@home.example.", "romeo@xn--strae-oqa.example", "ro meo@home.example", "ro\u00admeo@home.example",
    "ﬁdo@home.example", "a@b@home.example", "a&b@home.example", "@home.example", "romeo@", "",
)  # fmt: skip


async def test_what_is_no_prepared_bare_jid_is_nobody(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        home.far.guests = Inn()
        for number, user in enumerate(NOBODY):
            assert not await called(home, user), user
            home.writes(user, "@anna", "hello", str(number))
        await home.settled()
        assert await home.rows("SELECT count(*) FROM accounts WHERE network = 'far'") == [(0,)]


@pytest.mark.parametrize("user", [ROMEO, "a.b-c_d\\20e@[::1]", "jürgen@bücher.example", "ジュリエット@home.example"])
def test_prepared_bare_jids_stay_users(user: str) -> None:
    assert is_bare(user)


async def test_who_opts_out_is_no_guest_until_they_want_it_again(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        home.far.guests = Inn()
        own = await home.account(ROMEO, "@romeo of his own")
        for user in (ROMEO, "nurse@home.example"):
            assert await called(home, user)
        await until_connected(home, ROMEO, ROMEO, "nurse@home.example")
        opt_outs = home.people.choices.opt_outs

        assert await opt_outs.choose(XMPP, ROMEO, out=True, at=1.0)
        await until_connected(home, ROMEO, "nurse@home.example")
        assert home.hub is not None
        assert home.hub.sessions.seat(own) is not None, "his own account goes on"
        assert not await called(home, ROMEO)

        assert await opt_outs.choose(XMPP, ROMEO, out=False, at=2.0)
        await until_connected(home, ROMEO, ROMEO, "nurse@home.example")
        assert await called(home, ROMEO)


async def test_a_crash_does_not_leave_a_guest_who_has_opted_out(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        home.far.guests = Inn()
        assert await called(home, ROMEO)
        await until_connected(home, ROMEO)
        await home.stop()
        await database.write(
            lambda c: c.exec_driver_sql(f"INSERT INTO opt_outs (network, person, at) VALUES ('xmpp', '{ROMEO}', 1)")
        )
        await home.start()
        query = "SELECT state FROM accounts WHERE network = 'far'"
        await home.until_rows(query, [("logged_out",)])
        await until_connected(home)


async def test_who_logged_out_as_a_guest_stays_out_when_they_opt_in(database: Database, tmp_path: Path) -> None:
    async with house(database, tmp_path) as home:
        home.far.guests = Inn()
        assert await called(home, ROMEO)
        await until_connected(home, ROMEO)
        ((account,),) = await home.rows("SELECT id FROM accounts WHERE network = 'far'")
        await home.log_out(AccountId(account))
        for out in (True, False):
            await home.people.choices.opt_outs.choose(XMPP, ROMEO, out=out, at=1.0)
        assert not await called(home, ROMEO)

        home.writes(ROMEO, "@anna", "hello")
        (sent,) = await home.far.until(1, Send)
        assert sent.message.text == "hello"
