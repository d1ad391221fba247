"""The operator sees all accounts and logs one out as its user would, here and on its network."""

from pathlib import Path

import pytest

from bridge.contract import AccountId, Unavailable
from bridge.hub.desk.departure import Departure
from bridge.hub.engines import Resting
from bridge.hub.operator import Operator
from bridge.hub.overview import AccountLine
from bridge.hub.workspace import Workspaces
from bridge.store import accounts
from tests.support.asking import NETWORK, ROMEO, NoHttp, Scene


def operator(scene: Scene, folder: Path, *, configured: bool = True) -> Operator:
    workspaces = Workspaces(scene.database, NoHttp(), scene.clock, folder / "networks", {})
    connectors = {NETWORK: scene.connector} if configured else {}
    departure = Departure(scene.database, scene.secrets, scene.sessions, workspaces, connectors)
    return Operator(departure, Resting(scene.database))


async def test_accounts_are_listed_with_how_they_are_and_our_own_is_not(at_desk: Scene, tmp_path: Path) -> None:
    await at_desk.database.write(lambda c: accounts.put_account(c, "xmpp", "", "xmpp", "XMPP", b""))
    one, two, three = [await at_desk.log_in(name) for name in ("x", "y", "z")]
    at_desk.sessions.states[two] = (False, "The homeserver does not answer.")
    await at_desk.database.write(lambda c: accounts.end_account(c, three, "It was revoked."))

    lines = await operator(at_desk, tmp_path).accounts()

    assert lines == [
        AccountLine(one, "matrix", ROMEO.user, "@x:y", "connected"),
        AccountLine(two, "matrix", ROMEO.user, "@y:y", "not connected. The homeserver does not answer."),
        AccountLine(three, "matrix", ROMEO.user, "@z:y", "logged out. It was revoked."),
    ]


async def test_a_removed_account_is_logged_out_everywhere_and_can_come_back(at_desk: Scene, tmp_path: Path) -> None:
    account = await at_desk.log_in()

    said = await operator(at_desk, tmp_path).remove_account(account)

    assert (said.ok, said.text) == (
        True,
        "@x:y on matrix, the account of romeo@example.org, is logged out. Its chats are kept for when it comes back.",
    )
    assert [(one.me, one.secret) for one in at_desk.connector.logged_out] == [("@x:y", {"token": "token of @x:y"})]
    assert ("stop", account) in at_desk.sessions.calls
    [row] = await at_desk.accounts()
    assert (row.active, row.secret, row.error) == (False, b"", "The gateway's operator has logged you out.")
    assert (await at_desk.desk.begin(ROMEO, "status", {})).text.splitlines()[1] == (
        "@x:y: logged out. The gateway's operator has logged you out."
    )
    assert await at_desk.log_in() == account


@pytest.mark.parametrize(
    ("configured", "why"),
    [(True, "The homeserver does not answer."), (False, "It is not configured here any more")],
)
async def test_a_network_that_cannot_be_told_is_said_so(
    at_desk: Scene, tmp_path: Path, configured: bool, why: str
) -> None:
    account = await at_desk.log_in()
    at_desk.connector.trouble = Unavailable("The homeserver does not answer.")

    said = await operator(at_desk, tmp_path, configured=configured).remove_account(account)

    assert said.ok
    assert f"\nThe network could not be told: {why}" in said.text
    assert not (await at_desk.accounts())[0].active


async def test_what_there_is_not_or_is_done_already_is_said_so(at_desk: Scene, tmp_path: Path) -> None:
    ours = await at_desk.database.write(lambda c: accounts.put_account(c, "xmpp", "", "xmpp", "XMPP", b""))
    account = await at_desk.log_in()
    removing = operator(at_desk, tmp_path)
    await removing.remove_account(account)

    for unknown in (account + 1, ours, 999_999_999):
        said = await removing.remove_account(AccountId(unknown))
        assert (said.ok, said.text) == (
            False, f"There is no account {unknown}. `landbridge account list` shows them."
        )  # fmt: skip
    again = await removing.remove_account(account)
    assert again.ok
    assert "is logged out already" in again.text
    assert len(at_desk.connector.logged_out) == 1


@pytest.mark.parametrize("by", ["operator", "user"])
async def test_what_a_network_has_revoked_is_ended_without_asking_it(at_desk: Scene, tmp_path: Path, by: str) -> None:
    account = await at_desk.log_in()
    await at_desk.database.write(lambda c: accounts.end_account(c, account, "It was revoked.", accounts.REVOKED))

    if by == "operator":
        assert (await operator(at_desk, tmp_path).remove_account(account)).text.startswith("@x:y on matrix")
    else:
        assert not (await at_desk.desk.begin(ROMEO, "logout", {})).failed

    assert at_desk.connector.logged_out == []
    [row] = await at_desk.accounts()
    assert row.state == accounts.LOGGED_OUT
