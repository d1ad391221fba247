"""`login`: asking, refusing, giving up, coming back, several accounts."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from bridge.hub.desk import Patience
from bridge.hub.limits import Limits
from bridge.store import tables as t
from bridge.store.accounts import end_account
from bridge.store.database import Database
from tests.support.asking import JULIET, PASSWORD, ROMEO, Scene, scene


async def test_a_login_asks_checks_stores_and_connects(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {})
    assert turn.form is not None
    assert [field.name for field in turn.form.fields] == ["homeserver", "username", "password", "device"]
    assert turn.text == turn.form.text == "Who are you?"

    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)

    assert (turn.text, turn.form, turn.failed) == ("You are logged in to Matrix as @x:y.", None, False)
    [row] = await at_desk.accounts()
    assert (row.me, row.active, row.user) == ("@x:y", True, ROMEO.user)
    assert at_desk.secrets.open(row.secret) == {"token": "token of @x:y"}
    assert b"token of" not in row.secret
    assert at_desk.sessions.calls == [("start", row.id)]


async def test_all_fields_at_once_need_no_question(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "LOGIN ", {**PASSWORD, "username": " x "})

    assert turn.text == "You are logged in to Matrix as @x:y."


async def test_a_wrong_password_is_asked_again_with_the_reason_and_without_the_password(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {})

    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD | {"password": "guess"})

    assert turn.text == "The password is wrong. Who are you?"
    assert turn.form is not None
    assert "guess" not in repr(turn)
    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)
    assert turn.text == "You are logged in to Matrix as @x:y."


async def test_a_password_keeps_its_spaces(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD | {"password": " open sesame"})

    assert turn.text == "The password is wrong. Who are you?"


async def test_a_network_that_is_down_ends_the_login_with_its_own_words(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD | {"homeserver": "down"})

    assert (turn.text, turn.form, turn.failed) == ("The homeserver does not answer.", None, True)
    assert await at_desk.accounts() == []


async def test_a_fault_of_the_connector_gets_a_number_and_tells_no_secret(
    at_desk: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD | {"homeserver": "broken"})

    assert turn.failed
    assert turn.text.startswith("Something is wrong in the gateway, and `login` had to be ended.")
    number = turn.text.rstrip(".").rpartition(" ")[2]
    assert f"bug={number}" in caplog.text
    assert "KeyError" in caplog.text
    assert "sesame" not in caplog.text


async def test_the_same_person_again_keeps_the_account_and_all_that_hangs_on_it(at_desk: Scene) -> None:
    first = await at_desk.log_in()
    await at_desk.database.write(lambda c: c.execute(update(t.accounts).values(cursor="s12")))
    await at_desk.database.write(lambda c: end_account(c, first, "Matrix no longer accepts your login."))

    again = await at_desk.log_in()

    assert again == first
    [row] = await at_desk.accounts()
    assert (row.cursor, row.active, row.error) == ("s12", True, "")
    assert at_desk.secrets.open(row.secret) == {"token": "token of @x:y"}
    assert at_desk.sessions.calls == [("start", first), ("stop", first), ("start", first)]


async def test_a_user_may_have_several_accounts(at_desk: Scene) -> None:
    await at_desk.log_in("x")
    await at_desk.log_in("z")

    assert [row.me for row in await at_desk.accounts()] == ["@x:y", "@z:y"]


async def test_two_users_may_log_in_as_the_same_person_each_for_themselves(at_desk: Scene) -> None:
    mine = await at_desk.log_in(caller=ROMEO)
    hers = await at_desk.log_in(caller=JULIET)

    assert mine != hers
    assert [row.user for row in await at_desk.accounts(JULIET)] == [JULIET.user]


async def test_five_failed_logins_make_one_wait(at_desk: Scene) -> None:
    for _ in range(5):
        await at_desk.desk.begin(ROMEO, "login", PASSWORD | {"homeserver": "down"})
        at_desk.clock.now += 30

    turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD)
    assert (turn.text, turn.failed) == ("Too many logins have failed. You can try again in 8 minutes.", True)

    assert (await at_desk.desk.begin(JULIET, "login", PASSWORD)).text == "You are logged in to Matrix as @x:y."
    at_desk.clock.now += 450
    assert (await at_desk.desk.begin(ROMEO, "login", PASSWORD)).text == "You are logged in to Matrix as @x:y."


async def test_guesses_within_one_dialogue_count_as_failed_logins(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {})
    for _ in range(4):
        turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD | {"password": "guess"})
        assert turn.text == "The password is wrong. Who are you?"

    turn = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD | {"password": "guess"})

    assert turn.failed
    assert turn.form is None
    assert turn.text == (
        "The password is wrong. Who are you?\nToo many logins have failed. You can try again in 10 minutes."
    )


async def test_several_ways_to_log_in_are_asked_for_first(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, "password", "token") as at_desk:
        turn = await at_desk.desk.begin(ROMEO, "login", {})
        assert turn.form is not None
        assert turn.text == "How do you want to log in? `password` (Password); `token` (Token)."
        [field] = turn.form.fields
        assert (field.name, field.options) == ("flow", (("password", "Password"), ("token", "Token")))

        turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"flow": "carrier pigeon"})
        assert turn.form is not None
        assert turn.text.startswith("`carrier pigeon` cannot be chosen for Way to log in. Possible: `password` and")

        turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"flow": "token"})
        assert turn.text == "Paste the token."
        turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"token": "bad"})
        assert (turn.text, turn.failed) == ("The token is not accepted.", True)

        turn = await at_desk.desk.begin(ROMEO, "login", {"flow": "token", "token": "good"})
        assert turn.text == "You are logged in to Matrix as @token:y."


async def test_fields_without_a_way_to_log_in_belong_to_the_first(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, "password", "token") as at_desk:
        turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD)

        assert turn.text == "You are logged in to Matrix as @x:y."


async def test_the_only_way_to_log_in_is_not_asked_for(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD | {"flow": "password"})
    assert turn.text == "You are logged in to Matrix as @x:y."

    turn = await at_desk.desk.begin(ROMEO, "login", {"flow": "token"})
    assert (turn.text, turn.failed) == ("There is only one way to log in to Matrix: `password`.", True)


async def test_a_slow_network_is_waited_for_without_holding_the_caller(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, patience=Patience(turn=0.05)) as at_desk:
        turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD | {"homeserver": "slow"})
        assert turn.form is not None
        assert turn.form.fields == ()
        assert turn.text == (
            "Confirm this in your app.\nThis takes a while. Go on, or send anything, to see how it went."
        )

        turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {"password": "again"})
        assert turn.text.startswith("There is no field `password` here. Nothing is asked at this step.")

        waiting = asyncio.create_task(at_desk.desk.answer(ROMEO, turn.dialogue, {}))
        at_desk.connector.answered.set()
        turn = await waiting
        while turn.form is not None:  # on a busy machine the login itself takes longer than a turn waits
            turn = await at_desk.desk.answer(ROMEO, turn.dialogue, {})
        assert turn.text == "Confirm this in your app.\nYou are logged in to Matrix as @x:slow."


async def test_a_cancelled_login_ends_at_once_and_stores_nothing(at_desk: Scene) -> None:
    waiting = asyncio.create_task(at_desk.desk.begin(ROMEO, "login", {}))
    turn = await waiting

    turn = at_desk.desk.cancel(ROMEO, turn.dialogue)

    assert (turn.text, turn.failed) == ("`login` was cancelled.", False)
    await at_desk.connector.cancelled.wait()
    late = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)
    assert (late.text, late.failed) == ("This dialogue is over, or it never was. Begin again.", True)
    assert await at_desk.accounts() == []


async def test_a_caller_who_goes_away_before_the_first_turn_leaves_nothing_behind(at_desk: Scene) -> None:
    waiting = asyncio.create_task(at_desk.desk.begin(ROMEO, "login", PASSWORD | {"homeserver": "slow"}))
    await at_desk.connector.waiting.wait()

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    await at_desk.connector.cancelled.wait()
    assert await at_desk.accounts() == []


async def test_nobody_answering_ends_the_login(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, patience=Patience(answer=0.05)) as at_desk:
        turn = await at_desk.desk.begin(ROMEO, "login", {})
        assert turn.form is not None
        await at_desk.connector.over.wait()

        late = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)

        assert late.failed
        assert late.text.endswith("so `login` was ended. Send `login` to begin again.")
        assert await at_desk.accounts() == []


async def test_a_login_that_is_being_stored_is_carried_out_to_its_end(at_desk: Scene) -> None:
    at_desk.sessions.open.clear()
    begun = await at_desk.desk.begin(ROMEO, "login", {})
    waiting = asyncio.create_task(at_desk.desk.answer(ROMEO, begun.dialogue, PASSWORD))
    await at_desk.sessions.starting.wait()

    turn = at_desk.desk.cancel(ROMEO, begun.dialogue)
    closing = asyncio.create_task(at_desk.desk.close())
    at_desk.sessions.open.set()

    assert (turn.text, turn.failed) == (
        "It is too late to cancel `login`. Send `status` to see how it went.",
        True,
    )
    assert (await waiting).text == "You are logged in to Matrix as @x:y."
    await closing
    assert [row.active for row in await at_desk.accounts()] == [True]


async def test_three_commands_that_are_being_carried_out_are_enough(at_desk: Scene) -> None:
    at_desk.sessions.open.clear()
    waiting = []
    for name in ("x", "z", "w"):
        at_desk.sessions.starting.clear()
        waiting.append(asyncio.create_task(at_desk.desk.begin(ROMEO, "login", PASSWORD | {"username": name})))
        await at_desk.sessions.starting.wait()

    turn = await at_desk.desk.begin(ROMEO, "status", {})

    assert (turn.text, turn.failed) == ("Please wait until your other commands are done.", True)
    at_desk.sessions.open.set()
    assert [turn.failed for turn in await asyncio.gather(*waiting)] == [False] * 3


async def test_an_answer_that_is_sent_twice_gets_the_same_turn_twice(at_desk: Scene) -> None:
    at_desk.sessions.open.clear()
    begun = await at_desk.desk.begin(ROMEO, "login", {})
    first = asyncio.create_task(at_desk.desk.answer(ROMEO, begun.dialogue, PASSWORD))
    await at_desk.sessions.starting.wait()
    second = asyncio.create_task(at_desk.desk.answer(ROMEO, begun.dialogue, PASSWORD))

    at_desk.sessions.open.set()

    turns = await asyncio.gather(first, second)
    assert [turn.text for turn in turns] == ["You are logged in to Matrix as @x:y."] * 2
    assert len(await at_desk.accounts()) == 1


async def test_stopping_ends_open_logins(at_desk: Scene) -> None:
    turn = await at_desk.desk.begin(ROMEO, "login", {})

    await at_desk.desk.close()

    assert at_desk.connector.cancelled.is_set()
    assert (await at_desk.desk.begin(ROMEO, "login", {})).text == "The gateway is being stopped. Try again in a minute."
    late = await at_desk.desk.answer(ROMEO, turn.dialogue, PASSWORD)
    assert (late.text, late.failed) == ("The gateway is being stopped. Try again in a minute.", True)


async def test_what_ends_well_outside_is_told_and_nothing_more_is_asked(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, "password", "sso") as at_desk:
        turn = await at_desk.desk.begin(ROMEO, "login", {"flow": "sso"})
        assert turn.text == "Open this link."
        assert not at_desk.desk.over(ROMEO, turn.dialogue)

        at_desk.connector.answered.set()
        await at_desk.sessions.starting.wait()
        late = await at_desk.desk.answer(ROMEO, turn.dialogue, {"token": ""})

        done = "You are logged in to Matrix as @browser:y."
        assert (late.text, late.failed) == (done, False)
        assert at_desk.said in ([(ROMEO.user, done)], [])  # unless it was being asked for when it came


async def test_who_waits_for_the_end_is_told_it_once(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, "password", "sso") as at_desk:
        turn = await at_desk.desk.begin(ROMEO, "login", {"flow": "sso"})
        waiting = asyncio.create_task(at_desk.desk.answer(ROMEO, turn.dialogue, {"token": ""}))
        await at_desk.connector.waiting.wait()

        at_desk.connector.answered.set()

        assert (await waiting).text == "You are logged in to Matrix as @browser:y."
        assert at_desk.said == []


async def test_more_accounts_than_are_allowed_are_given_back(database: Database, tmp_path: Path) -> None:
    async with scene(database, tmp_path, limits=Limits(accounts=2)) as at_desk:
        await at_desk.log_in("x")
        await at_desk.log_in("z")

        turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD | {"username": "w"})

        assert turn.failed
        assert turn.text.startswith("You are logged in with 2 accounts already, and more are not possible here.")
        assert [account.me for account in at_desk.connector.logged_out] == ["@w:y"]
        await at_desk.log_in("x")  # again
        assert [row.me for row in await at_desk.accounts()] == ["@x:y", "@z:y"]
        await at_desk.desk.begin(ROMEO, "logout", {"account": "@x:y"})
        await at_desk.log_in("w")


async def test_logins_without_end_have_to_wait_too(at_desk: Scene) -> None:
    """What goes well, or is begun and left, is work for somebody."""
    for _ in range(30):
        await at_desk.log_in()

    turn = await at_desk.desk.begin(ROMEO, "login", PASSWORD)

    assert (turn.text, turn.failed) == ("Those are too many logins. You can try again in 10 minutes.", True)
    assert not (await at_desk.desk.begin(JULIET, "login", PASSWORD)).failed
    at_desk.clock.now += 600
    await at_desk.log_in()
